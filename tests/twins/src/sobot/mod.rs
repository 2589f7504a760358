//! The Sobot twin: the page token, the customer's page that it opens, the Live Chat API with the
//! token that it wants, and the agent whose messages are pushed.
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
//! to `chat` (the customer's page), to `web` (the component's script, messages left, tickets), or through `open_api`
//! (`GET /api/get_token`, and who is let in by that token) to `live_chat`; all work on the `desk` (the state). `agent` is
//! the other side: what agents say, as the three pushes that `body` writes; `page` is the agent's page and
//! its JSON control.

mod agent;
mod api;
mod body;
mod chat;
mod desk;
mod live_chat;
mod open_api;
mod page;
mod refusal;
mod sign;
mod switches;
mod token;
mod twin;
mod web;

pub use agent::{NotSaid, Push, Pushed};
pub use body::PushKind;
pub use desk::{Channel, Issued, MsgKind, Rating, Said, Standing, Visit, Visitor, Wrote};
pub use sign::{get_token as sign_get_token, page as sign_page, token as sign_token};
pub use switches::{ConnectedAgain, Reception, Security, Switches, TokenHeader};
pub use twin::{Agent, Options, Twin};

pub use crate::push::PushOutcome;

/// One call, whatever came of it; Sobot's codes are strings.
pub type Call = crate::calls::Call<String>;
/// What goes wrong with a call: of a token (`POST /api/page/token`, `GET /api/get_token`), of the Live Chat
/// API (`POST /api/chat/5/user/chat_send`) or of the page (`GET /chat/*`).
pub type Fault = crate::faults::Fault<String>;
