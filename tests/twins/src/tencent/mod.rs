//! The Tencent twin: `v4/desk_http_svc/` of Tencent Cloud Desk, its callback, and the users it sends to.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use deskbridge_twins::tencent::{Fault, Options, Twin};
//!
//! let twin = Twin::start(Options::default()).await?;
//! let session = twin.begin_session("user45");
//! twin.fault("POST /v4/desk_http_svc/send_msg", Fault::code(141002, "internal"), Some(1));
//! // … the desk sends to the session, or from its account to the user …
//! let seen = twin.messages_to("user45");
//! # let _ = (session, seen); Ok(())
//! # }
//! ```
//!
//! What the vendor leaves unsaid is a switch ([`Switches`]), so that a test can try it both ways.
//!
//! Map: `api` takes a call through faults and `frame` (the query, its UserSig by `user_sig`) to
//! `send_msg`, whose `MsgBody` is read by `element`, to `sessions` or to `user_send_msg`; they work on
//! the `desk` (the state). `callback` tells of what happens; `console` is what users and agents do.
//! `user` is the user's page and its JSON.

mod api;
mod callback;
mod console;
mod desk;
mod element;
mod frame;
mod refusal;
mod send_msg;
mod sessions;
mod switches;
mod twin;
mod user;
mod user_send_msg;
mod user_sig;

pub use callback::Callback;
pub use console::{desk_element, text};
pub use desk::{Addressing, Element, Phase, Received, Role, Said, Session, User};
pub use switches::{EventNames, Switches};
pub use twin::{Options, Twin};
pub use user_sig::{NotGood, UserSig, sign as sign_user_sig, verify as verify_user_sig};

/// One call of the API, whatever came of it.
pub type Call = crate::calls::Call<i64>;
/// What goes wrong with a call.
pub type Fault = crate::faults::Fault<i64>;
