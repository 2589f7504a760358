//! What survives a restart.

use deskbridge_twins::sobot::{Options, PushKind};

use crate::client::start_with;

#[tokio::test]
async fn tokens_and_customers_survive_a_restart() {
    let folder = std::env::temp_dir().join(format!("deskbridge-sobot-{}", std::process::id()));
    let options = Options {
        state_file: Some(folder.join("sobot.json")),
        ..Options::default()
    };
    let (twin, client) = start_with(options.clone()).await;
    let token = client.token("DE").await;
    let page = format!("/chat/pc/v2/index.html?sysnum=ABC&token={token}");
    assert_eq!(client.get(&page).await.status, 200);
    let said = twin.agent_says("DE", PushKind::Offline, "Hello").await;
    let before = twin.visitor("DE");
    twin.stop().await;
    assert!(client.send("GET", "/", &[], "").await.is_err());

    let (twin, client) = start_with(options.clone()).await;
    assert_eq!(twin.visitor("DE"), before);
    assert_eq!(client.get(&page).await.status, 200);
    let again = twin.agent_says("DE", PushKind::Offline, "Hello").await;
    assert_eq!(again.cid, said.cid);
    assert_ne!(again.msg_id, said.msg_id);
    twin.stop().await;

    std::fs::write(folder.join("sobot.json"), "{").unwrap();
    let error = deskbridge_twins::sobot::Twin::start(options)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    std::fs::remove_dir_all(folder).unwrap();
}
