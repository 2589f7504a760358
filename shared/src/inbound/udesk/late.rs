//! What agents said and no push brought: found in a transcript, or told when Udesk is asked. It is recorded once, in
//! Udesk's order, and marked.

use std::collections::HashMap;

use jiff::tz::Offset;

use super::{Recorder, Said, VENDOR};
use crate::{
    change::Change,
    clock::{self, Millis},
    ids::SessionId,
    inbound::{
        Recorded, TRIES,
        pieces::{Piece, fitting},
    },
    line::{self, Metric},
    message::{Author, Kind, Message},
    session::Session,
    table::{Outcome, TableError},
    vendor::udesk::push_agent::{AgentMessage, Content, UnreadableMessage},
};

/// How many of a conversation's messages are read at once.
const PAGE: usize = 500;
/// How far apart two times of one message may be: they come from different parts of Udesk.
const SAME_MOMENT: Millis = 2_000;

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

impl Recorder {
    /// The offset of Udesk's dates without a zone.
    #[must_use]
    pub fn offset(&self) -> Offset {
        self.offset
    }

    /// Records those of `messages` that the conversation lacks, in the order of their times, and with the last of them
    /// what `then` adds, which is told how many there were. `None` where the session is gone.
    ///
    /// # Errors
    /// Where the table refuses. Recording the same messages again is safe.
    pub async fn record_missed(
        &self,
        id: &SessionId,
        messages: Vec<Result<AgentMessage, UnreadableMessage>>,
        then: impl Fn(&mut Change, usize),
    ) -> Result<Option<Late>, TableError> {
        let mut said = Said::all_of(messages);
        // The page does not say which comes first. Times have whole seconds, and within one Udesk's order counts.
        let first = said.first().and_then(Said::said_at);
        let last = said.last().and_then(Said::said_at);
        if first > last && last.is_some() {
            said.reverse();
        }
        said.sort_by_key(|one| one.said_at().unwrap_or(Millis::MAX));
        self.record_late(id, &said, then).await
    }

    /// Records those of `said` that the conversation lacks, and with the last of them what `then` adds, which is told
    /// how many there were. `None` where the session is gone.
    pub(super) async fn record_late(
        &self,
        id: &SessionId,
        said: &[Said],
        then: impl Fn(&mut Change, usize),
    ) -> Result<Option<Late>, TableError> {
        let mut recorded = Recorded::default();
        let mut missed = 0;
        let keys: Vec<_> = said.iter().map(|one| one.key().to_owned()).collect();
        let mut sessions: Vec<_> = said.iter().filter_map(Piece::vendor_session).collect();
        sessions.sort_unstable();
        sessions.dedup();
        for tries in 0..TRIES {
            let now = clock::now();
            // The session first: if anything is recorded after it was read, the write below fails.
            let Some(mut session) = self.table.session(id).await? else {
                return Ok(None);
            };
            let sighting = self
                .table
                .sight(VENDOR, &keys, &sessions, None, None, now)
                .await?;
            let mut lacking: Vec<_> = said
                .iter()
                .filter(|one| !sighting.seen.contains_key(one.key()))
                .collect();
            if !lacking.is_empty() {
                let known = self.agents_messages(id).await?;
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
                    if self.table.commit(&change).await? != Outcome::Written {
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
                    line::about(id, VENDOR);
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

    /// All that agents said in a session.
    async fn agents_messages(&self, id: &SessionId) -> Result<Vec<Message>, TableError> {
        let mut all: Vec<Message> = Vec::new();
        let mut after = None;
        loop {
            let page = self.table.messages_after(id, after.as_ref(), PAGE).await?;
            after = page.messages.last().map(|last| last.id.clone());
            let agents = page.messages.into_iter();
            all.extend(agents.filter(|message| message.from == Author::Agent));
            if !page.more {
                return Ok(all);
            }
        }
    }
}

/// Those that are in the conversation under no other name: a transcript may leave Udesk's ids out, or have others.
fn unknown<'a>(
    said: Vec<&'a Said>,
    known: &[Message],
    seen: &HashMap<String, SessionId>,
) -> Vec<&'a Said> {
    let is_free = |message: &&Message| {
        let id = message.vendor_id.as_ref();
        id.is_none_or(|id| !seen.contains_key(id))
    };
    let mut free: Vec<_> = known.iter().filter(is_free).collect();
    let each = said.into_iter().filter(|one| {
        let Some(place) = free.iter().position(|message| one.is(message)) else {
            return true;
        };
        free.remove(place);
        false
    });
    each.collect()
}

impl Said {
    /// Whether it is this message of the conversation, by what was said and when. Where one of the times is not known,
    /// it is only for what has no id that the words must do.
    fn is(&self, message: &Message) -> bool {
        let Ok(said) = &self.message else {
            return false;
        };
        let same_words = match &said.content {
            Content::Message { content } => {
                message.kind == Kind::Text && *content == message.content
            }
            Content::Rich { content } => message.kind == Kind::Rich && *content == message.content,
            Content::Image(media)
            | Content::Audio(media)
            | Content::Video(media)
            | Content::File(media) => media.content == message.content,
            Content::StartSession { .. }
            | Content::Transfer { .. }
            | Content::Close { .. }
            | Content::NotShown => false,
        };
        let same_time = match (self.said_at(), message.said_at) {
            (Some(one), Some(other)) => (one - other).abs() <= SAME_MOMENT,
            _ => said.message_id.is_none(),
        };
        same_words && same_time
    }
}
