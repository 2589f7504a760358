//! Tencent's codes. HTTP says 200 for failures too; `ErrorCode` decides.
//!
//! Vendor pages: <https://www.tencentcloud.com/document/product/1229/68821> (those of `send_msg`),
//! <https://www.tencentcloud.com/document/product/1229/68947> (those of finding an agent),
//! <https://www.tencentcloud.com/document/product/1047/34348> (those of every call),
//! <https://cloud.tencent.com/document/product/679/131708> (those of every call of Desk's)

use serde::{Deserialize, Serialize};

/// What an answer's `ErrorCode` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "i64", into = "i64")]
pub enum Code {
    /// 0: done.
    Success,
    /// 60007: there were more calls than Tencent takes.
    OverLimit,
    /// 60008: the call took too long; the page says to try again.
    TimedOut,
    /// 60011: the same as 60007, of other calls.
    OverOtherLimit,
    /// 60014: the call took too long inside Tencent.
    TimedOutInside,
    /// 60018: calls follow too closely; the page says to try again later.
    TooFrequent,
    /// 60019: the same as 60018, of other calls.
    OthersTooFrequent,
    /// 90001: the body is not JSON.
    NotJson,
    /// 90002: `MsgBody` is not as the message format says, or no array.
    MalformedBody,
    /// 90005: `MsgRandom` is missing or no integer.
    NoRandom,
    /// 90007: `MsgBody` is no array.
    NoArray,
    /// 90009: the caller is no administrator of the application.
    NotAdmin,
    /// 90010: the body is not as the message format says.
    Malformed,
    /// 93000: the message is over 12K.
    TooLong,
    /// 141000: a failure of Desk's without a name.
    Failed,
    /// 141001: no agent could be found; none is online.
    NobodyOnline,
    /// 141002: an internal error; the page says to try again.
    Internal,
    /// 141003: the session can't be handed on to a person.
    NotTransferable,
    /// 141004: a parameter is invalid.
    InvalidParameter,
    /// 141005: the session does not exist or has stopped.
    SessionGone,
    /// 141011: the agent is offline.
    AgentOffline,
    /// 141012: the agent takes nobody now.
    AgentUnavailable,
    /// One that no page of Desk's lists.
    Unknown(i64),
}

impl Code {
    /// All that the pages list.
    pub const DOCUMENTED: [Self; 22] = [
        Self::Success,
        Self::OverLimit,
        Self::TimedOut,
        Self::OverOtherLimit,
        Self::TimedOutInside,
        Self::TooFrequent,
        Self::OthersTooFrequent,
        Self::NotJson,
        Self::MalformedBody,
        Self::NoRandom,
        Self::NoArray,
        Self::NotAdmin,
        Self::Malformed,
        Self::TooLong,
        Self::Failed,
        Self::NobodyOnline,
        Self::Internal,
        Self::NotTransferable,
        Self::InvalidParameter,
        Self::SessionGone,
        Self::AgentOffline,
        Self::AgentUnavailable,
    ];

    /// The number.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Success => 0,
            Self::OverLimit => 60_007,
            Self::TimedOut => 60_008,
            Self::OverOtherLimit => 60_011,
            Self::TimedOutInside => 60_014,
            Self::TooFrequent => 60_018,
            Self::OthersTooFrequent => 60_019,
            Self::NotJson => 90_001,
            Self::MalformedBody => 90_002,
            Self::NoRandom => 90_005,
            Self::NoArray => 90_007,
            Self::NotAdmin => 90_009,
            Self::Malformed => 90_010,
            Self::TooLong => 93_000,
            Self::Failed => 141_000,
            Self::NobodyOnline => 141_001,
            Self::Internal => 141_002,
            Self::NotTransferable => 141_003,
            Self::InvalidParameter => 141_004,
            Self::SessionGone => 141_005,
            Self::AgentOffline => 141_011,
            Self::AgentUnavailable => 141_012,
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

impl From<Code> for i64 {
    fn from(code: Code) -> Self {
        code.number()
    }
}
