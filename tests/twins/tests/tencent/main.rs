//! The Tencent twin over the wire. Expected values come from the vendor's page and `vendors.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod callbacks;
mod client;
mod elements;
mod faults;
mod frame;
mod send_msg;
mod sessions;
mod state;
mod user;
#[path = "../wire/http.rs"]
mod wire;
