//! The integration tests: one binary, so that it is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code: a panic is how a test fails"
)]

mod app_outages;
mod cargo_local;
mod event_signature;
mod first_conversation;
mod harness_app;
mod harness_faults;
mod harness_signature;
mod nudges;
mod restart;
mod under_load;
