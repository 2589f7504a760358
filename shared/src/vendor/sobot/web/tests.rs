//! The page's own examples, each parameter by the page's words, and what must hold for any request.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice
)]

mod each;
mod examples;
mod js;
mod links;
mod properties;

use serde_json::{Value as Json, value::RawValue};

use super::{
    Flaw, Given, Identity, Parameters, Place, Start, chat_link::chat_link, rules, snippet::config,
};
use crate::vendor::sobot::{Account, Channel, account::tests::ACCOUNT};

/// What a request gives, read.
fn read(given: &Json) -> Result<Parameters, Flaw> {
    let text = given.to_string();
    let given: Given = serde_json::from_str(&text).unwrap();
    Parameters::read(&given)
}

/// The same, where it is good.
fn good(given: &Json) -> Parameters {
    read(given).unwrap_or_else(|flaw| panic!("{given}: {flaw}"))
}

/// The same, and asked for there.
fn checked(given: &Json, places: &[Place]) -> Result<Parameters, Flaw> {
    let parameters = read(given)?;
    rules::check(&parameters, places)?;
    Ok(parameters)
}

/// The config of an anonymous visitor.
fn config_of(given: &Json) -> Json {
    Json::Object(config(&good(given), &Identity::Nobody, &Start::default()))
}

fn link_of(channel: Channel, given: &Json) -> Vec<(String, String)> {
    links::query(&chat_link(
        &ACCOUNT,
        channel,
        &Identity::Nobody,
        &good(given),
    ))
}

fn account(sysnum: &str) -> Account<'_> {
    Account { sysnum, ..ACCOUNT }
}

fn raw(json: &Json) -> Box<RawValue> {
    RawValue::from_string(json.to_string()).unwrap()
}

/// One of the page's examples.
fn fixture(name: &str) -> &'static str {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/sobot/web");
    let text = std::fs::read_to_string(format!("{folder}/{name}"));
    Box::leak(
        text.unwrap_or_else(|error| panic!("{name}: {error}"))
            .into_boxed_str(),
    )
}
