//! The Sobot twin: the page token, the customer's page that it opens, and the agent whose messages
//! are pushed.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use deskbridge_twins::sobot::{Options, PushKind, Twin};
//!
//! let twin = Twin::start(Options::default()).await?;
//! let url = "http://127.0.0.1:9000/lambda-url/webhook-sobot-offline-message/secret";
//! twin.set_push_url(PushKind::Offline, url.to_owned());
//! // … a customer opens the page with a token …
//! let said = twin.agent_says("DE", PushKind::Offline, "Hello").await;
//! assert!(said.is_good());
//! # Ok(())
//! # }
//! ```
//!
//! What the vendor leaves unsaid is a switch ([`Switches`]), so that a test can try it both ways.
//!
//! Map: `api` takes a call through faults to `token` (`POST /api/page/token`, checked with `sign`),
//! to `chat` (the customer's page) or to `web` (the component's script, messages left, tickets);
//! they work on the `desk` (the state). `agent` is the other side: what agents say, as the three
//! pushes that `body` writes; `page` is the agent's page and
//! its JSON control.

mod agent;
mod api;
mod body;
mod chat;
mod desk;
mod page;
mod refusal;
mod sign;
mod switches;
mod token;
mod twin;
mod web;

pub use agent::{NotSaid, Push, Pushed};
pub use body::PushKind;
pub use desk::{Channel, Issued, MsgKind, Said, Visit, Visitor};
pub use sign::{page as sign_page, token as sign_token};
pub use switches::{Security, Switches};
pub use twin::{Agent, Options, Twin};

pub use crate::push::PushOutcome;

/// One call, whatever came of it; Sobot's codes are strings.
pub type Call = crate::calls::Call<String>;
/// What goes wrong with a call: of the token (`POST /api/page/token`) or of the page (`GET /chat/*`).
pub type Fault = crate::faults::Fault<String>;
