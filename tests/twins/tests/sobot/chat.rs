//! The customer's page.

use deskbridge_twins::sobot::{Channel, PushKind, Security};

use crate::client::{request, start};

/// The sentences that the vendor's page prints.
const EXPIRED: &str = "Sorry, your user verification has expired and you cannot access the Help \
                       Center. Contact the admin.";
const ILLEGAL: &str = "The current user is verified as an illegal user and will not be allowed to \
                       access the Help Center";
/// Vector S4.
const S4: &str = "0381a071f55b73b69ec670b76767af6c";

#[tokio::test]
async fn a_token_opens_the_page_of_its_channel() {
    let (twin, client) = start().await;
    let mut body = request("DE", Some("{\"uname\":\"nickname\"}"));
    let answer = client.ask(&body).await;
    let token = answer.body["token"].as_str().unwrap().to_owned();
    let page = async |channel: &str, token: &str| {
        let path = format!("/chat/{channel}/v2/index.html?sysnum=ABC&token={token}");
        client.get(&path).await
    };
    let shown = page("pc", &token).await;
    assert_eq!(shown.status, 200);
    assert!(shown.text.contains("nickname"), "{}", shown.text);
    let visitor = twin.visitor("DE").unwrap();
    assert_eq!(visitor.visits[0].channel, Channel::Pc);
    assert_eq!(visitor.visits[0].token.as_deref(), Some(token.as_str()));
    assert_eq!(visitor.channel_flag, 2);

    let h5 = page("h5", &token).await;
    assert_eq!(h5.status, 403);
    assert!(h5.text.contains(EXPIRED), "{}", h5.text);
    twin.switch(|s| s.channel_bound = false);
    assert_eq!(page("h5", &token).await.status, 200);
    twin.switch(|s| s.channel_bound = true);
    body["source"] = 4.into();
    let h5_token = client.ask(&body).await.body["token"].clone();
    assert_eq!(page("h5", h5_token.as_str().unwrap()).await.status, 200);

    assert_eq!(page("wap", &token).await.status, 404);
    let other = format!("/chat/pc/v2/index.html?sysnum=XYZ&token={token}");
    assert_eq!(client.get(&other).await.status, 404);
}

#[tokio::test]
async fn whoever_has_no_good_token_is_told_the_vendors_sentence() {
    let (twin, client) = start().await;
    let token = client.token("DE").await;
    for query in [
        "",
        "&token=",
        "&token=59a3d022993e4632bafd4f59a0f13604",
        &format!("&partnerid=DE&sign={S4}"),
    ] {
        let path = format!("/chat/pc/v2/index.html?sysnum=ABC{query}");
        let shown = client.get(&path).await;
        assert_eq!(shown.status, 403, "{query}");
        assert!(shown.text.contains(EXPIRED), "{}", shown.text);
    }
    let path = format!("/chat/pc/v2/index.html?sysnum=ABC&token={token}");
    assert_eq!(client.get(&path).await.status, 200);
    twin.switch(|s| s.clock_offset_seconds = 3601);
    assert_eq!(client.get(&path).await.status, 403);
}

#[tokio::test]
async fn a_desk_may_ask_for_a_sign_instead_or_for_nothing() {
    let (twin, client) = start().await;
    twin.switch(|s| s.security = Security::Sign);
    let token = client.token("DE").await;
    for (query, status) in [
        (format!("&partnerid=DE&sign={S4}"), 200),
        (format!("&partnerid=DF&sign={S4}"), 403),
        (format!("&partnerid=DE&sign={}", S4.to_uppercase()), 403),
        (format!("&sign={S4}"), 403),
        ("&partnerid=DE".to_owned(), 403),
        (format!("&token={token}"), 403),
    ] {
        let path = format!("/chat/h5/v2/index.html?sysnum=ABC{query}");
        let shown = client.get(&path).await;
        assert_eq!(shown.status, status, "{query}");
        assert_eq!(shown.text.contains(ILLEGAL), status == 403);
    }
    twin.switch(|s| s.security = Security::Off);
    let path = "/chat/h5/v2/index.html?sysnum=ABC&partnerid=%3Cb%3EDE%26";
    let shown = client.get(path).await;
    assert!(shown.text.contains("&lt;b&gt;DE&amp;"), "{}", shown.text);
}

#[tokio::test]
async fn what_was_said_is_unread_until_the_customer_looks() {
    let (twin, client) = start().await;
    for unread in [1, 2] {
        twin.agent_says("DE", PushKind::Offline, "<i>Hello</i>")
            .await;
        assert_eq!(twin.visitor("DE").unwrap().unread, unread);
    }
    let token = client.token("DE").await;
    let path = format!("/chat/pc/v2/index.html?sysnum=ABC&token={token}");
    let shown = client.get(&path).await.text;
    assert!(shown.contains("&lt;i&gt;Hello&lt;/i&gt;"), "{shown}");
    assert_eq!(twin.visitor("DE").unwrap().unread, 0);
}
