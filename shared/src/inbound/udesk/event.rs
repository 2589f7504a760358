//! What Udesk's events mean for a session.

use std::collections::HashSet;

use super::{Recorder, Said, VENDOR};
use crate::{
    change::{Change, Mark},
    clock::{self, Millis},
    event::{Fact, SurveyAnswer},
    ids::CustomerId,
    inbound::{Recorded, TRIES, hash},
    line::{self, Metric},
    session::{Session, State},
    table::{Outcome, TableError},
    vendor::udesk::{
        Id,
        event::Event,
        event_session_close::SessionClose,
        event_shut_queue::ShutQueue,
        event_survey_vote::SurveyVote,
        im_log::{ImLog, Sender},
        push_agent::{CloseType, Content, Kind},
    },
};

/// How far Udesk's clock may be behind ours.
const CLOCKS_APART: Millis = 60_000;
/// Udesk's times have whole seconds.
const SECOND: Millis = 1_000;
/// What comes within so long of its happening was told when it happened.
const AT_ONCE: Millis = 60_000;

/// What recording an event asks for, or why nothing can be made of it.
type Made = Result<Recorded, String>;

/// Whose an event is.
enum Owner {
    /// This session's; and whether Udesk's number for it is news.
    Session(Box<Session>, bool),
    /// One's that was erased, or is no longer kept.
    Gone,
    /// None's of ours.
    Nobody,
}

impl Owner {
    /// The session, or what becomes of the event without one. What was said in an erased session is not kept anew.
    fn session(self) -> Result<(Session, bool), Made> {
        match self {
            Self::Session(session, is_news) => Ok((*session, is_news)),
            Self::Nobody => Err(Err("it belongs to no session of ours".to_owned())),
            Self::Gone => {
                tracing::info!("an event of a session that is gone was dropped");
                Err(Ok(Recorded::default()))
            }
        }
    }
}

impl Recorder {
    pub(super) async fn record_event(
        &self,
        event: &Event,
        body: &[u8],
    ) -> Result<Made, TableError> {
        match event {
            Event::SessionClose(close) => self.record_close(close).await,
            Event::ShutQueue(left) => self.record_left(left).await,
            Event::SurveyVote(vote) => self.record_vote(vote, body).await,
            Event::Other(_) => Ok(Err("nothing is made of its action".to_owned())),
        }
    }

    /// The session that an event is about. One under a number that is news, or under none, belongs to the customer's
    /// open session, unless its times say that it was over before, or began before: the push that would have told of
    /// the number may be late, or lost. Where there are two numbers, the event must say that it began later.
    async fn owner_of(
        &self,
        named: Option<Id>,
        customer: Option<&str>,
        began_at: Option<Millis>,
        ended_at: Option<Millis>,
    ) -> Result<Owner, TableError> {
        let named: Vec<_> = named.iter().map(Id::to_string).collect();
        let customer = customer.and_then(CustomerId::parse);
        let sighting = self
            .table
            .sight(VENDOR, &[], &named, customer.as_ref(), None, clock::now())
            .await?;
        let bound = named
            .first()
            .and_then(|id| sighting.by_vendor_session.get(id));
        let Some(id) = bound.or(sighting.open.as_ref()) else {
            return Ok(Owner::Nobody);
        };
        let Some(session) = self.table.session(id).await? else {
            return Ok(match bound {
                Some(_) => Owner::Gone,
                None => Owner::Nobody,
            });
        };
        let is_theirs = customer
            .as_ref()
            .is_none_or(|customer| *customer == session.customer);
        let was_over = ended_at.is_some_and(|at| is_before(at, &session));
        let is_later = began_at.map(|at| at + CLOCKS_APART >= session.created_at);
        let follows = match session.vendor_session.is_none() || named.is_empty() {
            true => !was_over && is_later != Some(false),
            false => !was_over && is_later == Some(true),
        };
        Ok(match is_theirs && (bound.is_some() || follows) {
            true => Owner::Session(Box::new(session), bound.is_none()),
            false => Owner::Nobody,
        })
    }

    /// The transcript tells what was missed; then the session has ended, if it is the one that the conversation is in.
    async fn record_close(&self, close: &SessionClose) -> Result<Made, TableError> {
        let began_at = close.created_at.map(|at| at.as_millisecond());
        let ended_at = close.ended_at().map(|at| at.as_millisecond());
        let customer = close.customer_token.as_deref();
        let owner = self
            .owner_of(close.session, customer, began_at, ended_at)
            .await?;
        let (session, is_news) = match owner.session() {
            Ok(found) => found,
            Err(made) => return Ok(made),
        };
        let said = Said::of_transcript(&close.transcript, close.session);
        let (close_type, survey) = close.end();
        let survey = match survey {
            None if session.is_open() => self.table.survey(&session.id).await?,
            told => told.cloned(),
        };
        let reason = close_type.map_or("vendor", CloseType::name);
        let named = close.session.map(|id| id.to_string());
        let late = self
            .record_late(&session.id, &said, |change, _| {
                let is_current = is_news
                    || change.session.vendor_session.is_none()
                    || change.session.vendor_session == named;
                if !close.is_handed_on() && is_current {
                    let at = ended_at.unwrap_or(change.now());
                    // The end itself is told by this very event, whatever else it tells late.
                    if change.now() - at <= AT_ONCE {
                        change.go_on_in_time();
                    }
                    change.close(reason, survey.as_ref(), at);
                }
            })
            .await?;
        let recorded = late.map(|late| late.recorded).unwrap_or_default();
        if recorded == Recorded::default() {
            line::add(Metric::Duplicate, 1);
        }
        Ok(Ok(recorded))
    }

    /// Whoever waits no longer has no session any more.
    async fn record_left(&self, left: &ShutQueue) -> Result<Made, TableError> {
        let Some(customer) = left.customer_token.as_deref().and_then(CustomerId::parse) else {
            return Ok(Err("it names no customer that can be ours".to_owned()));
        };
        let left_at = left.left_at.map(|at| at.as_millisecond());
        for tries in 0..TRIES {
            let open = self.table.open_session(VENDOR, &customer).await?;
            let waits = open.filter(|session| {
                let was_earlier = left_at.is_some_and(|at| is_before(at, session));
                matches!(session.state, State::Queued | State::Assigning) && !was_earlier
            });
            let Some(session) = waits else {
                return Ok(Err("the customer waits in no queue".to_owned()));
            };
            let mut change = Change::to(session, clock::now());
            let at = left_at.unwrap_or(change.now());
            change.close("customer", None, at);
            if let Some(recorded) = self.write(&change).await? {
                return Ok(Ok(recorded));
            }
            clock::pause(tries).await;
        }
        Err(TableError::Contended)
    }

    /// Udesk tells of a rating once a session: when it first keeps it.
    async fn record_vote(&self, vote: &SurveyVote, body: &[u8]) -> Result<Made, TableError> {
        let key = match vote.session {
            Some(session) => format!("vote-{session}"),
            None => format!("vote-sha256-{}", hash(body)),
        };
        for tries in 0..TRIES {
            let customer = vote.customer_token.as_deref();
            let owner = self.owner_of(vote.session, customer, None, None).await?;
            let (session, _) = match owner.session() {
                Ok(found) => found,
                Err(made) => return Ok(made),
            };
            let mut change = Change::to(session, clock::now());
            let at = vote.created_at.map(|at| at.as_millisecond());
            let answer = SurveyAnswer {
                option: vote.option.as_deref(),
                text: vote.text.as_deref(),
                remark: vote.remark.as_deref(),
            };
            change.mark(Mark::Seen {
                vendor: VENDOR,
                key: key.clone(),
            });
            change.tell(&Fact::SurveyAnswered(answer), at.unwrap_or(change.now()));
            if let Some(recorded) = self.write(&change).await? {
                return Ok(Ok(recorded));
            }
            clock::pause(tries).await;
        }
        Err(TableError::Contended)
    }

    /// Writes a change of one event; `None` where another writer came first.
    async fn write(&self, change: &Change) -> Result<Option<Recorded>, TableError> {
        let mut recorded = Recorded::default();
        let id = &change.session.id;
        match self.table.commit(change).await? {
            Outcome::Overtaken => return Ok(None),
            Outcome::Repeat => {
                line::add(Metric::Duplicate, 1);
                recorded.repeat(id);
            }
            Outcome::Written => {
                line::add(Metric::Recorded, 1);
                if change.must_nudge_deliveries() {
                    recorded.nudge(id);
                }
            }
        }
        line::about(id, VENDOR);
        Ok(Some(recorded))
    }
}

/// Whether it was over at `at` before `session` began.
fn is_before(at: Millis, session: &Session) -> bool {
    at + SECOND <= session.created_at
}

impl Said {
    /// What agents said, by a session's transcript, and what can't be read of that. What the customer wrote is known,
    /// and what a robot said is told in other words there than in its push.
    fn of_transcript(transcript: &[ImLog], session: Option<Id>) -> Vec<Self> {
        let by_agents = transcript.iter().filter(|log| {
            let is_said = log.message.as_ref().map_or(true, |message| {
                matches!(
                    message.content,
                    Content::Message { .. }
                        | Content::Rich { .. }
                        | Content::Image(_)
                        | Content::Audio(_)
                        | Content::Video(_)
                        | Content::File(_)
                ) || matches!(message.kind, Kind::Unknown(_))
            });
            log.sender == Sender::Agent && is_said
        });
        let mut keys = HashSet::new();
        let mut said: Vec<Self> = Vec::new();
        for log in by_agents {
            let id = log.message.as_ref().ok();
            let id = id.and_then(|message| message.message_id.clone());
            let key = id.filter(|id| id.len() <= 256).unwrap_or_else(|| {
                let raw = super::body(&log.message);
                let session = session.map(|id| id.to_string()).unwrap_or_default();
                format!("log-{session}-{}", hash(raw.as_bytes()))
            });
            // The same line twice is one.
            if keys.insert(key.clone()) {
                let message = log.message.clone();
                said.push(Self { key, message });
            }
        }
        said
    }
}
