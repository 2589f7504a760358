//! `POST <function URL>/<path secret>`: Udesk's event callbacks. Sessions that end come with their transcript, in which
//! there may be what no push has brought; customers give up queues, and rate.
//!
//! Nothing is known of how long Udesk waits here, nor of whether it calls again. So as for its pushes: within 4 s the
//! event is in the table or in the inbox.

use deskbridge::{inbound::udesk::Recorder, webhook::Receiver};

pub use deskbridge::webhook::ANSWERS;

/// What the function needs, and what it does. Made once at init.
pub type App = Receiver<Recorder>;
