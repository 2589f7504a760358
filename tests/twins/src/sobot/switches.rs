//! What the vendor leaves unsaid, or what a test wants scaled: all of it can be changed at any time
//! with [`Twin::switch`](super::Twin::switch).

use std::collections::BTreeSet;
use std::time::Duration;

/// The switches of a twin. The defaults follow the vendor's page as printed.
#[derive(Debug, Clone)]
pub struct Switches {
    /// Which "Security Key" the desk has switched on.
    pub security: Security,
    /// The `ret_code` of a refused token where the page names none.
    pub refusal_code: String,
    /// Whether `source` and `channel_flag` must be given. The table says No, and "must be passed
    /// after the upgrade".
    pub upgraded: bool,
    /// Whether a token whose `source` was PC opens the PC page only, and likewise H5. The page does
    /// not say.
    pub channel_bound: bool,
    /// Seconds for a Retry-After header on a limited answer (429), if it is to have one.
    pub retry_after: Option<u64>,
    /// How many times more each push is made (the vendor promises no redelivery, and excludes none).
    pub repeat_pushes: u32,
    /// How long a push waits for its answer (the vendor does not say).
    pub push_timeout: Duration,
    /// Whether the numbers in pushes (`type`, `channelFlag`, times, counts) are sent as strings:
    /// the vendor's pages have both, as for the channel flag.
    pub numbers_as_text: bool,
    /// Whether `lastMsgType` is a word, as `msgType` is in the other two pushes, and no number.
    pub last_type_in_words: bool,
    /// Whether the offline push also tells the fields that only the unread push is documented with.
    pub offline_in_full: bool,
    /// The path before the calls of the Live Chat API: its sources have two.
    pub chat_prefix: String,
    /// The header in which the open API looks for its token: its sources have two.
    pub token_header: TokenHeader,
    /// How long the open API's tokens live.
    pub token_life: Duration,
    /// What the answer calls that life: `expires_in` or `expire_in`; the pages have both.
    pub life_is_called: &'static str,
    /// Whether a token dies when another is minted (the vendor does not say).
    pub old_token_dies: bool,
    /// How far `create_time` may be off, in seconds (the vendor does not say).
    pub create_time_window: i64,
    /// Whether numbers in the open API's answers are sent as strings: the pages have both.
    pub answers_as_text: bool,
    /// Whether `out` is answered without an `item` (the vendor does not say what that holds).
    pub out_says_nothing: bool,
    /// Who receives customers.
    pub reception: Reception,
    /// What a customer who is connected, or waits, is told when asking to be connected once more (the
    /// vendor does not say what a "duplicate request" is).
    pub connected_again: ConnectedAgain,
    /// Customers who are on the blacklist.
    pub blacklist: BTreeSet<String>,
    /// How far the vendor's clock is ahead of this machine's, in seconds.
    pub clock_offset_seconds: i64,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            security: Security::Token,
            refusal_code: "999999".to_owned(),
            upgraded: false,
            channel_bound: true,
            retry_after: None,
            repeat_pushes: 0,
            push_timeout: Duration::from_secs(5),
            numbers_as_text: false,
            last_type_in_words: false,
            offline_in_full: false,
            chat_prefix: "/api/chat/5/user/".to_owned(),
            token_header: TokenHeader::Token,
            token_life: Duration::from_secs(86_400),
            life_is_called: "expires_in",
            old_token_dies: true,
            create_time_window: 300,
            answers_as_text: false,
            out_says_nothing: false,
            reception: Reception::Free,
            connected_again: ConnectedAgain::SameChat,
            blacklist: BTreeSet::new(),
            clock_offset_seconds: 0,
        }
    }
}

/// What the customer's page asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Nothing: whoever has the company's number may come.
    Off,
    /// "Security Key - Sign Encryption": `partnerid` and `sign`.
    Sign,
    /// "Security Key - Token Encryption": a `token`.
    Token,
}

/// Where a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenHeader {
    /// `token: …`, by the vendor's pages.
    Token,
    /// `Authorization: Bearer …`, by its OpenAPI file.
    Bearer,
}

/// Who receives customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// The agent, at once.
    Free,
    /// Nobody yet: the customer gets this place in the queue.
    Busy(i64),
    /// No agent is there.
    Nobody,
}

/// What asking once more leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectedAgain {
    /// The same chat, or the same queue.
    SameChat,
    /// −1, "duplicate request".
    Duplicate,
}
