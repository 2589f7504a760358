//! `POST /sessions`: open a conversation at a desk. A customer has one open session at a vendor: asking
//! again gives that one, and asks the vendor again where nobody serves the customer yet, or where a robot
//! does and an agent is wanted.

use std::time::Duration;

use deskbridge::{
    answer::{self, Answers},
    auth::Guard,
    change::Change,
    clock,
    config::{ConfigError, Settings},
    error::{Error, Kind, VendorFault},
    ids::CustomerId,
    lambda, line,
    object::Object,
    outgoing::Task,
    profile::Profile,
    sends::{Drained, Sends, Watched},
    session::{Assign, Counterpart, Session, State, View},
    table::{Outcome, TableError},
    vendor::Vendor,
};
use lambda_http::{Body, Request, Response};
use serde::{Deserialize, Serialize};

/// How long one request may go on draining; API Gateway waits 30 s.
const BUDGET: Duration = Duration::from_secs(10);
/// How often a change is made anew before the caller is asked to try again.
const TRIES: u32 = 40;

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200, 201, 202],
    errors: &[
        Kind::InvalidJson,
        Kind::InvalidRequest,
        Kind::Unauthorized,
        Kind::RoleNotAllowed,
        Kind::SessionClosed,
        Kind::BodyTooLarge,
        Kind::VendorRefused,
        Kind::VendorNotConfigured,
        Kind::StorageUnavailable,
        Kind::Internal,
    ],
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    guard: Guard,
    sends: Sends,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    vendor: Vendor,
    customer: Option<CustomerId>,
    assign: Option<Object<Assign>>,
    profile: Option<Object<Profile>>,
}

/// What came of telling the vendor who the customer is.
#[derive(Serialize)]
struct Told<'a> {
    taken: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<&'a VendorFault>,
}

/// The session, and what came of the profile where one was told.
#[derive(Serialize)]
struct Opened<'a> {
    #[serde(flatten)]
    session: View<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Told<'a>>,
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        Ok(Self {
            guard: Guard::from_settings(settings)?,
            sends: Sends::from_settings(settings)?,
        })
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        self.sends.warm().await;
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let caller = self.guard.check(request.headers())?;
        let Ask {
            vendor,
            customer,
            assign,
            profile,
        } = lambda::body(&request)?;
        if let Some(Object(profile)) = &profile {
            // Who somebody is, and how they are treated, is not for themselves to say.
            caller.must_be_server()?;
            self.sends.desk.fits_profile(vendor, profile)?;
            profile.check()?;
        }
        let is_asked = self.sends.desk.is_asked_to_open(vendor);
        if assign.is_some() && !is_asked {
            let message = format!("leave it out: whom the customer meets is decided at {vendor}");
            return Err(Error::field("assign", message));
        }
        line::at(vendor);
        let Object(assign) = assign.unwrap_or_default();
        assign.check()?;
        self.sends.desk.fits_wish(vendor, &assign)?;
        let customer = caller.customer(customer)?;
        self.sends.desk.must_have(vendor)?;
        self.sends.desk.fits_customer(vendor, &customer)?;
        if !is_asked {
            return self.await_push(vendor, customer).await;
        }
        let profile = profile.map(|Object(profile)| profile);
        // Where the vendor makes a customer by itself, it is told who that is with the wish.
        let with_wish = profile.clone().filter(|_| vendor != Vendor::Udesk);
        let before_wish = profile.filter(|_| vendor == Vendor::Udesk);
        for tries in 0..TRIES {
            let now = clock::now();
            let found = self.sends.table.open_session(vendor, &customer).await?;
            let is_new = found.is_none();
            let mut change = match found {
                Some(session) if self.stands(&session, &assign).await? => {
                    let session = self.carry_on(session).await?;
                    return self.found(session, &assign).await;
                }
                Some(session) => Change::to(session, now),
                None => {
                    let wish = Some(assign.clone());
                    let session = Session::opening(vendor, customer.clone(), wish, now);
                    let mut change = Change::opening(session, now);
                    change.claim_customer();
                    change
                }
            };
            if let Some(profile) = before_wish.as_ref().filter(|_| is_new) {
                change.send(Task::Register {
                    profile: profile.clone(),
                });
            }
            let entry = change.send(Task::Open {
                assign: assign.clone(),
                profile: with_wish.clone(),
            });
            if let Some(drained) = self.sends.append(change, Some(entry), BUDGET).await? {
                return asked(drained, &assign, is_new);
            }
            clock::pause(tries).await;
        }
        Err(TableError::Contended.into())
    }

    /// Opens a session that the vendor's first push binds to the vendor's own.
    async fn await_push(
        &self,
        vendor: Vendor,
        customer: CustomerId,
    ) -> Result<Response<Body>, Error> {
        for tries in 0..TRIES {
            let table = &self.sends.table;
            if let Some(session) = table.open_session(vendor, &customer).await? {
                line::about(&session.id, vendor);
                let survey = table.survey(&session.id).await?;
                return answer::json(200, &session.view(survey.as_ref()));
            }
            let now = clock::now();
            let session = Session::opening(vendor, customer.clone(), None, now);
            let mut change = Change::opening(session, now);
            change.claim_customer();
            if table.commit(&change).await? == Outcome::Written {
                line::about(&change.session.id, vendor);
                return answer::json(201, &change.written().view(None));
            }
            clock::pause(tries).await;
        }
        Err(TableError::Contended.into())
    }

    /// Whether what stands is the answer: the customer is served already, is leaving, or is being asked
    /// about.
    async fn stands(&self, session: &Session, wish: &Assign) -> Result<bool, Error> {
        if session.closing {
            return Ok(true);
        }
        let pending = session.sends.is_behind();
        match session.state {
            State::Active => Ok(true),
            State::Robot | State::Urobot if is_with(session, wish) => Ok(true),
            // What waits may be words to the robot: the wish for somebody else comes behind them, once.
            State::Robot | State::Urobot if pending => {
                let (id, last) = (&session.id, session.sends.tail);
                let last = self.sends.table.send(id, last).await?;
                Ok(last.is_some_and(|entry| matches!(entry.task, Task::Open { .. })))
            }
            State::Robot
            | State::Urobot
            | State::Opening
            | State::Queued
            | State::Assigning
            | State::Offline
            | State::Closed => Ok(pending),
        }
    }

    /// Takes up what nobody is at, so that asking again is never in vain.
    async fn carry_on(&self, session: Session) -> Result<Session, Error> {
        if !session.sends.needs_nudge(clock::now()) {
            return Ok(session);
        }
        self.sends.drain(&session.id, BUDGET).await?;
        Ok(self
            .sends
            .table
            .session(&session.id)
            .await?
            .unwrap_or(session))
    }

    async fn found(&self, session: Session, wish: &Assign) -> Result<Response<Body>, Error> {
        line::about(&session.id, session.vendor);
        let survey = self.sends.table.survey(&session.id).await?;
        let status = if is_being_asked(&session, wish) {
            202
        } else {
            200
        };
        answer::json(status, &session.view(survey.as_ref()))
    }
}

/// Whether the robot that serves the customer is the one wished for: another maker's, or the vendor's own with
/// these ids.
fn is_with(session: &Session, wish: &Assign) -> bool {
    let ids = |assign: &Assign| (assign.robot_id, assign.scene_id);
    match (session.state, wish.to) {
        (State::Robot, Counterpart::Robot) => true,
        (State::Urobot, Counterpart::Urobot) => session
            .assign
            .as_ref()
            .is_none_or(|asked| asked.to != Counterpart::Urobot || ids(asked) == ids(wish)),
        _ => false,
    }
}

/// Whether the vendor has yet to say anything to the wish: it is busy, and `drain-sends` goes on asking.
fn is_being_asked(session: &Session, wish: &Assign) -> bool {
    match session.state {
        State::Opening => true,
        State::Robot | State::Urobot => !is_with(session, wish) && session.sends.is_behind(),
        State::Queued | State::Assigning | State::Active | State::Offline | State::Closed => false,
    }
}

/// The answer once the vendor was asked.
fn asked(drained: Drained, wish: &Assign, is_new: bool) -> Result<Response<Body>, Error> {
    let Drained {
        session,
        survey,
        watched,
        registered,
        ..
    } = drained;
    if let Some(Watched::Refused(fault)) = watched {
        return Err(Error::vendor_refused(fault));
    }
    let status = match session.state {
        _ if is_being_asked(&session, wish) => 202,
        State::Closed => {
            return Err(Error::new(
                Kind::SessionClosed,
                "the session was closed meanwhile",
            ));
        }
        _ if is_new => 201,
        _ => 200,
    };
    let refused = match &registered {
        Some(Watched::Refused(fault)) => Some(fault),
        _ => None,
    };
    let is_told = matches!(registered, Some(Watched::Done | Watched::Refused(_)));
    let opened = Opened {
        session: session.view(survey.as_ref()),
        profile: is_told.then_some(Told {
            taken: refused.is_none(),
            vendor: refused,
        }),
    };
    answer::json(status, &opened)
}
