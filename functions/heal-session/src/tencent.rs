//! What Tencent is asked of a conversation: what was said in it, and where it stands. Its messages have no identifiers,
//! and the names of its events are the account's own: so this is also how what agents say is heard where nobody has
//! told the names.

use deskbridge::{
    budget::Class,
    clock::{self, Millis},
    desk::{AskError, TencentLine},
    inbound::tencent::stand,
    session::Session,
    silence::Watch,
    table::TableError,
    vendor::tencent::{
        describe_chat_messages::{self, Listed, MOST, Order},
        get_session_state::{self, State},
    },
};
use tokio::time::timeout;

use crate::{App, LIMIT};

/// Nobody waits for these questions.
const CLASS: Class = Class::Look;
/// How many pages of a session are read at most, from its end on.
const PAGES: u32 = 10;
/// How far Tencent's clock may be from ours.
const CLOCKS_APART: Millis = 60_000;

/// What Tencent says.
#[derive(Default)]
struct Told {
    /// What was said in each of its sessions, the newest first.
    messages: Vec<(String, Vec<Listed>)>,
    /// Where the present one stands.
    standing: Option<get_session_state::Response>,
}

impl App {
    pub(crate) async fn ask_tencent(
        &self,
        session: &Session,
        watch: &Watch,
    ) -> Result<(), TableError> {
        let Ok(line) = self.desk.tencent() else {
            return self.wait_for_settings(session, watch).await;
        };
        // Which session it is at Tencent's, if any, the first event tells.
        if session.vendor_session.is_none() && watch.before.is_none() {
            return self.plan_next(session, watch, None, clock::now()).await;
        }
        let oldest = self.oldest(session, watch).await?;
        let mut told = Told::default();
        let asking = all(line, session, watch, oldest, &mut told);
        let asked = timeout(LIMIT, asking).await.ok();
        let recorded = self
            .record_of_tencent(session, watch, told, matches!(asked, Some(Ok(()))))
            .await;
        self.plan_after(session, watch, asked, recorded).await
    }

    /// From when on what was said is of this conversation, and news.
    async fn oldest(&self, session: &Session, watch: &Watch) -> Result<Millis, TableError> {
        let news = watch.asked_at.map(|asked_at| asked_at - CLOCKS_APART);
        if let Some(news) = news.filter(|news| *news > session.created_at + CLOCKS_APART) {
            return Ok(news);
        }
        // Where it began with a message, what was said before at Tencent may belong to an earlier conversation of ours,
        // however often was asked since.
        let first = self.table.messages_after(&session.id, None, 1).await?;
        let first = first.messages.into_iter().next();
        let opened = first.filter(|first| first.created_at == session.created_at);
        let began = opened.and_then(|first| first.said_at);
        let news = news.unwrap_or(session.created_at - CLOCKS_APART);
        Ok(began.map_or(news, |began| began.max(news)))
    }

    /// Records what was missed. Only where all was answered something follows from it, and the next look is planned.
    async fn record_of_tencent(
        &self,
        session: &Session,
        watch: &Watch,
        told: Told,
        is_all: bool,
    ) -> Result<(), TableError> {
        let asked_at = clock::now();
        let Told {
            mut messages,
            standing,
        } = told;
        for (_, messages) in &mut messages {
            messages.reverse();
        }
        let ends = standing
            .as_ref()
            .is_some_and(|standing| standing.state == State::NoSession);
        let survey = match ends {
            true => self.table.survey(&session.id).await?,
            false => None,
        };
        let late = self
            .tencent
            .record_missed(&session.id, messages, |change, _| {
                // What was heard since the question is newer than the answer.
                let now = &change.session;
                let is_same = now.heard_at == session.heard_at
                    && now.spoke_at == session.spoke_at
                    && now.state == session.state
                    && now.vendor_session == session.vendor_session
                    && !now.sends.is_behind();
                if let Some(standing) = standing.as_ref().filter(|_| is_same) {
                    change.go_on_in_time();
                    stand(change, standing, survey.as_ref());
                }
            })
            .await?;
        if is_all {
            return self
                .plan_next(session, watch, late.as_ref(), asked_at)
                .await;
        }
        if self.found(&session.id, late.as_ref()).await {
            self.alarm(session, asked_at).await?;
        }
        Ok(())
    }
}

/// Asks all that there is to be asked, and puts it into `told`: what was said before a question failed stands there.
async fn all(
    line: TencentLine<'_>,
    session: &Session,
    watch: &Watch,
    oldest: Millis,
    told: &mut Told,
) -> Result<(), AskError> {
    let present = session.vendor_session.as_ref();
    let left = watch.before.as_ref().filter(|left| present != Some(*left));
    for theirs in left.into_iter().chain(present) {
        told.messages.push((theirs.clone(), Vec::new()));
        if let Some((_, messages)) = told.messages.last_mut() {
            said_in(line, theirs, oldest, messages).await?;
        }
    }
    if let Some(theirs) = present.filter(|_| session.is_open()) {
        let request = get_session_state::Request::Session(theirs);
        told.standing = match line.ask(&request, CLASS).await {
            // "The session does not exist or has stopped."
            Err(AskError::Gone(_)) => Some(get_session_state::Response {
                session_id: None,
                state: State::NoSession,
                agent_id: None,
            }),
            other => had(other)?,
        };
    }
    Ok(())
}

/// Puts into `messages` what was said in this session from `oldest` on.
async fn said_in(
    line: TencentLine<'_>,
    theirs: &str,
    oldest: Millis,
    messages: &mut Vec<Listed>,
) -> Result<(), AskError> {
    for page in 0..PAGES {
        let request = describe_chat_messages::Request {
            session_id: theirs,
            limit: MOST,
            offset: page * MOST,
            order: Order::NewestFirst,
        };
        let Some(answer) = had(line.ask(&request, CLASS).await)? else {
            break;
        };
        let is_last = u32::try_from(answer.messages.len()).is_ok_and(|count| count < MOST);
        let listed = answer.messages.len();
        let is_new = |one: &Listed| one.timestamp.is_none_or(|at| at >= oldest);
        let before = messages.len();
        messages.extend(answer.messages.into_iter().filter(is_new));
        if is_last || messages.len() - before < listed {
            break;
        }
    }
    Ok(())
}

/// An answer; `None` where Tencent has none to give, and will have none later.
fn had<T>(answer: Result<T, AskError>) -> Result<Option<T>, AskError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(AskError::Refused(fault) | AskError::Gone(fault)) => {
            let code = fault.code.as_ref().map(tracing::field::display);
            tracing::info!(code, "Tencent does not tell");
            Ok(None)
        }
        Err(later @ (AskError::Wait { .. } | AskError::Unavailable { .. })) => Err(later),
    }
}
