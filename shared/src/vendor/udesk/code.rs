//! Udesk's result codes. A number alone says little: 2002 is "nobody online" on `POST /im/sessions` and "invalid
//! subdomain" elsewhere, so what a code means for the next attempt is decided per endpoint, in [`super::reply`].
//!
//! Vendor pages: <https://www.udeskglobal.com/doc/apiv2/intro>, <https://www.udeskglobal.com/doc/apiv2/im>

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::id;

/// Every documented code; an undocumented one is kept as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// 1000
    Success,
    /// 2000: unknown error, or a required parameter is missing.
    UnknownError,
    /// 2001: the customer is queued or being assigned.
    Waiting,
    /// 2002: no agent online (`POST /im/sessions`); invalid subdomain (elsewhere).
    NobodyOnline,
    /// 2005: invalid parameter.
    InvalidParameter,
    /// 2015: not a super-administrator, or no such resource.
    NotAdminOrAbsent,
    /// 2058: the plan does not include the API.
    NotInPlan,
    /// 2059: wrong signature.
    WrongSignature,
    /// 2062: session missing or closed; on `POST /im/messages` also "missing parameters".
    MissingOrClosed,
    /// 2065: the feature is not activated.
    NotActivated,
    /// 9200: session missing or closed.
    SessionGone,
    /// 11012: no such agent group.
    NoSuchGroup,
    /// 20621: malformed timestamp.
    MalformedTimestamp,
    /// 20622: timestamp more than five minutes off.
    StaleTimestamp,
    /// 20623: nonce seen before.
    ReplayedNonce,
    /// 20624: empty nonce.
    EmptyNonce,
    /// Any other.
    Unknown(i64),
}

impl Code {
    /// Every documented code, in ascending order.
    pub const DOCUMENTED: [Self; 16] = [
        Self::Success,
        Self::UnknownError,
        Self::Waiting,
        Self::NobodyOnline,
        Self::InvalidParameter,
        Self::NotAdminOrAbsent,
        Self::NotInPlan,
        Self::WrongSignature,
        Self::MissingOrClosed,
        Self::NotActivated,
        Self::SessionGone,
        Self::NoSuchGroup,
        Self::MalformedTimestamp,
        Self::StaleTimestamp,
        Self::ReplayedNonce,
        Self::EmptyNonce,
    ];

    /// The number that Udesk sends.
    pub const fn number(self) -> i64 {
        match self {
            Self::Success => 1000,
            Self::UnknownError => 2000,
            Self::Waiting => 2001,
            Self::NobodyOnline => 2002,
            Self::InvalidParameter => 2005,
            Self::NotAdminOrAbsent => 2015,
            Self::NotInPlan => 2058,
            Self::WrongSignature => 2059,
            Self::MissingOrClosed => 2062,
            Self::NotActivated => 2065,
            Self::SessionGone => 9200,
            Self::NoSuchGroup => 11012,
            Self::MalformedTimestamp => 20621,
            Self::StaleTimestamp => 20622,
            Self::ReplayedNonce => 20623,
            Self::EmptyNonce => 20624,
            Self::Unknown(number) => number,
        }
    }
}

impl From<i64> for Code {
    fn from(number: i64) -> Self {
        Self::DOCUMENTED
            .into_iter()
            .find(|code| code.number() == number)
            .unwrap_or(Self::Unknown(number))
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.number())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        id::integer(&value)
            .map(Self::from)
            .ok_or_else(|| de::Error::custom("expected a result code"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_and_text_and_keeps_the_unknown() {
        assert_eq!(serde_json::from_str::<Code>("1000").unwrap(), Code::Success);
        assert_eq!(
            serde_json::from_str::<Code>(r#""9200""#).unwrap(),
            Code::SessionGone
        );
        let odd: Code = serde_json::from_str("4711").unwrap();
        assert_eq!(odd, Code::Unknown(4711));
        assert_eq!(serde_json::to_string(&odd).unwrap(), "4711");
    }

    #[test]
    fn documented_codes_come_back() {
        for code in Code::DOCUMENTED {
            assert_eq!(Code::from(code.number()), code);
            assert!(!matches!(code, Code::Unknown(_)));
        }
    }
}
