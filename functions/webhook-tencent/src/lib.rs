//! `POST <function URL>/<path secret>`: the callback `Desk.SessionEventNotify` of Tencent's Desk. Sessions that begin and
//! end, and what users, robots and agents say in them.
//!
//! Tencent names its application in the query, and signs with a token where the console has one: both are checked, and
//! whoever fails finds nothing here. It calls again where it gets no answer, which is why each call has a name.

use deskbridge::{
    inbound::tencent::{Recorder, Signed},
    webhook::Receiver,
};

pub use deskbridge::webhook::ANSWERS;

/// What the function needs, and what it does. Made once at init.
pub type App = Receiver<Recorder, Signed>;
