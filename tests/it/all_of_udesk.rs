//! One conversation through all of Udesk's stations, as a customer lives it: another maker's robot, Udesk's own
//! and a step of its flow, the queue, an agent, a preview, a picture, another agent, the end and the survey.

use deskbridge_twins::udesk::Standing;
use harness::{
    until,
    world::{API_KEY, Answer, World},
};
use serde_json::{Value, json};

/// The customer's app, seen from here.
struct Customer<'a> {
    world: &'a World,
    name: &'static str,
}

impl Customer<'_> {
    async fn asks_for(&self, assign: Value) -> Answer {
        let ask = json!({"vendor": "udesk", "customer": self.name, "assign": assign});
        self.world
            .call(API_KEY, "POST", "/sessions", Some(ask))
            .await
    }

    async fn does(&self, method: &str, session: &str, what: &str, body: Value) -> Answer {
        let path = format!("/sessions/{session}/{what}");
        self.world.call(API_KEY, method, &path, Some(body)).await
    }

    async fn sees(&self, session: &str) -> Value {
        let path = format!("/sessions/{session}");
        let seen = self.world.call(API_KEY, "GET", &path, None).await;
        seen.expect(200).body
    }

    /// What the robots have said, once it is so much.
    async fn hears_from_robots(&self, session: &str, so_much: usize) -> Vec<Value> {
        let robots = |conversation: Vec<Value>| {
            let said = conversation.into_iter();
            said.filter(|one| one["from"] == "robot")
                .collect::<Vec<_>>()
        };
        until("the robots have said so much", async || {
            robots(self.world.conversation(session).await).len() >= so_much
        })
        .await;
        robots(self.world.conversation(session).await)
    }

    /// The last call of one of Udesk's endpoints.
    fn last_call(&self, path: &str) -> Value {
        let calls = self.world.twin.calls_of(path);
        calls.last().and_then(|call| call.body.clone()).unwrap()
    }

    /// Udesk's session with an agent.
    fn at_udesk(&self) -> i64 {
        match self.world.twin.conversation(self.name).unwrap().standing {
            Standing::Active { session } => session,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_way_through_all_of_udesk() {
    let world = World::start().await;
    let customer = Customer {
        world: &world,
        name: "DE",
    };

    // Another maker's robot greets, and answers.
    let opened = customer.asks_for(json!({"to": "robot"})).await.expect(201);
    let session = opened.text_of("id");
    assert_eq!(opened.body["state"], "robot");
    world
        .say(&session, "c-1", "What is the company's business?")
        .await
        .expect(200);
    let said = customer.hears_from_robots(&session, 2).await;
    assert!(
        said[1]["text"]
            .as_str()
            .unwrap()
            .starts_with("Hi, we are a company")
    );

    // Udesk's own robot takes over in the same session of ours, and offers a flow; the customer takes a step.
    let urobot = json!({"to": "urobot", "robot_id": 12362, "scene_id": 39});
    let moved = customer.asks_for(urobot).await.expect(200);
    assert_eq!(
        (moved.text_of("id"), &moved.body["state"]),
        (session.clone(), &json!("urobot"))
    );
    world.say(&session, "c-2", "Flow A").await.expect(200);
    let said = customer.hears_from_robots(&session, 4).await;
    let step = &said[3];
    let button = &step["suggestions"][0];
    assert_eq!(button["action"], "flow");
    let take = json!({"kind": "flow", "message_id": step["id"], "id": button["id"]});
    customer
        .does("POST", &session, "robot-actions", take)
        .await
        .expect(200);
    let said = customer.hears_from_robots(&session, 5).await;
    assert_eq!(said[4]["text"], "This is subitem -1");

    // Not what was wanted. Everyone is busy: third in the queue, and then second.
    world.twin.everyone_busy(3);
    let queued = customer.asks_for(json!({"to": "agent"})).await.expect(200);
    assert_eq!(queued.text_of("id"), session);
    assert_eq!(
        (&queued.body["state"], &queued.body["queue"]["position"]),
        (&json!("queued"), &json!(3))
    );
    world.say(&session, "c-3", "I can wait").await.expect(200);
    assert_eq!(customer.last_call("/im/messages")["im_sub_session_id"], -3);
    world.twin.move_in_queue("DE", 2);
    until("the app sees the new place", async || {
        customer.sees(&session).await["queue"]["position"] == 2
    })
    .await;

    // An agent is free. What the customer types shows, and then a picture comes.
    world.twin.assign("DE").await.unwrap();
    until("an agent serves", async || {
        customer.sees(&session).await["state"] == "active"
    })
    .await;
    let first = customer.at_udesk();
    let typed = customer
        .does(
            "PUT",
            &session,
            "preview",
            json!({"content": "Where is my par"}),
        )
        .await
        .expect(200);
    assert_eq!(typed.body["status"], "shown");
    let path = format!("/im/sessions/{first}/message_preview");
    assert_eq!(
        customer.last_call(&path),
        json!({"content": "Where is my par"})
    );
    let picture =
        json!({"id": "c-4", "kind": "image", "content": "https://files.example.com/parcel.png"});
    customer
        .does("POST", &session, "messages", picture)
        .await
        .expect(200);
    let sent = customer.last_call("/im/messages");
    assert_eq!(
        (&sent["type"], &sent["im_sub_session_id"]),
        (&json!("image"), &json!(first))
    );
    world
        .agent_says("DE", "I see. My colleague knows more.")
        .await;

    // A colleague takes over: another session at Udesk, the same one here.
    world.twin.agent_transfers("DE").await.unwrap();
    world.wait_until_told(&session, "session.transferred").await;
    let second = customer.at_udesk();
    assert_ne!(first, second);
    world.say(&session, "c-5", "Hello?").await.expect(200);
    assert_eq!(
        customer.last_call("/im/messages")["im_sub_session_id"],
        second
    );
    world.agent_says("DE", "It comes tomorrow.").await;
    until("the customer has the answer", async || {
        let conversation = world.conversation(&session).await;
        conversation
            .iter()
            .any(|one| one["content"] == "It comes tomorrow.")
    })
    .await;
    let read = world.conversation(&session).await;
    let last = read.last().unwrap()["id"].clone();
    customer
        .does("POST", &session, "reads", json!({"through": last}))
        .await
        .expect(200);

    // The agent closes, and the survey comes along.
    world.twin.agent_closes("DE", "normal").await.unwrap();
    world.wait_until_told(&session, "session.closed").await;
    let events = world.app.events_of(&session);
    let closed = events.iter().find(|event| event.kind == "session.closed");
    let survey = closed.unwrap().data["survey"].clone();
    assert_eq!(survey["enabled"], true);
    let best = &survey["options"][0]["id"];
    customer
        .does(
            "POST",
            &session,
            "survey",
            json!({"about": "agent", "option": best}),
        )
        .await
        .expect(200);
    let voted = customer.last_call("/im/sessions/survey");
    assert_eq!(voted["im_sub_session_id"], second);
    assert_eq!(voted["option_id"].to_string(), best.as_str().unwrap());

    // All of it came to the app, once and in order; nothing that Udesk does not know was sent to it.
    world.all_went_out(&session).await;
    world.app.assert_in_order(&session);
    let mut told = world.told(&session);
    told.retain(|kind| !kind.starts_with("message"));
    assert_eq!(
        told,
        [
            "session.started",
            "session.started",
            "session.queued",
            "session.started",
            "session.transferred",
            "session.closed",
        ]
    );
    for call in world.twin.calls() {
        assert_eq!(call.unknown_fields, [] as [&str; 0], "{call:?}");
    }
}
