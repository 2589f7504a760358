//! `POST /sobot/web-access`: Sobot's Web-JS page for one customer, as the deployment code for an app's own pages, its config,
//! and links. Nobody is asked but Sobot, and only for a token; nothing is kept.

mod ask;

use ask::{Ask, Mode, Output, Wanted};
use deskbridge::{
    answer::{self, Answers},
    auth::{Caller, Guard},
    clock,
    config::{ConfigError, Settings},
    error::{Error, Kind},
    ids::CustomerId,
    lambda, line,
    sobot_page::{self, LIFE, SobotPage, Wish},
    vendor::{
        Vendor,
        sobot::{
            Channel,
            web::{Identity, Name, chat_link::chat_link, snippet},
        },
    },
};
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use serde_json::{Map, Value};

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200],
    errors: &[
        Kind::InvalidJson,
        Kind::InvalidRequest,
        Kind::Unauthorized,
        Kind::RoleNotAllowed,
        Kind::BodyTooLarge,
        Kind::VendorRefused,
        Kind::VendorNotConfigured,
        Kind::VendorUnavailable,
        Kind::Internal,
    ],
};

/// The longest link, in bytes: servers and browsers take 8 KB of a request's head, and more stands in it.
const LONGEST_LINK: usize = 7_500;

/// How long a token of Sobot's may well be, in bytes: those of its page have 32.
const LIKELY_TOKEN: usize = 64;

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    guard: Guard,
    sobot: Option<SobotPage>,
}

#[derive(Default, Serialize)]
struct Access {
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<Vec<Script>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pc_link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    h5_link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leave_message_link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

#[derive(Serialize)]
struct Script {
    call: Name,
    script: String,
}

/// Who opens each of the pages.
struct Identities {
    component: Identity,
    pc: Identity,
    h5: Identity,
    /// When a token ends, in Unix seconds.
    ends: Option<i64>,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed, or only some of Sobot's are set.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            guard: Guard::from_settings(settings)?,
            sobot: SobotPage::from_settings(settings)?,
        })
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let caller = self.guard.check(request.headers())?;
        let mut ask: Ask = lambda::body(&request)?;
        let sobot = self.sobot.as_ref();
        let sobot = sobot.ok_or_else(|| Error::vendor_not_configured(Vendor::Sobot))?;
        line::at(Vendor::Sobot);
        let customer = customer(&caller, &mut ask)?;
        let wanted = ask.wanted(&sobot.account())?;
        ask::may_say(&caller, ask.mode, &wanted)?;
        if ask.mode == Mode::Token {
            // Sobot makes no token for a request that is refused for its length.
            let token = "x".repeat(LIKELY_TOKEN);
            let identities = Identities::all(&Identity::Token { token });
            access(sobot, &wanted, &identities, customer.as_ref())?;
        }
        let identities = identities(sobot, &caller, &ask, &wanted, customer.as_ref()).await?;
        answer::json(
            200,
            &access(sobot, &wanted, &identities, customer.as_ref())?,
        )
    }
}

/// Whom the page is for. Anybody may open an open one.
fn customer(caller: &Caller, ask: &mut Ask) -> Result<Option<CustomerId>, Error> {
    let named = ask.customer.take();
    if named.is_none() && ask.mode == Mode::Open && *caller == Caller::Server {
        return Ok(None);
    }
    let customer = caller.customer(named)?;
    // In all modes, so that a company that begins to sign has nobody whom it can't.
    sobot_page::nameable(&customer)?;
    Ok(Some(customer))
}

async fn identities(
    sobot: &SobotPage,
    caller: &Caller,
    ask: &Ask,
    wanted: &Wanted,
    customer: Option<&CustomerId>,
) -> Result<Identities, Error> {
    let Some(customer) = customer else {
        return Ok(Identities::all(&Identity::Nobody));
    };
    match ask.mode {
        Mode::Open => Ok(Identities::all(&Identity::Open {
            partnerid: customer.as_str().to_owned(),
        })),
        Mode::Sign => Identity::signed(&sobot.account(), customer.as_str())
            .map(|signed| Identities::all(&signed))
            .map_err(|error| Error::field("customer", error.to_string())),
        Mode::Token => {
            let life = LIFE.of(ask.expires_in, caller)?;
            let ends = clock::now() / 1_000 + life;
            let customized_fields = sobot_page::fields(caller, ask.customized_fields.as_deref())?;
            let component = ask.channel.unwrap_or_default();
            let token = async |channel, is_wanted: bool| {
                let is_components = wanted.has_component() && component == channel;
                if !is_wanted && !is_components {
                    return Ok(Identity::Nobody);
                }
                let wish = Wish {
                    customer,
                    ends,
                    channel,
                    channel_flag: match channel {
                        Channel::Pc => wanted.flags.pc,
                        Channel::H5 => wanted.flags.h5,
                    },
                    customized_fields,
                };
                sobot
                    .token(wish)
                    .await
                    .map(|token| Identity::Token { token })
            };
            // A token may be good for the page of its channel alone. Side by side: one after the other could take longer
            // than API Gateway waits.
            let (pc, h5) = tokio::join!(
                token(Channel::Pc, wanted.has(Output::PcLink)),
                token(Channel::H5, wanted.has(Output::H5Link)),
            );
            let (pc, h5) = (pc?, h5?);
            let some = [&pc, &h5]
                .iter()
                .any(|one| matches!(one, Identity::Token { .. }));
            Ok(Identities {
                component: match component {
                    Channel::Pc => pc.clone(),
                    Channel::H5 => h5.clone(),
                },
                pc,
                h5,
                ends: some.then_some(ends),
            })
        }
    }
}

impl Identities {
    fn all(identity: &Identity) -> Self {
        Self {
            component: identity.clone(),
            pc: identity.clone(),
            h5: identity.clone(),
            ends: None,
        }
    }
}

fn access(
    sobot: &SobotPage,
    wanted: &Wanted,
    identities: &Identities,
    customer: Option<&CustomerId>,
) -> Result<Access, Error> {
    let account = sobot.account();
    let parameters = &wanted.parameters;
    let trace = parameters.trace();
    let config = snippet::config(parameters, &identities.component, &wanted.start);
    let mut access = Access {
        expires_at: identities.ends.map(|ends| clock::rfc3339(ends * 1_000)),
        ..Access::default()
    };
    if wanted.has(Output::Snippet) {
        let (start, calls) = (&wanted.start, &wanted.calls);
        let html = snippet::snippet(&account, &config, start, calls, &trace);
        access.snippet = Some(html);
    }
    if wanted.has(Output::Config) {
        access.config = Some(config);
    }
    if wanted.has(Output::Calls) {
        let calls = wanted.calls.iter().map(|call| Script {
            call: call.call,
            script: call.script(&trace),
        });
        access.calls = Some(calls.collect());
    }
    if wanted.has(Output::PcLink) {
        let link = chat_link(&account, Channel::Pc, &identities.pc, parameters);
        access.pc_link = Some(short(link, "pc_link")?);
    }
    if wanted.has(Output::H5Link) {
        let link = chat_link(&account, Channel::H5, &identities.h5, parameters);
        access.h5_link = Some(short(link, "h5_link")?);
    }
    if wanted.has(Output::LeaveMessageLink) {
        let link = wanted.leave_message.link(&account, parameters);
        access.leave_message_link = Some(short(link, "leave_message_link")?);
    }
    if let Some(ticket) = wanted
        .ticket
        .as_ref()
        .filter(|_| wanted.has(Output::TicketLink))
    {
        let link = ticket.link(customer.map(CustomerId::as_str));
        access.ticket_link = Some(short(link, "ticket_link")?);
    }
    Ok(access)
}

/// A link that servers take.
fn short(link: String, output: &str) -> Result<String, Error> {
    if link.len() <= LONGEST_LINK {
        return Ok(link);
    }
    let field = match output {
        "ticket_link" => "ticket",
        _ => "parameters",
    };
    let length = link.len();
    let message = format!(
        "`{output}` would have {length} bytes, and at most {LONGEST_LINK} work: shorten what it says, or ask for other \
         `outputs`; the component takes more"
    );
    Err(Error::field(field, message))
}
