//! Secrets rotate with an overlap: first the new one beside the old one, then the old one goes.

use deskbridge::clock;
use harness::{
    push,
    world::{SOBOT_WEBHOOKS, World, hashes, token_signed_with},
};
use serde_json::json;

/// Of the two of a kind, the old one first.
const KEYS: [&str; 2] = ["old-server-key-0001", "new-server-key-0002"];
const TOKEN_SECRETS: [&str; 2] = [
    "old-customer-token-secret-0123456789",
    "new-customer-token-secret-0123456789",
];
const PATHS: [&str; 2] = ["old-path-secret-0001", "new-path-secret-0002"];

/// Which are accepted at each stage.
const STAGES: [[bool; 2]; 3] = [[true, false], [true, true], [false, true]];

/// The live ones as a setting, current first.
fn list(both: [&str; 2], live: [bool; 2]) -> String {
    let live = both.iter().zip(live).rev().filter(|(_, live)| *live);
    live.map(|(one, _)| *one).collect::<Vec<_>>().join(",")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_calls_us_changes_over_without_a_gap() {
    let mut issued: Option<String> = None;
    for live in STAGES {
        let paths = list(PATHS, live);
        let world = World::with(&[
            ("API_KEY_HASHES", &hashes(&list(KEYS, live))),
            ("CUSTOMER_TOKEN_SECRETS", &list(TOKEN_SECRETS, live)),
            ("UDESK_WEBHOOK_SECRETS", &paths),
            ("SOBOT_WEBHOOK_SECRETS", &paths),
            ("TENCENT_WEBHOOK_SECRETS", &paths),
        ])
        .await;
        for (age, is_live) in live.into_iter().enumerate() {
            let (let_in, taken) = if is_live { (200, 200) } else { (401, 404) };
            let get = async |bearer: &str, path: &str| {
                world.call(bearer, "GET", path, None).await.expect(let_in);
            };
            get(KEYS[age], "/sessions?customer=DE").await;
            let token = token_signed_with(TOKEN_SECRETS[age], "DE", 900, clock::now());
            get(&token, "/sessions").await;

            let id = format!("message-{age}");
            let reply = push::reply("DE", &[push::text(&id, 3, "Hello")]);
            world.push(PATHS[age], reply).await.expect(taken);
            for function in SOBOT_WEBHOOKS {
                let text = push::sobot_text("FR", &format!("{function}-{id}"), "cid-1", "Hello");
                world
                    .push_to(function, PATHS[age], text)
                    .await
                    .expect(taken);
            }
            let door = format!("{}?SdkAppid=1400000000", PATHS[age]);
            let callback = world.push_to("webhook-tencent", &door, "{}").await;
            callback.expect(taken);
        }
        // A token that was issued while both were live is signed with the one that stays.
        if let Some(token) = issued {
            world
                .call(&token, "GET", "/sessions", None)
                .await
                .expect(200);
        }
        let key = if live[1] { KEYS[1] } else { KEYS[0] };
        let ask = json!({"kind": "customer", "customer": "DE", "expires_in": 900});
        let answer = world
            .call(key, "POST", "/tokens", Some(ask))
            .await
            .expect(200);
        issued = (live == [true, true]).then(|| answer.text_of("token"));
    }
}
