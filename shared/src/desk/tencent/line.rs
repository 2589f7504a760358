//! Makes Tencent's calls: under the administrator's UserSig, counted, timed.

use std::time::Duration;

use super::{Tencent, UserMessages};
use crate::{
    budget::{Class, Slot, Taken},
    clock::{self, Millis},
    desk::{
        AskError, Desk, Outcome, fault,
        poll::{Poll, Polled},
    },
    http::NoAnswer,
    line::{self, Metric},
    outgoing::Task,
    session::Session,
    vendor::{
        Vendor,
        tencent::{Account, Endpoint, Refusal, Unsendable, user_sig::Unsignable},
    },
};

/// Makes Tencent's calls.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    desk: &'a Desk,
    tencent: &'a Tencent,
    /// How long a call may take.
    limit: Duration,
}

/// Whether a call can be made later.
#[derive(Clone, Copy)]
enum Waits<'s> {
    /// It is an entry of a log, which holds the place that is kept for it.
    At(Option<&'s Slot>),
    /// Nobody comes back for it.
    Never,
}

/// Why a call brought nothing.
enum Failure {
    Wait(Millis, Option<Slot>),
    Refusal(Refusal),
    NoAnswer(NoAnswer),
    Unsendable(Unsendable),
    Unsignable(Unsignable),
}

/// Any number; `None` where there is no randomness.
pub(super) fn random() -> Option<u32> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).ok()?;
    Some(u32::from_le_bytes(bytes))
}

impl<'a> Line<'a> {
    pub(in crate::desk) fn new(desk: &'a Desk, tencent: &'a Tencent) -> Self {
        Self {
            desk,
            tencent,
            limit: desk.limit,
        }
    }

    /// The same for what follows a call that took so long: all calls of an attempt share one limit.
    pub(super) fn after(self, took: Duration) -> Self {
        Self {
            limit: self.limit.saturating_sub(took),
            ..self
        }
    }

    /// Makes a call that is no entry of a log, if the rate budget has room for one of its class.
    ///
    /// # Errors
    /// Where it brought nothing.
    pub async fn ask<R: Endpoint>(
        &self,
        request: &R,
        class: Class,
    ) -> Result<R::Response, AskError> {
        let answer = self.call(request, class, Waits::Never).await;
        answer.map_err(Failure::for_asker)
    }

    /// What Tencent says of `what`, by `ask` where it is time to ask. An answer is better than none until it is `kept`
    /// milliseconds old.
    ///
    /// # Errors
    /// Where the call brought nothing, and nothing is known that is new enough.
    pub async fn poll<T: serde::Serialize + serde::de::DeserializeOwned>(
        &self,
        what: &str,
        kept: Millis,
        ask: impl Future<Output = Result<T, AskError>>,
    ) -> Result<Polled<T>, AskError> {
        let poll = Poll {
            table: &self.desk.table,
            vendor: Vendor::Tencent,
        };
        poll.poll(what, kept, ask).await
    }

    /// The customer-service account that speaks, and is spoken to.
    #[must_use]
    pub fn service_account(&self) -> &'a str {
        &self.tencent.service_account
    }

    pub(super) fn user_messages(&self) -> UserMessages {
        self.tencent.user_messages
    }

    /// Makes the call of an entry of the session's log.
    pub(super) async fn perform<R: Endpoint>(
        &self,
        request: &R,
        session: &Session,
        task: &Task,
    ) -> Result<R::Response, Outcome> {
        self.perform_at(session.sends.slot(), request, task).await
    }

    /// The same of one of several calls of an entry: this place is kept for it, if any.
    pub(super) async fn perform_at<R: Endpoint>(
        &self,
        slot: Option<&Slot>,
        request: &R,
        task: &Task,
    ) -> Result<R::Response, Outcome> {
        let answer = self.call(request, task.class(), Waits::At(slot)).await;
        answer.map_err(Failure::outcome)
    }

    async fn call<R: Endpoint>(
        &self,
        request: &R,
        class: Class,
        waits: Waits<'_>,
    ) -> Result<R::Response, Failure> {
        let now = clock::now();
        let user_sig = self.tencent.user_sig.at(now / 1_000);
        let user_sig = user_sig.map_err(Failure::Unsignable)?;
        let account = Account {
            base_url: &self.tencent.base_url,
            sdk_app_id: self.tencent.sdk_app_id,
            identifier: &self.tencent.admin,
            user_sig: &user_sig,
            // No randomness means that all calls have one number, which Tencent does not mind.
            random: random().unwrap_or(0),
        };
        let request = request.to_http(&account).map_err(Failure::Unsendable)?;
        self.pass::<R>(class, waits).await?;
        let started = clock::now();
        let answer = self.desk.http.call(request, self.limit).await;
        let took_ms = clock::now() - started;
        line::add(Metric::VendorTime, took_ms);
        tracing::info!(
            vendor = "tencent",
            call = R::API.name(),
            status = answer.as_ref().map_or(0, |answer| answer.status),
            took_ms,
            "called"
        );
        let answer = answer.map_err(Failure::NoAnswer)?;
        R::read(answer.status, &answer.headers, &answer.body).map_err(Failure::Refusal)
    }

    /// Takes a place in the rate budget.
    async fn pass<R: Endpoint>(&self, class: Class, waits: Waits<'_>) -> Result<(), Failure> {
        let (rates, api) = (&self.tencent.rates, R::API.name());
        let (table, now) = (&self.desk.table, clock::now());
        let taken = match waits {
            Waits::At(slot) => {
                table
                    .take(Vendor::Tencent, rates, api, class, slot, now)
                    .await
            }
            Waits::Never => {
                table
                    .take_now(Vendor::Tencent, rates, api, class, now)
                    .await
            }
        };
        match taken {
            Ok(Taken::Now) => Ok(()),
            Ok(Taken::Kept(at)) => {
                line::add(Metric::OverBudget, 1);
                let api = api.to_owned();
                Err(Failure::Wait(at, Some(Slot { at, api })))
            }
            Ok(Taken::Full(until)) => {
                line::add(Metric::OverBudget, 1);
                Err(Failure::Wait(until, None))
            }
            // Without a count the call may be one too many, which Tencent says then: better than none at all.
            Err(error) => {
                tracing::warn!(error = crate::lambda::chain(&error), "not counted");
                Ok(())
            }
        }
    }
}

impl Failure {
    /// The same for whoever asks by the way.
    fn for_asker(self) -> AskError {
        match self.outcome() {
            Outcome::Wait { until, slot: _ } => AskError::Wait {
                retry_at: until,
                fault: fault(
                    Vendor::Tencent,
                    None,
                    "its limit of calls is used up for now",
                ),
            },
            Outcome::NotYet { after, fault } => AskError::Unavailable { after, fault },
            Outcome::Lost(fault) => AskError::Unavailable { after: None, fault },
            Outcome::Gone(fault) => AskError::Gone(fault),
            Outcome::Refused(fault) => AskError::Refused(fault),
            // A failure is none of these.
            Outcome::Opened(_) | Outcome::Done | Outcome::Moved { .. } | Outcome::Nothing => {
                AskError::Refused(fault(Vendor::Tencent, None, "no answer"))
            }
        }
    }

    fn outcome(self) -> Outcome {
        let unsendable = |why: String| Outcome::Refused(fault(Vendor::Tencent, None, why));
        match self {
            Self::Wait(until, slot) => Outcome::Wait { until, slot },
            Self::Refusal(refusal) => {
                let code = refusal.code.map(|code| code.number());
                let fault = fault(Vendor::Tencent, code, refusal.message);
                Outcome::of_refusal(refusal.fate, fault)
            }
            Self::NoAnswer(none) => Outcome::of_no_answer(Vendor::Tencent, &none),
            Self::Unsendable(error) => unsendable(error.to_string()),
            Self::Unsignable(error) => unsendable(error.to_string()),
        }
    }
}
