//! Where a customer stands, as Udesk says it, and as the API shows it.

use deskbridge::{
    budget::Class,
    desk::{AskError, UdeskLine},
    ids::CustomerId,
    vendor::udesk::{customer_status, queue_status},
};
use serde::{Deserialize, Serialize};

/// Where a customer stands.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    NoSession,
    InSession,
    InQueue,
    UnknownCustomer,
    Other,
}

/// Where a customer stands in the queue.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Queue {
    status: InQueue,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum InQueue {
    InQueue,
    NotInQueue,
    InSession,
    Assigning,
    Other,
}

pub(crate) async fn status(
    udesk: &UdeskLine<'_>,
    request: &customer_status::Request<'_>,
) -> Result<Status, AskError> {
    use customer_status::Standing;
    let told = udesk.ask(request, Class::Read).await?;
    Ok(match told.standing {
        Standing::NoSession => Status::NoSession,
        Standing::InSession => Status::InSession,
        Standing::InQueue => Status::InQueue,
        Standing::Invalid => Status::UnknownCustomer,
        Standing::Unknown(_) => Status::Other,
    })
}

/// Udesk tells it of the app's own customers alone.
pub(crate) async fn queue(udesk: &UdeskLine<'_>, customer: &CustomerId) -> Result<Queue, AskError> {
    use queue_status::Standing;
    let request = queue_status::Request {
        customer_token: customer.as_str(),
    };
    let told = udesk.ask(&request, Class::Read).await?;
    let (status, position) = match told.standing {
        Standing::InQueue { position } => (InQueue::InQueue, position),
        Standing::NotInQueue => (InQueue::NotInQueue, None),
        Standing::InSession => (InQueue::InSession, None),
        Standing::Assigning => (InQueue::Assigning, None),
        Standing::Unknown => (InQueue::Other, None),
    };
    Ok(Queue { status, position })
}
