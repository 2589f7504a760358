//! What the vendor leaves unsaid, or what a test wants scaled: all of it can be changed at any time
//! with [`Twin::switch`](super::Twin::switch).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The switches of a twin. The defaults follow the vendor's page as printed.
#[derive(Debug, Clone)]
pub struct Switches {
    /// Whether a message is dropped that repeats sender, receiver, `MsgRandom` and content. The
    /// page says no more than "for deduplication".
    pub drop_repeats: bool,
    /// For how long, from the first one on (120 s is what Tencent says of its other messages).
    pub repeat_window: Duration,
    /// Whether `Data` of a custom element may be any text. Desk's is JSON with a
    /// `customerServicePlugin` and a `src`; that of other applications may be anything.
    pub any_custom_data: bool,
    /// The `ErrorCode` of a call whose method or query is wrong but for its UserSig: the page names
    /// none.
    pub frame_code: i64,
    /// Seconds for a Retry-After header on a limited answer (429), if it is to have one.
    pub retry_after: Option<u64>,
    /// How far the vendor's clock is ahead of this machine's, in seconds.
    pub clock_offset_seconds: i64,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            drop_repeats: true,
            repeat_window: Duration::from_secs(120),
            any_custom_data: false,
            frame_code: 60002,
            retry_after: None,
            clock_offset_seconds: 0,
        }
    }
}

impl Switches {
    /// What the vendor's clock shows.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.clock_offset_seconds)
    }
}
