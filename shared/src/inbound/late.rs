//! What was said and no push brought: found when the vendor is asked. It is recorded once, in the vendor's order, and
//! marked.

use std::collections::HashMap;

use super::{
    Recorded, TRIES,
    pieces::{Piece, fitting},
};
use crate::{
    change::Change,
    clock,
    ids::SessionId,
    line::{self, Metric},
    message::Message,
    session::Session,
    table::{Outcome, Table, TableError},
    vendor::Vendor,
};

/// How many of a conversation's messages are read at once.
const PAGE: usize = 500;

/// What came of looking for what was missed.
#[derive(Debug)]
pub struct Late {
    /// The session as it was left.
    pub session: Session,
    /// How many messages had been missed.
    pub missed: usize,
    /// Whose drainers must be woken.
    pub recorded: Recorded,
}

/// Something that the vendor was found to have.
pub(super) trait Found: Piece {
    /// Whether such things are among messages like this one.
    fn concerns(message: &Message) -> bool;

    /// Whether it is this message of the conversation, by what was said and when.
    fn is(&self, message: &Message) -> bool;
}

/// Records those of `found` that the conversation lacks, in their order, and with the last of them what `then` adds,
/// which is told how many there were. `None` where the session is gone.
///
/// # Errors
/// Where the table refuses. Recording the same again is safe.
pub(super) async fn record_late<F: Found>(
    table: &Table,
    vendor: Vendor,
    id: &SessionId,
    found: &[F],
    then: impl Fn(&mut Change, usize),
) -> Result<Option<Late>, TableError> {
    let mut recorded = Recorded::default();
    let mut missed = 0;
    let keys: Vec<_> = found
        .iter()
        .flat_map(|one| std::iter::once(one.key().to_owned()).chain(one.other_keys()))
        .collect();
    let mut sessions: Vec<_> = found.iter().filter_map(Piece::vendor_session).collect();
    sessions.sort_unstable();
    sessions.dedup();
    for tries in 0..TRIES {
        let now = clock::now();
        // The session first: if anything is recorded after it was read, the write below fails.
        let Some(mut session) = table.session(id).await? else {
            return Ok(None);
        };
        let sighting = table
            .sight(vendor, &keys, &sessions, None, None, now)
            .await?;
        let mut lacking: Vec<_> = found
            .iter()
            .filter(|one| !sighting.seen.contains_key(one.key()))
            .collect();
        if !lacking.is_empty() {
            let known = concerned::<F>(table, id).await?;
            lacking = unknown(lacking, &known, &sighting.seen);
        }
        loop {
            let count = fitting(lacking.iter().copied()).min(lacking.len());
            let is_last = count == lacking.len();
            let mut change = Change::to(session, now).late();
            for one in lacking.iter().take(count) {
                one.put_into(&mut change, &sighting);
            }
            let shown = change.messages.len();
            let raws = change.raws.len();
            if is_last {
                then(&mut change, missed + shown);
            }
            if !change.is_idle() {
                if table.commit(&change).await? != Outcome::Written {
                    break;
                }
                line::add(Metric::Recorded, i64::try_from(shown).unwrap_or(i64::MAX));
                if raws > 0 {
                    line::add(Metric::SetAside, i64::try_from(raws).unwrap_or(i64::MAX));
                }
                missed += shown;
                if change.must_nudge_deliveries() {
                    recorded.nudge(id);
                }
                session = change.written();
            } else {
                session = change.session;
            }
            lacking.drain(..count);
            if is_last {
                line::about(id, vendor);
                return Ok(Some(Late {
                    session,
                    missed,
                    recorded,
                }));
            }
        }
        clock::pause(tries).await;
    }
    Err(TableError::Contended)
}

/// The messages of a session among which such things are.
async fn concerned<F: Found>(table: &Table, id: &SessionId) -> Result<Vec<Message>, TableError> {
    let mut all: Vec<Message> = Vec::new();
    let mut after = None;
    loop {
        let page = table.messages_after(id, after.as_ref(), PAGE).await?;
        after = page.messages.last().map(|last| last.id.clone());
        all.extend(page.messages.into_iter().filter(F::concerns));
        if !page.more {
            return Ok(all);
        }
    }
}

/// Those that are in the conversation under no other name: a vendor may leave its ids out, or have others.
fn unknown<'a, F: Found>(
    found: Vec<&'a F>,
    known: &[Message],
    seen: &HashMap<String, SessionId>,
) -> Vec<&'a F> {
    let is_free = |message: &&Message| {
        let id = message.vendor_id.as_ref();
        id.is_none_or(|id| !seen.contains_key(id))
    };
    let mut free: Vec<_> = known.iter().filter(is_free).collect();
    let each = found.into_iter().filter(|one| {
        let Some(place) = free.iter().position(|message| one.is(message)) else {
            return true;
        };
        free.remove(place);
        false
    });
    each.collect()
}
