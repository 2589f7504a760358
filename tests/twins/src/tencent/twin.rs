//! The handle that tests and `cargo local` hold, and what stands behind it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::callback::Callback;
use super::desk::{Desk, Received, User};
use super::switches::Switches;
use super::{Call, Fault, api};
use crate::faults::Faults;
use crate::life::{self, Life};
use crate::push::Caller;
use crate::store;

/// In what is told of the state file.
const VENDOR: &str = "Tencent";

/// How to start a twin.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes any.
    pub port: u16,
    /// The application's SDKAppID.
    pub sdk_app_id: u64,
    /// The application's key, which signs UserSigs.
    pub secret_key: String,
    /// Who may call the API.
    pub admins: Vec<String>,
    /// The customer-service accounts; the first one speaks in sessions.
    pub service_accounts: Vec<String>,
    /// Where the state is kept over restarts; `None` keeps none.
    pub state_file: Option<PathBuf>,
    /// The switches at the start.
    pub switches: Switches,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            sdk_app_id: 1_400_000_000,
            // The public mock key of Tencent's own samples.
            secret_key: "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
                .to_owned(),
            admins: vec!["administrator".to_owned()],
            service_accounts: vec!["@customer_service_account".to_owned()],
            state_file: None,
            switches: Switches::default(),
        }
    }
}

/// What does not change while the twin runs.
pub(crate) struct Config {
    pub(crate) sdk_app_id: u64,
    pub(crate) secret_key: String,
    pub(crate) admins: Vec<String>,
    pub(crate) service_accounts: Vec<String>,
    state_file: Option<PathBuf>,
}

/// What changes. Never held over an await.
pub(crate) struct Shared {
    pub(crate) desk: Desk,
    pub(crate) switches: Switches,
    pub(crate) faults: Faults<i64>,
    pub(crate) calls: Vec<Call>,
    pub(crate) callback_url: Option<String>,
    pub(crate) callbacks: Vec<Callback>,
}

struct Inner {
    address: SocketAddr,
    config: Config,
    shared: Mutex<Shared>,
    life: Life,
    caller: Caller,
}

/// A running Tencent twin. Clones are handles to the same one.
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
                    sdk_app_id: options.sdk_app_id,
                    secret_key: options.secret_key,
                    admins: options.admins,
                    service_accounts: options.service_accounts,
                    state_file: options.state_file,
                },
                shared: Mutex::new(Shared {
                    desk,
                    switches: options.switches,
                    faults: Faults::new(),
                    calls: Vec::new(),
                    callback_url: None,
                    callbacks: Vec::new(),
                }),
                life: Life::new(),
                caller: Caller::new(),
            }),
        };
        twin.life().serve(api::routes(twin.clone()), listener);
        Ok(twin)
    }

    /// Stops answering, cuts every connection and frees the port.
    pub async fn stop(&self) {
        self.life().stop().await;
    }

    /// `http://127.0.0.1:port`, without a path: the client adds `/v4/desk_http_svc/send_msg`.
    pub fn url(&self) -> String {
        format!("http://{}", self.inner.address)
    }

    /// Changes switches: `twin.switch(|s| s.drop_repeats = false)`.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.lock().switches);
    }

    /// Orders a fault for calls that match `pattern`, for the `times` next ones or until cleared.
    ///
    /// A pattern is `[METHOD ]path`, a `*` for anything: `POST /v4/desk_http_svc/send_msg`, `*`. The
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

    /// The calls of one path, such as `/v4/desk_http_svc/send_msg`.
    pub fn calls_of(&self, path: &str) -> Vec<Call> {
        let calls = self.calls();
        calls.into_iter().filter(|call| call.path == path).collect()
    }

    /// Where callbacks go, as the console is told: `<function URL>/<path secret>`.
    pub fn set_callback_url(&self, url: String) {
        self.lock().callback_url = Some(url);
    }

    /// Every callback so far, in order.
    pub fn callbacks(&self) -> Vec<Callback> {
        self.lock().callbacks.clone()
    }

    /// Begins a session of this user's, which is addressed by the `SessionId` that comes back, and of which no callback
    /// tells. One that was open ends.
    pub fn begin_session(&self, user: &str) -> String {
        let mut shared = self.lock();
        let id = shared.desk.begin_session(user);
        self.save(&shared);
        id
    }

    /// Ends the user's session, if one is open.
    pub fn end_session(&self, user: &str) {
        let mut shared = self.lock();
        shared.desk.end_session(user);
        self.save(&shared);
    }

    /// What was sent to a user, in order of arrival.
    pub fn messages_to(&self, user: &str) -> Vec<Received> {
        self.user(user)
            .map(|user| user.messages)
            .unwrap_or_default()
    }

    /// All that is known of a user.
    pub fn user(&self, user: &str) -> Option<User> {
        self.lock().desk.users.get(user).cloned()
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

    /// What makes callbacks.
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
