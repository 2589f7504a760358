//! What the integration tests stand on: everything between and around the real functions that a
//! test commands and asks.
//!
//! - [`faults`]: the proxy in front of DynamoDB, SQS, a vendor and the app, that plays outages.
//! - [`app`]: the app's end of event delivery.
//! - [`signature`]: the official Python package as a second opinion on our event signatures.
//! - [`user_sig`]: likewise, on UserSigs, and that of npm, which [`node`] runs.
//! - [`contract`]: infra/openapi.yaml; every answer that a test gets is held against it.
//! - [`push`]: bodies as Udesk pushes them.
//! - [`permissions`]: what infra/template.yaml allows each function.
//! - [`browser`]: Chromium, for what only a browser can say of a page.
//! - [`cards`]: the list of cards, as an agent's browser calls it.
//! - [`world`]: all of it together, with the real functions ([`binaries`]) in the middle.
//! - [`aws`]: the table and the queues as they are, past the proxies. [`capacity`]: what calls of the table cost.
//! - [`rule`], [`wire`]: what the first two are made of. [`python`]: runs the scripts of this folder.
//!
//! Every wait has a bound and says what it waited for when it gives up.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "test code: a panic is how a test fails"
)]

use std::time::Duration;

pub mod app;
pub mod aws;
pub mod binaries;
pub mod browser;
pub mod capacity;
pub mod cards;
pub mod contract;
pub mod faults;
pub mod node;
pub mod permissions;
pub mod push;
pub mod python;
pub mod rule;
pub mod signature;
pub mod user_sig;
pub mod wire;
pub mod world;

/// How long a wait lasts at most where the test names no bound of its own: far more than anything
/// here takes on a busy machine, far less than a hung CI job.
pub const BOUND: Duration = Duration::from_secs(180);

/// A client for plain HTTP to this machine: no proxy from the environment, no redirects, a time
/// limit of [`BOUND`].
///
/// A new one for each test, since pooled connections belong to the runtime that made them.
pub fn http_client() -> reqwest::Client {
    // reqwest is built without a TLS provider and asks for one even where only plain HTTP is
    // spoken. An error says that some other test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .redirect(reqwest::redirect::Policy::none())
        .timeout(BOUND)
        .build()
        .expect("a plain HTTP client")
}

/// Waits until this holds, asking again and again.
///
/// # Panics
/// After [`BOUND`], saying `what` was waited for.
pub async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    until_within(BOUND, what, holds).await;
}

/// The same, with another bound.
///
/// # Panics
/// After `bound`, saying `what` was waited for.
pub async fn until_within(bound: Duration, what: &str, holds: impl AsyncFn() -> bool) {
    let asking = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    if tokio::time::timeout(bound, asking).await.is_err() {
        panic!("waited {bound:?} until {what}");
    }
}

/// Somewhere in the range, another place each time.
pub(crate) fn random_between(least: Duration, most: Duration) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    // The keys of a RandomState differ each time: chance enough to shuffle arrivals.
    let chance = RandomState::new().hash_one(0_u8) as f64 / u64::MAX as f64;
    least + most.saturating_sub(least).mul_f64(chance)
}
