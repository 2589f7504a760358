//! Our identifiers, each its own type, so that none is taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Reads an identifier as a caller gave it; `None` where it cannot be one of ours.
            #[must_use]
            pub fn parse(given: &str) -> Option<Self> {
                let body = given.strip_prefix($prefix)?;
                Self::body_is_valid(body).then(|| Self(given.to_owned()))
            }

            /// The identifier as text, prefix included.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let given = String::deserialize(deserializer)?;
                Self::parse(&given)
                    .ok_or_else(|| serde::de::Error::custom(concat!("not an identifier of the form ", $prefix, "…")))
            }
        }
    };
}

id! {
    /// A session: `ses_` and a ULID.
    SessionId, "ses_"
}

id! {
    /// A message: `msg_` and a ULID whose time part holds the message's place in its session, so
    /// that identifiers sort as the conversation runs. Udesk takes it as its `message_id` (letters,
    /// digits and `_`).
    MessageId, "msg_"
}

id! {
    /// An event: `evt_`, its session's ULID, `_`, its `seq`. It leads back to its place, and stays
    /// the same however often the event is delivered.
    EventId, "evt_"
}

id! {
    /// An entry of a session's log of sends: `snd_`, its session's ULID, `_`, its number. It leads back to
    /// its place.
    SendId, "snd_"
}

/// `<session's ULID>_<number>`: where the event or send of that name stands.
fn place_of(body: &str) -> Option<(SessionId, u64)> {
    let (ulid, number) = body.split_once('_')?;
    // As a number is written, and in no other way: one entry has one name.
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    let number = number.parse().ok().filter(|_| is_plain)?;
    Some((SessionId::parse(&format!("ses_{ulid}"))?, number))
}

fn random_80_bits() -> u128 {
    let mut bytes = [0; 10];
    // Without the operating system's randomness there is no unguessable identifier to be had, and
    // the ULID's time and place still keep two of them apart.
    if getrandom::fill(&mut bytes).is_err() {
        tracing::error!("the operating system gave no random bytes");
    }
    bytes
        .iter()
        .fold(0, |sum, byte| (sum << 8) | u128::from(*byte))
}

impl SessionId {
    /// A new identifier, made at `now_ms` (Unix milliseconds).
    #[must_use]
    pub fn new(now_ms: i64) -> Self {
        let time = u64::try_from(now_ms).unwrap_or_default();
        Self(format!("ses_{}", Ulid::from_parts(time, random_80_bits())))
    }

    /// Sorts before every identifier made at `at_ms` or later, and behind all made earlier.
    #[must_use]
    pub fn first_at(at_ms: i64) -> Self {
        let time = u64::try_from(at_ms).unwrap_or_default();
        Self(format!("ses_{}", Ulid::from_parts(time, 0)))
    }

    fn body_is_valid(body: &str) -> bool {
        Ulid::from_string(body).is_ok()
    }

    fn ulid(&self) -> &str {
        self.0.strip_prefix("ses_").unwrap_or(&self.0)
    }
}

impl MessageId {
    /// The identifier of the message at `position` (from 1) of its session.
    #[must_use]
    pub fn new(position: u64) -> Self {
        Self(format!(
            "msg_{}",
            Ulid::from_parts(position, random_80_bits())
        ))
    }

    fn body_is_valid(body: &str) -> bool {
        Ulid::from_string(body).is_ok()
    }
}

impl EventId {
    /// The identifier of `session`'s event number `seq`.
    #[must_use]
    pub fn new(session: &SessionId, seq: u64) -> Self {
        Self(format!("evt_{}_{seq}", session.ulid()))
    }

    /// The session and number that this event stands under.
    #[must_use]
    pub fn place(&self) -> Option<(SessionId, u64)> {
        place_of(self.0.strip_prefix("evt_")?)
    }

    fn body_is_valid(body: &str) -> bool {
        place_of(body).is_some()
    }
}

impl SendId {
    /// The identifier of entry `number` of `session`'s log of sends.
    #[must_use]
    pub fn new(session: &SessionId, number: u64) -> Self {
        Self(format!("snd_{}_{number}", session.ulid()))
    }

    /// The session and number that this entry stands under.
    #[must_use]
    pub fn place(&self) -> Option<(SessionId, u64)> {
        place_of(self.0.strip_prefix("snd_")?)
    }

    fn body_is_valid(body: &str) -> bool {
        place_of(body).is_some()
    }
}

/// A customer's identifier, chosen by the app: 1 to 128 visible ASCII characters. Udesk calls it
/// `customer_token`, Sobot `partnerid`, Tencent the user id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct CustomerId(String);

impl CustomerId {
    /// What one looks like, for whoever gave another.
    pub const FORM: &'static str = "a customer is 1 to 128 visible ASCII characters, no spaces";

    /// Reads an identifier as the app gave it; `None` where it is empty, too long or holds a space,
    /// a control character or anything beyond ASCII.
    #[must_use]
    pub fn parse(given: &str) -> Option<Self> {
        let fits = (1..=128).contains(&given.len());
        (fits && given.bytes().all(|byte| byte.is_ascii_graphic())).then(|| Self(given.to_owned()))
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CustomerId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = String::deserialize(deserializer)?;
        Self::parse(&given).ok_or_else(|| serde::de::Error::custom(Self::FORM))
    }
}

/// A nonce for one signed call: 32 hexadecimal digits.
#[must_use]
pub fn nonce() -> String {
    format!("{:020x}{:012x}", random_80_bits(), random_80_bits() >> 32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn message_ids_sort_as_the_conversation_runs() {
        let ids: Vec<_> = [1, 2, 31, 32, 1_000_000].map(MessageId::new).into();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| {
            id.as_str()
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_')
        }));
    }

    #[test]
    fn an_event_leads_back_to_its_place() {
        let session = SessionId::new(1_700_000_000_000);
        let event = EventId::new(&session, 7);
        assert_eq!(event.place().unwrap(), (session, 7));
        let other = SessionId::new(0);
        let send = SendId::new(&other, 12);
        assert_eq!(send.place().unwrap(), (other, 12));
        for wrong in ["", "_", "x", "+7", "07", "0", "7_", "18446744073709551616"] {
            let name = format!("evt_{}_{wrong}", event.as_str().split('_').nth(1).unwrap());
            assert_eq!(EventId::parse(&name), None, "{name}");
        }
        // The signed content of a Standard Webhook is `id.timestamp.body`.
        assert!(!event.as_str().contains('.'));
    }

    #[test]
    fn what_cannot_be_ours_is_refused() {
        for given in [
            "",
            "ses_",
            "ses_x",
            "msg_01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "ses_01ARZ3NDEKTSV4RRFFQ69G5FAVX",
            "ses_#",
        ] {
            assert!(SessionId::parse(given).is_none(), "{given}");
        }
        assert!(SessionId::parse("ses_01ARZ3NDEKTSV4RRFFQ69G5FAV").is_some());
    }

    #[test]
    fn a_customer_is_1_to_128_visible_ascii_characters() {
        assert!(CustomerId::parse("DE").is_some());
        assert!(CustomerId::parse(&"x".repeat(128)).is_some());
        for given in ["", "a b", "a\n", "\u{e9}", &"x".repeat(129)] {
            assert!(CustomerId::parse(given).is_none(), "{given:?}");
        }
    }

    #[test]
    fn nonces_differ() {
        assert_ne!(nonce(), nonce());
        assert_eq!(nonce().len(), 32);
    }
}
