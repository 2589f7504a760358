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
//! of `events`; `page` is the agent's page and its JSON control. `guests` are customers of Udesk's own clients, who are
//! sent `struct_messages`, and `console` is the page for that.

mod agent;
mod console;
mod customers;
mod desk;
mod erase;
mod events;
mod feedback;
mod guests;
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
mod struct_messages;
mod switches;
mod twin;
mod visitors;

pub use agent::{NotPossible, Pushed};
pub use desk::{Agent, Author, Conversation, Entry, Feedback, Mode, Received, Session, Standing};
pub use guests::{Card, Guest};
pub use lookups::{QueueCustomers, SensitiveWords};
pub use robots::{Answer, Flow, Robot};
pub use sign::v2 as sign_v2;
pub use struct_messages::sign as sign_struct_message;
pub use switches::{
    DateForm, OverLimit, PushStart, RateLimit, RateScope, ReadMessagesIn, StatusTexts, Switches,
    TransferPush,
};
pub use twin::{Options, Twin};
pub use visitors::Visitor;

pub use crate::push::{PushOutcome, PushRecord};

/// Cards as an operator may set them up, in the form of the structured messages' `data`: for whoever tries things out.
pub const EXAMPLE_CARDS: &str = include_str!("example_cards.json");

/// One call of the API, whatever came of it.
pub type Call = crate::calls::Call<i64>;
/// What goes wrong with a call. Whatever it is, the call's nonce is used up.
pub type Fault = crate::faults::Fault<i64>;
