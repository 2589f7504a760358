//! What Udesk is asked of a conversation, and what it says.

use deskbridge::{
    budget::Class,
    desk::{AskError, UdeskLine},
    session::Session,
    silence::Watch,
    vendor::udesk::{
        Id, customer_status,
        push_agent::{AgentMessage, UnreadableMessage},
        unread_customer_offline,
    },
};
use jiff::tz::Offset;

/// Nobody waits for these questions: people's messages, and what they ask, go first.
const CLASS: Class = Class::Look;

/// What Udesk says.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// What agents wrote that the customer has not read: what was pushed, and what was not.
    pub(crate) messages: Vec<Result<AgentMessage, UnreadableMessage>>,
    /// Of which of its sessions.
    pub(crate) sessions: Vec<String>,
    /// How many of them there are beside.
    pub(crate) withheld: u64,
    /// Where the customer is; not asked of one whose conversation has ended.
    pub(crate) standing: Option<customer_status::Standing>,
}

/// Asks all that there is to be asked, and puts it into `told`: what was said before a question failed stands there.
pub(crate) async fn all(
    line: UdeskLine<'_>,
    session: &Session,
    watch: &Watch,
    offset: Offset,
    told: &mut Told,
) -> Result<(), AskError> {
    let sessions = [&watch.before, &session.vendor_session].map(|id| id.as_ref()?.parse().ok());
    let sessions: Vec<_> = sessions.into_iter().flatten().map(Id).collect();
    let customer = match sessions.is_empty() {
        true => None,
        false => had(line.numbers().of(&line, &session.customer, CLASS).await)?.flatten(),
    };
    if let Some(customer_id) = customer {
        for im_sub_session_id in sessions {
            let asked = unread_customer_offline::Request {
                im_sub_session_id,
                customer_id,
                app_id: None,
            };
            let Some(unread) = had(line.ask(&asked, CLASS).await)? else {
                continue;
            };
            let listed = u64::try_from(unread.unread_messages.len()).unwrap_or(u64::MAX);
            told.withheld += unread.count.saturating_sub(listed);
            told.messages.extend(unread.messages(offset));
            told.sessions.push(im_sub_session_id.to_string());
        }
    }
    if session.is_open() {
        let asked = customer_status::Request::Customer {
            customer_token: session.customer.as_str(),
        };
        let status = had(line.ask(&asked, CLASS).await)?;
        told.standing = status.map(|status| status.standing);
    }
    Ok(())
}

/// An answer; `None` where Udesk has none to give, and will have none later.
fn had<T>(answer: Result<T, AskError>) -> Result<Option<T>, AskError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(AskError::Refused(fault) | AskError::Gone(fault)) => {
            let code = fault.code.as_ref().map(tracing::field::display);
            tracing::info!(code, "Udesk does not tell");
            Ok(None)
        }
        Err(later @ (AskError::Wait { .. } | AskError::Unavailable { .. })) => Err(later),
    }
}
