//! The handle that tests and `cargo local` hold, and what stands behind it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::desk::{Agent, Author, Conversation, Desk, Received};
use super::guests::Guest;
use super::limit::Limiter;
use super::lookups::SensitiveWords;
use super::push::Pusher;
use super::robots::Robot;
use super::switches::Switches;
use super::{Call, Fault, server, struct_messages};
use crate::faults::Faults;
use crate::life::{self, Life};
use crate::push::PushRecord;
use crate::store;

/// In what is told of the state file.
const VENDOR: &str = "Udesk";

/// How to start a twin.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes any.
    pub port: u16,
    /// The super-admin's address that calls must carry.
    pub email: String,
    /// The `open_api_token` that calls are signed with.
    pub api_token: String,
    /// The "Structured Message KEY".
    pub struct_message_key: String,
    /// Where the state is kept over restarts; `None` keeps none.
    pub state_file: Option<PathBuf>,
    /// Where pushes go; can be set later.
    pub receive_url: Option<String>,
    /// The "Embedded Link" of the list of cards; can be set later.
    pub embedded_link: Option<String>,
    /// Who answers; the first one takes whoever asks for nobody in particular.
    pub agents: Vec<Agent>,
    /// The agent groups that exist.
    pub groups: Vec<i64>,
    /// The robot of another maker, if the company has one.
    pub robot: Option<Robot>,
    /// Udesk's own robots.
    pub urobots: Vec<Robot>,
    /// The switches at the start.
    pub switches: Switches,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            email: "admin@udesk.cn".to_owned(),
            api_token: "0f6c9d2e-5b3a-4c1d-8e7f-112233445566".to_owned(),
            // The page's.
            struct_message_key: "708ff6dc-41d5-4med-9ebc-0388zz9d76f1".to_owned(),
            state_file: None,
            receive_url: None,
            embedded_link: None,
            // The ids of the page's examples.
            agents: vec![Agent::new(3, "Tom"), Agent::new(397, "Jerry")],
            groups: vec![1, 37540],
            robot: Some(Robot::of_the_page()),
            urobots: vec![Robot::urobot_of_the_page()],
            switches: Switches::default(),
        }
    }
}

/// What does not change while the twin runs.
pub(crate) struct Config {
    pub(crate) email: String,
    pub(crate) api_token: String,
    pub(crate) struct_message_key: String,
    pub(crate) agents: Vec<Agent>,
    pub(crate) groups: Vec<i64>,
    pub(crate) robot: Option<Robot>,
    pub(crate) urobots: Vec<Robot>,
    state_file: Option<PathBuf>,
}

/// What changes. Never held over an await.
pub(crate) struct Shared {
    pub(crate) desk: Desk,
    pub(crate) switches: Switches,
    pub(crate) faults: Faults<i64>,
    pub(crate) limiter: Limiter,
    pub(crate) receive_url: Option<String>,
    pub(crate) event_url: Option<String>,
    pub(crate) embedded_link: Option<String>,
    pub(crate) pushes: Vec<PushRecord>,
    calls: Vec<Call>,
    swaps: u32,
}

struct Inner {
    address: SocketAddr,
    config: Config,
    shared: Mutex<Shared>,
    pusher: Pusher,
    life: Life,
}

/// A running Udesk twin. Clones are handles to the same one.
#[derive(Clone)]
pub struct Twin {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Twin {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Twin({})", self.url())
    }
}

impl Twin {
    /// Starts a twin. Errors: the port is taken, or the state file is not readable.
    pub async fn start(options: Options) -> io::Result<Self> {
        let desk = match &options.state_file {
            Some(path) => store::load(path, VENDOR)?,
            None => None,
        };
        let desk = desk.unwrap_or_else(|| Desk::new(Timestamp::now()));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", options.port)).await?;
        let twin = Self {
            inner: Arc::new(Inner {
                address: listener.local_addr()?,
                config: Config {
                    email: options.email,
                    api_token: options.api_token,
                    struct_message_key: options.struct_message_key,
                    agents: options.agents,
                    groups: options.groups,
                    robot: options.robot,
                    urobots: options.urobots,
                    state_file: options.state_file,
                },
                shared: Mutex::new(Shared {
                    desk,
                    switches: options.switches,
                    faults: Faults::new(),
                    limiter: Limiter::default(),
                    receive_url: options.receive_url,
                    event_url: None,
                    embedded_link: options.embedded_link,
                    pushes: Vec::new(),
                    calls: Vec::new(),
                    swaps: 0,
                }),
                pusher: Pusher::new(),
                life: Life::new(),
            }),
        };
        twin.life().serve(server::routes(twin.clone()), listener);
        Ok(twin)
    }

    /// Stops answering and pushing, cuts every connection and frees the port.
    pub async fn stop(&self) {
        self.life().stop().await;
    }

    /// `http://127.0.0.1:port`, without a path: the client adds `/open_api_v1/…`.
    pub fn url(&self) -> String {
        format!("http://{}", self.inner.address)
    }

    /// Sets where pushes go (Admin → Settings → Channel Management → Interface Messages). Only
    /// `http`: what is local needs no certificate.
    pub fn set_receive_url(&self, url: String) {
        self.lock().receive_url = Some(url);
    }

    /// Sets the page of ours that the console opens beside a conversation (Admin → Settings → Channel Management →
    /// Instant Messaging → Structured Messages).
    pub fn set_embedded_link(&self, url: String) {
        self.lock().embedded_link = Some(url);
    }

    /// The link that the console opens for this guest's conversation, signed now; `None` where none is set, or nobody
    /// of this number is there.
    pub fn card_link(&self, customer_id: i64) -> Option<String> {
        let shared = self.lock();
        let link = shared.embedded_link.clone()?;
        let mut guests = shared.desk.guests.iter();
        let guest = guests.find(|guest| guest.customer_id == customer_id)?;
        let now = Timestamp::now().as_second() + shared.switches.clock_offset_seconds;
        let key = &self.config().struct_message_key;
        let query = struct_messages::link_query(guest, key, now);
        let separator = if link.contains('?') { '&' } else { '?' };
        Some(format!("{link}{separator}{query}"))
    }

    /// Who came through Udesk's own clients, with what they were sent.
    pub fn guests(&self) -> Vec<Guest> {
        self.lock().desk.guests.clone()
    }

    /// Another guest comes, or one of the same number changes.
    pub fn set_guest(&self, guest: Guest) {
        let mut shared = self.lock();
        let guests = &mut shared.desk.guests;
        guests.retain(|other| other.customer_id != guest.customer_id);
        guests.push(guest);
        self.save(&shared);
    }

    /// Changes switches: `twin.switch(|s| s.drop_repeats = false)`.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.lock().switches);
    }

    /// Orders a fault for calls that match `pattern`, for the `times` next ones or until cleared.
    ///
    /// A pattern is `[METHOD ]path`, the path as in [`Call::path`], a `*` for anything:
    /// `POST /im/messages`, `DELETE /im/sessions/*`, `*`. The oldest order that matches is taken.
    pub fn fault(&self, pattern: &str, fault: Fault, times: Option<u32>) {
        self.lock().faults.add(pattern, fault, times);
    }

    /// Takes every order of faults back. Calls that hang go on hanging until released.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Lets every call that hangs go on.
    pub fn release(&self) {
        self.life().release();
    }

    /// How many calls hang now.
    pub fn hanging(&self) -> usize {
        self.life().hanging()
    }

    /// What the company minds in customers' messages (Admin → Settings).
    pub fn mind(&self, words: SensitiveWords) {
        let mut shared = self.lock();
        shared.desk.sensitive_words = words;
        self.save(&shared);
    }

    /// What the app told of a customer by `POST /customers`, the whole body.
    pub fn profile(&self, customer: &str) -> Option<Value> {
        self.lock().desk.profiles.get(customer).cloned()
    }

    /// Every call so far, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// The calls of one path, such as `/im/messages`.
    pub fn calls_of(&self, path: &str) -> Vec<Call> {
        let calls = self.calls();
        calls.into_iter().filter(|call| call.path == path).collect()
    }

    /// Every push so far, in the order in which they ended.
    pub fn pushes(&self) -> Vec<PushRecord> {
        self.lock().pushes.clone()
    }

    /// For each of the `count` next pushes: it is put aside and follows its customer's next one.
    pub fn swap_next_pushes(&self, count: u32) {
        self.lock().swaps = count;
    }

    /// What a customer wrote, in order of arrival.
    pub fn messages_from(&self, customer: &str) -> Vec<Received> {
        let Some(conversation) = self.conversation(customer) else {
            return Vec::new();
        };
        conversation
            .entries
            .into_iter()
            .filter(|entry| entry.from == Author::Customer)
            .map(|entry| Received {
                message_id: entry.message_id,
                im_sub_session_id: entry.im_sub_session_id,
                kind: entry.kind,
                content: entry.content,
                data: entry.data,
                at: entry.at,
            })
            .collect()
    }

    /// All that is known of a customer.
    pub fn conversation(&self, customer: &str) -> Option<Conversation> {
        self.lock().desk.conversations.get(customer).cloned()
    }

    /// Every customer.
    pub fn conversations(&self) -> Vec<Conversation> {
        self.lock().desk.conversations.values().cloned().collect()
    }

    /// Waits until `condition` holds, looking every few milliseconds; false after `limit`.
    pub async fn wait_until(&self, limit: Duration, condition: impl Fn(&Self) -> bool) -> bool {
        life::holds_within(limit, || condition(self)).await
    }
}

/// For the twin's own parts.
impl Twin {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Shared> {
        self.inner
            .shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn config(&self) -> &Config {
        &self.inner.config
    }

    pub(crate) fn pusher(&self) -> &Pusher {
        &self.inner.pusher
    }

    /// Writes the state file, before the call that changed the state is answered.
    pub(crate) fn save(&self, shared: &Shared) {
        if let Some(path) = &self.inner.config.state_file {
            store::save(path, VENDOR, &shared.desk);
        }
    }

    /// How long the twin runs, and what hangs.
    pub(crate) fn life(&self) -> &Life {
        &self.inner.life
    }

    pub(crate) fn note(&self, call: Call) -> usize {
        let mut shared = self.lock();
        shared.calls.push(call);
        shared.calls.len() - 1
    }

    pub(crate) fn noted(&self, number: usize, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.lock().calls.get_mut(number) {
            change(call);
        }
    }

    pub(crate) fn takes_swap(&self) -> bool {
        let mut shared = self.lock();
        let swap = shared.swaps > 0;
        shared.swaps = shared.swaps.saturating_sub(1);
        swap
    }
}
