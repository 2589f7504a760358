//! The handle that tests and `cargo local` hold, and what stands behind it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::agent::Push;
use super::body::PushKind;
use super::desk::{Desk, Issued, Rating, Visitor, Wrote};
use super::switches::Switches;
use super::{Call, Fault, api};
use crate::faults::Faults;
use crate::life::{self, Life};
use crate::push::Caller;
use crate::store;

/// In what is told of the state file.
const VENDOR: &str = "Sobot";

/// Who answers customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// `aid`
    pub id: String,
    /// `aname`
    pub name: String,
    /// `aface`
    pub face: String,
}

/// How to start a twin.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes any.
    pub port: u16,
    /// `sysnum`: the company's number.
    pub sysnum: String,
    /// The key that tokens and pages are signed with.
    pub key: String,
    /// The id of the application that may call the open API.
    pub app_id: String,
    /// The key that the request for its token is signed with.
    pub app_key: String,
    /// The groups of agents that customers can ask for.
    pub groups: Vec<String>,
    /// Where the state is kept over restarts; `None` keeps none.
    pub state_file: Option<PathBuf>,
    /// Who answers.
    pub agent: Agent,
    /// `appName`: the sub-channel's name.
    pub app_name: String,
    /// `params`: the custom parameter that every push carries.
    pub params: String,
    /// The switches at the start.
    pub switches: Switches,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            // The page's example.
            sysnum: "ABC".to_owned(),
            key: "258eec3118705112b2c53dc8043d4d34".to_owned(),
            // Invented.
            app_id: "1".to_owned(),
            app_key: "5d1f3c7e9a2b4d6f8091a2b3c4d5e6f7".to_owned(),
            groups: vec!["e5c9a1".to_owned()],
            state_file: None,
            agent: Agent {
                id: "1q2w3e4r".to_owned(),
                name: "Tom".to_owned(),
                face: "https://img.sobot.io/console/common/face/admin.png".to_owned(),
            },
            app_name: "Help Center".to_owned(),
            params: "{\"Level\":\"Boss\"}".to_owned(),
            switches: Switches::default(),
        }
    }
}

/// What does not change while the twin runs.
pub(crate) struct Config {
    pub(crate) sysnum: String,
    pub(crate) key: String,
    pub(crate) app_id: String,
    pub(crate) app_key: String,
    pub(crate) groups: Vec<String>,
    pub(crate) agent: Agent,
    pub(crate) app_name: String,
    pub(crate) params: String,
    state_file: Option<PathBuf>,
}

/// What changes. Never held over an await.
pub(crate) struct Shared {
    pub(crate) desk: Desk,
    pub(crate) switches: Switches,
    pub(crate) faults: Faults<String>,
    pub(crate) push_urls: BTreeMap<PushKind, String>,
    pub(crate) pushes: Vec<Push>,
    pub(crate) calls: Vec<Call>,
}

struct Inner {
    address: SocketAddr,
    config: Config,
    shared: Mutex<Shared>,
    caller: Caller,
    life: Life,
}

/// A running Sobot twin. Clones are handles to the same one.
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
                    sysnum: options.sysnum,
                    key: options.key,
                    app_id: options.app_id,
                    app_key: options.app_key,
                    groups: options.groups,
                    agent: options.agent,
                    app_name: options.app_name,
                    params: options.params,
                    state_file: options.state_file,
                },
                shared: Mutex::new(Shared {
                    desk,
                    switches: options.switches,
                    faults: Faults::new(),
                    push_urls: BTreeMap::new(),
                    pushes: Vec::new(),
                    calls: Vec::new(),
                }),
                caller: Caller::new(),
                life: Life::new(),
            }),
        };
        twin.life().serve(api::routes(twin.clone()), listener);
        Ok(twin)
    }

    /// Stops answering and pushing, cuts every connection and frees the port.
    pub async fn stop(&self) {
        self.life().stop().await;
    }

    /// `http://127.0.0.1:port`, without a path: the client adds `/api/page/token` and the like, and the
    /// customer's link begins with it.
    pub fn url(&self) -> String {
        format!("http://{}", self.inner.address)
    }

    /// Sets where this push goes. Only `http`: what is local needs no certificate.
    pub fn set_push_url(&self, kind: PushKind, url: String) {
        self.lock().push_urls.insert(kind, url);
    }

    /// Changes switches: `twin.switch(|s| s.repeat_pushes = 1)`.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.lock().switches);
    }

    /// Orders a fault for calls that match `pattern`, for the `times` next ones or until cleared.
    ///
    /// A pattern is `[METHOD ]path`, a `*` for anything: `POST /api/page/token`, `GET /chat/*`. The
    /// oldest order that matches is taken.
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

    /// Every call so far, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// The calls of one path, such as `/api/page/token`.
    pub fn calls_of(&self, path: &str) -> Vec<Call> {
        let calls = self.calls();
        calls.into_iter().filter(|call| call.path == path).collect()
    }

    /// Every push so far, in the order in which they ended.
    pub fn pushes(&self) -> Vec<Push> {
        self.lock().pushes.clone()
    }

    /// What was asked for when this token was given.
    pub fn token(&self, token: &str) -> Option<Issued> {
        self.lock().desk.tokens.get(token).cloned()
    }

    /// All that is known of a customer.
    pub fn visitor(&self, partner_id: &str) -> Option<Visitor> {
        self.lock().desk.visitors.get(partner_id).cloned()
    }

    /// Every customer.
    pub fn visitors(&self) -> Vec<Visitor> {
        self.lock().desk.visitors.values().cloned().collect()
    }

    /// What a customer wrote through the Live Chat API, oldest first.
    pub fn messages_from(&self, partner_id: &str) -> Vec<Wrote> {
        self.visitor(partner_id)
            .map_or_else(Vec::new, |visitor| visitor.wrote)
    }

    /// How a customer rated chats, oldest first.
    pub fn ratings_of(&self, partner_id: &str) -> Vec<Rating> {
        self.visitor(partner_id)
            .map_or_else(Vec::new, |visitor| visitor.ratings)
    }

    /// The token of the open API that was minted last.
    pub fn app_token(&self) -> Option<String> {
        let shared = self.lock();
        shared.desk.app_tokens.last().map(|one| one.token.clone())
    }

    /// Every token of the open API dies.
    pub fn forget_app_tokens(&self) {
        let mut shared = self.lock();
        shared.desk.app_tokens.clear();
        self.save(&shared);
    }

    /// An agent takes a customer who waits; gives the chat. No push tells of it until the agent writes.
    pub fn takes(&self, partner_id: &str) -> String {
        let mut shared = self.lock();
        let cid = shared.desk.connect(partner_id, Timestamp::now());
        self.save(&shared);
        cid
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

    pub(crate) fn caller(&self) -> &Caller {
        &self.inner.caller
    }

    /// How long the twin runs, and what hangs.
    pub(crate) fn life(&self) -> &Life {
        &self.inner.life
    }

    /// Writes the state file, before whatever changed the state is answered.
    pub(crate) fn save(&self, shared: &Shared) {
        if let Some(path) = &self.inner.config.state_file {
            store::save(path, VENDOR, &shared.desk);
        }
    }

    pub(crate) fn noted(&self, number: usize, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.lock().calls.get_mut(number) {
            change(call);
        }
    }
}
