//! The integration tests: one binary, so that it is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "test code: a panic is how a test fails"
)]

mod all_of_udesk;
mod api_access;
mod api_requests;
mod app_outages;
mod aws_actions;
mod budget;
mod canaries;
mod card_page;
mod card_page_browser;
mod cargo_lambda;
mod cargo_local;
mod contract;
mod cors;
mod customer_preview;
mod customer_reads;
mod customer_standing;
mod erase;
mod event_signature;
mod first_conversation;
mod gap_healer;
mod harness_app;
mod harness_faults;
mod harness_signature;
mod inbound_mapping;
mod inbound_outage;
mod inbound_pushes;
mod inbound_read_status;
mod inbound_webhook;
mod log_lines;
mod lost_answers;
mod message_cost;
mod nudges;
mod operate;
mod profiles;
mod query_desk;
mod queue_place;
mod ratings;
mod readme;
mod restart;
mod robot_actions;
mod robot_answers;
mod robots;
mod rotation;
mod send_card;
mod send_cost;
mod send_crash;
mod send_once;
mod send_retry;
mod session_close;
mod session_open;
mod settings;
mod sobot_chat;
mod sobot_chat_page;
mod sobot_page;
mod sobot_pushes;
mod sobot_token;
mod template_laws;
mod tencent_desk;
mod tencent_events;
mod tencent_page;
mod tencent_story;
mod tokens;
mod udesk_events;
mod udesk_page;
mod under_load;
mod vendor_off;
mod web_access;
mod web_access_browser;

/// The template of this tree.
fn template() -> deskbridge_local::Template {
    let path = harness::binaries::root().join("infra/template.yaml");
    deskbridge_local::Template::read(&path, &std::collections::BTreeMap::new()).unwrap()
}
