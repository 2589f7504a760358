//! A change to one session: everything that one fact brings about, gathered first and then written in
//! one transaction under the session's version. If another writer came first, the change is made anew
//! from what that one left.

use std::collections::BTreeMap;

use crate::{
    clock::Millis,
    correlation::Correlation,
    event::{Event, Fact},
    ids::{CustomerId, MessageId},
    line,
    message::Message,
    outgoing::{Entry, Task},
    session::{Session, State},
    survey::Survey,
    vendor::Vendor,
};

/// A mark that something was done, so that its repeat does nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A webhook's message, by the vendor's identifier or a hash of its body. Kept 30 days.
    Seen {
        /// Whose.
        vendor: Vendor,
        /// The identifier or the hash.
        key: String,
    },
    /// A caller's own key. Kept 24 h.
    Client {
        /// Whose key, for what.
        scope: String,
        /// The key.
        key: String,
        /// A hash of what was asked.
        body: String,
        /// The message that came of it, where one did.
        message: Option<MessageId>,
        /// The entry of the log of sends that came of it, where one did.
        entry: Option<u64>,
    },
}

/// A change of a pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pointer {
    /// This session becomes the customer's open one; fails if another one is.
    Claim {
        /// Whose desk.
        vendor: Vendor,
        /// Whose session.
        customer: CustomerId,
    },
    /// This session is no longer the customer's open one.
    Release {
        /// Whose desk.
        vendor: Vendor,
        /// Whose session.
        customer: CustomerId,
    },
    /// The vendor's identifier leads to this session.
    Bind {
        /// Whose desk.
        vendor: Vendor,
        /// The vendor's identifier.
        id: String,
    },
}

/// A webhook, or a part of one, that is recorded and not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// Whose.
    pub vendor: Vendor,
    /// A hash of it, its key.
    pub hash: String,
    /// The body as it came.
    pub body: String,
    /// Why it is not shown.
    pub because: String,
}

/// A silence that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// When it began.
    pub(crate) since: Millis,
    /// Whether the vendor ends it; else the customer does.
    pub(crate) by_vendor: bool,
}

/// A change to one session, under way.
#[derive(Debug)]
pub struct Change {
    /// The session as it will be.
    pub session: Session,
    pub(crate) read_version: Option<u64>,
    /// Whether the session was watched, and where the vendor had it, when it was read.
    pub(crate) was_watched: bool,
    pub(crate) was_at: Option<String>,
    pub(crate) broken: Option<Broken>,
    pub(crate) now: Millis,
    correlation: Option<Correlation>,
    pub(crate) messages: BTreeMap<MessageId, Message>,
    pub(crate) events: Vec<Event>,
    pub(crate) sends: Vec<Entry>,
    pub(crate) survey: Option<Survey>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) pointers: Vec<Pointer>,
    pub(crate) raws: Vec<Raw>,
    nudge_deliveries: bool,
    late: bool,
}

impl Change {
    /// A change to `session` as it was read.
    #[must_use]
    pub fn to(session: Session, now: Millis) -> Self {
        Self {
            read_version: Some(session.version),
            was_watched: session.is_watched(),
            was_at: session.vendor_session.clone(),
            ..Self::opening(session, now)
        }
    }

    /// The first record of a new session.
    #[must_use]
    pub fn opening(session: Session, now: Millis) -> Self {
        Self {
            session,
            read_version: None,
            was_watched: false,
            was_at: None,
            broken: None,
            now,
            correlation: line::correlation(),
            messages: BTreeMap::new(),
            events: Vec::new(),
            sends: Vec::new(),
            survey: None,
            marks: Vec::new(),
            pointers: Vec::new(),
            raws: Vec::new(),
            nudge_deliveries: false,
            late: false,
        }
    }

    /// The same, of what the vendor did not tell when it happened.
    #[must_use]
    pub fn late(self) -> Self {
        Self { late: true, ..self }
    }

    /// What is told from here on is told as it happens.
    pub fn go_on_in_time(&mut self) {
        self.late = false;
    }

    /// Whether it tells of what the vendor did not tell when it happened.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.late
    }

    /// Whether nothing is to be written.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.messages.is_empty()
            && self.events.is_empty()
            && self.sends.is_empty()
            && self.survey.is_none()
            && self.marks.is_empty()
            && self.pointers.is_empty()
            && self.raws.is_empty()
    }

    /// What the change tells belongs to what `entry` was appended for, and not to what woke its drainer.
    pub fn belongs_to(&mut self, entry: &Entry) {
        if entry.correlation.is_some() {
            self.correlation.clone_from(&entry.correlation);
        }
    }

    /// The vendor tells of the conversation.
    pub fn hear(&mut self) {
        self.stir(true);
        self.session.heard_at = Some(self.now);
    }

    /// The customer writes.
    pub fn speak(&mut self) {
        self.stir(false);
        self.session.spoke_at = Some(self.now);
    }

    fn stir(&mut self, by_vendor: bool) {
        let since = self.session.stirred_at();
        self.broken = self
            .broken
            .or(since.map(|since| Broken { since, by_vendor }));
    }

    /// The time of the change.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.now
    }

    /// The identifier of the next message of the conversation.
    pub fn next_message(&mut self) -> MessageId {
        self.session.messages += 1;
        MessageId::new(self.session.messages)
    }

    /// Records `message`, new or changed.
    pub fn put_message(&mut self, message: Message) {
        self.messages.insert(message.id.clone(), message);
    }

    /// Tells the app of `fact`, which happened at `occurred_at`: appends an event to the log of
    /// deliveries. The session must already be in the state that the fact led to.
    pub fn tell(&mut self, fact: &Fact<'_>, occurred_at: Millis) {
        let seq = self.session.deliveries.append();
        match Event::new(&self.session, seq, fact, occurred_at, self.late, self.now) {
            Ok(event) => self.events.push(Event {
                correlation: self.correlation.clone(),
                ..event
            }),
            // None of an event's parts can fail to be written; a hole in `seq` would be worse than a
            // missing event, so the number is given back.
            Err(error) => {
                self.session.deliveries.tail -= 1;
                tracing::error!(%error, "an event could not be written as JSON");
            }
        }
        self.nudge_deliveries |= self.session.deliveries.needs_nudge(self.now);
    }

    /// Appends `task` to the log of what must go to the vendor, and gives its number there.
    pub fn send(&mut self, task: Task) -> u64 {
        if matches!(task, Task::Message { .. }) {
            self.speak();
        }
        let number = self.session.sends.append();
        self.sends.push(Entry {
            number,
            task,
            created_at: self.now,
            correlation: self.correlation.clone(),
            dead_at: None,
            dead_because: None,
            maybe_since: None,
        });
        number
    }

    /// Marks an entry of the log of sends as given up.
    pub fn bury_send(&mut self, entry: &Entry, because: String) {
        self.sends.push(Entry {
            dead_at: Some(self.now),
            dead_because: Some(because),
            maybe_since: self.session.sends.maybe_arrived_since(),
            ..entry.clone()
        });
    }

    /// Takes up a send again that was given up. Gives whether it did: see [`Log::redrive`].
    ///
    /// [`Log::redrive`]: crate::log::Log::redrive
    pub fn redrive_send(&mut self, entry: Entry) -> bool {
        let log = &mut self.session.sends;
        let taken = entry.dead_at.is_some() && log.redrive(entry.number, entry.maybe_since);
        if taken {
            self.sends.push(Entry {
                dead_at: None,
                dead_because: None,
                ..entry
            });
        }
        taken
    }

    /// Takes up an event again that was given up, likewise.
    pub fn redrive_event(&mut self, event: Event) -> bool {
        let log = &mut self.session.deliveries;
        let taken = event.dead_at.is_some() && log.redrive(event.seq, None);
        if taken {
            self.events.push(Event {
                dead_at: None,
                dead_because: None,
                ..event
            });
        }
        taken
    }

    /// Marks an event as given up.
    pub fn bury_event(&mut self, event: &Event, because: String) {
        self.events.push(Event {
            dead_at: Some(self.now),
            dead_because: Some(because),
            ..event.clone()
        });
    }

    /// Whether an event or a send is given up.
    #[must_use]
    pub fn gives_up(&self) -> bool {
        let events = self.events.iter().any(|event| event.dead_at.is_some());
        events || self.sends.iter().any(|entry| entry.dead_at.is_some())
    }

    /// Keeps the survey that the vendor offers.
    pub fn offer_survey(&mut self, survey: Survey) {
        self.survey = Some(survey);
    }

    /// Lets the change happen once only.
    pub fn mark(&mut self, mark: Mark) {
        self.marks.push(mark);
    }

    /// Whether this mark is among those that it sets.
    #[must_use]
    pub fn has_mark(&self, mark: &Mark) -> bool {
        self.marks.contains(mark)
    }

    /// Records what is not shown.
    pub fn put_raw(&mut self, raw: Raw) {
        self.raws.push(raw);
    }

    /// A transaction takes one write of an item: the last word on a pointer counts.
    fn point(&mut self, pointer: Pointer) {
        self.pointers.retain(|earlier| match (earlier, &pointer) {
            (Pointer::Bind { id: earlier, .. }, Pointer::Bind { id, .. }) => earlier != id,
            (Pointer::Bind { .. }, _) | (_, Pointer::Bind { .. }) => true,
            // Both are of the one customer whose session this is.
            (
                Pointer::Claim { .. } | Pointer::Release { .. },
                Pointer::Claim { .. } | Pointer::Release { .. },
            ) => false,
        });
        self.pointers.push(pointer);
    }

    /// Makes this session the customer's open one.
    pub fn claim_customer(&mut self) {
        self.point(Pointer::Claim {
            vendor: self.session.vendor,
            customer: self.session.customer.clone(),
        });
    }

    /// The vendor knows the session as `id` from now on.
    pub fn bind(&mut self, id: &str) {
        if self.session.vendor_session.as_deref() == Some(id) {
            return;
        }
        self.session.vendor_session = Some(id.to_owned());
        self.point(Pointer::Bind {
            vendor: self.session.vendor,
            id: id.to_owned(),
        });
    }

    /// Ends the session and tells the app. Does nothing where it has ended already.
    pub fn close(&mut self, reason: &str, survey: Option<&Survey>, occurred_at: Millis) {
        if !self.session.is_open() {
            return;
        }
        self.session.state = State::Closed;
        self.session.queue = None;
        self.point(Pointer::Release {
            vendor: self.session.vendor,
            customer: self.session.customer.clone(),
        });
        self.tell(&Fact::SessionClosed { reason, survey }, occurred_at);
    }

    /// Whether, once this is written, somebody must be woken to deliver events.
    #[must_use]
    pub fn must_nudge_deliveries(&self) -> bool {
        self.nudge_deliveries
    }

    /// The session as the table holds it, once this is written.
    #[must_use]
    pub fn written(self) -> Session {
        Session {
            version: self.session.version + 1,
            updated_at: self.now,
            ..self.session
        }
    }
}
