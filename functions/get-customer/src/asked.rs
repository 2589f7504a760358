//! Whom a request is about, and what is wanted of them.

use deskbridge::{
    auth::Caller,
    error::Error,
    ids::CustomerId,
    lambda,
    vendor::udesk::{Id, customer_status},
};
use lambda_http::Request;

/// The parts of an answer, in the words of `include`.
const PARTS: [&str; 3] = ["status", "queue", "unread"];

/// What is asked.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) who: Who,
    pub(crate) wants: Wants,
    /// The vendor's session, where the caller named it.
    pub(crate) vendor_session: Option<Id>,
    /// The vendor's number of the customer, where the caller named it.
    pub(crate) vendor_customer: Option<Id>,
}

/// Whom it is about.
#[derive(Debug)]
pub(crate) enum Who {
    /// A customer of the app.
    Customer(CustomerId),
    /// A visitor of the vendor's page.
    Web {
        token: String,
        session_key: Option<String>,
    },
    /// A user of the vendor's SDK.
    Sdk {
        token: String,
        app_id: Option<String>,
    },
}

/// Which parts are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wants {
    pub(crate) status: bool,
    pub(crate) queue: bool,
    pub(crate) unread: bool,
}

impl Asked {
    pub(crate) fn of(request: &Request, caller: &Caller) -> Result<Self, Error> {
        let query = |name| lambda::query_parameter(request, name);
        let named = lambda::path_parameter(request, "customer").unwrap_or_default();
        let by = query("by");
        let who = match by.as_deref() {
            None | Some("customer") => {
                let customer = lambda::customer(request)?;
                Who::Customer(caller.customer(Some(customer))?)
            }
            Some("web_token") => Who::Web {
                token: token(named)?,
                session_key: query("session_key"),
            },
            Some("sdk_token") => Who::Sdk {
                token: token(named)?,
                app_id: query("app_id"),
            },
            Some(_) => {
                let why = "a customer is named by customer, web_token or sdk_token";
                return Err(Error::field("by", why));
            }
        };
        let is_customer = matches!(who, Who::Customer(_));
        if !is_customer {
            // Nobody knows whose token it is.
            caller.must_be_server()?;
        }
        for (name, is_for) in [
            ("session_key", matches!(who, Who::Web { .. })),
            ("app_id", matches!(who, Who::Sdk { .. })),
            ("vendor_session", !is_customer),
            ("vendor_customer", !is_customer),
        ] {
            if query(name).is_some() && !is_for {
                let why = match name {
                    "session_key" => "it goes with by=web_token",
                    "app_id" => "it goes with by=sdk_token",
                    _ => {
                        "it goes with by=web_token and by=sdk_token; of your own customers it is known"
                    }
                };
                return Err(Error::field(name, why));
            }
        }
        Ok(Self {
            who,
            wants: wants(query("include"))?,
            vendor_session: number("vendor_session", query("vendor_session"))?,
            vendor_customer: number("vendor_customer", query("vendor_customer"))?,
        })
    }
}

impl Who {
    pub(crate) fn customer(&self) -> Option<&CustomerId> {
        match self {
            Self::Customer(customer) => Some(customer),
            Self::Web { .. } | Self::Sdk { .. } => None,
        }
    }

    pub(crate) fn app_id(&self) -> Option<&str> {
        match self {
            Self::Sdk { app_id, .. } => app_id.as_deref(),
            Self::Customer(_) | Self::Web { .. } => None,
        }
    }

    pub(crate) fn status(&self) -> customer_status::Request<'_> {
        match self {
            Self::Customer(customer) => customer_status::Request::Customer {
                customer_token: customer.as_str(),
            },
            Self::Web { token, session_key } => customer_status::Request::Web {
                web_token: token,
                session_key: session_key.as_deref(),
            },
            Self::Sdk { token, .. } => customer_status::Request::Sdk { sdk_token: token },
        }
    }
}

fn token(named: String) -> Result<String, Error> {
    if (1..=256).contains(&named.len()) {
        return Ok(named);
    }
    Err(Error::field("customer", "a token has 1 to 256 bytes"))
}

fn wants(include: Option<String>) -> Result<Wants, Error> {
    let Some(include) = include else {
        return Ok(Wants {
            status: true,
            queue: true,
            unread: true,
        });
    };
    let named: Vec<_> = include.split(',').map(str::trim).collect();
    if named.iter().any(|part| !PARTS.contains(part)) {
        let why = format!("name what is wanted, of {}", PARTS.join(", "));
        return Err(Error::field("include", why));
    }
    Ok(Wants {
        status: named.contains(&"status"),
        queue: named.contains(&"queue"),
        unread: named.contains(&"unread"),
    })
}

fn number(field: &str, given: Option<String>) -> Result<Option<Id>, Error> {
    let Some(given) = given else { return Ok(None) };
    let number = given.parse().ok().filter(|number| *number > 0);
    match number {
        Some(number) => Ok(Some(Id(number))),
        None => Err(Error::field(
            field,
            "the vendor's own number, a positive one",
        )),
    }
}
