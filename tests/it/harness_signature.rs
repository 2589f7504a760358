//! The official Python package judges as the specification says.

use std::time::{SystemTime, UNIX_EPOCH};

use harness::signature::{Signed, verify_with_python};
use standardwebhooks::Webhook;

const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The vector in the tests of the libraries of standard-webhooks/standard-webhooks.
fn published() -> Signed {
    Signed {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
        timestamp: "1614265330".to_owned(),
        signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned(),
        body: r#"{"test": 2432232314}"#.to_owned(),
    }
}

fn signed_now(body: &str) -> Signed {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let webhook = Webhook::new(SECRET).unwrap();
    let timestamp = i64::try_from(now.as_secs()).unwrap();
    let id = "evt_1_1".to_owned();
    Signed {
        signature: webhook.sign(&id, timestamp, body.as_bytes()).unwrap(),
        id,
        timestamp: timestamp.to_string(),
        body: body.to_owned(),
    }
}

#[tokio::test]
async fn agrees_with_the_published_vector() {
    let vector = published();
    let verdicts = verify_with_python(SECRET, std::slice::from_ref(&vector)).await;
    assert_eq!(verdicts[0].expected, vector.signature);
    // It is from 2021: right, but too old.
    let error = verdicts[0].error.as_deref().unwrap();
    assert!(error.contains("too old"), "{error}");
}

#[tokio::test]
async fn accepts_a_good_signature_and_no_other() {
    let good = signed_now(r#"{"text":"你好 \"DE\""}"#);
    let mut changed = good.clone();
    changed.body.push(' ');
    let mut renamed = good.clone();
    renamed.id = "evt_1_2".to_owned();
    let mut rotated = good.clone();
    rotated.signature = format!("v1,AAAA {}", good.signature);

    let verdicts = verify_with_python(SECRET, &[good, changed, renamed, rotated]).await;
    let errors: Vec<_> = verdicts
        .iter()
        .map(|verdict| verdict.error.as_deref())
        .collect();
    let no_match = Some("WebhookVerificationError: No matching signature found");
    assert_eq!(errors, [None, no_match, no_match, None]);
}
