//! The integration tests: one binary, so that it is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "test code: a panic is how a test fails"
)]

mod api_access;
mod api_requests;
mod app_outages;
mod aws_actions;
mod canaries;
mod cargo_lambda;
mod cargo_local;
mod contract;
mod cors;
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
mod readme;
mod restart;
mod robots;
mod rotation;
mod send_cost;
mod send_crash;
mod send_once;
mod send_retry;
mod session_close;
mod session_open;
mod settings;
mod sobot_pushes;
mod template_laws;
mod tencent_desk;
mod tokens;
mod udesk_events;
mod under_load;
mod vendor_off;

/// The template of this tree.
fn template() -> deskbridge_local::Template {
    let path = harness::binaries::root().join("infra/template.yaml");
    deskbridge_local::Template::read(&path, &std::collections::BTreeMap::new()).unwrap()
}
