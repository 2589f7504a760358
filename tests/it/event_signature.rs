//! What the app's end does with our events: it lets a library of the Standard Webhooks verify them.

use harness::{
    BOUND,
    app::Delivery,
    signature::{Signed, verify_with_python},
    world::{EVENTS_SECRET, World},
};

const OLD_SECRET: &str = "whsec_b2xkLWV2ZW50cy1zZWNyZXQtb25seS1mb3ItdGVzdHM=";
const ANOTHER_SECRET: &str = "whsec_YW5vdGhlci1ldmVudHMtc2VjcmV0LW9ubHktZm9yLWl0";

const SAID: [&str; 4] = [
    "Hello, what can I help you with?",
    "您好，请问有什么可以帮您？",
    "🚚 👩🏽‍🔧 🇩🇪",
    "quotes \" ' \\ and\nlines\tand &amp; <b>tags</b> \u{2028} \u{7f} é e\u{301}",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_official_package_verifies_events_under_either_live_secret() {
    let both = format!("{EVENTS_SECRET},{OLD_SECRET}");
    let world = World::with(&[("APP_EVENTS_SECRETS", &both)]).await;
    // An app that has not heard of the new secret yet.
    world.app.set_secrets(&[OLD_SECRET]);
    let session = world.open_quietly("DE").await;
    for text in SAID {
        world.agent_says("DE", text).await;
    }
    world.app.wait_for_events_of(&session, 5, BOUND).await;
    // It has: the old one may go.
    world.app.set_secrets(&[EVENTS_SECRET]);
    world.agent_says("DE", "Are you still there?").await;
    let events = world.app.wait_for_events_of(&session, 6, BOUND).await;
    let said: Vec<_> = events[1..5]
        .iter()
        .map(|event| event.data["message"]["content"].as_str().unwrap())
        .collect();
    assert_eq!(said, SAID, "as the agent wrote it");

    let signed: Vec<Signed> = world
        .app
        .deliveries()
        .iter()
        // Not the calls that open a connection ahead of need.
        .filter(|delivery| delivery.event.is_some())
        .map(Delivery::signed)
        .collect();
    assert_eq!(signed.len(), 6, "each was accepted at once");
    for secret in [EVENTS_SECRET, OLD_SECRET] {
        for (event, verdict) in signed.iter().zip(verify_with_python(secret, &signed).await) {
            assert_eq!(verdict.error, None, "{event:?}");
            let signatures: Vec<_> = event.signature.split(' ').collect();
            assert_eq!(signatures.len(), 2, "one for each secret: {event:?}");
            assert!(signatures.contains(&verdict.expected.as_str()), "{event:?}");
        }
    }
    for verdict in verify_with_python(ANOTHER_SECRET, &signed).await {
        let error = verdict.error.expect("a secret that signed nothing");
        assert!(error.contains("No matching signature"), "{error}");
    }
}
