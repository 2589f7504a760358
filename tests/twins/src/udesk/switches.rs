//! What the vendor leaves unsaid, or what a test wants scaled: all of it can be changed at any time
//! with [`Twin::switch`](super::Twin::switch).

use std::time::Duration;

use super::lookups::QueueCustomers;

/// The switches of a twin. The defaults follow the vendor's page as printed.
#[derive(Debug, Clone)]
pub struct Switches {
    /// Calls allowed per API path (vendor: 60 a minute); `None` lifts the limit.
    pub rate_limit: Option<RateLimit>,
    /// Whether the limit is counted by API path or over all of the account's calls (the page says
    /// "per API", which can be read both ways).
    pub rate_scope: RateScope,
    /// Structured messages allowed, over all of the company (vendor: one in 2 s, of whom it does not say); `None` lifts
    /// the limit.
    pub card_limit: Option<RateLimit>,
    /// What an answer over the limit looks like (the vendor does not say).
    pub over_limit: OverLimit,
    /// Whether a repeated `message_id` is answered 1000 and stored once; else both are kept.
    pub drop_repeats: bool,
    /// Whether and when start_session and welcome are pushed after an assignment by `POST /im/sessions`.
    pub push_start: PushStart,
    /// Whether a session that the customer closes (`DELETE /im/sessions/:id`) is also told by a push.
    pub push_close_after_delete: bool,
    /// How a transfer is pushed.
    pub transfer_push: TransferPush,
    /// Whether robots answer by themselves what customers ask them.
    pub robot_answers: bool,
    /// Where the evaluation of a robot's answer is posted, after `/open_api_v1`; the page does not say. `None`: nowhere.
    pub robot_evaluation_path: Option<String>,
    /// Whether a urobot's push names the customer around `messages` (the page's table), or is the
    /// inner object alone (the page's sample).
    pub urobot_envelope: bool,
    /// Whether a urobot's `messages` is a list, as other pushes have it, or an object.
    pub urobot_list: bool,
    /// Whether message previews are activated for this company.
    pub preview_activated: bool,
    /// Previews allowed of one session (vendor: 3 a second); `None` lifts the limit.
    pub preview_limit: Option<RateLimit>,
    /// Where `POST /im/messages/read_messages` wants its parameters.
    pub read_messages_in: ReadMessagesIn,
    /// Whether the look-up of unread messages gives those alone that were written while the customer was
    /// offline, as its name says, or all that the customer has not read, as its text says.
    pub unread_only_offline: bool,
    /// How many of the unread messages one look-up gives at most, the oldest first; `None` gives all. The
    /// page has no pages here.
    pub unread_at_most: Option<usize>,
    /// What `GET /customers/get_customer` calls the app's id of a customer in `type`: no page at hand
    /// prints it.
    pub customer_type: &'static str,
    /// In which language `GET /im/queue_status` and `GET /im/customer_status` write `status`.
    pub statuses: StatusTexts,
    /// Whether a session is refused (2015) for a customer whom nobody created, as the page's FAQ has it, or such a
    /// customer is made, as its text has it.
    pub customers_must_exist: bool,
    /// Whether creating a customer who is there already changes that one, or is refused.
    pub known_customers_are_updated: bool,
    /// What an abandoned queue says of its customer.
    pub queue_customers: QueueCustomers,
    /// Whether no push is made: the vendor has an outage, and says nothing of it afterwards. Events go out.
    pub lose_pushes: bool,
    /// Whether an event names the customer's token, or leaves it to the session's number.
    pub events_name_customer: bool,
    /// Whether the lines of a transcript carry the `message_id` of their push.
    pub transcript_ids: bool,
    /// Whether a transfer, which ends a session at the vendor's, is told as `ImSubSession_close` too.
    pub close_event_on_transfer: bool,
    /// How `message_created_at` is written.
    pub dates: DateForm,
    /// How many times more each push is made (the vendor promises no redelivery, and excludes none).
    pub repeat_pushes: u32,
    /// How long a push waits for its answer (vendor: 5 s).
    pub push_timeout: Duration,
    /// So many time-outs within `timeout_window` stop the pushes (vendor: 10).
    pub timeouts_allowed: usize,
    /// See `timeouts_allowed` (vendor: 60 s).
    pub timeout_window: Duration,
    /// How long pushes stay stopped, from the last time-out on (vendor: 60 s).
    pub timeout_pause: Duration,
    /// Every call waits a random time out of this range before it is worked on.
    pub random_delay: Option<(Duration, Duration)>,
    /// How far the vendor's clock is ahead of this machine's, in seconds.
    pub clock_offset_seconds: i64,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            rate_limit: Some(RateLimit::default()),
            rate_scope: RateScope::Api,
            card_limit: Some(RateLimit {
                calls: 1,
                per: Duration::from_secs(2),
            }),
            over_limit: OverLimit::Status429 { retry_after: None },
            drop_repeats: true,
            push_start: PushStart::AfterAnswer,
            push_close_after_delete: true,
            transfer_push: TransferPush::Together,
            robot_answers: true,
            robot_evaluation_path: None,
            urobot_envelope: true,
            urobot_list: false,
            preview_activated: true,
            preview_limit: Some(RateLimit {
                calls: 3,
                per: Duration::from_secs(1),
            }),
            read_messages_in: ReadMessagesIn::Body,
            unread_only_offline: false,
            unread_at_most: None,
            customer_type: "token",
            statuses: StatusTexts::English,
            customers_must_exist: false,
            known_customers_are_updated: false,
            queue_customers: QueueCustomers::Whole,
            lose_pushes: false,
            events_name_customer: true,
            transcript_ids: true,
            close_event_on_transfer: false,
            dates: DateForm::AsPrinted,
            repeat_pushes: 0,
            push_timeout: Duration::from_secs(5),
            timeouts_allowed: 10,
            timeout_window: Duration::from_secs(60),
            timeout_pause: Duration::from_secs(60),
            random_delay: None,
            clock_offset_seconds: 0,
        }
    }
}

/// So many calls in any stretch of this length, per API path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Calls allowed.
    pub calls: usize,
    /// In a stretch of this length.
    pub per: Duration,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            calls: 60,
            per: Duration::from_secs(60),
        }
    }
}

/// What a rate limit counts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateScope {
    /// The calls of each API path by themselves.
    Api,
    /// All calls.
    Account,
}

/// The shape of an answer over the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OverLimit {
    /// HTTP 429.
    Status429 {
        /// Seconds for a Retry-After header, if it is to have one.
        retry_after: Option<u64>,
    },
    /// HTTP 200 with this code.
    Code {
        /// A code that the vendor's tables do not list.
        code: i64,
        /// A text that mentions the frequency.
        message: String,
    },
}

impl OverLimit {
    /// HTTP 200 with an unlisted code whose message mentions the frequency.
    pub fn unlisted_code() -> Self {
        Self::Code {
            code: 20699,
            message: "Request frequency exceeds the limit, please try again later".to_owned(),
        }
    }
}

/// When start_session and the welcome are pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushStart {
    /// Not at all.
    Off,
    /// Right after the answer.
    AfterAnswer,
    /// First the push, and when it has been answered, the answer.
    BeforeAnswer,
}

/// How a transfer is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferPush {
    /// transfer and the notice in one array.
    Together,
    /// transfer, then the notice, in two pushes.
    Split,
    /// First the notice, under the new session id, then transfer, in two pushes.
    Late,
}

/// Where `POST /im/messages/read_messages` wants its parameters: the page's headline says POST, its example
/// has them in the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadMessagesIn {
    /// In a JSON body.
    Body,
    /// In the query.
    Query,
}

/// In which language a status is written. What the Chinese platform writes is a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusTexts {
    /// As on the page.
    English,
    /// As on the console in China.
    Chinese,
    /// In words that no page has.
    Unheard,
}

/// How `message_created_at` is written (always in +08:00, without saying so).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateForm {
    /// As in the page's example: `close` dashed, everything else compact.
    AsPrinted,
    /// `20170711 09:52:11`
    Compact,
    /// `2018-01-01 00:00:00`
    Dashed,
}
