//! The component's script, the page for messages left, the ticket plug-in.

use crate::client::start;

#[tokio::test]
async fn the_components_script_is_the_companys() {
    let (_twin, client) = start().await;
    let script = client.get("/chat/frame/v2/entrance.js?sysnum=ABC").await;
    assert_eq!(script.status, 200);
    assert!(script.text.contains("var sysnum = \"ABC\";"));
    assert!(
        script.text.contains("\"msg_flag\""),
        "it knows the page's names"
    );
    let other = client.get("/chat/frame/v2/entrance.js?sysnum=XYZ").await;
    assert_eq!(other.status, 404);
}

#[tokio::test]
async fn a_message_is_left_from_source_9() {
    let (twin, client) = start().await;
    let page = "/chat/h5/v2/leavemessage.html?sysnum=ABC";
    let shown = client.get(&format!("{page}&source=9&uname=%3Cb%3E")).await;
    assert_eq!(shown.status, 200);
    assert!(shown.text.contains("<dd>&lt;b&gt;</dd>"), "{}", shown.text);
    for query in ["", "&source=0"] {
        assert_eq!(client.get(&format!("{page}{query}")).await.status, 403);
    }
    let calls = twin.calls_of("/chat/h5/v2/leavemessage.html");
    assert!(calls[0].unknown_fields.is_empty());
}

#[tokio::test]
async fn a_plug_in_has_its_company_and_its_id() {
    let (twin, client) = start().await;
    let page = "/ticketclient/index.html";
    for (query, status) in [
        ("sysNum=ABC&deployId=1&lineIds=2", 200),
        ("sysNum=XYZ&deployId=1", 403),
        ("sysNum=ABC", 403),
    ] {
        assert_eq!(
            client.get(&format!("{page}?{query}")).await.status,
            status,
            "{query}"
        );
    }
    client
        .get(&format!("{page}?sysNum=ABC&deployId=1&shoeSize=42"))
        .await;
    let last = twin.calls_of(page).pop().unwrap();
    assert_eq!(last.unknown_fields, ["shoeSize"]);
}
