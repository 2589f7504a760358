//! What a caller asks for.

use deskbridge::{
    clock::{self, Millis},
    error::Error,
    ids::SessionId,
    lambda,
    outstanding::{Cursor, Direction, Filter, Status},
};
use lambda_http::Request;
use serde::{Deserialize, Deserializer, de};

/// For one delivery.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct One {
    /// Whether to say only what would be taken up.
    #[serde(default)]
    pub(crate) dry_run: Option<bool>,
}

impl One {
    /// A body need not be sent.
    pub(crate) fn read(request: &Request) -> Result<Self, Error> {
        let body: &[u8] = request.body();
        if body.is_empty() {
            return Ok(Self::default());
        }
        lambda::body(request)
    }
}

/// For those of a session, or since a time.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) filter: Filter,
    pub(crate) after: Option<Cursor>,
    pub(crate) dry_run: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default)]
    log: Option<Direction>,
    #[serde(default)]
    session: Option<SessionId>,
    #[serde(default, deserialize_with = "time")]
    since: Option<Millis>,
    #[serde(default, deserialize_with = "cursor")]
    after: Option<Cursor>,
    #[serde(default)]
    dry_run: Option<bool>,
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Millis>, D::Error> {
    let given = Option::<String>::deserialize(deserializer)?;
    let read = given.map(|given| {
        clock::of_rfc3339(&given).ok_or_else(|| {
            de::Error::custom("a time as RFC 3339 writes it, such as 2026-11-21T09:52:11Z")
        })
    });
    read.transpose()
}

fn cursor<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cursor>, D::Error> {
    let given = Option::<String>::deserialize(deserializer)?;
    let read = given.map(|given| {
        Cursor::parse(&given)
            .ok_or_else(|| de::Error::custom("not a cursor; use `next` of an earlier answer"))
    });
    read.transpose()
}

impl Ask {
    pub(crate) fn read(request: &Request) -> Result<Self, Error> {
        let Body {
            log,
            session,
            since,
            after,
            dry_run,
        } = lambda::body(request)?;
        // Everything that ever died is seldom meant.
        if session.is_none() && since.is_none() {
            return Err(Error::field(
                "since",
                "say which: those of a `session`, or those given up `since` a time",
            ));
        }
        Ok(Self {
            filter: Filter {
                direction: log.unwrap_or_default(),
                status: Some(Status::Dead),
                session,
                since,
            },
            after,
            dry_run: dry_run.unwrap_or_default(),
        })
    }
}
