//! The token of Sobot's open API. Each call for one mints another, and may be the end of the one before: so one
//! function fetches it for all, and all find it in the table.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{faulty, refused};
use crate::{
    clock::{self, Millis},
    desk::{Desk, Outcome, Spent},
    ids::nonce,
    lambda::chain,
    line::{self, Metric},
    secret::Secret,
    table::{SharedToken, TableError, Token},
    vendor::{
        Vendor,
        sobot::get_token::{self, Application},
    },
};

/// The lease of whoever fetches lasts as long as the call, and this: for the write behind it, and its further tries.
const SLACK: Millis = 5_000;
/// So often the write is tried again.
const MORE_TRIES: u32 = 2;
/// A token that is refused so soon after it was fetched is not the reason: another would be refused, too.
const YOUNG: Millis = 2_000;
/// After a failure nobody asks again for so long; twice as long after each further one …
const PAUSE: Millis = 1_000;
/// … up to this.
const LONGEST_PAUSE: Millis = 60_000;

/// An application's token.
#[derive(Debug)]
pub(super) struct Tokens {
    base_url: String,
    app_id: String,
    app_key: Secret,
    /// What the table keeps it by.
    whose: String,
    /// As it was found last: a function that is warm asks the table for none that is good.
    held: Mutex<Option<Token>>,
}

impl Tokens {
    pub(super) fn new(base_url: String, app_id: String, app_key: Secret) -> Self {
        Self {
            whose: format!("{base_url} {app_id}"),
            base_url,
            app_id,
            app_key,
            held: Mutex::new(None),
        }
    }

    /// A token that is good, and another one than `was_refused`. Within what is left of the limit.
    pub(super) async fn get(
        &self,
        desk: &Desk,
        spent: &Spent,
        was_refused: Option<&Secret>,
    ) -> Result<Secret, Outcome> {
        if let Some(held) = self.held(was_refused) {
            return Ok(held);
        }
        let started = clock::now();
        let found = match spent.left(desk.limit) {
            Some(left) => self.find(desk, Instant::now() + left, was_refused).await,
            None => Err(late()),
        };
        spent.add(clock::now() - started);
        found
    }

    /// The token that this function has, while it need not be renewed.
    fn held(&self, was_refused: Option<&Secret>) -> Option<Secret> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let token = held.as_ref()?;
        let is_good = clock::now() < token.renew_at && was_refused != Some(&token.text);
        is_good.then(|| token.text.clone())
    }

    fn hold(&self, token: Token) -> Secret {
        let text = token.text.clone();
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
        text
    }

    async fn find(
        &self,
        desk: &Desk,
        end: Instant,
        was_refused: Option<&Secret>,
    ) -> Result<Secret, Outcome> {
        let owner = nonce();
        let mut known = self.look(desk).await?;
        let mut tries = 0;
        loop {
            let now = clock::now();
            let usable = known
                .token
                .clone()
                .filter(|token| now < token.until && was_refused != Some(&token.text));
            if let Some(token) = usable.clone().filter(|token| now < token.renew_at) {
                return Ok(self.hold(token));
            }
            let refused = known.token.as_ref();
            let refused = refused.filter(|token| was_refused == Some(&token.text));
            if let Some(left) = refused.and_then(|token| is_young(token, now)) {
                return Err(Outcome::NotYet {
                    after: Some(left),
                    fault: faulty("it refuses a token that it gave a moment ago"),
                });
            }
            let pause = known.pauses_until(now);
            if pause.is_none() && !known.is_being_fetched(now) {
                let left = end.saturating_duration_since(Instant::now());
                // The call itself needs its time, too, and can be made with the old one.
                let left = match usable {
                    Some(_) => left / 3,
                    None => left,
                };
                let limit = Millis::try_from(left.as_millis()).unwrap_or(Millis::MAX);
                if limit == 0 {
                    return Err(late());
                }
                let lease = now.saturating_add(limit).saturating_add(SLACK);
                let seen = known.token.as_ref().map(|token| &token.text);
                let taken = desk
                    .table
                    .fetch_token(Vendor::Sobot, &self.whose, seen, &owner, lease, now)
                    .await;
                match taken {
                    Ok(None) => {
                        return self.renew(desk, left, &owner, known.failed, usable).await;
                    }
                    // Somebody was faster.
                    Ok(Some(newer)) => {
                        known = newer;
                        continue;
                    }
                    Err(error) => {
                        return usable.map(|token| token.text).ok_or_else(|| dark(&error));
                    }
                }
            }
            // Somebody fetches another, or nobody may: until then the old one is good, unless Sobot has said no.
            if let Some(token) = usable {
                return Ok(token.text);
            }
            if let Some(at) = pause {
                return Err(Outcome::NotYet {
                    after: Some(at - now),
                    fault: faulty("its token could not be fetched a moment ago"),
                });
            }
            if Instant::now() >= end {
                return Err(late());
            }
            clock::pause(tries).await;
            tries += 1;
            known = self.look(desk).await?;
        }
    }

    async fn look(&self, desk: &Desk) -> Result<SharedToken, Outcome> {
        let found = desk.table.shared_token(Vendor::Sobot, &self.whose).await;
        found.map_err(|error| dark(&error))
    }

    /// Fetches a token under the lease, and keeps it for all. Where Sobot gives none, the `old` one is good a while
    /// longer, if it is.
    async fn renew(
        &self,
        desk: &Desk,
        limit: Duration,
        owner: &str,
        failed: u32,
        old: Option<Token>,
    ) -> Result<Secret, Outcome> {
        match self.fetch(desk, limit).await {
            Ok(token) => {
                match self.keep(desk, owner, &token).await {
                    Ok(true) => Ok(self.hold(token)),
                    // The lease had ended, and another may have been minted since. This one will show.
                    Ok(false) => Ok(token.text),
                    Err(error) => {
                        tracing::warn!(error = chain(&error), "Sobot's token could not be kept");
                        Ok(self.hold(token))
                    }
                }
            }
            Err(outcome) => {
                let pause = (PAUSE << failed.min(16)).min(LONGEST_PAUSE);
                let pause = match &outcome {
                    Outcome::NotYet {
                        after: Some(after), ..
                    } => pause.max(*after).min(LONGEST_PAUSE),
                    _ => pause,
                };
                let failed = failed.saturating_add(1);
                let retry_at = clock::now() + pause;
                let given_up = desk
                    .table
                    .give_up_token(Vendor::Sobot, &self.whose, owner, failed, retry_at)
                    .await;
                if let Err(error) = given_up {
                    // The lease ends by itself.
                    tracing::warn!(error = chain(&error), "not noted that Sobot gave no token");
                }
                old.map(|token| token.text).ok_or(outcome)
            }
        }
    }

    /// Keeps a token for all. A table that is busy for a moment is asked again: what is not there is fetched once more by
    /// another, and this one may be good for nothing then.
    async fn keep(&self, desk: &Desk, owner: &str, token: &Token) -> Result<bool, TableError> {
        let mut tries = 0;
        loop {
            let kept = desk
                .table
                .keep_token(Vendor::Sobot, &self.whose, owner, token)
                .await;
            if kept.is_ok() || tries == MORE_TRIES {
                return kept;
            }
            clock::pause(tries).await;
            tries += 1;
        }
    }

    async fn fetch(&self, desk: &Desk, limit: Duration) -> Result<Token, Outcome> {
        let application = Application {
            base_url: &self.base_url,
            app_id: &self.app_id,
            app_key: self.app_key.expose(),
        };
        let started = clock::now();
        let request = get_token::Request {
            create_time: started / 1_000,
        };
        let request = request
            .to_http(&application)
            .map_err(|error| Outcome::Refused(faulty(error.to_string())))?;
        let answer = desk.http.call(request, limit).await;
        let took_ms = clock::now() - started;
        line::add(Metric::VendorTime, took_ms);
        tracing::info!(
            vendor = "sobot",
            call = "GET /api/get_token",
            status = answer.as_ref().map_or(0, |answer| answer.status),
            took_ms,
            "called"
        );
        // Whatever became of this call, the one that needs the token was not made.
        let response = answer
            .map_err(|none| Outcome::of_no_answer(Vendor::Sobot, &none))
            .and_then(|answer| {
                get_token::read(answer.status, &answer.headers, &answer.body).map_err(refused)
            })
            .map_err(|outcome| match outcome {
                Outcome::Lost(fault) | Outcome::Gone(fault) => {
                    Outcome::NotYet { after: None, fault }
                }
                other => other,
            })?;
        let life = response.life * 1_000;
        Ok(Token {
            text: response.token,
            fetched_at: clock::now(),
            renew_at: started + life / 5 * 4,
            until: started + life,
        })
    }
}

/// How long it is yet until another token may be better than this one.
fn is_young(token: &Token, now: Millis) -> Option<Millis> {
    let age = now - token.fetched_at;
    (0..YOUNG).contains(&age).then_some(YOUNG - age)
}

fn late() -> Outcome {
    Outcome::NotYet {
        after: None,
        fault: faulty("its token did not come in time"),
    }
}

/// Without the table nobody knows the token.
fn dark(error: &crate::table::TableError) -> Outcome {
    tracing::warn!(error = chain(error), "Sobot's token could not be looked up");
    Outcome::NotYet {
        after: None,
        fault: faulty("its token could not be looked up"),
    }
}
