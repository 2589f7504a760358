//! Where the parts of a push go, and writing them there: for every vendor the same.

use std::collections::HashMap;

use super::{Recorded, TRIES, hash, lately::Lately, set_aside};
use crate::{
    change::{Change, Mark, Raw},
    clock::{self, Millis},
    ids::{CustomerId, SessionId},
    line::{self, Metric},
    session::Session,
    table::{Outcome, Sighting, Table, TableError},
    vendor::Vendor,
};

/// How many parts of one push are written at once.
pub(super) const AT_ONCE: usize = 20;
/// The most bytes of messages that are written at once: DynamoDB's transactions hold 4 MB, and a call has a second.
pub(super) const MOST_BYTES: usize = 1_000_000;
/// How many items are written at once: a transaction takes 100, the session's own among them.
const MOST_ITEMS: usize = 90;
/// The largest part, in bytes, that becomes a message: with its plain text beside it still fits an item of DynamoDB's.
const LARGEST: usize = 128 * 1024;

/// One part of a push that stands for itself: a message, an event.
pub(super) trait Piece {
    /// What it is known by, unique among the vendor's: its repeat changes nothing.
    fn key(&self) -> &str;

    /// It as it came.
    fn body(&self) -> &str;

    /// How many items it is written as, at most.
    fn items(&self) -> usize {
        MOST_ITEMS / AT_ONCE
    }

    /// The vendor's session that it names.
    fn vendor_session(&self) -> Option<String>;

    /// Whether a conversation may begin with this: somebody speaks, or takes the customer.
    fn opens(&self) -> bool;

    /// Whether a conversation may end with this.
    fn ends(&self) -> bool;

    /// Further keys that decide what becomes of it.
    fn other_keys(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether it was recorded before, or is what we said ourselves; `seen` are those of its keys that are known.
    fn is_known(&self, seen: &HashMap<String, SessionId>) -> bool {
        seen.contains_key(self.key())
    }

    /// Puts into `change` what this brings about, its mark included.
    fn apply(&self, change: &mut Change, sighting: &Sighting);

    /// Whether no item of DynamoDB's holds what would become of it.
    fn is_too_large(&self) -> bool {
        self.body().len() > LARGEST
    }

    /// The same as [`Piece::apply`], of one that may be too large for it: then the beginning of it is kept raw.
    fn put_into(&self, change: &mut Change, sighting: &Sighting) {
        if !self.is_too_large() {
            return self.apply(change, sighting);
        }
        let (vendor, key) = (change.session.vendor, self.key().to_owned());
        change.put_raw(Raw {
            vendor,
            hash: hash(key.as_bytes()),
            body: self.body().to_owned(),
            because: format!("it has over {LARGEST} bytes"),
        });
        change.mark(Mark::Seen { vendor, key });
    }
}

/// How many of these pieces, from the first on, are written at once.
pub(super) fn fitting<'a, P: Piece + 'a>(pieces: impl Iterator<Item = &'a P>) -> usize {
    let (mut size, mut items) = (0, 0);
    let each = pieces.take(AT_ONCE).take_while(|piece| {
        // A message stands in the table as itself and in its event, each with its plain text beside.
        size += 4 * piece.body().len();
        items += piece.items();
        size <= MOST_BYTES && items <= MOST_ITEMS
    });
    each.count().max(1)
}

impl Sighting {
    /// The session that a piece belongs to; `None` where it opens one.
    fn session_of(&self, piece: &impl Piece) -> Option<&SessionId> {
        piece
            .vendor_session()
            .and_then(|id| self.by_vendor_session.get(&id))
            .or(self.open.as_ref())
    }
}

/// Records `pieces` of a push about `customer`, in their order, each once, in the session that it
/// belongs to.
///
/// # Errors
/// Where the table refuses. Recording the same pieces again is safe.
pub(super) async fn record_pieces<P: Piece>(
    table: &Table,
    lately: &Lately,
    customer: &CustomerId,
    mut pieces: Vec<P>,
) -> Result<Recorded, TableError> {
    let vendor = lately.vendor;
    let whose = Whose {
        table,
        vendor,
        customer,
    };
    let mut recorded = Recorded::default();
    for tries in 0..TRIES {
        // One look at the table decides where everything goes; it is repeated where another
        // webhook, or the answer to create-session, came in between.
        let now = clock::now();
        let guess = lately.session_of(customer);
        let mut sighting = whose.sight(&pieces, guess.as_ref(), now).await?;
        let all = pieces.len();
        pieces.retain(|piece| !piece.is_known(&sighting.seen));
        if all > pieces.len() {
            line::add(Metric::Duplicate, number(all - pieces.len()));
        }
        for session in sighting.seen.values() {
            recorded.repeat(session);
        }
        let guessed = sighting.guessed.take();
        let mut sessions: HashMap<_, _> = guessed
            .map(|session| (session.id.clone(), session))
            .into_iter()
            .collect();
        loop {
            let Some(first) = pieces.first() else {
                return Ok(recorded);
            };
            let target = sighting.session_of(first).cloned();
            if target.is_none() && (!first.opens() || first.is_too_large()) {
                let first = pieces.remove(0);
                let because = "it belongs to no conversation, and begins none".to_owned();
                set_aside(table, vendor, first.body().as_bytes(), because, now).await?;
                continue;
            }
            let mut ends = false;
            let count = pieces
                .iter()
                .take(fitting(pieces.iter()))
                .take_while(|piece| {
                    let goes_on = !ends && sighting.session_of(*piece) == target.as_ref();
                    ends = piece.ends();
                    goes_on
                })
                .count();
            let Some(mut change) = whose
                .change_for(target.as_ref(), &mut sessions, now)
                .await?
            else {
                whose
                    .disown(&mut pieces, target, &mut sighting, now)
                    .await?;
                continue;
            };
            change.hear();
            for piece in pieces.iter().take(count) {
                piece.put_into(&mut change, &sighting);
            }
            let nudge = change.must_nudge_deliveries();
            let look = table.asks_for_a_look(&change);
            let raws = change.raws.len();
            if table.commit(&change).await? != Outcome::Written {
                break;
            }
            line::add(Metric::Recorded, number(count - raws.min(count)));
            if raws > 0 {
                line::add(Metric::SetAside, number(raws));
            }
            let session = change.written();
            lately.recorded(&session);
            line::about(&session.id, vendor);
            let ended = !session.is_open();
            if nudge {
                recorded.nudge(&session.id);
            }
            if look {
                recorded.look(&session.id);
            }
            pieces.drain(..count);
            // A session that this push opened is found by its customer from now on.
            // And what follows an ending belongs to another session.
            if (target.is_none() || ended) && !pieces.is_empty() {
                break;
            }
            sessions.insert(session.id.clone(), session);
        }
        clock::pause(tries).await;
    }
    Err(TableError::Contended)
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Whose push it is.
struct Whose<'a> {
    table: &'a Table,
    vendor: Vendor,
    customer: &'a CustomerId,
}

impl Whose<'_> {
    async fn sight<P: Piece>(
        &self,
        pieces: &[P],
        guess: Option<&SessionId>,
        now: Millis,
    ) -> Result<Sighting, TableError> {
        let keys: Vec<_> = pieces
            .iter()
            .flat_map(|piece| std::iter::once(piece.key().to_owned()).chain(piece.other_keys()))
            .collect();
        let vendor_sessions: Vec<_> = pieces.iter().filter_map(Piece::vendor_session).collect();
        self.table
            .sight(
                self.vendor,
                &keys,
                &vendor_sessions,
                Some(self.customer),
                guess,
                now,
            )
            .await
    }

    /// A change to the session that a piece belongs to, or the opening of one of its own. `None` where
    /// that session is somebody else's, or gone, or outlived.
    async fn change_for(
        &self,
        target: Option<&SessionId>,
        sessions: &mut HashMap<SessionId, Session>,
        now: Millis,
    ) -> Result<Option<Change>, TableError> {
        let Some(id) = target else {
            let session = Session::opening(self.vendor, self.customer.clone(), None, now);
            let mut change = Change::opening(session, now);
            change.claim_customer();
            return Ok(Some(change));
        };
        let session = match sessions.remove(id) {
            Some(session) => Some(session),
            None => self.table.session(id).await?,
        };
        Ok(session
            .filter(|session| session.customer == *self.customer && !session.may_be_outlived())
            .map(|session| Change::to(session, now)))
    }

    /// A pointer led to nothing, since its session has outlived the retention or is outlived by the
    /// vendor's, or to another customer's session. The first is forgotten. The second is not to be
    /// believed, and what it brought goes into nobody's conversation.
    async fn disown<P: Piece>(
        &self,
        pieces: &mut Vec<P>,
        target: Option<SessionId>,
        sighting: &mut Sighting,
        now: Millis,
    ) -> Result<(), TableError> {
        let Some(target) = target else { return Ok(()) };
        let session = self.table.session(&target).await?;
        if session.is_some_and(|session| session.customer != *self.customer) {
            let first = pieces.remove(0);
            let because = "its session is another customer's".to_owned();
            let body = first.body().as_bytes();
            return set_aside(self.table, self.vendor, body, because, now).await;
        }
        sighting
            .by_vendor_session
            .retain(|_, session| *session != target);
        sighting.open = sighting.open.take().filter(|session| *session != target);
        Ok(())
    }
}
