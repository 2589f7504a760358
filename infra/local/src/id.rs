//! Ids as AWS makes them.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// Random hexadecimal digits, two for each byte.
pub(crate) fn hex<const BYTES: usize>() -> String {
    let mut bytes = [0_u8; BYTES];
    // These ids only tell requests apart: without random numbers, zeros still work.
    let _ = getrandom::fill(&mut bytes);
    bytes
        .iter()
        .fold(String::with_capacity(BYTES * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// A version 4 UUID.
pub(crate) fn uuid() -> String {
    format!(
        "{}-{}-4{}-a{}-{}",
        hex::<4>(),
        hex::<2>(),
        tail(),
        tail(),
        hex::<6>()
    )
}

fn tail() -> String {
    hex::<2>().chars().skip(1).collect()
}

/// An X-Ray trace id, not sampled.
pub(crate) fn trace() -> String {
    let seconds = now_ms() / 1000;
    format!(
        "Root=1-{seconds:08x}-{};Parent={};Sampled=0",
        hex::<12>(),
        hex::<8>()
    )
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
}
