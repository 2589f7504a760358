//! The Sobot twin over the wire. Expected values come from the vendor's pages and `vendors.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod agent;
mod chat;
mod client;
mod faults;
mod live_chat;
mod pushes;
mod receiver;
mod state;
mod token;
mod web;
#[path = "../wire/http.rs"]
mod wire;
