//! The line that a function writes of each request, what ties lines together, and the numbers in them.

use std::collections::BTreeSet;

use deskbridge::line::Metric;
use deskbridge_twins::udesk::Fault;
use harness::{
    BOUND,
    app::{Answer as AppAnswer, Deliveries},
    binaries::root,
    faults::{Calls, Fault as WireFault},
    push, until,
    world::{API_KEY, PATH_SECRET, World},
};
use serde_json::{Value, json};

/// The example of the W3C's Trace Context.
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Says something with a header of the app's.
async fn say(world: &World, session: &str, id: &str, traceparent: &str) -> u16 {
    let headers = [
        ("authorization", format!("Bearer {API_KEY}")),
        ("content-type", "application/json".to_owned()),
        ("traceparent", traceparent.to_owned()),
    ];
    let body = json!({"id": id, "kind": "text", "content": "hello"}).to_string();
    let path = format!("/sessions/{session}/messages");
    let body = Some(body.into_bytes());
    world.send("POST", &path, &headers, body).await.status
}

/// What the README's query finds: which functions wrote lines of the trace, and what these lines say.
fn way(world: &World, trace: &str) -> BTreeSet<(String, String)> {
    let mut lines = world.lines();
    lines.retain(|(_, line)| line["correlation_id"] == trace);
    let said = |line: &Value| line["message"].as_str().unwrap().to_owned();
    lines
        .iter()
        .map(|(function, line)| (function.clone(), said(line)))
        .collect()
}

fn steps(steps: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    let steps = steps.iter();
    steps
        .map(|(function, said)| ((*function).to_owned(), (*said).to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_query_shows_the_way_of_a_message_from_the_app() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    // The vendor is busy once, so that the message goes through the queue as well.
    world
        .twin
        .fault("POST /im/messages", Fault::Limited, Some(1));
    assert_eq!(say(&world, &session, "c-1", TRACEPARENT).await, 202);
    world.wait_until_told(&session, "message.sent").await;
    let wanted = steps(&[
        ("send-message", "called"),
        ("send-message", "not sent yet"),
        ("send-message", "handled"),
        ("drain-sends", "called"),
        ("drain-sends", "handled"),
        ("drain-deliveries", "delivered or not"),
        ("drain-deliveries", "handled"),
    ]);
    until("the last line is written", async || {
        way(&world, TRACE) == wanted
    })
    .await;

    // The app is told as well, in the same form: its own traces go on.
    let deliveries = world.app.deliveries();
    let sent = deliveries.iter().find(|delivery| {
        let event = delivery.event.as_ref();
        event.is_some_and(|event| event.kind == "message.sent")
    });
    let header = sent.unwrap().headers["traceparent"].to_str().unwrap();
    assert!(header.starts_with(&format!("00-{TRACE}-")), "{header}");
    assert_eq!(header.len(), TRACEPARENT.len());

    let line = &world.handled("send-message")[0];
    assert_eq!(line["correlation_id"], TRACE);
    assert_eq!(line["session"], session.as_str());
    assert_eq!(line["vendor"], "udesk");
    assert_eq!(line["status"], 202);
    assert_eq!(line["level"], "INFO");
    assert!(line["duration_ms"].as_i64().unwrap() < 10_000, "{line}");
    assert!(!line["request_id"].as_str().unwrap().is_empty());

    // Every line says whose it is, and those of a request belong together.
    let lines = world.lines();
    assert!(lines.iter().all(|(of, line)| line["function"] == **of));
    let called = lines
        .iter()
        .find(|(of, line)| of == "send-message" && line["message"] == "called");
    assert_eq!(called.unwrap().1["request_id"], line["request_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_query_shows_the_way_of_a_push_whoever_woke_the_drainer() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    for by_sweep in [false, true] {
        let before = world.handled("webhook-udesk").len();
        let told = world.told(&session).len();
        let lost = by_sweep.then(|| {
            world.sqs.play(
                Calls::any().body("nudge_v1").times(3),
                WireFault::InternalError,
            )
        });
        world.agent_says("DE", "Hello").await;
        if lost.is_some() {
            world
                .sweep_until("it is told", async || world.told(&session).len() > told)
                .await;
        }
        world
            .app
            .wait_for_events_of(&session, told + 1, BOUND)
            .await;
        let trace = world.handled("webhook-udesk")[before]["correlation_id"].clone();
        let trace = trace.as_str().unwrap();
        let end = ("drain-deliveries".to_owned(), "delivered or not".to_owned());
        until("the delivery is logged", async || {
            way(&world, trace).contains(&end)
        })
        .await;
        assert!(way(&world, trace).contains(&("webhook-udesk".to_owned(), "handled".to_owned())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_query_shows_the_call_that_sent_a_message_whoever_woke_the_drainer() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    // The vendor is busy once, and the drainer is not woken.
    world
        .twin
        .fault("POST /im/messages", Fault::Limited, Some(1));
    world.sqs.play(
        Calls::any().body("nudge_v1").times(3),
        WireFault::InternalError,
    );
    assert_eq!(say(&world, &session, "c-1", TRACEPARENT).await, 202);
    world
        .sweep_until("it is sent", async || {
            world.told(&session).contains(&"message.sent".to_owned())
        })
        .await;
    let call = ("drain-sends".to_owned(), "called".to_owned());
    until("the call is logged", async || {
        way(&world, TRACE).contains(&call)
    })
    .await;
    let lines = world.lines();
    let called = lines
        .iter()
        .find(|(of, line)| of == "drain-sends" && line["message"] == "called");
    assert_eq!(called.unwrap().1["session"], session.as_str());
    // Whatever the sweep says of it belongs to its run.
    let mut found = lines.iter().filter(|(of, _)| of == "sweep");
    assert!(
        found
            .clone()
            .any(|(_, line)| line["message"] == "found due")
    );
    assert!(found.all(|(_, line)| line["request_id"].is_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_of_another_form_is_nowhere() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    let given = "00-a-secret-that-has-no-place-in-it-00f067aa0ba902b7-01";
    assert_eq!(say(&world, &session, "c-1", given).await, 200);
    let line = &world.handled("send-message")[0];
    let made = line["correlation_id"].as_str().unwrap();
    assert!(made.len() == 32 && made.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(!world.logged("no-place"));
}

/// The sum of a number over all lines of a function, or the highest of it.
fn sum(world: &World, function: &str, metric: Metric) -> i64 {
    let lines = world.handled(function);
    let numbers = lines.iter().filter_map(|line| line[metric.name()].as_i64());
    numbers.sum()
}

/// That CloudWatch finds the numbers of a line, as its embedded metric format wants them
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
fn assert_is_metric(line: &Value) {
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    let [directive] = directives.as_slice() else {
        panic!("one directive: {line}");
    };
    let written = line["_aws"]["Timestamp"].as_i64().unwrap();
    let age = jiff::Timestamp::now().as_millisecond() - written;
    assert!((0..600_000).contains(&age), "in milliseconds: {line}");
    assert_eq!(directive["Namespace"], "deskbridge/local");
    let metrics = directive["Metrics"].as_array().unwrap();
    assert!((1..=100).contains(&metrics.len()), "{line}");
    for metric in metrics {
        let name = metric["Name"].as_str().unwrap();
        let known = Metric::ALL.iter().find(|known| known.name() == name);
        assert_eq!(metric["Unit"], known.unwrap().unit(), "{line}");
        let values = match &line[name] {
            Value::Array(values) => values.clone(),
            value => vec![value.clone()],
        };
        assert!((1..=100).contains(&values.len()), "{line}");
        assert!(values.iter().all(Value::is_number), "{name}: {line}");
    }
    let sets = directive["Dimensions"].as_array().unwrap();
    assert!(sets.contains(&json!([])), "one over all vendors: {line}");
    for dimension in sets.iter().flat_map(|set| set.as_array().unwrap()) {
        // A dimension with a value for each customer would be paid for by the customer.
        assert_eq!(dimension, "vendor");
        assert!(["udesk", "sobot", "tencent"].contains(&line["vendor"].as_str().unwrap()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_counted_once_where_it_happens() {
    let world = World::with(&[("RETRY_SCHEDULE_SECONDS", "1")]).await;
    let session = world.open_quietly("DE").await;
    let udesk = world
        .twin
        .conversation("DE")
        .unwrap()
        .sessions
        .last()
        .unwrap()
        .id;
    let delivered = sum(&world, "drain-deliveries", Metric::Delivered);

    // Two messages in one push, which comes twice; a push that is none; one with a wrong secret.
    let said = [
        push::text("udesk_1", udesk, "Hello"),
        push::text("udesk_2", udesk, "Are you there?"),
    ];
    for _ in 0..2 {
        let body = push::reply("DE", &said);
        world.push(PATH_SECRET, body).await.expect(200);
    }
    world.push(PATH_SECRET, "nothing").await.expect(200);
    world
        .push("another-path-secret", "nothing")
        .await
        .expect(404);
    let count = |metric| sum(&world, "webhook-udesk", metric);
    assert_eq!(count(Metric::Received), 3);
    assert_eq!(count(Metric::Recorded), 2);
    assert_eq!(count(Metric::Duplicate), 2);
    assert_eq!(count(Metric::SetAside), 1);
    assert_eq!(count(Metric::Lost), 0);
    world.app.wait_for_events_of(&session, 3, BOUND).await;
    world.settled().await;

    // Sent at once; after a failure; never, since the vendor refuses.
    world.say(&session, "c-1", "One").await.expect(200);
    world.settled().await;
    world
        .twin
        .fault("POST /im/messages", Fault::Limited, Some(1));
    world.say(&session, "c-2", "Two").await.expect(202);
    world.wait_for_status(&session, "c-2", "sent").await;
    world.settled().await;
    world.twin.fault(
        "POST /im/messages",
        Fault::code(2005, "Invalid parameter"),
        Some(1),
    );
    world.say(&session, "c-3", "Three").await.expect(422);
    world.settled().await;
    let both = |metric| sum(&world, "send-message", metric) + sum(&world, "drain-sends", metric);
    until("the last line is written", async || both(Metric::Sent) == 2).await;
    assert_eq!(both(Metric::Retried), 1);
    assert_eq!(both(Metric::Dead), 1);

    // The app does not want one event, and fails over another until it is given up.
    until("what was told is counted", async || {
        sum(&world, "drain-deliveries", Metric::Delivered) == delivered + 5
    })
    .await;
    let once = Deliveries::any().times(1);
    world.app.answer(once, AppAnswer::Status(410));
    world.agent_says("DE", "Unwanted").await;
    until("it is given up", async || {
        sum(&world, "drain-deliveries", Metric::Dead) == 1
    })
    .await;
    let twice = Deliveries::any().times(2);
    world.app.answer(twice, AppAnswer::Status(500));
    world.agent_says("DE", "Too late").await;
    until("it is given up", async || {
        sum(&world, "drain-deliveries", Metric::Dead) == 2
    })
    .await;
    let retried = world.handled("drain-deliveries").into_iter();
    let retried: Vec<_> = retried.filter(|line| line["retried"] == 1).collect();
    assert_eq!(retried.len(), 1, "{retried:?}");
    assert!(retried[0]["undelivered_seconds"].is_i64());
    assert_eq!(
        sum(&world, "drain-deliveries", Metric::Delivered),
        delivered + 5
    );

    let lines = world.lines();
    let counted = lines.iter().filter(|(_, line)| !line["_aws"].is_null());
    assert!(counted.clone().count() > 10);
    counted.for_each(|(_, line)| assert_is_metric(line));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_and_what_waits_is_counted() {
    let world = World::start().await;
    let session = world.open_quietly("DE").await;
    world.settled().await;
    // Nobody is nudged, and the app would take it.
    let lost = world.sqs.play(Calls::any(), WireFault::InternalError);
    world.agent_says("DE", "Hello").await;
    world
        .sweep_until("it is found", async || {
            sum(&world, "sweep", Metric::Swept) > 0
        })
        .await;
    let found = world.handled("sweep").into_iter();
    let found: Vec<_> = found.filter(|line| line["swept"] == 1).collect();
    // It was not found before its grace of a second was over.
    let age = found[0]["undelivered_seconds"].as_i64().unwrap();
    assert!((1..=20).contains(&age), "{found:?}");
    assert_is_metric(&found[0]);
    assert_eq!(world.told(&session).len(), 1);

    // Neither the table nor SQS.
    let refusing = world.dynamodb.play(Calls::any(), WireFault::InternalError);
    let body = push::reply("DE", &[push::text("udesk_9", 1, "Hello")]);
    world.push(PATH_SECRET, body).await.expect(503);
    assert_eq!(sum(&world, "webhook-udesk", Metric::Lost), 1);
    let line = world.handled("webhook-udesk").pop().unwrap();
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["code"], "storage_unavailable");
    refusing.clear();
    lost.clear();
}

/// What operators read is what there is.
#[test]
fn the_readme_lists_every_metric_and_alarm() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, section) = text.split_once("\n## Logs and metrics\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    for metric in Metric::ALL {
        let name = format!("`{}`", metric.name());
        assert!(section.contains(&name), "{name} is not in the README");
    }
    let template = std::fs::read_to_string(root().join("infra/template.yaml")).unwrap();
    let lines: Vec<_> = template.lines().collect();
    let alarms = lines
        .windows(2)
        .filter(|pair| pair[1].trim() == "Type: AWS::CloudWatch::Alarm");
    let mut seen = 0;
    for alarm in alarms {
        let name = format!("`{}`", alarm[0].trim().trim_end_matches(':'));
        assert!(section.contains(&name), "{name} is not in the README");
        seen += 1;
    }
    assert!(seen >= 10);
}
