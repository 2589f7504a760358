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
    /// What was said, the newest first.
    messages: Vec<Listed>,
    /// Where the session stands.
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
        let Some(theirs) = session.vendor_session.clone().or(watch.before.clone()) else {
            return self.plan_next(session, watch, None, clock::now()).await;
        };
        let mut told = Told::default();
        let asking = all(line, session, &theirs, watch, &mut told);
        let asked = timeout(LIMIT, asking).await.ok();
        let recorded = self
            .record_of_tencent(session, watch, &theirs, told, matches!(asked, Some(Ok(()))))
            .await;
        self.plan_after(session, watch, asked, recorded).await
    }

    /// Records what was missed. Only where all was answered something follows from it, and the next look is planned.
    async fn record_of_tencent(
        &self,
        session: &Session,
        watch: &Watch,
        theirs: &str,
        told: Told,
        is_all: bool,
    ) -> Result<(), TableError> {
        let asked_at = clock::now();
        let Told {
            mut messages,
            standing,
        } = told;
        messages.reverse();
        let ends = standing
            .as_ref()
            .is_some_and(|standing| standing.state == State::NoSession);
        let survey = match ends {
            true => self.table.survey(&session.id).await?,
            false => None,
        };
        let late = self
            .tencent
            .record_missed(&session.id, theirs, messages, |change, _| {
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
    theirs: &str,
    watch: &Watch,
    told: &mut Told,
) -> Result<(), AskError> {
    // What is older was there when Tencent was asked last, or belongs to an earlier conversation of ours.
    let oldest = watch.asked_at.unwrap_or(session.created_at) - CLOCKS_APART;
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
        let mut messages = answer.messages.into_iter();
        let is_new = |one: &Listed| one.timestamp.is_none_or(|at| at >= oldest);
        let before = told.messages.len();
        let mut seen = 0;
        told.messages
            .extend(messages.by_ref().inspect(|_| seen += 1).filter(is_new));
        if is_last || told.messages.len() - before < seen {
            break;
        }
    }
    if session.is_open() {
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
