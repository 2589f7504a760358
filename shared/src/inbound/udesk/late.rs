//! What agents said and no push brought: found in a transcript, or told when Udesk is asked. It is recorded once, in
//! Udesk's order, and marked.

use jiff::tz::Offset;

use super::{Recorder, Said, VENDOR};
use crate::{
    change::Change,
    clock::Millis,
    ids::SessionId,
    inbound::late::{Found, Late, record_late},
    message::{Author, Kind, Message},
    table::TableError,
    vendor::udesk::push_agent::{AgentMessage, Content, UnreadableMessage},
};

/// How far apart two times of one message may be: they come from different parts of Udesk.
const SAME_MOMENT: Millis = 2_000;

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
        record_late(&self.table, VENDOR, id, said, then).await
    }
}

impl Found for Said {
    fn concerns(message: &Message) -> bool {
        message.from == Author::Agent
    }

    /// Where one of the times is not known, it is only for what has no id that the words must do.
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
