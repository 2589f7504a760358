//! The Udesk twin over the wire. Expected values come from the vendor's page and `vendors.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod agent;
mod client;
mod customers;
mod endpoints;
mod faults;
mod feedback;
mod lookups;
mod page;
mod presence;
mod pushes;
mod receiver;
mod robots;
mod state;
#[path = "../wire/http.rs"]
mod wire;
