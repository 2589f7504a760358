//! What survives a restart.

use deskbridge_twins::tencent::{Options, Twin};

use crate::client::{start_with, text};

#[tokio::test]
async fn sessions_messages_and_repeats_survive_a_restart() {
    let folder = std::env::temp_dir().join(format!("deskbridge-tencent-{}", std::process::id()));
    let options = Options {
        state_file: Some(folder.join("tencent.json")),
        ..Options::default()
    };
    let (twin, client) = start_with(options.clone()).await;
    let session = twin.begin_session("user45");
    let body = text("user45", 1, "hello");
    assert_eq!(client.code(&body).await, 0);
    let before = twin.user("user45");
    twin.stop().await;
    assert!(client.send("GET", "/", &[], "").await.is_err());

    let (twin, client) = start_with(options.clone()).await;
    assert_eq!(twin.user("user45"), before);
    assert_eq!(client.code(&body).await, 0);
    assert_eq!(twin.messages_to("user45").len(), 1);
    assert_ne!(twin.begin_session("user45"), session);
    twin.stop().await;

    std::fs::write(folder.join("tencent.json"), "{").unwrap();
    let error = Twin::start(options).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    std::fs::remove_dir_all(folder).unwrap();
}
