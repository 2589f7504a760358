//! What Udesk's pushes mean for a session.

mod event;
mod late;
mod robot;

pub use super::late::Late;

use std::collections::{HashMap, HashSet};

use jiff::tz::Offset;
use robot::Answered;

use super::{
    Record, Recorded, TRIES,
    conversation::{Saying, follow, serve, start},
    hash,
    lately::Lately,
    pieces::{AT_ONCE, MOST_BYTES, Piece, record_pieces},
    set_aside,
};
use crate::{
    change::{Change, Mark, Raw},
    clock::{self, Millis},
    config::{ConfigError, Setting, Settings, UDESK_UTC_OFFSET, UDESK_WEBHOOK_SECRETS},
    event::Fact,
    ids::{CustomerId, MessageId},
    line::{self, Metric},
    message::{Author, File, Kind, Message, Status},
    session,
    survey::Survey,
    table::{Outcome, Sighting, Table, TableError},
    vendor::{
        Vendor,
        udesk::{
            Agent, Push,
            push_agent::{AgentMessage, CloseType, Content, Media, UnreadableMessage},
            push_read::ReadPush,
            robot_answer::RobotPush,
        },
    },
};

const VENDOR: Vendor = Vendor::Udesk;

/// Records Udesk's pushes. Made once at init.
#[derive(Debug)]
pub struct Recorder {
    table: Table,
    lately: Lately,
    offset: Offset,
}

impl Record for Recorder {
    const VENDOR: Vendor = VENDOR;
    const SECRETS: &'static Setting = &UDESK_WEBHOOK_SECRETS;

    fn from_settings(settings: &Settings, table: &Table) -> Result<Self, ConfigError> {
        Ok(Self {
            table: table.clone().watching(settings)?,
            lately: Lately::of(VENDOR),
            offset: offset(settings)?,
        })
    }

    async fn record(&self, body: &[u8]) -> Result<Recorded, TableError> {
        let now = clock::now();
        let aside = |because: String| async {
            set_aside(&self.table, VENDOR, body, because, now).await?;
            Ok(Recorded::default())
        };
        match Push::read(body, self.offset) {
            Ok(Push::Agent(push)) => {
                let Some(customer) = push.customer_token.as_deref().and_then(CustomerId::parse)
                else {
                    return aside("it names no customer that can be ours".to_owned()).await;
                };
                let pieces = Said::all_of(push.messages);
                record_pieces(&self.table, &self.lately, &customer, pieces).await
            }
            Ok(Push::Read(push)) => match self.record_read(&push).await? {
                Some(recorded) => Ok(recorded),
                None => aside("it is about messages that are not ours".to_owned()).await,
            },
            Ok(Push::Robot(push) | Push::Urobot(push)) => match self.customer_of(&push).await? {
                Some(customer) => {
                    let pieces = Answered::all_of(push.messages, body);
                    record_pieces(&self.table, &self.lately, &customer, pieces).await
                }
                None => aside("it names no customer and no session that is ours".to_owned()).await,
            },
            Ok(Push::Event(event)) => match self.record_event(&event, body).await? {
                Ok(recorded) => Ok(recorded),
                Err(because) => aside(because).await,
            },
            Ok(Push::Unknown) => aside("it is of no documented kind".to_owned()).await,
            Err(error) => aside(error.to_string()).await,
        }
    }
}

impl Recorder {
    /// Whom a robot answers. Udesk's own may name the session alone.
    async fn customer_of(&self, push: &RobotPush) -> Result<Option<CustomerId>, TableError> {
        if let Some(named) = &push.customer_token {
            return Ok(CustomerId::parse(named));
        }
        let mut named = push.messages.iter().flatten();
        let Some(session) = named.find_map(|message| message.session) else {
            return Ok(None);
        };
        let vendor_session = session.to_string();
        let sighting = self
            .table
            .sight(
                VENDOR,
                &[],
                std::slice::from_ref(&vendor_session),
                None,
                None,
                clock::now(),
            )
            .await?;
        let session = match sighting.by_vendor_session.get(&vendor_session) {
            Some(id) => self.table.session(id).await?,
            None => None,
        };
        Ok(session.map(|session| session.customer))
    }

    async fn record_read(&self, push: &ReadPush) -> Result<Option<Recorded>, TableError> {
        let vendor_session = push.session_id.to_string();
        let ids: Vec<_> = push
            .message_ids
            .iter()
            .filter_map(|id| MessageId::parse(id))
            .collect();
        if ids.is_empty() {
            return Ok(None);
        }
        let mut recorded = Recorded::default();
        let mut tries = 0;
        while tries < TRIES {
            let now = clock::now();
            let sighting = self
                .table
                .sight(
                    VENDOR,
                    &[],
                    std::slice::from_ref(&vendor_session),
                    None,
                    None,
                    now,
                )
                .await?;
            let Some(id) = sighting.by_vendor_session.get(&vendor_session) else {
                return Ok(None);
            };
            // The session first: if a message changes after it was read, its session has changed too,
            // and the write below fails.
            let Some(session) = self.table.session(id).await? else {
                return Ok(None);
            };
            let known = self.table.messages_among(id, &ids).await?;
            if known.is_empty() {
                return Ok(None);
            }
            let mut unread: Vec<_> = known
                .into_iter()
                .filter(|message| {
                    message
                        .status
                        .is_some_and(|status| status.gives_way_to(Status::Read))
                })
                .collect();
            unread.sort_by(|a, b| a.id.cmp(&b.id));
            // The rest has its turn in the next round.
            unread.truncate(4 * AT_ONCE);
            unread.truncate(fitting(&unread));
            if unread.is_empty() {
                if recorded == Recorded::default() {
                    line::add(Metric::Duplicate, 1);
                }
                return Ok(Some(recorded));
            }
            let mut change = Change::to(session, now);
            change.hear();
            change.tell(
                &Fact::MessagesRead(unread.iter().map(|message| &message.id).collect()),
                now,
            );
            for message in unread {
                change.put_message(Message {
                    status: Some(Status::Read),
                    error: None,
                    ..message
                });
            }
            if self.table.commit(&change).await? == Outcome::Written {
                line::add(Metric::Recorded, 1);
                line::about(&change.session.id, VENDOR);
                if change.must_nudge_deliveries() {
                    recorded.nudge(&change.session.id);
                }
                continue;
            }
            clock::pause(tries).await;
            tries += 1;
        }
        Err(TableError::Contended)
    }
}

/// How many of these, from the first on, one transaction takes: at least one, since each fits an item.
fn fitting(messages: &[Message]) -> usize {
    let mut size = 0;
    let sizes = messages.iter().map(|message| {
        size += serde_json::to_string(message).map_or(MOST_BYTES, |json| json.len());
        size
    });
    sizes.take_while(|size| *size <= MOST_BYTES).count().max(1)
}

/// The offset of Udesk's dates without a zone.
///
/// # Errors
/// Where the setting is none.
pub fn offset(settings: &Settings) -> Result<Offset, ConfigError> {
    match settings.optional(&UDESK_UTC_OFFSET) {
        None => Ok(jiff::tz::offset(8)),
        Some(given) => read_offset(&given).ok_or_else(|| {
            UDESK_UTC_OFFSET.malformed(&format!("{given:?}, expected such as +08:00"))
        }),
    }
}

fn read_offset(given: &str) -> Option<Offset> {
    let sign = match given.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = given.get(1..)?.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if !(0..=14).contains(&hours) || !(0..60).contains(&minutes) {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

/// Gives each message of a push a key of its own: Udesk's identifier, or a hash of it where it has none. Messages that
/// share an identifier and differ are different messages (Udesk's own example gives four the same one): the later
/// ones are told apart by their place among these. The same message twice is one.
fn keyed<M>(
    messages: Vec<M>,
    body: impl Fn(&M) -> &str,
    id: impl Fn(&M) -> Option<String>,
) -> Vec<(String, M)> {
    let mut namesakes: HashMap<String, HashSet<&str>> = HashMap::new();
    let mut taken: HashSet<String> = HashSet::new();
    let keys = messages.iter().map(|message| {
        let id = id(message)
            .filter(|id| id.len() <= 256)
            .unwrap_or_else(|| format!("sha256-{}", hash(body(message).as_bytes())));
        let namesakes = namesakes.entry(id.clone()).or_default();
        let mut place = namesakes.len();
        if !namesakes.insert(body(message)) {
            return None;
        }
        let mut key = id.clone();
        while taken.contains(&key) {
            place += 1;
            key = format!("{id}#{place}");
        }
        taken.insert(key.clone());
        Some(key)
    });
    let keys: Vec<_> = keys.collect();
    let keyed = keys.into_iter().zip(messages);
    keyed
        .filter_map(|(key, message)| Some((key?, message)))
        .collect()
}

fn body(message: &Result<AgentMessage, UnreadableMessage>) -> &str {
    match message {
        Ok(AgentMessage { raw, .. }) | Err(UnreadableMessage { raw, .. }) => raw.get(),
    }
}

/// One message of an agent's push.
struct Said {
    /// What it is known by.
    key: String,
    message: Result<AgentMessage, UnreadableMessage>,
}

impl Said {
    /// The messages of a push, each under a key of its own.
    fn all_of(messages: Vec<Result<AgentMessage, UnreadableMessage>>) -> Vec<Self> {
        let keyed = keyed(messages, body, |message| {
            message
                .as_ref()
                .ok()
                .and_then(|message| message.message_id.clone())
        });
        let all = keyed.into_iter();
        all.map(|(key, message)| Self { key, message }).collect()
    }

    /// When, by Udesk's clock, where it tells.
    fn said_at(&self) -> Option<Millis> {
        let message = self.message.as_ref().ok()?;
        message.created_at.map(|at| at.as_millisecond())
    }

    fn receive_media(
        &self,
        change: &mut Change,
        agent: Option<session::Agent>,
        kind: Kind,
        media: &Media,
    ) {
        let file = File {
            name: media.filename.clone(),
            size: media.filesize.clone(),
            duration: media
                .duration
                .and_then(|seconds| u32::try_from(seconds).ok()),
            ..File::default()
        };
        self.receive(change, agent, kind, &media.content, Some(file));
    }

    fn receive(
        &self,
        change: &mut Change,
        agent: Option<session::Agent>,
        kind: Kind,
        content: &str,
        file: Option<File>,
    ) {
        // An agent speaks: the customer waits no longer.
        let said_at = self.said_at();
        start(change, agent.clone(), said_at.unwrap_or(change.now()));
        let saying = Saying {
            from: Author::Agent,
            kind,
            content: content.to_owned(),
            file,
            agent,
            custom: None,
            vendor_id: self.key.clone(),
            said_at,
            vendor_session: self.vendor_session(),
        };
        saying.receive(change);
    }

    fn raw(&self, body: &str, because: String) -> Raw {
        Raw {
            vendor: VENDOR,
            hash: hash(self.key.as_bytes()),
            body: body.to_owned(),
            because,
        }
    }
}

impl Piece for Said {
    fn key(&self) -> &str {
        &self.key
    }

    fn body(&self) -> &str {
        body(&self.message)
    }

    fn vendor_session(&self) -> Option<String> {
        let message = self.message.as_ref().ok()?;
        message.im_sub_session_id.map(|id| id.to_string())
    }

    fn opens(&self) -> bool {
        self.message.as_ref().is_ok_and(|message| {
            !matches!(message.content, Content::NotShown | Content::Close { .. })
        })
    }

    fn ends(&self) -> bool {
        self.message
            .as_ref()
            .is_ok_and(|message| matches!(message.content, Content::Close { .. }))
    }

    fn apply(&self, change: &mut Change, sighting: &Sighting) {
        change.mark(Mark::Seen {
            vendor: VENDOR,
            key: self.key.clone(),
        });
        let message = match &self.message {
            Ok(message) => message,
            Err(unreadable) => {
                change.put_raw(self.raw(unreadable.raw.get(), unreadable.to_string()));
                return;
            }
        };
        let occurred_at = self.said_at().unwrap_or(change.now());
        let agent = message.agent.clone().and_then(Agent::person);
        if let Some(id) = self.vendor_session()
            && !matches!(message.content, Content::NotShown | Content::Close { .. })
        {
            follow(change, &id, sighting);
        }
        match &message.content {
            Content::Message { content } => {
                self.receive(change, agent, Kind::Text, content, None);
            }
            Content::Rich { content } => {
                self.receive(change, agent, Kind::Rich, content, None);
            }
            Content::Image(media) => {
                self.receive_media(change, agent, Kind::Image, media);
            }
            Content::Audio(media) => {
                self.receive_media(change, agent, Kind::Audio, media);
            }
            Content::Video(media) => {
                self.receive_media(change, agent, Kind::Video, media);
            }
            Content::File(media) => {
                self.receive_media(change, agent, Kind::File, media);
            }
            Content::StartSession { .. } => start(change, agent, occurred_at),
            Content::Transfer { .. } => {
                if change.session.is_open() {
                    serve(change, agent);
                    change.tell(&Fact::SessionTransferred, occurred_at);
                }
            }
            Content::Close {
                close_type, survey, ..
            } => {
                if let Some(survey) = survey {
                    change.offer_survey(Survey::clone(survey));
                }
                let is_current = self.vendor_session().is_none_or(|id| {
                    change
                        .session
                        .vendor_session
                        .as_deref()
                        .is_none_or(|current| current == id)
                });
                // `redirect` hands the customer on, and the end of an earlier sub-session is not the end
                // of the conversation: both leave it open. Where Udesk meant it to end, the next message
                // gets 9200 and ends it.
                if *close_type == Some(CloseType::Redirect) || !is_current {
                    change.put_raw(self.raw(
                        message.raw.get(),
                        "the conversation goes on elsewhere".to_owned(),
                    ));
                    return;
                }
                let reason = close_type.as_ref().map_or("vendor", CloseType::name);
                change.close(reason, survey.as_deref(), occurred_at);
            }
            Content::NotShown => {
                let because = format!("`{}` is not to be shown", message.kind.name());
                change.put_raw(self.raw(message.raw.get(), because));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_and_nonsense_is_refused() {
        assert_eq!(read_offset("+08:00"), Some(jiff::tz::offset(8)));
        assert_eq!(read_offset("-03:30").map(Offset::seconds), Some(-12_600));
        for nonsense in ["", "8", "08:00", "+8", "+99:00", "+08:61", "+a:b", "é8:00"] {
            assert_eq!(read_offset(nonsense), None, "{nonsense}");
        }
    }
}
