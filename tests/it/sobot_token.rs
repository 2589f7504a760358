//! The token of Sobot's open API: one for all functions, fetched once, renewed in time, and once more where Sobot has
//! forgotten it.

use std::time::Duration;

use deskbridge::{
    clock,
    config::Settings,
    desk::{Desk, Outcome},
    http::Client,
    ids::{CustomerId, MessageId},
    message::{Author, Kind, Message},
    outgoing::Task,
    secret::Secret,
    session::{Assign, Session, State},
    table::{Table, Token},
    vendor::Vendor,
};
use deskbridge_twins::sobot::Fault;
use futures_util::future::join_all;
use harness::{
    until, until_within,
    world::{API_KEY, SOBOT_APP_KEY, SOBOT_CHAT, World},
};
use serde_json::{Value, json};

const GET_TOKEN: &str = "/api/get_token";
/// As many functions start at once as a bad morning may bring.
const MANY: usize = 1_000;
/// A token of this age, in milliseconds, is replaced where it is refused.
const GROWN: i64 = 2_000;
/// How long that may take, on a machine that has other things to do.
const LONG: Duration = Duration::from_secs(120);

/// What a cold function has to speak with Sobot: nothing is remembered but in the table. Only the connections are
/// shared, or the machine would run out of them.
struct Functions {
    http: Client,
    table: Table,
    base_url: String,
}

impl Functions {
    fn of(world: &World) -> Self {
        let http = Client::from_settings(&Settings::new(|_| None)).unwrap();
        Self {
            http,
            table: world.writing_table(),
            base_url: world.sobot.url(),
        }
    }

    fn cold(&self) -> Desk {
        self.cold_within("20000")
    }

    fn cold_within(&self, timeout_ms: &'static str) -> Desk {
        let base_url = self.base_url.clone();
        let settings = Settings::new(move |name| {
            let value = match name {
                "SOBOT_BASE_URL" => &base_url,
                "SOBOT_SYSNUM" => "ABC",
                "SOBOT_APP_ID" => "1",
                "SOBOT_APP_KEY" => SOBOT_APP_KEY,
                "VENDOR_TIMEOUT_MS" => timeout_ms,
                _ => return None,
            };
            Some(value.to_owned())
        });
        Desk::from_settings(&settings, &self.http, &self.table).unwrap()
    }

    /// What the table keeps the token by.
    fn whose(&self) -> String {
        format!("{} 1", self.base_url)
    }

    /// The token that the table holds becomes one of these times.
    async fn age(&self, token: &str, renew_at: i64, until: i64) {
        let (whose, now) = (self.whose(), clock::now());
        let text = Secret::new(token);
        let taken = self
            .table
            .fetch_token(
                Vendor::Sobot,
                &whose,
                Some(&text),
                "test",
                now + 10_000,
                now,
            )
            .await;
        assert_eq!(taken.unwrap(), None, "the lease is free");
        let aged = Token {
            text,
            fetched_at: 0,
            renew_at,
            until,
        };
        let kept = self
            .table
            .keep_token(Vendor::Sobot, &whose, "test", &aged)
            .await;
        assert!(kept.unwrap());
    }
}

/// A customer's wish for an agent, tried as a drainer does.
async fn connect(desk: &Desk, customer: &str) -> Outcome {
    let customer = CustomerId::parse(customer).unwrap();
    let assign = Assign::default();
    let session = Session::opening(Vendor::Sobot, customer, Some(assign.clone()), clock::now());
    let open = Task::Open {
        assign,
        profile: None,
    };
    desk.attempt(&session, &open, None).await
}

fn is_active(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Opened(opened) if opened.state == State::Active)
}

/// The same again and again, where Sobot or the table is too busy at first.
async fn connects(desk: &Desk, customer: &str) {
    until_within(LONG, "the customer is connected", async || {
        let outcome = connect(desk, customer).await;
        let is_busy = matches!(outcome, Outcome::NotYet { .. } | Outcome::Lost(_));
        let may_go_on = is_active(&outcome) || is_busy;
        assert!(may_go_on, "{outcome:?}");
        is_active(&outcome)
    })
    .await;
}

fn fetched(world: &World) -> usize {
    world.sobot.calls_of(GET_TOKEN).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_first_calls_of_a_cold_token_fetch_it_once() {
    let world = World::start().await;
    let functions = Functions::of(&world);
    let desks: Vec<_> = (0..MANY)
        .map(|number| (functions.cold(), format!("c-{number}")))
        .collect();
    let all = || {
        join_all(
            desks
                .iter()
                .map(|(desk, customer)| connects(desk, customer)),
        )
    };

    all().await;
    assert_eq!(fetched(&world), 1);
    assert_eq!(world.sobot.visitors().len(), MANY);
    let kept = functions
        .table
        .shared_token(Vendor::Sobot, &functions.whose())
        .await
        .unwrap();
    let kept = kept.token.map(|token| token.text.expose().to_owned());
    assert_eq!(kept, world.sobot.app_token());

    // Sobot forgets it, and a thousand are refused: one of them fetches another.
    world.sobot.forget_app_tokens();
    all().await;
    assert_eq!(fetched(&world), 2);
}

/// The token that the functions share has an age at which it is replaced where it is refused.
pub(crate) async fn until_the_token_has_grown(world: &World) {
    let items = world.items().await;
    let is_token = |item: &&Value| item["fetched_at"].is_i64();
    let fetched_at = items.iter().find(is_token).unwrap()["fetched_at"].as_i64();
    until("the token has grown", async || {
        clock::now() > fetched_at.unwrap() + GROWN
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_functions_share_one_token_and_a_forgotten_one_is_fetched_once_more() {
    for old_token_dies in [true, false] {
        let world = World::with(&SOBOT_CHAT).await;
        world
            .sobot
            .switch(|switches| switches.old_token_dies = old_token_dies);
        let ask = json!({"vendor": "sobot", "customer": "DE"});
        let opened = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
        let session = opened.expect(201).text_of("id");
        world.say(&session, "c-1", "Hello").await.expect(200);
        assert_eq!(fetched(&world), 1, "by two functions");

        until_the_token_has_grown(&world).await;
        world.sobot.forget_app_tokens();
        world.say(&session, "c-2", "Hello").await.expect(200);
        assert_eq!(fetched(&world), 2);
        // The other function still has the old one, and finds the new one in the table.
        let ask = json!({"vendor": "sobot", "customer": "FR"});
        world
            .call(API_KEY, "POST", "/sessions", Some(ask))
            .await
            .expect(201);
        assert_eq!(fetched(&world), 2);

        // Once in an attempt: a desk that wants none is left alone.
        until_the_token_has_grown(&world).await;
        let send = "POST /api/chat/5/user/chat_send";
        let no = Fault::code("900002", "token is invalid");
        world.sobot.fault(send, no, Some(2));
        world.say(&session, "c-3", "Hello").await.expect(202);
        assert_eq!(fetched(&world), 3);
        world.wait_for_status(&session, "c-3", "sent").await;
        assert_eq!(world.sobot.messages_from("DE").len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_renews_a_token_before_it_ends_and_the_others_go_on_with_it() {
    let world = World::start().await;
    world
        .sobot
        .switch(|switches| switches.old_token_dies = false);
    let functions = Functions::of(&world);
    assert!(is_active(&connect(&functions.cold(), "first").await));
    let token = world.sobot.app_token().unwrap();
    let kept = functions
        .table
        .shared_token(Vendor::Sobot, &functions.whose())
        .await
        .unwrap();
    // Four fifths of a day.
    let kept = kept.token.unwrap();
    assert_eq!(kept.until - kept.renew_at, 86_400_000 / 5);

    // Its time has come, and it is good for a while yet.
    let now = clock::now();
    functions.age(&token, now - 1, now + 3_600_000).await;
    let get_token = format!("GET {GET_TOKEN}");
    world.sobot.fault(&get_token, Fault::Hang, Some(1));
    let renewing = functions.cold();
    let renews = connect(&renewing, "renews");
    let meanwhile = async {
        until("somebody renews it", async || world.sobot.hanging() == 1).await;
        for number in 0..10 {
            let desk = functions.cold();
            let other = connect(&desk, &format!("other-{number}")).await;
            assert!(is_active(&other), "{other:?}");
        }
        assert_eq!(world.sobot.hanging(), 1, "nobody waited for it");
        world.sobot.release();
    };
    let (renewed, ()) = tokio::join!(renews, meanwhile);
    assert!(is_active(&renewed), "{renewed:?}");
    assert_eq!(fetched(&world), 2);
    assert_ne!(world.sobot.app_token().unwrap(), token);

    // Where renewing fails, the old one is good until its end, and nobody hammers.
    let token = world.sobot.app_token().unwrap();
    let now = clock::now();
    functions.age(&token, now - 1, now + 3_600_000).await;
    world.sobot.fault(&get_token, Fault::Status(503), None);
    for number in 0..10 {
        let desk = functions.cold();
        let outcome = connect(&desk, &format!("later-{number}")).await;
        assert!(is_active(&outcome), "{outcome:?}");
    }
    assert!(fetched(&world) <= 2 + 3, "{}", fetched(&world));
}

/// The call itself needs its time, too, and the old token is good for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_hangs_fails_no_call() {
    let world = World::start().await;
    let functions = Functions::of(&world);
    assert!(is_active(&connect(&functions.cold(), "first").await));
    let token = world.sobot.app_token().unwrap();
    let now = clock::now();
    functions.age(&token, now - 1, now + 3_600_000).await;
    let get_token = format!("GET {GET_TOKEN}");
    world.sobot.fault(&get_token, Fault::Hang, Some(1));
    let outcome = connect(&functions.cold_within("6000"), "second").await;
    assert!(is_active(&outcome), "{outcome:?}");
    assert_eq!(fetched(&world), 2);
    world.sobot.release();
}

/// Another would be refused, too: nobody mints one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_that_is_refused_is_not_replaced_at_once() {
    let world = World::start().await;
    let functions = Functions::of(&world);
    let connects_to = "POST /api/chat/5/user/chat_connect";
    let no = Fault::code("900002", "token is invalid");
    world.sobot.fault(connects_to, no, None);
    let began = clock::now();
    for number in 0..10 {
        let outcome = connect(&functions.cold(), &format!("c-{number}")).await;
        assert!(matches!(outcome, Outcome::NotYet { .. }), "{outcome:?}");
    }
    let lives = (clock::now() - began) / 2_000;
    let most = 1 + usize::try_from(lives).unwrap();
    assert!(fetched(&world) <= most, "{} of {most}", fetched(&world));
    world.sobot.clear_faults();
    connects(&functions.cold(), "c-0").await;
}

/// The write took effect and its answer was lost: its repeat finds a lease, and it is its own.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_locked_out_by_a_lease_of_their_own() {
    let world = World::start().await;
    let functions = Functions::of(&world);
    let whose = functions.whose();
    let now = clock::now();
    let lease = async |owner: &str| {
        let table = &functions.table;
        let end = now + 10_000;
        let taken = table.fetch_token(Vendor::Sobot, &whose, None, owner, end, now);
        taken.await.unwrap()
    };
    assert_eq!(lease("one").await, None);
    assert_eq!(lease("one").await, None);
    assert!(lease("other").await.unwrap().is_being_fetched(now));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_ended_is_used_by_nobody() {
    let world = World::start().await;
    let functions = Functions::of(&world);
    assert!(is_active(&connect(&functions.cold(), "first").await));
    let token = world.sobot.app_token().unwrap();
    let now = clock::now();
    functions.age(&token, now - 2, now - 1).await;
    assert!(is_active(&connect(&functions.cold(), "second").await));
    assert_eq!(fetched(&world), 2);
    let refused = world.sobot.calls();
    let refused = refused
        .iter()
        .filter(|call| call.code.as_deref() == Some("900002"));
    assert_eq!(refused.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_while_fetching_is_followed_by_another() {
    let world = World::start().await;
    let functions = Functions::of(&world);
    let lease = async |whose: &str, end: i64| {
        let now = clock::now();
        let taken = functions
            .table
            .fetch_token(Vendor::Sobot, whose, None, "dead", now + end, now)
            .await;
        assert_eq!(taken.unwrap(), None);
    };
    let whose = functions.whose();
    lease(&whose, 1_500).await;
    let began = clock::now();
    assert!(is_active(&connect(&functions.cold(), "DE").await));
    assert!(clock::now() - began >= 1_000, "the lease was kept");
    assert_eq!(fetched(&world), 1);
    // Whoever it was finds that another has fetched.
    let late = Token {
        text: Secret::new("late"),
        fetched_at: 0,
        renew_at: i64::MAX,
        until: i64::MAX,
    };
    let kept = functions
        .table
        .keep_token(Vendor::Sobot, &whose, "dead", &late)
        .await;
    assert!(!kept.unwrap());

    // A lease by a clock that is an hour ahead holds nobody up.
    let other = World::start().await;
    let functions = Functions::of(&other);
    let now = clock::now();
    let taken = functions
        .table
        .fetch_token(
            Vendor::Sobot,
            &functions.whose(),
            None,
            "dead",
            now + 3_600_000,
            now,
        )
        .await;
    assert_eq!(taken.unwrap(), None);
    assert!(is_active(&connect(&functions.cold(), "DE").await));
    assert_eq!(fetched(&other), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_can_not_be_had_is_asked_for_again_after_a_pause_by_one() {
    let world = World::start().await;
    let functions = Functions::of(&world);
    let get_token = format!("GET {GET_TOKEN}");
    world.sobot.fault(&get_token, Fault::Status(503), Some(1));
    let desks: Vec<_> = (0..50).map(|_| functions.cold()).collect();
    let outcomes = join_all(desks.iter().map(|desk| connect(desk, "DE"))).await;
    // Whoever waited for it is told with whoever asked, or by when to come back.
    let not_yet = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Outcome::NotYet { .. }));
    assert!(not_yet.count() > 0, "{outcomes:?}");
    let (first, later) = (world.sobot.calls_of(GET_TOKEN)[0].clone(), fetched(&world));
    assert_eq!(first.status, Some(503));
    connects(&functions.cold(), "DE").await;
    assert!(later <= 2 && fetched(&world) == 2, "{later}");
    let calls = world.sobot.calls_of(GET_TOKEN);
    let pause = calls[1].at.duration_since(calls[0].at);
    assert!(pause.as_millis() >= 900, "{pause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_sobot_does_not_know_is_said_so() {
    for (settings, code) in [
        (
            [("SOBOT_APP_ID", "1"), ("SOBOT_APP_KEY", "another-key")],
            "900003",
        ),
        (
            [("SOBOT_APP_ID", "2"), ("SOBOT_APP_KEY", SOBOT_APP_KEY)],
            "900004",
        ),
    ] {
        let world = World::with(&settings).await;
        let ask = json!({"vendor": "sobot", "customer": "DE"});
        let refused = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
        let refused = refused.expect(422);
        assert_eq!(refused.error_code(), "vendor_refused");
        assert_eq!(refused.body["error"]["vendor"]["code"], code);
        assert!(!world.logged("another-key"));
        assert!(world.sobot.visitors().is_empty());
    }
}

/// Somebody has changed the application's key at Sobot: what is under way waits until the settings follow.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_is_refused_ends_nothing_that_is_under_way() {
    let world = World::start().await;
    let functions = Functions::of(&world);
    let get_token = format!("GET {GET_TOKEN}");
    let no = Fault::code("900003", "the signature is wrong");
    world.sobot.fault(&get_token, no, None);
    let customer = CustomerId::parse("DE").unwrap();
    let wish = Some(Assign::default());
    let mut session = Session::opening(Vendor::Sobot, customer, wish, clock::now());
    session.state = State::Active;
    let rating = Task::RateSession {
        vendor_session: "c1".to_owned(),
        option: "5".to_owned(),
        remark: None,
        resolved: None,
        tags: Vec::new(),
    };
    for task in [Task::Close, rating] {
        let outcome = functions.cold().attempt(&session, &task, None).await;
        assert!(matches!(outcome, Outcome::NotYet { .. }), "{outcome:?}");
    }
    let id = MessageId::new(1);
    let text = "Hello".to_owned();
    let message = Message::new(id.clone(), Author::Customer, Kind::Text, text, 0);
    let outcome = functions
        .cold()
        .attempt(&session, &Task::Message { id }, Some(&message))
        .await;
    assert!(matches!(outcome, Outcome::NotYet { .. }), "{outcome:?}");
    world.sobot.clear_faults();
    connects(&functions.cold(), "DE").await;
    let desk = functions.cold();
    let outcome = desk.attempt(&session, &Task::Close, None).await;
    assert_eq!(outcome, Outcome::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_is_read_by_either_name_and_as_text() {
    let world = World::start().await;
    world.sobot.switch(|switches| {
        switches.life_is_called = "expire_in";
        switches.answers_as_text = true;
        switches.token_life = Duration::from_secs(1_000);
    });
    let functions = Functions::of(&world);
    assert!(is_active(&connect(&functions.cold(), "DE").await));
    let kept = functions
        .table
        .shared_token(Vendor::Sobot, &functions.whose())
        .await
        .unwrap();
    let kept = kept.token.unwrap();
    assert_eq!(kept.until - kept.renew_at, 200_000);
}

/// Without the table nobody knows the token; a function that has one goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_warm_asks_the_table_for_no_token() {
    let world = World::with(&SOBOT_CHAT).await;
    let ask = json!({"vendor": "sobot", "customer": "DE"});
    let opened = world.call(API_KEY, "POST", "/sessions", Some(ask)).await;
    let session = opened.expect(201).text_of("id");
    world.say(&session, "c-0", "Hello").await.expect(200);
    let reads = harness::faults::Calls::to("GetItem").body("TOKEN#sobot#");
    let before = world.dynamodb.count(&reads);
    for number in 1..=5 {
        let id = format!("c-{number}");
        world.say(&session, &id, "Hello").await.expect(200);
    }
    assert_eq!(world.dynamodb.count(&reads), before);
}
