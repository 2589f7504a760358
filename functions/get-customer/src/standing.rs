//! Where a customer stands, as Udesk says it, and as the API shows it.

use std::borrow::Cow;

use deskbridge::{
    budget::Class,
    desk::{AskError, UdeskLine},
    ids::CustomerId,
    vendor::udesk::{
        customer_status,
        queue_status::{self, Standing, Texts},
    },
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Queue {
    status: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    /// What Udesk says, where nobody knows what that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

pub(crate) async fn status(
    udesk: &UdeskLine<'_>,
    request: &customer_status::Request<'_>,
) -> Result<Status, AskError> {
    let told = udesk.ask(request, Class::Read).await?;
    Ok(match told.standing {
        customer_status::Standing::NoSession => Status::NoSession,
        customer_status::Standing::InSession => Status::InSession,
        customer_status::Standing::InQueue => Status::InQueue,
        customer_status::Standing::Invalid => Status::UnknownCustomer,
        customer_status::Standing::Unknown(_) => Status::Other,
    })
}

/// Udesk tells it of the app's own customers alone.
pub(crate) async fn queue(
    udesk: &UdeskLine<'_>,
    customer: &CustomerId,
    texts: &Texts,
) -> Result<Queue, AskError> {
    let request = queue_status::Request {
        customer_token: customer.as_str(),
    };
    let told = udesk.ask(&request, Class::Read).await?;
    let standing = told.standing(texts);
    Ok(Queue {
        status: standing.name().into(),
        position: told.position,
        text: told.text.filter(|_| standing == Standing::Unknown),
    })
}
