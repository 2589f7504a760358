//! infra/openapi.yaml, the template and the functions are in step: routes, answers, codes, events.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use deskbridge::{
    answer::{Answers, status_of},
    clock,
    error::Kind,
    event::Fact,
};
use deskbridge_twins::{
    sobot::{Fault as SobotFault, PushKind},
    tencent::Fault as TencentFault,
    udesk::{Fault, PushStart},
};
use harness::{
    BOUND,
    contract::Contract,
    faults::{Calls, Fault as WireFault},
    push,
    world::{API_KEY, PATH_SECRET, SOBOT_PATH_SECRET, SOBOT_WEBHOOKS, TENCENT_DOOR, World},
};
use serde_json::json;

/// Each webhook, and the path secret that opens it.
const WEBHOOKS: [(&str, &str); 6] = [
    ("webhook-udesk", PATH_SECRET),
    ("webhook-udesk-event", PATH_SECRET),
    (SOBOT_WEBHOOKS[0], SOBOT_PATH_SECRET),
    (SOBOT_WEBHOOKS[1], SOBOT_PATH_SECRET),
    (SOBOT_WEBHOOKS[2], SOBOT_PATH_SECRET),
    ("webhook-tencent", TENCENT_DOOR),
];

fn answers() -> BTreeMap<&'static str, Answers> {
    BTreeMap::from([
        ("card-page", card_page::ANSWERS),
        ("close-session", close_session::ANSWERS),
        ("create-session", create_session::ANSWERS),
        ("get-customer", get_customer::ANSWERS),
        ("erase-sessions", erase_sessions::ANSWERS),
        ("get-session", get_session::ANSWERS),
        ("issue-token", issue_token::ANSWERS),
        ("list-deliveries", list_deliveries::ANSWERS),
        ("list-messages", list_messages::ANSWERS),
        ("mark-read", mark_read::ANSWERS),
        ("preview-message", preview_message::ANSWERS),
        ("query-desk", query_desk::ANSWERS),
        ("redrive-delivery", redrive_delivery::ANSWERS),
        ("set-presence", set_presence::ANSWERS),
        ("rate-answer", rate_answer::ANSWERS),
        ("rate-session", rate_session::ANSWERS),
        ("robot-action", robot_action::ANSWERS),
        ("send-card", send_card::ANSWERS),
        ("send-message", send_message::ANSWERS),
        ("web-access", web_access::ANSWERS),
        ("webhook-sobot-chat-list", webhook_sobot_chat_list::ANSWERS),
        (
            "webhook-sobot-offline-message",
            webhook_sobot_offline_message::ANSWERS,
        ),
        (
            "webhook-sobot-unread-message",
            webhook_sobot_unread_message::ANSWERS,
        ),
        ("webhook-tencent", webhook_tencent::ANSWERS),
        ("webhook-udesk", webhook_udesk::ANSWERS),
        ("webhook-udesk-event", webhook_udesk_event::ANSWERS),
    ])
}

#[test]
fn every_route_and_function_url_is_an_operation_and_the_other_way_round() {
    let template = crate::template();
    let functions = template.functions().values();
    let mut deployed: BTreeSet<(String, String, String)> = functions
        .clone()
        .flat_map(|function| {
            let routes = function.routes.iter();
            routes.map(|route| {
                (
                    function.name.clone(),
                    route.method.clone(),
                    route.path.clone(),
                )
            })
        })
        .collect();
    // A webhook's secret is its whole path; the list of cards is a page, and what the page calls.
    for function in functions.filter(|function| function.url) {
        let doors: &[_] = match function.name.as_str() {
            "card-page" => &[("GET", "/"), ("POST", "/")],
            _ => &[("POST", "/{secret}")],
        };
        let name = &function.name;
        deployed.extend(
            doors
                .iter()
                .map(|(method, path)| (name.clone(), (*method).into(), (*path).into())),
        );
    }
    let documented: BTreeSet<_> = Contract::read()
        .operations
        .iter()
        .map(|operation| {
            (
                operation.function.clone(),
                operation.method.clone(),
                operation.path.clone(),
            )
        })
        .collect();
    assert_eq!(deployed, documented);
}

#[test]
fn what_a_function_says_it_may_answer_is_what_the_contract_lists() {
    let contract = Contract::read();
    let declared = answers();
    let functions: BTreeSet<_> = contract
        .operations
        .iter()
        .map(|one| one.function.as_str())
        .collect();
    assert_eq!(functions, declared.keys().copied().collect());
    for (function, answers) in declared {
        let in_code: BTreeSet<(u16, Option<String>)> = answers
            .successes
            .iter()
            .map(|status| (*status, None))
            .chain(
                answers
                    .errors
                    .iter()
                    .map(|kind| (status_of(*kind).as_u16(), Some(kind.code().to_owned()))),
            )
            .collect();
        let in_contract: BTreeSet<_> = contract
            .of(function)
            .flat_map(|operation| listed(&operation.answers))
            .collect();
        assert_eq!(in_code, in_contract, "{function}");
    }
}

/// Each status with each of its codes; a success has none.
fn listed(answers: &BTreeMap<u16, BTreeSet<String>>) -> Vec<(u16, Option<String>)> {
    let each = answers
        .iter()
        .flat_map(|(status, codes)| match codes.len() {
            0 => vec![(*status, None)],
            _ => codes
                .iter()
                .map(|code| (*status, Some(code.clone())))
                .collect(),
        });
    each.collect()
}

#[test]
fn every_kind_of_error_is_a_code_of_the_contract_and_the_other_way_round() {
    let codes: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
    let contract = &Contract::read().document["components"]["schemas"]["ErrorCode"];
    let listed = contract["enum"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap());
    assert_eq!(codes, listed.collect());
    let told = contract["x-enumDescriptions"].as_object().unwrap();
    for kind in Kind::ALL {
        let sentence = told[kind.code()].as_str().unwrap();
        let status = status_of(kind).as_str().to_owned();
        assert!(
            sentence.starts_with(&format!("{status}. ")),
            "{}: {sentence}",
            kind.code()
        );
    }
}

#[test]
fn every_type_of_event_is_a_webhook_of_the_contract_and_the_other_way_round() {
    let types = Fact::TYPES.map(str::to_owned);
    assert_eq!(BTreeSet::from(types), Contract::read().event_types());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_contract_are_as_its_schemas_say() {
    let contract = Contract::read();
    let mut examples = Vec::new();
    for operation in &contract.operations {
        // What a vendor pushes is of no schema.
        if !operation.path.starts_with("/{") {
            examples.extend(operation.examples());
        }
    }
    for kind in contract.event_types() {
        let schema = contract.event_schema(&kind);
        let content = contract
            .document
            .pointer(schema.trim_end_matches("/schema"))
            .unwrap();
        for example in content["examples"].as_object().unwrap().values() {
            examples.push((schema.clone(), example["value"].clone()));
        }
    }
    for example in contract.document["components"]["examples"]
        .as_object()
        .unwrap()
        .values()
    {
        examples.push((
            "/components/schemas/Session".to_owned(),
            example["value"].clone(),
        ));
    }
    for (name, response) in contract.document["components"]["responses"]
        .as_object()
        .unwrap()
    {
        for example in response["content"]["application/json"]["examples"]
            .as_object()
            .unwrap()
            .values()
        {
            let schema = format!("/components/responses/{name}/content/application~1json/schema");
            examples.push((schema, example["value"].clone()));
        }
    }
    assert!(examples.len() > 20, "{}", examples.len());
    contract.must_fit(&examples).await;
}

/// Everything that the functions' answers can be, and nothing else: the world itself refuses an answer
/// that the contract does not list. `internal` alone is not provoked: it stands for what nobody thought of.
#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_the_contract_happens_and_is_as_its_schema_says() {
    // Long enough for a test to act while the vendor is being asked.
    let world = World::with(&[("VENDOR_TIMEOUT_MS", "10000")]).await;
    let stranger = World::customer_token("FR", 900, clock::now());
    let large = Some(format!("\"{}\"", "x".repeat(256 * 1024)));
    let (nobody, absent) = (None, "/sessions/ses_01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let key = Some(API_KEY);
    let open = |customer: &str| Some(json!({"vendor": "udesk", "customer": customer}));
    let text = |id: &str| Some(json!({"id": id, "kind": "text", "content": "hello"}));

    // issue-token
    let ask = json!({"kind": "customer", "customer": "DE"});
    world
        .call(API_KEY, "POST", "/tokens", Some(ask.clone()))
        .await
        .expect(200);
    world
        .call(&stranger, "POST", "/tokens", Some(ask))
        .await
        .expect(403);
    let page = || Some(json!({"kind": "sobot_page", "customer": "DE"}));
    world
        .call(API_KEY, "POST", "/tokens", page())
        .await
        .expect(200);
    let user_sig = json!({"kind": "tencent_usersig", "customer": "user45"});
    world
        .call(API_KEY, "POST", "/tokens", Some(user_sig))
        .await
        .expect(200);
    let refused = SobotFault::code("900004", "no API");
    world.sobot.fault("POST /api/page/token", refused, Some(1));
    world
        .call(API_KEY, "POST", "/tokens", page())
        .await
        .expect(422);
    world
        .sobot
        .fault("POST /api/page/token", SobotFault::Limited, Some(1));
    let busy = world
        .call(API_KEY, "POST", "/tokens", page())
        .await
        .expect(503);
    assert_eq!(busy.error_code(), "vendor_unavailable");

    // create-session
    let session = world
        .call(API_KEY, "POST", "/sessions", open("DE"))
        .await
        .expect(201)
        .text_of("id");
    world
        .call(API_KEY, "POST", "/sessions", open("DE"))
        .await
        .expect(200);
    world
        .call(&stranger, "POST", "/sessions", open("DE"))
        .await
        .expect(403);
    let no_such_group =
        json!({"vendor": "udesk", "customer": "a", "assign": {"to": "agent", "group_id": 9}});
    world
        .call(API_KEY, "POST", "/sessions", Some(no_such_group))
        .await
        .expect(422);
    world
        .twin
        .fault("POST /im/sessions", Fault::Status(503), Some(1));
    world
        .call(API_KEY, "POST", "/sessions", open("b"))
        .await
        .expect(202);
    // The customer leaves while the vendor is being asked.
    let held = world.udesk.play(
        Calls::path("/im/sessions").method("POST").times(1),
        WireFault::Hang,
    );
    let asking = async { world.call(API_KEY, "POST", "/sessions", open("c")).await };
    let leaving = async {
        held.hit(1).await;
        let listed = world
            .call(API_KEY, "GET", "/sessions?customer=c", None)
            .await
            .expect(200);
        let id = listed.body["sessions"][0]["id"].as_str().unwrap();
        world
            .call(API_KEY, "DELETE", &format!("/sessions/{id}"), None)
            .await
            .expect(202);
        held.release();
    };
    let (asked, ()) = tokio::join!(asking, leaving);
    asked.expect(409);

    // get-session
    let path = format!("/sessions/{session}");
    world.call(API_KEY, "GET", &path, None).await.expect(200);
    world
        .call(&stranger, "GET", "/sessions?customer=DE", None)
        .await
        .expect(403);
    world
        .call(API_KEY, "GET", "/sessions?customer=a%20b", None)
        .await
        .expect(400);

    // send-message
    let messages = format!("{path}/messages");
    world
        .call(API_KEY, "POST", &messages, text("1"))
        .await
        .expect(200);
    let other = json!({"id": "1", "kind": "text", "content": "something else"});
    world
        .call(API_KEY, "POST", &messages, Some(other))
        .await
        .expect(409);
    let own = World::customer_token("DE", 900, clock::now());
    let as_desk = json!({"as": "desk", "kind": "text", "content": "hello"});
    world
        .call(&own, "POST", &messages, Some(as_desk))
        .await
        .expect(403);
    world.twin.fault(
        "POST /im/messages",
        Fault::code(2005, "invalid parameter"),
        Some(1),
    );
    world
        .call(API_KEY, "POST", &messages, text("2"))
        .await
        .expect(422);
    world
        .twin
        .fault("POST /im/messages", Fault::Limited, Some(1));
    world
        .call(API_KEY, "POST", &messages, text("3"))
        .await
        .expect(202);
    world
        .call(API_KEY, "GET", &messages, None)
        .await
        .expect(200);
    world
        .call(API_KEY, "GET", &format!("{messages}?limit=0"), None)
        .await
        .expect(400);

    // close-session
    let closed = world.open_session("d").await;
    let path_closed = format!("/sessions/{closed}");
    world
        .twin
        .fault("DELETE /im/sessions/*", Fault::Limited, Some(1));
    world
        .call(API_KEY, "DELETE", &path_closed, None)
        .await
        .expect(202);
    let closed = world.open_session("e").await;
    let path_closed = format!("/sessions/{closed}");
    world
        .call(API_KEY, "DELETE", &path_closed, None)
        .await
        .expect(200);
    world
        .call(API_KEY, "DELETE", &path_closed, None)
        .await
        .expect(200);
    let messages_closed = format!("{path_closed}/messages");
    world
        .call(API_KEY, "POST", &messages_closed, text("1"))
        .await
        .expect(409);

    // preview-message, mark-read, set-presence, get-customer
    let preview = format!("{path}/preview");
    let typed = || Some(json!({"content": "Where is my par"}));
    for (fault, status) in [
        (None, 200),
        (Some(Fault::code(2062, "no")), 422),
        (Some(Fault::Limited), 503),
    ] {
        if let Some(fault) = fault {
            world.twin.fault("PUT /im/sessions/*", fault, Some(1));
        }
        world
            .call(API_KEY, "PUT", &preview, typed())
            .await
            .expect(status);
    }
    world
        .call(API_KEY, "PUT", &format!("{path_closed}/preview"), typed())
        .await
        .expect(409);
    world.agent_says("DE", "Hello").await;
    let conversation = world.conversation(&session).await;
    let said = conversation.iter().find(|said| said["from"] == "agent");
    let said = said.unwrap()["id"].clone();
    let reads = format!("{path}/reads");
    let read = json!({"messages": [said]});
    let read_through = json!({"through": said});
    let of_reads = "POST /im/messages/read_messages";
    for (body, fault, key, status) in [
        (&read, None, "read-1", 200),
        (&read, Some(Fault::code(2005, "no")), "read-2", 422),
        (&read, Some(Fault::Limited), "read-3", 202),
        (&read_through, None, "read-1", 409),
    ] {
        if let Some(fault) = fault {
            world.twin.fault(of_reads, fault, Some(1));
        }
        let headers = [
            ("authorization", format!("Bearer {API_KEY}")),
            ("content-type", "application/json".to_owned()),
            ("idempotency-key", key.to_owned()),
        ];
        let body = Some(body.to_string().into_bytes());
        let answer = world.send("POST", &reads, &headers, body).await;
        answer.expect(status);
    }
    let presence = "/customers/DE/presence";
    let there = || Some(json!({"online": true}));
    for (fault, status) in [
        (None, 200),
        (Some(Fault::code(2015, "no")), 422),
        (Some(Fault::Limited), 503),
    ] {
        if let Some(fault) = fault {
            world
                .twin
                .fault("POST /im/customer_online_state", fault, Some(1));
        }
        world
            .call(API_KEY, "PUT", presence, there())
            .await
            .expect(status);
    }
    world
        .call(&stranger, "PUT", presence, there())
        .await
        .expect(403);
    for (customer, fault, status) in [
        ("DE", None, 200),
        ("AT", Some(Fault::code(2058, "no")), 422),
        ("CH", Some(Fault::Limited), 503),
    ] {
        if let Some(fault) = fault {
            world.twin.fault("GET /im/customer_status", fault, Some(1));
        }
        world
            .call(API_KEY, "GET", &format!("/customers/{customer}"), None)
            .await
            .expect(status);
    }
    world
        .call(&stranger, "GET", "/customers/DE", None)
        .await
        .expect(403);
    world
        .call(API_KEY, "GET", "/customers/DE?include=age", None)
        .await
        .expect(400);
    // rate-session, rate-answer, robot-action
    let urobot = json!({"to": "urobot", "robot_id": 12362, "scene_id": 39});
    let ask = json!({"vendor": "udesk", "customer": "R", "assign": urobot});
    let robots = world
        .call(API_KEY, "POST", "/sessions", Some(ask))
        .await
        .expect(201)
        .text_of("id");
    let welcome = world.conversation(&robots).await[0]["id"].clone();
    let rating = format!(
        "/sessions/{robots}/messages/{}/rating",
        welcome.as_str().unwrap()
    );
    let actions = format!("/sessions/{robots}/robot-actions");
    let click = json!({"kind": "click", "message_id": welcome, "id": "12"});
    for (path, body, call) in [
        (
            format!("{path}/survey"),
            json!({"option": "36"}),
            "POST /im/sessions/survey",
        ),
        (
            rating.clone(),
            json!({"useful": true}),
            "POST /im/messages/answer_survey",
        ),
        (actions.clone(), click.clone(), "POST /im/messages/hit"),
    ] {
        let ask = || Some(body.clone());
        world.call(API_KEY, "POST", &path, ask()).await.expect(200);
        world.twin.fault(call, Fault::Limited, Some(1));
        world.call(API_KEY, "POST", &path, ask()).await.expect(202);
        world.settled().await;
        world.twin.fault(call, Fault::code(2005, "no"), Some(1));
        world.call(API_KEY, "POST", &path, ask()).await.expect(422);
    }
    let under_key = async |path: &str, body: serde_json::Value| {
        let headers = [
            ("authorization", format!("Bearer {API_KEY}")),
            ("content-type", "application/json".to_owned()),
            ("idempotency-key", "one".to_owned()),
        ];
        let body = body.to_string().into_bytes();
        world.send("POST", path, &headers, Some(body)).await
    };
    for (path, body, other) in [
        (
            format!("{path}/survey"),
            json!({"option": "36"}),
            json!({"option": "37"}),
        ),
        (
            rating.clone(),
            json!({"useful": true}),
            json!({"useful": false}),
        ),
        (actions.clone(), json!({"kind": "transfer"}), click.clone()),
    ] {
        under_key(&path, body).await.expect(200);
        under_key(&path, other).await.expect(409);
    }
    let absent_message =
        format!("/sessions/{robots}/messages/msg_01ARZ3NDEKTSV4RRFFQ69G5FAV/rating");
    let useful = Some(json!({"useful": true}));
    world
        .call(API_KEY, "POST", &absent_message, useful)
        .await
        .expect(404);
    world.close(&robots).await.expect(200);
    world
        .call(API_KEY, "POST", &actions, Some(click))
        .await
        .expect(409);
    // erase-sessions
    let erase = "/sessions?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z&customer=DE";
    world.call(API_KEY, "DELETE", erase, None).await.expect(200);
    world
        .call(API_KEY, "DELETE", "/sessions", None)
        .await
        .expect(400);
    world
        .call(&stranger, "DELETE", erase, None)
        .await
        .expect(403);
    let no = Fault::code(2005, "invalid parameter");
    for (fault, status) in [(no, 422), (Fault::Limited, 503)] {
        world
            .twin
            .fault("DELETE /im/sessions/destroy_session", fault, Some(1));
        world
            .call(API_KEY, "DELETE", erase, None)
            .await
            .expect(status);
    }

    // query-desk
    let times = "from=2026-11-01T00:00:00Z&to=2026-11-21T00:00:00Z";
    let looks = [
        (
            "/im/agent_status",
            "/desk/agents".to_owned(),
            Some("?group=x"),
        ),
        (
            "/im/messages/agent_unread_messages",
            "/desk/agents/unread?agent=3".to_owned(),
            Some("&agent=x"),
        ),
        ("/im/urobots", "/desk/robots".to_owned(), None),
        (
            "/im/im_queues",
            format!("/desk/abandoned-queues?{times}"),
            Some("&after=x"),
        ),
        (
            "/im/im_sensitive_words",
            "/desk/sensitive-words".to_owned(),
            None,
        ),
    ];
    for (vendors, path, wrong) in &looks {
        world.call(API_KEY, "GET", path, None).await.expect(200);
        world.call(&stranger, "GET", path, None).await.expect(403);
        if let Some(wrong) = wrong {
            let path = format!("{path}{wrong}");
            world.call(API_KEY, "GET", &path, None).await.expect(400);
        }
        let no = Fault::code(2005, "invalid parameter");
        for (fault, status) in [(no, 422), (Fault::Limited, 503)] {
            world.twin.fault(vendors, fault, Some(1));
            world.call(API_KEY, "GET", path, None).await.expect(status);
        }
    }

    // list-deliveries, redrive-delivery
    world
        .call(API_KEY, "GET", "/deliveries", None)
        .await
        .expect(200);
    world
        .call(API_KEY, "GET", "/deliveries?status=lost", None)
        .await
        .expect(400);
    let ulid = session.strip_prefix("ses_").unwrap();
    let (alive, refused) = (format!("evt_{ulid}_1"), format!("snd_{ulid}_3"));
    for (id, body) in [(&alive, None), (&refused, Some(json!({"dry_run": true})))] {
        let path = format!("/deliveries/{id}/redrive");
        world.call(API_KEY, "POST", &path, body).await.expect(200);
        let no_yes = Some(json!({"dry_run": "yes"}));
        world.call(API_KEY, "POST", &path, no_yes).await.expect(400);
    }
    let of_session = Some(json!({"session": session}));
    world
        .call(API_KEY, "POST", "/deliveries/redrive", of_session)
        .await
        .expect(200);
    let of_nobody = json!({"session": "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV"});
    world
        .call(API_KEY, "POST", "/deliveries/redrive", Some(of_nobody))
        .await
        .expect(404);
    for (method, path) in [
        ("GET", "/deliveries".to_owned()),
        ("POST", "/deliveries/redrive".to_owned()),
        ("POST", format!("/deliveries/{alive}/redrive")),
    ] {
        world.call(&stranger, method, &path, None).await.expect(403);
    }
    // A message that the vendor refused, in a session that has ended since.
    let closed = world.open_session("f").await;
    world.twin.fault(
        "POST /im/messages",
        Fault::code(2005, "invalid parameter"),
        Some(1),
    );
    world.say(&closed, "1", "No").await.expect(422);
    world.close(&closed).await.expect(200);
    let refused = format!("snd_{}_2", closed.strip_prefix("ses_").unwrap());
    world
        .call(
            API_KEY,
            "POST",
            &format!("/deliveries/{refused}/redrive"),
            None,
        )
        .await
        .expect(409);

    // The same for all of them, by what they take.
    for operation in &Contract::read().operations {
        let (method, path) = (operation.method.as_str(), operation.path.as_str());
        if !operation.is_of_api() {
            continue;
        }
        let example = (!operation.example.is_null()).then(|| operation.example.to_string());
        let mine = path.replace("/sessions/{id}", absent);
        world
            .call_raw(nobody, method, &mine, example.clone())
            .await
            .expect(401);
        if path.contains("{id}") {
            world
                .call_raw(key, method, &mine, example.clone())
                .await
                .expect(404);
        }
        let here = path.replace("{id}", &session);
        if example.is_some() {
            world
                .call_raw(key, method, &here, Some("{".to_owned()))
                .await
                .expect(400);
            if operation.must_have_body {
                world
                    .call_raw(key, method, &here, Some("{}".to_owned()))
                    .await
                    .expect(400);
            }
            world
                .call_raw(key, method, &here, large.clone())
                .await
                .expect(413);
        }
    }

    // The webhooks
    for (function, secret) in WEBHOOKS {
        let push = |secret: &'static str, body: String| world.push_to(function, secret, body);
        push(secret, "{}".to_owned()).await.expect(200);
        push("another-path-secret", "{}".to_owned())
            .await
            .expect(404);
    }

    web_access_answers(&world, &stranger).await;
    card_page_answers(&world).await;
    card_answers(&world, &stranger).await;

    // Nothing to write to.
    let no_table = world.dynamodb.refuse().await;
    for operation in &Contract::read().operations {
        let stores = operation
            .answers
            .get(&503)
            .is_some_and(|codes| codes.contains("storage_unavailable"));
        if !operation.is_of_api() || !stores {
            continue;
        }
        let id = match operation.path.starts_with("/deliveries") {
            true => &alive,
            false => &session,
        };
        let mut path = operation.path.replace("{id}", id);
        if operation.id == "listSessions" {
            path += "?customer=DE";
        }
        if operation.id == "eraseSessions" {
            path = erase.to_owned();
        }
        let example = (!operation.example.is_null()).then(|| operation.example.clone());
        let answer = world
            .call(API_KEY, &operation.method, &path, example)
            .await
            .expect(503);
        assert_eq!(answer.error_code(), "storage_unavailable", "{answer:?}");
    }
    let no_queue = world.sqs.refuse().await;
    for (function, secret) in WEBHOOKS {
        world.push_to(function, secret, "{}").await.expect(503);
    }
    no_queue.clear().await;
    no_table.clear().await;

    // A deployment without the vendor.
    let bare = World::with(&[
        ("UDESK_BASE_URL", ""),
        ("UDESK_EMAIL", ""),
        ("UDESK_API_TOKEN", ""),
        ("SOBOT_BASE_URL", ""),
        ("SOBOT_SYSNUM", ""),
        ("SOBOT_KEY", ""),
        ("UDESK_STRUCT_MESSAGE_KEY", ""),
    ])
    .await;
    bare.open_cards("").await.expect(404);
    let off = bare
        .call(API_KEY, "POST", "/desk/cards", Some(desk_card()))
        .await;
    assert_eq!(off.expect(503).error_code(), "vendor_not_configured");
    let answer = bare.call(API_KEY, "POST", "/tokens", page()).await;
    assert_eq!(answer.expect(503).error_code(), "vendor_not_configured");
    let answer = bare.call(API_KEY, "POST", WEB_ACCESS, Some(web_access("open")));
    assert_eq!(
        answer.await.expect(503).error_code(),
        "vendor_not_configured"
    );
    for (_, path, _) in &looks {
        let answer = bare.call(API_KEY, "GET", path, None).await.expect(503);
        assert_eq!(answer.error_code(), "vendor_not_configured");
    }
    let answer = bare
        .call(API_KEY, "POST", "/sessions", open("DE"))
        .await
        .expect(503);
    assert_eq!(answer.error_code(), "vendor_not_configured");
    // A session that was opened when the vendor was on.
    let said = push::reply("DE", &[push::text("m1", 11, "Hello")]);
    bare.push(PATH_SECRET, said).await.expect(200);
    let session = bare.open_session_of("DE").await.unwrap()["id"].clone();
    let session = session.as_str().unwrap();
    for (path, body) in [
        ("survey", json!({"option": "36"})),
        (
            "messages/msg_01ARZ3NDEKTSV4RRFFQ69G5FAV/rating",
            json!({"useful": true}),
        ),
        ("robot-actions", json!({"kind": "transfer"})),
    ] {
        let path = format!("/sessions/{session}/{path}");
        let answer = bare.call(API_KEY, "POST", &path, Some(body)).await;
        assert_eq!(answer.expect(503).error_code(), "vendor_not_configured");
    }

    for (method, path, body) in [
        ("PUT", format!("{absent}/preview"), typed()),
        ("PUT", presence.to_owned(), there()),
        ("GET", "/customers/DE".to_owned(), None),
    ] {
        let answer = bare.call(API_KEY, method, &path, body).await.expect(503);
        assert_eq!(answer.error_code(), "vendor_not_configured");
    }

    // One whose budget is used up.
    let rates = "60000,PUT /im/sessions/:session_id/message_preview=10/3600,\
                 POST /im/customer_online_state=10/3600,GET /im/customer_status=10/3600,\
                 GET /im/agent_status=10/3600,GET /im/messages/agent_unread_messages=10/3600,\
                 GET /im/urobots=10/3600,GET /im/im_queues=10/3600,GET /im/im_sensitive_words=10/3600";
    let slow = World::with(&[("UDESK_RATE_LIMIT", rates)]).await;
    let session = slow.open_session("DE").await;
    for (customer, status) in [("DE", 200), ("AT", 202)] {
        for path in [
            &format!("/customers/{customer}?include=status"),
            "/desk/agents",
            "/desk/agents/unread?agent=3",
            "/desk/robots",
            "/desk/abandoned-queues?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z",
            "/desk/sensitive-words",
        ] {
            slow.call(API_KEY, "GET", path, None).await.expect(status);
        }
        slow.call(API_KEY, "PUT", presence, there())
            .await
            .expect(status);
        let preview = format!("/sessions/{session}/preview");
        slow.call(API_KEY, "PUT", &preview, typed())
            .await
            .expect(status);
    }

    let mut seen = BTreeSet::new();
    let mut bodies = Vec::new();
    for world in [&world, &bare, &slow] {
        for (operation, answer) in world.answers.lock().unwrap().iter() {
            let (status, code) = operation.must_list(answer);
            seen.insert((operation.id.clone(), status, code));
            bodies.extend(operation.body(answer));
        }
    }
    let documented: BTreeSet<_> = Contract::read()
        .operations
        .iter()
        .flat_map(|operation| {
            let listed = listed(&operation.answers).into_iter();
            listed.map(|(status, code)| (operation.id.clone(), status, code))
        })
        .filter(|(_, status, _)| *status != 500)
        .collect();
    let never: Vec<_> = documented.difference(&seen).collect();
    assert!(never.is_empty(), "in the contract, and not seen: {never:?}");
    Contract::read().must_fit(&bodies).await;
}

fn desk_card() -> serde_json::Value {
    json!({"session": 9001, "customer": 7001, "agent": 3, "card": {"title": "Free returns",
        "description": "Send it back within 30 days.", "image": "https://shop.example.com/returns.png"}})
}

const WEB_ACCESS: &str = "/sobot/web-access";

fn web_access(mode: &str) -> serde_json::Value {
    json!({"mode": mode, "customer": "DE", "parameters": {"uname": "nickname"}, "leave_message": {},
        "calls": [{"call": "receive_message", "handler": "onAgent"}]})
}

/// What web-access answers.
async fn web_access_answers(world: &World, stranger: &str) {
    let ask = |mode: &str| world.call(API_KEY, "POST", WEB_ACCESS, Some(web_access(mode)));
    for mode in ["open", "sign", "token"] {
        ask(mode).await.expect(200);
    }
    world
        .call(stranger, "POST", WEB_ACCESS, Some(web_access("open")))
        .await
        .expect(403);
    // One of the two tokens that it asks for is refused, or both are.
    let refused = SobotFault::code("900004", "no API");
    world.sobot.fault("POST /api/page/token", refused, Some(2));
    ask("token").await.expect(422);
    world
        .sobot
        .fault("POST /api/page/token", SobotFault::Limited, Some(2));
    let busy = ask("token").await.expect(503);
    assert_eq!(busy.error_code(), "vendor_unavailable");
}

/// What send-card answers.
async fn card_answers(world: &World, stranger: &str) {
    const API: &str = "POST /im/sessions/struct_messages";
    let desk = || world.call(API_KEY, "POST", "/desk/cards", Some(desk_card()));
    world.twin.switch(|switches| switches.card_limit = None);
    desk().await.expect(200);
    world.twin.fault(API, Fault::Status(500), Some(1));
    desk().await.expect(202);
    let refused = Fault::code(2005, "invalid parameter");
    world.twin.fault(API, refused, Some(1));
    desk().await.expect(422);
    world.twin.fault(API, Fault::Limited, Some(1));
    assert_eq!(desk().await.expect(503).error_code(), "vendor_unavailable");
    world
        .call(stranger, "POST", "/desk/cards", Some(desk_card()))
        .await
        .expect(403);

    let opened = json!({"vendor": "tencent", "customer": "user45"});
    let opened = world.call(API_KEY, "POST", "/sessions", Some(opened)).await;
    let path = format!("/sessions/{}/cards", opened.expect(201).text_of("id"));
    let card = |title: &str| json!({"card": {"title": title}}).to_string().into_bytes();
    let keyed = async |key: &str, title: &str| {
        let headers = [
            ("authorization", format!("Bearer {API_KEY}")),
            ("idempotency-key", key.to_owned()),
        ];
        world.send("POST", &path, &headers, Some(card(title))).await
    };
    keyed("1", "Your parcel").await.expect(200);
    keyed("1", "Another").await.expect(409);
    const SEND_MSG: &str = "POST /v4/desk_http_svc/send_msg";
    let refused = TencentFault::code(10_004, "no");
    world.tencent.fault(SEND_MSG, refused, Some(1));
    keyed("2", "Your parcel").await.expect(422);
    world
        .tencent
        .fault(SEND_MSG, TencentFault::Limited, Some(1));
    keyed("3", "Your parcel").await.expect(202);
    let one = json!({"card": {"title": "Your parcel"}});
    world
        .call(stranger, "POST", &path, Some(one.clone()))
        .await
        .expect(403);
    let closed = path.trim_end_matches("/cards");
    world.settled().await;
    world
        .call(API_KEY, "DELETE", closed, None)
        .await
        .expect(200);
    world
        .call(API_KEY, "POST", &path, Some(one))
        .await
        .expect(409);
}

/// What the list of cards answers, to the console and to its own page.
async fn card_page_answers(world: &World) {
    const API: &str = "POST /im/sessions/struct_messages";
    world.open_cards("").await.expect(403);
    let page = world.cards_for(7001).await;
    let (token, card) = (page.token(), page.cards()[0]);
    world.pick(&page, card).await.expect(200);
    world.twin.fault(API, Fault::Limited, Some(1));
    world.pick(&page, card).await.expect(202);
    world.twin.fault(API, Fault::Status(500), Some(1));
    world.pick(&page, card).await.expect(202);
    let refused = Fault::code(2005, "invalid parameter");
    world.twin.fault(API, refused, Some(1));
    world.pick(&page, card).await.expect(422);
    world.pick(&page, "0f6c9d2e5b3a4c1d").await.expect(404);
    world.post_card("x.y.z", "{}").await.expect(401);
    for (body, status) in [
        ("{".to_owned(), 400),
        ("{}".to_owned(), 400),
        (" ".repeat(256 * 1024 + 1), 413),
    ] {
        world.post_card(token, body).await.expect(status);
    }
    let unreachable = world.udesk.refuse().await;
    let answer = world.pick(&page, card).await.expect(503);
    assert_eq!(answer.error_code(), "vendor_unavailable");
    unreachable.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_happens_and_is_as_its_schema_says() {
    let settings = [("UDESK_ON_UNKNOWN", "hold"), ("HEAL_SCHEDULE_SECONDS", "1")];
    let world = World::with(&settings).await;
    // Udesk loses pushes, and has more than it gives.
    let silent = world.open_quietly("SILENT").await;
    world.twin.switch(|switches| {
        switches.push_start = PushStart::AfterAnswer;
        switches.lose_pushes = true;
        switches.unread_at_most = Some(1);
    });
    world.twin.agent_says("SILENT", "one").await.unwrap();
    world.twin.agent_says("SILENT", "two").await.unwrap();
    world.twin.switch(|switches| switches.lose_pushes = false);
    let told = || {
        world
            .told(&silent)
            .iter()
            .any(|told| told == "session.incomplete")
    };
    world
        .sweep_until("it is told that a message is missing", async || told())
        .await;
    // A customer waits, and gets an agent.
    world.twin.everyone_busy(2);
    let queued = world.ask_for_agent("Q").await.expect(201);
    assert_eq!(queued.body["state"], "queued");
    world.twin.agents_online();
    world.twin.assign("Q").await.unwrap();
    // Another has one at once.
    let session = world.open_session("DE").await;
    world
        .say(&session, "sent", "Where is my parcel?")
        .await
        .expect(200);
    world
        .twin
        .agent_says("DE", "Hello, what can I help you with?")
        .await
        .unwrap();
    let read: Vec<_> = world
        .twin
        .messages_from("DE")
        .into_iter()
        .map(|message| message.message_id)
        .collect();
    world.twin.agent_reads("DE", &read).await.unwrap();
    world.twin.fault(
        "POST /im/messages",
        Fault::code(2005, "invalid parameter"),
        Some(1),
    );
    world.say(&session, "failed", "No").await.expect(422);
    world
        .twin
        .fault("POST /im/messages", Fault::NeverAnswer, Some(1));
    world.say(&session, "unknown", "Perhaps").await.expect(202);
    let file = json!({"kind": "file", "content": "https://example.com/a.pdf",
        "file": {"name": "a.pdf", "size": "4.3M"}});
    world
        .call(
            API_KEY,
            "POST",
            &format!("/sessions/{session}/messages"),
            Some(file),
        )
        .await
        .expect(200);
    world.twin.agent_transfers("DE").await.unwrap();
    world.twin.agent_closes("DE", "normal").await.unwrap();
    world.wait_until_told(&session, "session.closed").await;
    world.subscribe_to_events();
    let voted = world.twin.votes("DE", 101, "Satisfied", "Thank you").await;
    assert!(voted.unwrap().is_good());
    // At Sobot, where an agent's message comes with custom data, and a count of what is unread.
    for kind in PushKind::ALL {
        let pushed = world.sobot.agent_says("DE", kind, "<b>Hello</b>").await;
        assert!(pushed.is_good(), "{pushed:?}");
    }

    let wanted = Contract::read().event_types();
    world
        .app
        .wait_for(BOUND + Duration::from_secs(5), |events| {
            let seen: BTreeSet<_> = events.iter().map(|event| event.kind.clone()).collect();
            seen == wanted
        })
        .await;
    world.app.assert_in_order(&session);
    let bodies: Vec<_> = world
        .app
        .deliveries()
        .iter()
        .filter(|delivery| delivery.accepted())
        .map(|delivery| {
            let kind = &delivery.event.as_ref().expect("an event").kind;
            let body = serde_json::from_slice(&delivery.body).unwrap();
            (Contract::read().event_schema(kind), body)
        })
        .collect();
    Contract::read().must_fit(&bodies).await;
    // And the conversation that they told of, with every kind of status in it.
    world.conversation(&session).await;
    world.session(&session).await;
    let answers = world.answers.lock().unwrap().clone();
    let bodies: Vec<_> = answers
        .iter()
        .filter_map(|(operation, answer)| operation.body(answer))
        .collect();
    Contract::read().must_fit(&bodies).await;
}
