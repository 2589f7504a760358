//! `POST <function URL>/<path secret>`: the one URL that Udesk calls, with replies and with read status.
//!
//! Udesk wants 200 and an empty body within 5 s, and stops calling for 60 s after ten slow answers.

use deskbridge::{inbound::udesk::Recorder, webhook::Receiver};

pub use deskbridge::webhook::ANSWERS;

/// What the function needs, and what it does. Made once at init.
pub type App = Receiver<Recorder>;
