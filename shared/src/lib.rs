//! What every deskbridge function shares.
//!
//! Read it in this order:
//!
//! - [`session`], [`message`], [`event`], [`outgoing`]: what there is. [`survey`], [`html`] belong to them.
//!   [`profile`] is what a vendor is told of a customer.
//! - [`log`]: how a session's log goes out, in order, under a lease. Pure.
//! - [`change`]: all that one fact brings about; [`table`] writes it in one transaction.
//! - [`vendor`]: the vendors' calls and pushes as values without I/O.
//! - [`inbound`]: from a vendor's push to a change. [`desk`]: from a task to a vendor's call and its
//!   outcome. [`sends`]: draining the log of sends. [`budget`]: the rate at which a vendor may be called.
//!   [`queues`]: the nudges. [`webhook`]: what every
//!   webhook function does.
//! - [`sobot_page`]: Sobot's page, its account and its tokens; [`life`]: how long a token may live.
//! - [`cards`]: cards for customers of Udesk's own clients.
//! - [`silence`]: when a conversation is too quiet to be believed, and is looked after; `heal-session` does it.
//! - [`outstanding`]: what has not gone out, as an operator lists it and takes it up again.
//! - [`auth`], [`error`], [`answer`], [`config`], [`http`], [`lambda`], [`object`], [`idempotency`]: the frame around a function.
//!   [`mod@line`] is what it logs of each request, [`correlation`] what ties such lines together.

pub mod answer;
pub mod auth;
pub mod budget;
#[cfg(feature = "table")]
pub mod cards;
pub mod change;
pub mod clock;
pub mod config;
pub mod correlation;
#[cfg(feature = "vendors")]
pub mod desk;
pub mod digest;
pub mod error;
pub mod event;
pub mod fate;
pub mod html;
#[cfg(feature = "http-client")]
pub mod http;
pub mod idempotency;
pub mod ids;
#[cfg(all(feature = "queues", feature = "table"))]
pub mod inbound;
pub mod lambda;
pub mod life;
pub mod line;
pub mod log;
pub mod message;
pub mod object;
pub mod outgoing;
pub mod outstanding;
pub mod profile;
#[cfg(feature = "queues")]
pub mod queues;
pub mod schedule;
pub mod secret;
#[cfg(feature = "vendors")]
pub mod sends;
pub mod session;
pub mod silence;
#[cfg(feature = "http-client")]
pub mod sobot_page;
pub mod survey;
#[cfg(feature = "table")]
pub mod table;
pub mod vendor;
#[cfg(all(feature = "queues", feature = "table"))]
pub mod webhook;
