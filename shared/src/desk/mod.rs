//! From a task to the vendor's call and its outcome, in words that are no vendor's own.

mod ask;
mod poll;
mod sobot;
mod tencent;
mod udesk;

use std::time::Duration;

use crate::{
    budget::Slot,
    change::Change,
    clock::Millis,
    config::{ConfigError, Settings},
    error::{Error, Kind, VendorCode, VendorFault},
    fate::Fate,
    http::{Client, NoAnswer},
    ids::CustomerId,
    message::{Message, Suggestion},
    outgoing::Task,
    profile::Profile,
    session::{Agent, Assign, Queue, Session, State},
    survey::Survey,
    table::Table,
    vendor::Vendor,
};

pub use ask::AskError;
pub use poll::Polled;
pub use tencent::Line as TencentLine;
pub use udesk::{CustomerNumbers, Line as UdeskLine, Spent};

/// The vendors that this deployment has settings for. Made once at init.
#[derive(Debug)]
pub struct Desk {
    http: Client,
    table: Table,
    limit: Duration,
    udesk: Option<udesk::Udesk>,
    sobot: Option<sobot::Sobot>,
    tencent: Option<tencent::Tencent>,
}

/// Where the vendor put the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Robot, urobot, active, queued, assigning or offline.
    pub state: State,
    /// The vendor's identifier of the session, where there is one already.
    pub vendor_session: Option<String>,
    /// Who serves the customer.
    pub assignee: Option<Agent>,
    /// The place in the queue.
    pub queue: Option<Queue>,
    /// The survey that the vendor offers.
    pub survey: Option<Box<Survey>>,
    /// What the robot says first.
    pub welcome: Option<Welcome>,
}

/// What a robot says to whom it meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// HTML.
    pub content: String,
    /// What it proposes beside.
    pub suggestions: Vec<Suggestion>,
    /// The vendor's identifier of it, where there is one.
    pub vendor_id: Option<String>,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The vendor knows of the conversation.
    Opened(Box<Opened>),
    /// The vendor did it.
    Done,
    /// It certainly had no effect, and may have one later: after the vendor's own wait, where it named
    /// one.
    NotYet {
        /// The vendor's own wait.
        after: Option<Millis>,
        /// Why.
        fault: VendorFault,
    },
    /// It was not made: the vendor's rate budget has room for it at this time, or is to be asked again then.
    Wait {
        /// When.
        until: Millis,
        /// The place that is kept for it.
        slot: Option<Slot>,
    },
    /// It had no effect, since the customer is elsewhere at the vendor's by now: assigned, most likely,
    /// and the push that tells of it is late.
    Moved {
        /// Where.
        to: Box<Opened>,
        /// What the vendor said.
        fault: VendorFault,
    },
    /// It may have had an effect.
    Lost(VendorFault),
    /// The vendor's session has ended.
    Gone(VendorFault),
    /// The vendor said no, for good.
    Refused(VendorFault),
    /// There was nothing to be done.
    Nothing,
}

/// What becomes of a message that the vendor may have taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknown {
    /// It is sent again under the same identifier, by which the vendor drops the repeat.
    Retry,
    /// The same, for so long from the first attempt that may have arrived: later the vendor would take
    /// a repeat for another message.
    RetryFor(Millis),
    /// It is not sent again by itself.
    Hold,
}

/// Why a vendor does not take something that a caller wants to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The field of the request that is at fault.
    pub field: &'static str,
    /// What to do about it.
    pub why: String,
}

impl Unfit {
    fn new(field: &'static str, why: impl Into<String>) -> Self {
        Self {
            field,
            why: why.into(),
        }
    }
}

impl From<Unfit> for Error {
    fn from(Unfit { field, why }: Unfit) -> Self {
        Self::field(field, why)
    }
}

impl Outcome {
    /// Whether the vendor has taken who the customer is, which it was told with the wish.
    #[must_use]
    pub fn took_profile(&self) -> bool {
        matches!(self, Self::Opened(opened) if sobot::took_profile(opened))
    }

    fn of_refusal(fate: Fate, fault: VendorFault) -> Self {
        match fate {
            Fate::Retry { after } => Self::NotYet {
                after: after.and_then(|wait| i64::try_from(wait.as_millis()).ok()),
                fault,
            },
            Fate::Resign => Self::NotYet { after: None, fault },
            Fate::RetryMaybeArrived => Self::Lost(fault),
            Fate::SessionGone => Self::Gone(fault),
            Fate::Refused => Self::Refused(fault),
        }
    }

    fn of_no_answer(vendor: Vendor, error: &NoAnswer) -> Self {
        let fault = fault(vendor, None, error.to_string());
        tracing::warn!(%vendor, error = crate::lambda::chain(error), "the vendor gave no answer");
        match error {
            NoAnswer::Unreachable(_) => Self::NotYet { after: None, fault },
            NoAnswer::Lost(_) => Self::Lost(fault),
            NoAnswer::Invalid => Self::Refused(fault),
        }
    }
}

impl OnUnknown {
    /// Whether a message whose first attempt that may have arrived began at `since` must not be
    /// attempted again at `at`.
    #[must_use]
    pub fn is_too_late(self, since: Option<Millis>, at: Millis) -> bool {
        match self {
            Self::Retry => false,
            Self::RetryFor(window) => since.is_some_and(|since| at - since > window),
            Self::Hold => since.is_some(),
        }
    }
}

impl Desk {
    /// The desk that the settings describe.
    ///
    /// # Errors
    /// Where a setting is malformed, or only some of a vendor's are set.
    pub fn from_settings(
        settings: &Settings,
        http: &Client,
        table: &Table,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            http: http.clone(),
            table: table.clone(),
            limit: settings.vendor_timeout()?,
            udesk: udesk::Udesk::from_settings(settings)?,
            sobot: sobot::Sobot::from_settings(settings)?,
            tencent: tencent::Tencent::from_settings(settings)?,
        })
    }

    /// The desk of a function that has nothing to say at Tencent, and is given none of its secrets.
    ///
    /// # Errors
    /// Where a setting is malformed, or only some of a vendor's are set.
    pub fn of_udesk_and_sobot(
        settings: &Settings,
        http: &Client,
        table: &Table,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            sobot: sobot::Sobot::from_settings(settings)?,
            ..Self::of_udesk(settings, http, table)?
        })
    }

    /// The desk of a function that speaks with Udesk alone, and is given no other vendor's secrets.
    ///
    /// # Errors
    /// Where a setting is malformed, or only some of Udesk's are set.
    pub fn of_udesk(
        settings: &Settings,
        http: &Client,
        table: &Table,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            http: http.clone(),
            table: table.clone(),
            limit: settings.vendor_timeout()?,
            udesk: udesk::Udesk::from_settings(settings)?,
            sobot: None,
            tencent: None,
        })
    }

    /// The desk of a function that speaks with Udesk and Tencent, and is given no other vendor's secrets.
    ///
    /// # Errors
    /// Where a setting is malformed, or only some of a vendor's are set.
    pub fn of_udesk_and_tencent(
        settings: &Settings,
        http: &Client,
        table: &Table,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            tencent: tencent::Tencent::from_settings(settings)?,
            ..Self::of_udesk(settings, http, table)?
        })
    }

    /// Refuses a vendor that this deployment has no settings for.
    ///
    /// # Errors
    /// Where it has none.
    pub fn must_have(&self, vendor: Vendor) -> Result<(), Error> {
        let configured = match vendor {
            Vendor::Udesk => self.udesk.is_some(),
            Vendor::Sobot => self.sobot.is_some(),
            Vendor::Tencent => self.tencent.is_some(),
        };
        if configured {
            return Ok(());
        }
        Err(Error::vendor_not_configured(vendor))
    }

    /// Whether `vendor` is asked for a conversation here. Where it is not, the customer meets the desk through the
    /// vendor's own page or client, and the vendor's first push tells of it.
    #[must_use]
    pub fn is_asked_to_open(&self, vendor: Vendor) -> bool {
        let sobot = self.sobot.as_ref();
        vendor.is_asked_to_open()
            || (vendor == Vendor::Sobot && sobot.is_some_and(sobot::Sobot::is_asked))
    }

    /// Refuses a wish for somebody whom the vendor can't have, of a vendor that is asked for conversations.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn fits_wish(&self, vendor: Vendor, wish: &Assign) -> Result<(), Unfit> {
        match vendor {
            Vendor::Udesk => udesk::fits_wish(wish),
            Vendor::Sobot => sobot::fits_wish(wish),
            Vendor::Tencent => Ok(()),
        }
    }

    /// Refuses to tell a vendor who the customer is that can't be told, or not so much.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn fits_profile(&self, vendor: Vendor, profile: &Profile) -> Result<(), Unfit> {
        match vendor {
            Vendor::Udesk => Ok(()),
            Vendor::Sobot if self.is_asked_to_open(vendor) => sobot::fits_profile(profile),
            Vendor::Sobot | Vendor::Tencent => Err(Unfit::new(
                "profile",
                format!("leave it out: {vendor} is told of customers elsewhere"),
            )),
        }
    }

    /// Refuses a customer whom the vendor can't have.
    ///
    /// # Errors
    /// Where the customer's id is none of the vendor's.
    pub fn fits_customer(&self, vendor: Vendor, customer: &CustomerId) -> Result<(), Unfit> {
        match vendor {
            Vendor::Udesk | Vendor::Sobot => Ok(()),
            Vendor::Tencent => tencent::fits_customer(self.tencent.as_ref(), customer),
        }
    }

    /// Refuses a message that the vendor does not take, before anything is kept of it.
    ///
    /// # Errors
    /// Where the vendor takes none such in this session.
    pub fn fits(&self, session: &Session, message: &Message) -> Result<(), Unfit> {
        match session.vendor {
            Vendor::Udesk => udesk::fits(session, message),
            Vendor::Sobot => match &self.sobot {
                Some(sobot) => sobot.fits(message),
                None => Err(sobot::takes_none(message)),
            },
            Vendor::Tencent => tencent::fits(self.tencent.as_ref(), &session.customer, message),
        }
    }

    /// Puts into a message that is about to be appended what its vendor knows a repeat by, and into `change` what it
    /// is known by when the vendor tells of it.
    pub fn prepare(&self, change: &mut Change, message: &mut Message) {
        match change.session.vendor {
            Vendor::Udesk | Vendor::Sobot => {}
            Vendor::Tencent => tencent::prepare(change, message),
        }
    }

    /// Refuses to rate anything, and to do anything at a robot, where the vendor knows nothing of it.
    ///
    /// # Errors
    /// Where it is off, or takes none.
    pub fn takes_feedback(&self, session: &Session) -> Result<(), Error> {
        match session.vendor {
            Vendor::Udesk => self.udesk().map(drop),
            Vendor::Sobot if self.is_asked_to_open(Vendor::Sobot) => Ok(()),
            vendor @ (Vendor::Sobot | Vendor::Tencent) => Err(Error::new(
                Kind::InvalidRequest,
                format!("this is for sessions at udesk; this one is at {vendor}"),
            )),
        }
    }

    /// Refuses a rating, or what a customer does at a robot, that the vendor could not be told, before anything is
    /// kept of it.
    ///
    /// # Errors
    /// Names what is at fault.
    pub fn takes(&self, session: &Session, task: &Task) -> Result<(), Error> {
        self.takes_feedback(session)?;
        match session.vendor {
            Vendor::Sobot => sobot::fits_rating(task),
            Vendor::Udesk | Vendor::Tencent => self.udesk()?.takes(session, task),
        }
    }

    /// Udesk, for calls that are no entry of a log: look-ups, and what is worth nothing later.
    ///
    /// # Errors
    /// Where this deployment has no settings for it.
    pub fn udesk(&self) -> Result<UdeskLine<'_>, Error> {
        self.udesk_line()
            .ok_or_else(|| Error::vendor_not_configured(Vendor::Udesk))
    }

    fn udesk_line(&self) -> Option<UdeskLine<'_>> {
        let udesk = self.udesk.as_ref()?;
        Some(udesk::Line::new(self, udesk))
    }

    /// Tencent, for calls that are no entry of a log: look-ups.
    ///
    /// # Errors
    /// Where this deployment has no settings for it.
    pub fn tencent(&self) -> Result<TencentLine<'_>, Error> {
        self.tencent
            .as_ref()
            .map(|tencent| tencent::Line::new(self, tencent))
            .ok_or_else(|| Error::vendor_not_configured(Vendor::Tencent))
    }

    /// How long one call, and all calls of one attempt together, may take.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Where connections can be opened ahead of need.
    #[must_use]
    pub fn warm_urls(&self) -> Vec<&str> {
        let udesk = self.udesk.iter().map(udesk::Udesk::base_url);
        let sobot = self.sobot.iter().filter_map(sobot::Sobot::base_url);
        let tencent = self.tencent.iter().map(tencent::Tencent::base_url);
        udesk.chain(sobot).chain(tencent).collect()
    }

    /// What becomes of a message that `vendor` may have taken.
    #[must_use]
    pub fn on_unknown(&self, vendor: Vendor) -> OnUnknown {
        match vendor {
            Vendor::Udesk => self
                .udesk
                .as_ref()
                .map_or(OnUnknown::Hold, udesk::Udesk::on_unknown),
            Vendor::Sobot => self
                .sobot
                .as_ref()
                .map_or(OnUnknown::Hold, sobot::Sobot::on_unknown),
            Vendor::Tencent => self
                .tencent
                .as_ref()
                .map_or(OnUnknown::Hold, |tencent| tencent.on_unknown(self.limit)),
        }
    }

    /// Makes one attempt of `task` for `session`; `message` is the one that the task names. Signed
    /// afresh each time. Where a message finds that its customer waits no longer, or is no longer with
    /// the robot, the vendor is asked where the customer is. All calls of it share one limit: the lease is
    /// made for that.
    pub async fn attempt(
        &self,
        session: &Session,
        task: &Task,
        message: Option<&Message>,
    ) -> Outcome {
        let spent = Spent::default();
        let outcome = self.call(session, task, message, &spent).await;
        let Outcome::Gone(fault) = outcome else {
            return outcome;
        };
        let is_with_robot = matches!(session.state, State::Robot | State::Urobot);
        let waits = matches!(
            session.state,
            State::Queued | State::Assigning | State::Offline
        );
        // An agent at Sobot may have left words without a chat: the customer's answer begins one.
        let is_unconnected = session.state == State::Active && session.unconnected;
        let may_ask = waits || is_with_robot || is_unconnected;
        if !(may_ask && matches!(task, Task::Message { .. })) {
            return Outcome::Gone(fault);
        }
        // Whoever leaves Sobot's queue asks for nobody: Sobot keeps no message for later, and this one would hold up
        // the end.
        if session.closing && session.vendor == Vendor::Sobot {
            return Outcome::Refused(fault);
        }
        let ask = Task::Open {
            assign: session.assign.clone().unwrap_or_default(),
            profile: None,
        };
        let unconnected = is_unconnected.then(|| Session {
            state: State::Offline,
            ..session.clone()
        });
        let asked = unconnected.as_ref().unwrap_or(session);
        match self.call(asked, &ask, None, &spent).await {
            // A robot that has forgotten the customer knows them again by now. If it does not, nothing is
            // gained by asking over and over.
            Outcome::Opened(to)
                if is_with_robot
                    && session.sends.failed() > 0
                    && to.state == session.state
                    && to.vendor_session == session.vendor_session =>
            {
                Outcome::Gone(fault)
            }
            Outcome::Opened(to) => Outcome::Moved { to, fault },
            // The message itself had no effect, whatever became of the question.
            Outcome::NotYet { after, fault } => Outcome::NotYet { after, fault },
            Outcome::Lost(fault) => Outcome::NotYet { after: None, fault },
            Outcome::Wait { until, slot } => Outcome::Wait { until, slot },
            Outcome::Done
            | Outcome::Nothing
            | Outcome::Moved { .. }
            | Outcome::Gone(_)
            | Outcome::Refused(_) => Outcome::Gone(fault),
        }
    }

    async fn call(
        &self,
        session: &Session,
        task: &Task,
        message: Option<&Message>,
        spent: &Spent,
    ) -> Outcome {
        // The settings may come back with the next deployment.
        let off = || Outcome::NotYet {
            after: None,
            fault: fault(
                session.vendor,
                None,
                "this deployment has no settings for the vendor",
            ),
        };
        match session.vendor {
            Vendor::Udesk => match self.udesk_line() {
                Some(line) => line.sharing(spent).attempt(session, task, message).await,
                None => off(),
            },
            Vendor::Sobot => match &self.sobot {
                Some(sobot) => sobot.attempt(self, session, task, message, spent).await,
                None => off(),
            },
            Vendor::Tencent => match self.tencent() {
                Ok(line) => line.attempt(session, task, message).await,
                Err(_) => off(),
            },
        }
    }
}

/// How many characters of a vendor's words are kept: they are written with the message, its event and
/// the log, and a vendor may answer with a whole page.
const LONGEST_FAULT: usize = 1_000;

fn fault(vendor: Vendor, code: Option<i64>, message: impl AsRef<str>) -> VendorFault {
    VendorFault {
        name: vendor.name().to_owned(),
        code: code.map(VendorCode::from),
        message: message.as_ref().chars().take(LONGEST_FAULT).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::OnUnknown::{Hold, Retry, RetryFor};

    #[test]
    fn when_a_repeat_would_come_twice() {
        for (on_unknown, since, at, too_late) in [
            (Retry, Some(0), 1_000_000, false),
            (Hold, None, 1_000_000, false),
            (Hold, Some(0), 0, true),
            (RetryFor(120_000), None, 1_000_000, false),
            (RetryFor(120_000), Some(1_000), 121_000, false),
            (RetryFor(120_000), Some(1_000), 121_001, true),
        ] {
            assert_eq!(
                on_unknown.is_too_late(since, at),
                too_late,
                "{on_unknown:?} {since:?} {at}"
            );
        }
    }
}
