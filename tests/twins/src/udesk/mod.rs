//! The Udesk twin: Udesk's IM API on 127.0.0.1, its pushes, and the agent who sits behind it.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use deskbridge_twins::udesk::{Fault, Options, Twin};
//!
//! let twin = Twin::start(Options::default()).await?;
//! twin.set_receive_url("http://127.0.0.1:9000/lambda-url/webhook-udesk/secret".to_owned());
//! twin.fault("POST /im/messages", Fault::NeverAnswer, Some(1));
//! // … a customer opens a session and writes …
//! let said = twin.agent_says("DE", "Hello").await;
//! # let _ = said; Ok(())
//! # }
//! ```
//!
//! What the vendor leaves unsaid is a switch ([`Switches`]), so that a test can try it both ways.
//!
//! Map: `open_api` takes a call through signature, faults and rate limit to its endpoint
//! (`sessions`, `robots`, `messages`, `feedback`, `status`, `customers`, `presence`, `register`, `erase`, `lookups`),
//! which works on the `desk` (the state); `agent` is the other side of the desk; `push` calls the receive URL, and that
//! of `events`; `page` is the agent's page and its JSON control.

mod agent;
mod customers;
mod desk;
mod erase;
mod events;
mod feedback;
mod input;
mod limit;
mod lookups;
mod messages;
mod open_api;
mod page;
mod presence;
mod push;
mod refusal;
mod register;
mod robots;
mod server;
mod sessions;
mod sign;
mod status;
mod switches;
mod twin;
mod visitors;

pub use agent::{NotPossible, Pushed};
pub use desk::{Agent, Author, Conversation, Entry, Feedback, Mode, Received, Session, Standing};
pub use lookups::{QueueCustomers, SensitiveWords};
pub use robots::{Answer, Flow, Robot};
pub use sign::v2 as sign_v2;
pub use switches::{
    DateForm, OverLimit, PushStart, RateLimit, RateScope, ReadMessagesIn, StatusTexts, Switches,
    TransferPush,
};
pub use twin::{Options, Twin};
pub use visitors::Visitor;

pub use crate::push::{PushOutcome, PushRecord};

/// One call of the API, whatever came of it.
pub type Call = crate::calls::Call<i64>;
/// What goes wrong with a call. Whatever it is, the call's nonce is used up.
pub type Fault = crate::faults::Fault<i64>;
