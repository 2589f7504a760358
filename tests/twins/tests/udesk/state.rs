//! What survives a restart.

use deskbridge_twins::udesk::{Mode, Options, Twin};

use crate::client::{Client, signed_with, start_with};

#[tokio::test]
async fn sessions_messages_and_counters_survive_a_restart() {
    let folder = std::env::temp_dir().join(format!("deskbridge-twin-{}", std::process::id()));
    let file = folder.join("udesk.json");
    let options = Options {
        state_file: Some(file.clone()),
        ..Options::default()
    };
    let (twin, client) = start_with(options.clone()).await;
    let port = twin.url().rsplit(':').next().unwrap().parse().unwrap();
    let session = client.open("DE").await;
    client.write("DE", session, "m1", "hello").await;
    twin.everyone_busy(4);
    let now = jiff::Timestamp::now().as_second().to_string();
    let query = signed_with(&now, "kept-nonce");
    let uri = format!("/open_api_v1/im/queue_status?{query}&customer_token=DE");
    assert_eq!(
        client.send("GET", &uri, &[], "").await.unwrap().code(),
        1000
    );
    let before = twin.conversation("DE");
    twin.stop().await;
    assert!(client.send("GET", "/", &[], "").await.is_err());

    let twin = Twin::start(Options { port, ..options }).await.unwrap();
    let client = Client::new(&twin);
    assert_eq!(twin.conversation("DE"), before);
    assert_eq!(twin.mode(), Mode::Busy { place: 4 });
    assert_eq!(
        client.send("GET", &uri, &[], "").await.unwrap().code(),
        20623
    );
    assert_eq!(client.write("DE", session, "m1", "hello").await, 1000);
    assert_eq!(client.write("DE", session, "m2", "hello").await, 1000);
    assert_eq!(twin.messages_from("DE").len(), 2);
    let moved = twin.agent_transfers("DE").await.unwrap();
    assert_eq!(moved.im_sub_session_id, session + 1);
    twin.stop().await;

    std::fs::write(&file, "{").unwrap();
    let options = Options {
        state_file: Some(file),
        ..Options::default()
    };
    let error = Twin::start(options).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    std::fs::remove_dir_all(folder).unwrap();
}
