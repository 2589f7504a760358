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
    /// What the events are called of which the page's names are cut off.
    pub event_names: EventNames,
    /// Whether what is sent through the API comes back as an event.
    pub echo: bool,
    /// Whether a callback names itself by `RequestID`, as the newer page says.
    pub request_id: bool,
    /// The token of the callback authentication: with it callbacks have `Sign` and `RequestTime`.
    pub callback_token: Option<String>,
    /// How many seconds old a callback's `RequestTime` is.
    pub request_time_lag: i64,
    /// How often a callback is made again that was not answered as it must be.
    pub callback_retries: u32,
    /// How long an answer to a callback may take.
    pub callback_timeout: Duration,
    /// Whether callbacks are lost on their way.
    pub lose_callbacks: bool,
    /// Whether what a user's account sends by `openim/sendmsg` reaches Desk.
    pub user_messages_arrive: bool,
    /// Whether it reaches Desk only in a session that the user has begun (by the element with `src` 7).
    pub user_must_start: bool,
    /// `CurrentState` of who is in no session: the page's text has no word for it that can be told from its
    /// explanation.
    pub no_session_word: String,
    /// The agents who are online.
    pub agents: Vec<String>,
    /// Whether an agent has a user without accepting first.
    pub accept_at_once: bool,
    /// Calls that are taken of each API in a second; `None` for any number.
    pub rate_limit: Option<usize>,
    /// Whether what is over the limit is answered 429, as by a server in front; else it is 200 and a code, as the page
    /// says.
    pub limits_by_status: bool,
    /// Seconds for a Retry-After header on a limited answer (429), if it is to have one.
    pub retry_after: Option<u64>,
    /// How far the vendor's clock is ahead of this machine's, in seconds.
    pub clock_offset_seconds: i64,
}

/// What the events are called of which the page's names are cut off. These are made up.
#[derive(Debug, Clone)]
pub struct EventNames {
    /// What a user says to an agent.
    pub user_message: String,
    /// What an agent says.
    pub agent_message: String,
    /// A user waits for an agent.
    pub queued: String,
    /// An agent has taken the user.
    pub started: String,
    /// No agent is online.
    pub nobody_online: String,
    /// Another agent has taken the user.
    pub transferred: String,
    /// The session has ended.
    pub closed: String,
    /// The user has rated it.
    pub rated: String,
    /// The user did not answer in time.
    pub timed_out: String,
}

impl EventNames {
    /// All of them, as the setting `TENCENT_EVENTS` wants them told.
    pub fn setting(&self) -> String {
        [
            (&self.user_message, "user_message"),
            (&self.agent_message, "agent_message"),
            (&self.queued, "queued"),
            (&self.started, "started"),
            (&self.nobody_online, "nobody_online"),
            (&self.transferred, "transferred"),
            (&self.closed, "closed"),
            (&self.rated, "rated"),
            (&self.timed_out, "ignored"),
        ]
        .map(|(name, meaning)| format!("{name}={meaning}"))
        .join(",")
    }
}

impl Default for EventNames {
    fn default() -> Self {
        let invented = |name: &str| format!("Twin.{name}");
        Self {
            user_message: invented("UserSendMsg"),
            agent_message: invented("AgentSendMsg"),
            queued: invented("Queue"),
            started: invented("AgentAccept"),
            nobody_online: invented("NoAgent"),
            transferred: invented("Reassign"),
            closed: invented("SessionEnd"),
            rated: invented("Rate"),
            timed_out: invented("UserTimeout"),
        }
    }
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            drop_repeats: true,
            repeat_window: Duration::from_secs(120),
            any_custom_data: false,
            frame_code: 60002,
            event_names: EventNames::default(),
            echo: true,
            request_id: true,
            callback_token: None,
            request_time_lag: 0,
            callback_retries: 0,
            callback_timeout: Duration::from_secs(2),
            lose_callbacks: false,
            user_messages_arrive: true,
            user_must_start: false,
            no_session_word: String::new(),
            agents: vec!["test@qq.com".to_owned()],
            accept_at_once: true,
            rate_limit: Some(200),
            limits_by_status: false,
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
