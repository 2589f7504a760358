//! Settings, read once at init. A missing or malformed one is named, with what it is for.

use std::{fmt, str::FromStr, time::Duration};

use http::Uri;

use crate::secret::Secret;

/// A setting: its name and what it is for, in words that an operator can act on.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// The environment variable.
    pub name: &'static str,
    /// What it is for and where it comes from.
    pub purpose: &'static str,
}

macro_rules! settings {
    ($($name:ident: $purpose:literal;)*) => {
        $(#[doc = $purpose] pub const $name: Setting = Setting { name: stringify!($name), purpose: $purpose };)*

        /// Every setting of deskbridge, in the order in which they are documented.
        pub const ALL: &[&Setting] = &[$(&$name),*];
    };
}

settings! {
    TABLE_NAME: "the DynamoDB table; set by the template";
    DELIVERIES_QUEUE_URL: "the queue that wakes drain-deliveries; set by the template";
    SENDS_QUEUE_URL: "the queue that wakes drain-sends; set by the template";
    HEALS_QUEUE_URL: "the queue that wakes heal-session; set by the template";
    INBOX_QUEUE_URL: "the queue for webhook bodies that arrive while the table refuses; set by the template";
    EXTRA_CA_FILE: "a PEM file with further certificate authorities to trust";
    APP_EVENTS_URL: "the app's URL for events, https unless its host is in APP_EVENTS_ALLOWED_HOSTS";
    APP_EVENTS_SECRETS: "the secrets that sign events (whsec_ and base64), current first";
    APP_EVENTS_ALLOWED_HOSTS: "hosts to which events may go over plain http";
    APP_TIMEOUT_MS: "how long the app may take to answer an event, in milliseconds (10000)";
    API_KEY_HASHES: "what the keys of the app's servers hash to, SHA-256 in hexadecimal (`printf %s \"$KEY\" | sha256sum`), current first";
    CORS_ORIGINS: "the origins of browser clients that may call the API, such as `https://app.example.com`; API Gateway sees to it, and no function reads it";
    CUSTOMER_TOKEN_SECRETS: "the secrets that sign customer tokens, at least 32 characters, current first";
    RETRY_SCHEDULE_SECONDS: "the pauses between attempts, in seconds; their number is the number of retries";
    NUDGE_GRACE_SECONDS: "how long a wake-up may be under way before sweep sends another, in seconds (60)";
    HEAL_SCHEDULE_SECONDS: "how long a conversation may be silent before the vendor is asked what was missed, then the pauses between further questions, in seconds (45,120,240,480,900)";
    CONVERSATION_RETENTION_DAYS: "how long conversations are kept, in days (90)";
    VENDOR_TIMEOUT_MS: "how long a vendor may take to answer a call, in milliseconds (8000)";
    UDESK_BASE_URL: "Udesk's address, such as `https://demo.udesk.cn`";
    UDESK_EMAIL: "the Udesk super-admin's e-mail address";
    UDESK_API_TOKEN: "the Udesk super-admin's open_api_token";
    UDESK_STRUCT_MESSAGE_KEY: "the \"Structured Message KEY\" of the Udesk account, which signs cards and the link of their list";
    UDESK_CARDS: "the cards that agents may send: a JSON list of at most 3072 bytes, of title, description, img_url and buttons";
    UDESK_CONSOLE_ORIGINS: "further origins that may show the list of cards in a frame, such as `https://console.example.com`; that of UDESK_BASE_URL always may";
    UDESK_WEBHOOK_SECRETS: "the last part of the receive URL given to Udesk, at least 16 characters, current first";
    UDESK_CUSTOMER_TYPE: "what GET /customers/get_customer calls the app's id of a customer in `type` (token)";
    UDESK_READ_MESSAGES_IN: "where POST /im/messages/read_messages has its parameters: body or, as the page's example has it, query (body)";
    UDESK_QUEUE_TEXTS: "what GET /im/queue_status says in your account, beside the page's words and the usual Chinese ones: comma-separated, such as `等待接入=in_queue`; in_queue, not_in_queue, in_session or assigning";
    UDESK_UTC_OFFSET: "the offset of the times in Udesk's pushes (+08:00)";
    UDESK_ON_UNKNOWN: "what becomes of a message that Udesk may have taken: retry (Udesk drops the repeat by its message_id) or hold (retry)";
    UDESK_RATE_LIMIT: "how many calls Udesk takes of each API in a minute, or calls/seconds; behind it, comma-separated, what differs, such as `POST /im/messages=120` (60)";
    UDESK_RATE_SCOPE: "whether Udesk counts the calls of each API by itself or all of the account's together: api or account (api)";
    SOBOT_BASE_URL: "Sobot's address, such as `https://sg.sobot.io`, where SOBOT_REGION is not set";
    SOBOT_REGION: "where the Sobot account is: sg, us, cn or cn_tencent";
    UDESK_ROBOT_EVALUATION_PATH: "where answers of another maker's robot are rated at Udesk, after /open_api_v1, such as /im/messages/evaluation; Udesk tells it (off)";
    SOBOT_SYSNUM: "the company's number at Sobot, its sysnum";
    SOBOT_KEY: "the key of Sobot's page security, which signs page tokens";
    SOBOT_APP_ID: "the id of the application at Sobot through which the Live Chat API is called (off)";
    SOBOT_APP_KEY: "the key of that application, which signs the request for its token";
    SOBOT_CHAT_PREFIX: "the path before the calls of Sobot's Live Chat API, such as /api/5/user/ (/api/chat/5/user/)";
    SOBOT_TOKEN_HEADER: "the header in which Sobot's open API wants its token: token, or bearer for Authorization (token)";
    SOBOT_ON_UNKNOWN: "what becomes of a message that Sobot may have taken: hold, or retry, by which it may come twice (hold)";
    SOBOT_WEBHOOK_SECRETS: "the last part of the push URLs given to Sobot, at least 16 characters, current first";
    TENCENT_BASE_URL: "Tencent's address, where TENCENT_REGION is not set (`https://console.tim.qq.com`)";
    TENCENT_REGION: "where the Tencent application is: china, sgp, kr, jpn, ger, usa, idn or ind (china)";
    TENCENT_SDK_APP_ID: "the SDKAppID of the Tencent application, a number";
    TENCENT_SECRET_KEY: "the key of the Tencent application, which signs UserSigs";
    TENCENT_ADMIN: "the accounts of the Tencent application's administrators; the first one calls";
    TENCENT_SERVICE_ACCOUNT: "the customer-service accounts at Tencent, such as @customer_service_account; the first one speaks";
    TENCENT_ON_UNKNOWN: "what becomes of a message that Tencent may have taken: retry (for 120 s, within which Tencent drops the repeat by its MsgRandom) or hold (retry)";
    TENCENT_RATE_LIMIT: "how many calls Tencent takes of each API in a minute, or calls/seconds; behind it, comma-separated, what differs (200/1)";
    TENCENT_USER_MESSAGES: "what becomes of what customers write through the API at Tencent: off (they write in Tencent's client), send (openim/sendmsg), or start_and_send (the same, and before the first one the message that begins a session) (off)";
    TENCENT_WEBHOOK_SECRETS: "the last part of the callback URL given to Tencent's Desk, at least 16 characters, current first";
    TENCENT_CALLBACK_TOKEN: "the tokens of Tencent's callback authentication, at least 8 characters, current first; there must be one unless TENCENT_REQUIRE_SIGN is off";
    TENCENT_REQUIRE_SIGN: "whether a callback of Tencent's must be signed: on or off (on where it is not set)";
    TENCENT_EVENTS: "what the names of Desk's events mean, beside SessionBegin, ChatBot.UserSendMsg and ChatBot.RobotSendMsg: comma-separated, such as `Agent.SendMsg=agent_message`; begun, user_message, robot_message, agent_message, queued, started, transferred, nobody_online, closed, rated or ignored";
    RUST_LOG: "what is logged: info, which is the most there is in what is deployed, or less; of libraries never more than warnings";
    METRICS_NAMESPACE: "where CloudWatch keeps the metrics (deskbridge); set by the template";
}

/// Lambda's own variables and those of the AWS SDKs.
pub mod aws_settings {
    use super::Setting;

    macro_rules! given {
        ($($name:ident: $purpose:literal;)*) => {
            $(#[doc = $purpose] pub const $name: Setting = Setting { name: stringify!($name), purpose: $purpose };)*
        };
    }

    given! {
        AWS_REGION: "the region; set by Lambda";
        AWS_ACCESS_KEY_ID: "the function's credentials; set by Lambda";
        AWS_SECRET_ACCESS_KEY: "the function's credentials; set by Lambda";
        AWS_SESSION_TOKEN: "the function's credentials; set by Lambda";
        AWS_ENDPOINT_URL: "a local server in place of AWS";
        AWS_ENDPOINT_URL_DYNAMODB: "a local server in place of DynamoDB";
        AWS_ENDPOINT_URL_SQS: "a local server in place of SQS";
        AWS_ENDPOINT_PATIENCE: "how many times as long as AWS local servers may take to answer";
    }
}

/// A setting that is missing or malformed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    message: String,
}

impl ConfigError {
    #[cfg(feature = "http-client")]
    pub(crate) fn tls(error: &dyn fmt::Display) -> Self {
        Self {
            message: format!("the HTTP client could not be set up: {error}"),
        }
    }
}

impl Setting {
    /// An error that says `why` the setting cannot be used. Never holds a secret's value.
    #[must_use]
    pub fn malformed(&self, why: &dyn fmt::Display) -> ConfigError {
        ConfigError {
            message: format!("{} is malformed ({why}); it is {}", self.name, self.purpose),
        }
    }

    /// Reads a URL, which is sent as it is written here.
    ///
    /// # Errors
    /// Where it is none, or has what a request can't.
    pub fn url(&self, given: &str) -> Result<Uri, ConfigError> {
        if !given.is_ascii() {
            return Err(self.malformed(&"what is not ASCII must be percent-encoded"));
        }
        given.parse().map_err(|error| self.malformed(&error))
    }

    fn missing(&self) -> ConfigError {
        ConfigError {
            message: format!(
                "{} is not set; it is {}. {}",
                self.name,
                self.purpose,
                self.how_to_set()
            ),
        }
    }

    /// Where an operator puts it. tests/it/template_laws holds the template to this.
    fn how_to_set(&self) -> String {
        let Self { name, purpose } = self;
        if purpose.ends_with("; set by the template") || purpose.ends_with("; set by Lambda") {
            "Deploy the stack again; to run the function alone, give it this environment variable"
                .to_owned()
        } else if self.is_secret() {
            format!(
                "Put it under {name} into the secret that the stack's parameter SecretsArn names, and deploy again; \
                 on a laptop, into .env"
            )
        } else {
            format!(
                "Give the stack the parameter {}; on a laptop, put {name} into .env",
                self.parameter()
            )
        }
    }

    /// Whether its value comes out of Secrets Manager: told by its name.
    fn is_secret(&self) -> bool {
        ["_KEYS", "_SECRETS", "_KEY", "_TOKEN"]
            .iter()
            .any(|ending| self.name.ends_with(ending))
    }

    /// `UDESK_BASE_URL` as the stack's parameter: `UdeskBaseUrl`.
    fn parameter(&self) -> String {
        let mut parameter = String::new();
        for word in self.name.split('_') {
            let mut letters = word.chars();
            parameter.extend(letters.next());
            parameter.extend(letters.map(|letter| letter.to_ascii_lowercase()));
        }
        parameter
    }
}

type Lookup = dyn Fn(&str) -> Option<String>;

/// The settings of one function, read through a lookup, so that a test can pass a map.
pub struct Settings {
    lookup: Box<Lookup>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settings")
    }
}

impl Settings {
    /// Settings that `lookup` gives by name.
    pub fn new(lookup: impl Fn(&str) -> Option<String> + 'static) -> Self {
        Self {
            lookup: Box::new(lookup),
        }
    }

    /// Settings from the environment.
    #[must_use]
    pub fn from_env() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    /// The value, if there is one. An empty one counts as none: a template gives its parameters'
    /// empty defaults.
    #[must_use]
    pub fn optional(&self, setting: &Setting) -> Option<String> {
        (self.lookup)(setting.name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    /// The value.
    ///
    /// # Errors
    /// Where it is not set.
    pub fn required(&self, setting: &Setting) -> Result<String, ConfigError> {
        self.optional(setting).ok_or_else(|| setting.missing())
    }

    /// The value read as a `T`, or `default`.
    ///
    /// # Errors
    /// Where it is set and cannot be read.
    pub fn parsed_or<T: FromStr>(&self, setting: &Setting, default: T) -> Result<T, ConfigError>
    where
        T::Err: fmt::Display,
    {
        match self.optional(setting) {
            None => Ok(default),
            Some(value) => value
                .parse()
                .map_err(|error| setting.malformed(&format!("{value:?}: {error}"))),
        }
    }

    /// The address of a server: https, or plain http to this machine, since whoever listens on the way
    /// would read what is signed.
    ///
    /// # Errors
    /// Where it is set and is no such address.
    pub fn address(&self, setting: &Setting) -> Result<Option<String>, ConfigError> {
        let Some(given) = self.optional(setting) else {
            return Ok(None);
        };
        let address = setting.url(&given)?;
        let is_here = matches!(address.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let is_good = match address.scheme_str() {
            Some("https") => true,
            Some("http") => is_here,
            _ => false,
        };
        if !is_good {
            return Err(setting.malformed(&"it starts with https://"));
        }
        Ok(Some(given))
    }

    /// How long a vendor may take to answer a call.
    ///
    /// # Errors
    /// Where it is no number of milliseconds, or more than API Gateway waits.
    pub fn vendor_timeout(&self) -> Result<Duration, ConfigError> {
        let limit: u64 = self.parsed_or(&VENDOR_TIMEOUT_MS, 8_000)?;
        // API Gateway gives up after 30 s.
        if !(1..=20_000).contains(&limit) {
            return Err(VENDOR_TIMEOUT_MS.malformed(&format!("{limit}, expected 1 to 20000")));
        }
        Ok(Duration::from_millis(limit))
    }

    /// How many times as long as AWS the servers in its place may take to answer.
    ///
    /// # Errors
    /// Where it is no number, or none between 1 and 100.
    #[cfg(any(feature = "table", feature = "queues"))]
    pub fn patience(&self) -> Result<u32, ConfigError> {
        let setting = &aws_settings::AWS_ENDPOINT_PATIENCE;
        let times = self.parsed_or(setting, 1)?;
        if !(1..=100).contains(&times) {
            return Err(setting.malformed(&format!("{times}, expected 1 to 100")));
        }
        Ok(times)
    }

    /// The values of a comma-separated list; empty where it is not set.
    #[must_use]
    pub fn list(&self, setting: &Setting) -> Vec<String> {
        let value = self.optional(setting).unwrap_or_default();
        value
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The values of a comma-separated list, at least one.
    ///
    /// # Errors
    /// Where there is none.
    pub fn required_list(&self, setting: &Setting) -> Result<Vec<String>, ConfigError> {
        let values = self.list(setting);
        if values.is_empty() {
            return Err(setting.missing());
        }
        Ok(values)
    }

    /// A list of secrets, each at least `shortest` characters long; empty where it is not set.
    ///
    /// # Errors
    /// Where one is shorter.
    pub fn secrets(&self, setting: &Setting, shortest: usize) -> Result<Vec<Secret>, ConfigError> {
        let values = self.list(setting);
        if values.iter().any(|value| value.len() < shortest) {
            return Err(setting.malformed(&format!("each needs {shortest} characters or more")));
        }
        Ok(values.into_iter().map(Secret::new).collect())
    }

    /// Like [`Settings::secrets`], at least one.
    ///
    /// # Errors
    /// Where there is none, or one is too short.
    pub fn required_secrets(
        &self,
        setting: &Setting,
        shortest: usize,
    ) -> Result<Vec<Secret>, ConfigError> {
        let secrets = self.secrets(setting, shortest)?;
        if secrets.is_empty() {
            return Err(setting.missing());
        }
        Ok(secrets)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn settings(name: &'static str, value: &'static str) -> Settings {
        Settings::new(move |asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn a_missing_setting_is_named_with_what_it_is_for() {
        let error = settings("OTHER", "x")
            .required(&APP_EVENTS_URL)
            .unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with("APP_EVENTS_URL is not set; it is the app's URL"),
            "{error}"
        );
        assert!(
            settings("APP_EVENTS_URL", " ")
                .required(&APP_EVENTS_URL)
                .is_err()
        );
    }

    // RFC 3986, section 2: a URL is written in ASCII.
    #[test]
    fn a_url_is_sent_as_it_is_written_and_so_must_be_one() {
        let read = |given| APP_EVENTS_URL.url(given).map_err(|error| error.to_string());
        let encoded = "https://app.example.com/%C3%A9v%C3%A9nements?key=1";
        assert_eq!(read(encoded).unwrap().to_string(), encoded);
        let why = read("https://app.example.com/événements?key=1").unwrap_err();
        assert!(why.contains("must be percent-encoded"), "{why}");
        assert!(!why.contains("key=1"), "{why}");
        assert!(read("https://app.example.com/a b").is_err());
    }

    #[test]
    fn a_missing_setting_says_where_it_is_put() {
        let missing = |setting: &Setting| {
            let error = settings("OTHER", "x").required(setting).unwrap_err();
            error.to_string()
        };
        let parameter = missing(&APP_EVENTS_URL);
        assert!(
            parameter.ends_with(
                ". Give the stack the parameter AppEventsUrl; on a laptop, put APP_EVENTS_URL into .env"
            ),
            "{parameter}"
        );
        let secret = missing(&UDESK_API_TOKEN);
        assert!(
            secret.contains(". Put it under UDESK_API_TOKEN into the secret that the stack's parameter SecretsArn names"),
            "{secret}"
        );
        for given in [&TABLE_NAME, &aws_settings::AWS_REGION] {
            let error = missing(given);
            assert!(error.contains(". Deploy the stack again; "), "{error}");
        }
    }

    #[test]
    fn a_malformed_number_is_shown() {
        let error = settings("APP_TIMEOUT_MS", "10s")
            .parsed_or(&APP_TIMEOUT_MS, 1u64)
            .unwrap_err();
        assert!(error.to_string().contains("\"10s\""), "{error}");
    }

    #[test]
    #[cfg(any(feature = "table", feature = "queues"))]
    fn local_servers_may_be_slow_but_not_for_ever() {
        assert_eq!(settings("OTHER", "x").patience(), Ok(1), "as AWS is");
        let patience = |times| settings("AWS_ENDPOINT_PATIENCE", times).patience();
        assert_eq!((patience("1"), patience("100")), (Ok(1), Ok(100)));
        for times in ["0", "101", "-1", "1.5", "99999999999"] {
            let error = patience(times).unwrap_err().to_string();
            assert!(
                error.contains("AWS_ENDPOINT_PATIENCE") && error.contains(times),
                "{error}"
            );
        }
    }

    #[test]
    fn a_secret_that_is_too_short_is_not_shown() {
        let error = settings("UDESK_WEBHOOK_SECRETS", "long-enough-to-pass,hunter2")
            .secrets(&UDESK_WEBHOOK_SECRETS, 16)
            .unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        let listed = "long-enough-to-pass, and-this-one-as-well";
        let two = settings("UDESK_WEBHOOK_SECRETS", listed)
            .secrets(&UDESK_WEBHOOK_SECRETS, 16)
            .unwrap();
        assert_eq!(two.len(), 2);
    }
}
