//! A vendor whose settings are absent is off.

use harness::world::{PATH_SECRET, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_without_settings_is_off() {
    let world = World::with(&[
        ("UDESK_BASE_URL", ""),
        ("UDESK_EMAIL", ""),
        ("UDESK_API_TOKEN", ""),
        ("UDESK_WEBHOOK_SECRETS", ""),
    ])
    .await;

    let asked = world.ask_for_agent("DE").await.expect(503);
    assert_eq!(asked.error_code(), "vendor_not_configured");
    world.push(PATH_SECRET, "{}").await.expect(404);
    assert!(world.twin.calls().is_empty());
}
