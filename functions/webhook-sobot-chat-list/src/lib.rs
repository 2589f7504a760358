//! `POST <function URL>/<path secret>`: the URL that Sobot is given for its "Merchant Chat List Message", how much is unread, for customers who look at the list of chats.
//!
//! What comes is told by its fields and not by the URL: any of Sobot's three pushes is taken here.

use deskbridge::{inbound::sobot::Recorder, webhook::Receiver};

pub use deskbridge::webhook::ANSWERS;

/// What the function needs, and what it does. Made once at init.
pub type App = Receiver<Recorder>;
