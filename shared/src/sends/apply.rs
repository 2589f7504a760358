//! What an attempt brings about. Pure: it changes the change, and says what comes next.

use super::{Attempt, Watched};
use crate::{
    budget::Slot,
    change::Change,
    clock::Millis,
    desk::{OnUnknown, Opened, Outcome, Welcome},
    error::VendorFault,
    event::Fact,
    message::{Message, Sent, Status},
    outgoing::Task,
    schedule::Schedule,
    session::{Assign, Robot, Session, State},
    survey::Survey,
    vendor::Vendor,
};

/// How often it is looked whether somebody has taken a customer who waits.
const LOOK: Millis = 15_000;
/// Whoever waits for somebody waits so long, however short the schedule of what fails is.
const SHORTEST_PATIENCE: Millis = 10 * 60 * 1_000;

/// What is decided once for all attempts.
pub(super) struct Rules<'a> {
    /// When a failed attempt is made again.
    pub(super) schedule: &'a Schedule,
    /// How long a lease lasts.
    pub(super) lease: Millis,
    /// What becomes of a message that the vendor may have taken.
    pub(super) on_unknown: OnUnknown,
    /// Whether what ends here ends at the vendor's: it is asked to, or was the first to know.
    pub(super) ends_there: bool,
}

/// What comes next.
#[derive(Debug)]
pub(super) struct Step {
    /// The entry to try next under the same lease.
    pub(super) next: Option<u64>,
    /// What came of this one.
    pub(super) came: Watched,
}

impl Rules<'_> {
    /// Puts into `change` what `attempt` brought about; goes on to the next entry if it may.
    pub(super) fn apply(&self, change: &mut Change, attempt: &Attempt, go_on: bool) -> Step {
        let Attempt {
            entry,
            message,
            outcome,
            went_to,
            survey,
        } = attempt;
        let mut came = Watched::Done;
        match outcome {
            Outcome::Opened(opened) => {
                let asked = match &entry.task {
                    Task::Open { assign, .. } => Some(assign),
                    _ => None,
                };
                apply_opened(change, opened, asked);
            }
            Outcome::Done => match (&entry.task, message) {
                (Task::Message { .. }, Some(message)) => {
                    taken(change);
                    settle_message(change, message, Status::Sent, None);
                }
                (Task::Close, _) => {
                    change.session.over = self.ends_there;
                    change.close("customer", survey.as_ref(), change.now());
                }
                (Task::Read { through, .. }, _) => {
                    let read = &mut change.session.read_through;
                    *read = read.take().max(through.clone());
                }
                _ => {}
            },
            // A transfer may have changed the vendor's session while the message was on its way there.
            Outcome::Gone(fault)
                if *went_to != change.session.vendor_session && change.session.is_open() =>
            {
                return self.try_again(change, attempt, Some(0), fault, go_on);
            }
            Outcome::Moved { to, fault } => {
                apply_opened(change, to, None);
                if change.session.waits_in_line() {
                    return self.look_again(change, attempt, fault, go_on);
                }
                return self.try_again(change, attempt, Some(0), fault, go_on);
            }
            // What goes out after the end, too, is no news of it.
            Outcome::Gone(fault) if entry.task.outlives() => {
                came = Watched::Refused(fault.clone());
                give_up(change, attempt, Status::Failed, fault, "refused");
            }
            Outcome::Gone(fault) => {
                // Of these the session's end says enough.
                if !matches!(entry.task, Task::Open { .. } | Task::Close) {
                    came = Watched::Refused(fault.clone());
                }
                let reason = match entry.task {
                    Task::Close => "customer",
                    _ => "vendor",
                };
                change.session.over |= self.ends_there && change.session.is_open();
                change.close(reason, survey.as_ref(), change.now());
                if let Some(message) = message {
                    let message = Message {
                        too_late: true,
                        ..message.clone()
                    };
                    settle_message(change, &message, Status::Failed, Some(fault));
                    // One that was given up before, and taken up again, is given up again.
                    if matches!(message.status, Some(Status::Failed | Status::Unknown)) {
                        change.bury_send(entry, fault.message.clone());
                    }
                }
            }
            Outcome::Wait { until, slot } => {
                return self.wait(change, attempt, *until, slot.clone(), go_on);
            }
            // Whom the vendor won't hear of can be served all the same. It may know the customer from an earlier visit,
            // and has no code that says so: nothing is given up.
            Outcome::Refused(fault) if matches!(entry.task, Task::Register { .. }) => {
                came = Watched::Refused(fault.clone());
                tracing::warn!(session = %change.session.id, code = fault.code.as_ref().map(tracing::field::display), "the vendor takes no profile of the customer");
            }
            Outcome::Refused(fault) => {
                came = Watched::Refused(fault.clone());
                give_up(change, attempt, Status::Failed, fault, "refused");
            }
            Outcome::NotYet { after, fault } => {
                return self.try_again(change, attempt, *after, fault, go_on);
            }
            Outcome::Lost(fault) => {
                change.session.sends.may_have_arrived();
                return self.try_again(change, attempt, None, fault, go_on);
            }
            Outcome::Nothing => {}
        }
        self.settled(change, go_on, came)
    }

    fn settled(&self, change: &mut Change, go_on: bool, came: Watched) -> Step {
        let now = change.now();
        Step {
            next: change.session.sends.settle(now, self.lease, go_on),
            came,
        }
    }

    /// Keeps the entry until the vendor's rate budget has room for it: no attempt, so none that failed.
    fn wait(
        &self,
        change: &mut Change,
        attempt: &Attempt,
        until: Millis,
        slot: Option<Slot>,
        go_on: bool,
    ) -> Step {
        if attempt.entry.task.steps_aside() {
            return self.step_aside(change, attempt, until, slot, false, go_on);
        }
        change.session.sends.wait(until, slot);
        Step {
            next: None,
            came: Watched::Later,
        }
    }

    /// Lets those behind the entry go first. Where too many stand aside already, it is given up: it never
    /// holds up a message.
    fn step_aside(
        &self,
        change: &mut Change,
        attempt: &Attempt,
        at: Millis,
        slot: Option<Slot>,
        failed: bool,
        go_on: bool,
    ) -> Step {
        if !change.session.sends.has_room_aside() {
            let fault = VendorFault {
                name: change.session.vendor.name().to_owned(),
                code: None,
                message: "too many of these wait for the vendor already".to_owned(),
            };
            give_up(change, attempt, Status::Failed, &fault, "refused");
            return self.settled(change, go_on, Watched::Refused(fault));
        }
        let now = change.now();
        let log = &mut change.session.sends;
        Step {
            next: log.step_aside(at, slot, failed, now, self.lease, go_on),
            came: Watched::Later,
        }
    }

    /// Keeps a message until somebody has taken its customer, which is no failure, unless that takes longer than any
    /// failure is borne.
    fn look_again(
        &self,
        change: &mut Change,
        attempt: &Attempt,
        fault: &VendorFault,
        go_on: bool,
    ) -> Step {
        let now = change.now();
        let patience = self.schedule.length().max(SHORTEST_PATIENCE);
        if now - attempt.entry.created_at > patience {
            return match attempt.entry.number > change.session.sends.head {
                true => self.exhausted(change, attempt, fault, go_on),
                // What was taken up again has tries of its own.
                false => self.try_again(change, attempt, Some(LOOK), fault, go_on),
            };
        }
        let pause = match change.session.closing {
            true => 0,
            false => LOOK.min(self.schedule.longest()),
        };
        self.wait(change, attempt, now + pause, None, go_on)
    }

    /// Plans another attempt, or gives up where the schedule has none left.
    fn try_again(
        &self,
        change: &mut Change,
        attempt: &Attempt,
        after: Option<Millis>,
        fault: &VendorFault,
        go_on: bool,
    ) -> Step {
        let (now, failed) = (change.now(), change.session.sends.failed() + 1);
        // Not the vendor's words: they may quote the message.
        tracing::warn!(session = %change.session.id, failed, code = fault.code.as_ref().map(tracing::field::display), "not sent yet");
        let since = change.session.sends.maybe_arrived_since();
        let is_message = matches!(attempt.entry.task, Task::Message { .. });
        let next = self.schedule.next(failed, after, now);
        if let Some(at) = next.filter(|at| !(is_message && self.on_unknown.is_too_late(since, *at)))
        {
            if attempt.entry.task.steps_aside() {
                return self.step_aside(change, attempt, at, None, true, go_on);
            }
            change.session.sends.postpone(at);
            return Step {
                next: None,
                came: Watched::Later,
            };
        }
        self.exhausted(change, attempt, fault, go_on)
    }

    /// Gives up what was tried for long enough.
    fn exhausted(
        &self,
        change: &mut Change,
        attempt: &Attempt,
        fault: &VendorFault,
        go_on: bool,
    ) -> Step {
        // One of the attempts may have arrived, whatever came of the last.
        let since = change.session.sends.maybe_arrived_since();
        let status = match since {
            Some(_) => Status::Unknown,
            None => Status::Failed,
        };
        give_up(change, attempt, status, fault, "unreachable");
        let came = match attempt.entry.task {
            Task::Open { .. } | Task::Close => Watched::Done,
            _ => Watched::Refused(fault.clone()),
        };
        self.settled(change, go_on, came)
    }
}

/// The vendor's answer to opening; `asked` is the wish that it grants. A push may have overtaken it, and what a push
/// said is newer.
fn apply_opened(change: &mut Change, opened: &Opened, asked: Option<&Assign>) {
    if let Some(survey) = &opened.survey {
        change.offer_survey(Survey::clone(survey));
    }
    let before = change.session.state;
    // What a push said of an agent was asked about.
    let was_doubted = asked.is_none() && change.session.unconnected;
    let overtaken = (before == State::Active && !was_doubted) || !change.session.is_open();
    if opened.state == State::Active {
        change.session.unconnected = false;
    }
    if overtaken {
        if let (None, Some(id)) = (&change.session.vendor_session, &opened.vendor_session) {
            change.bind(id);
        }
        return;
    }
    // Not before: until the vendor grants the wish, the customer is with whom they were.
    if let Some(asked) = asked {
        change.session.assign = Some(asked.clone());
    }
    if let Some(id) = &opened.vendor_session {
        change.bind(id);
    }
    change.session.state = opened.state;
    if opened.state == State::Urobot {
        change.session.robot = met(&change.session);
    }
    change.session.queue.clone_from(&opened.queue);
    change.session.assignee.clone_from(&opened.assignee);
    if before == opened.state {
        return;
    }
    let now = change.now();
    match opened.state {
        State::Active | State::Robot | State::Urobot => change.tell(&Fact::SessionStarted, now),
        State::Queued => change.tell(&Fact::SessionQueued, now),
        State::Opening | State::Assigning | State::Offline | State::Closed => {}
    }
    if let Some(welcome) = &opened.welcome {
        greet(change, welcome);
    }
}

/// Sobot takes a message only where somebody has the customer, and may not have told so yet.
fn taken(change: &mut Change) {
    if change.session.vendor != Vendor::Sobot {
        return;
    }
    change.session.unconnected = false;
    change.session.met = true;
    if change.session.waits_in_line() {
        let now = change.now();
        change.session.state = State::Active;
        change.session.queue = None;
        change.tell(&Fact::SessionStarted, now);
    }
}

/// The vendor's own robot that was asked for and is there.
fn met(session: &Session) -> Option<Robot> {
    let asked = session.assign.as_ref()?;
    Some(Robot {
        id: asked.robot_id?,
        scene: asked.scene_id?,
        session: session.vendor_session.clone(),
    })
}

/// What the robot says first is part of the conversation.
fn greet(change: &mut Change, welcome: &Welcome) {
    let now = change.now();
    let id = change.next_message();
    let message = Message {
        vendor_id: welcome.vendor_id.clone(),
        ..Message::from_robot(
            id,
            welcome.content.clone(),
            welcome.suggestions.clone(),
            now,
        )
    };
    change.tell(&Fact::MessageReceived(message.view()), now);
    change.put_message(message);
}

/// The message has come as far as it will without further evidence; the app is told.
fn settle_message(
    change: &mut Change,
    message: &Message,
    status: Status,
    fault: Option<&VendorFault>,
) {
    if !message.status.is_none_or(|old| old.gives_way_to(status)) {
        return;
    }
    let now = change.now();
    let sends = &change.session.sends;
    let from = sends.maybe_arrived_since().or(sends.began_at());
    let sent = match status {
        Status::Sent | Status::Unknown => from.map(|from| Sent { from, until: now }),
        Status::Failed | Status::Queued | Status::Sending | Status::Read => message.sent,
    };
    let message = Message {
        status: Some(status),
        error: fault.cloned(),
        sent,
        ..message.clone()
    };
    match status {
        Status::Sent => change.tell(&Fact::MessageSent(message.view()), now),
        Status::Unknown => change.tell(&Fact::MessageUnknown(message.view()), now),
        Status::Failed | Status::Queued | Status::Sending | Status::Read => {
            change.tell(&Fact::MessageFailed(message.view()), now);
        }
    }
    change.put_message(message);
}

/// What cannot be sent is dead: listed as such, told to the app, and the session goes on without it.
fn give_up(
    change: &mut Change,
    attempt: &Attempt,
    status: Status,
    fault: &VendorFault,
    reason: &str,
) {
    let now = change.now();
    let Attempt { entry, survey, .. } = attempt;
    match (&entry.task, &attempt.message) {
        (Task::Message { .. }, Some(message)) => {
            settle_message(change, message, status, Some(fault))
        }
        // A customer who waits is still where they were when asking again is refused.
        (Task::Open { .. }, _) if change.session.state == State::Opening => {
            change.close(reason, None, now)
        }
        // The customer has left, whatever the vendor says to it.
        (Task::Close, _) => change.close("customer", survey.as_ref(), now),
        _ => {}
    }
    change.bury_send(entry, fault.message.clone());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        config::Settings,
        ids::CustomerId,
        message::{Author, Kind},
        outgoing::Entry,
        session::{Queue, Session},
    };

    const LEASE: Millis = 1_000;

    /// A customer at Sobot has written at 0, and it is tried at `now`; `outcome` came of it.
    fn written(state: State, now: Millis, outcome: Outcome) -> (Change, Attempt) {
        let customer = CustomerId::parse("DE").unwrap();
        let mut session = Session::opening(Vendor::Sobot, customer, None, 0);
        session.state = state;
        let mut change = Change::to(session, now);
        let id = change.next_message();
        let text = "Hello".to_owned();
        let message = Message::new(id.clone(), Author::Customer, Kind::Text, text, 0);
        let number = change.send(Task::Message { id: id.clone() });
        change.session.sends.begin("a", now, LEASE);
        let entry = Entry {
            number,
            task: Task::Message { id },
            created_at: 0,
            correlation: None,
            dead_at: None,
            dead_because: None,
            maybe_since: None,
        };
        let attempt = Attempt {
            entry,
            message: Some(message),
            outcome,
            went_to: None,
            survey: None,
        };
        (change, attempt)
    }

    fn applied(change: &mut Change, attempt: &Attempt) -> Step {
        let schedule = Schedule::from_settings(&Settings::new(|_| None)).unwrap();
        let rules = Rules {
            schedule: &schedule,
            lease: LEASE,
            on_unknown: OnUnknown::Hold,
            ends_there: true,
        };
        rules.apply(change, attempt, true)
    }

    fn moved(state: State) -> Outcome {
        Outcome::Moved {
            to: Box::new(opened(state, None, None)),
            fault: VendorFault {
                name: "sobot".to_owned(),
                code: None,
                message: "the customer is not connected to an agent".to_owned(),
            },
        }
    }

    #[test]
    fn to_wait_for_an_agent_is_no_failure_for_as_long_as_one_is_borne() {
        let day = 24 * 3_600 * 1_000;
        for state in [State::Queued, State::Assigning, State::Offline] {
            for now in [1_000, 3_600_000, 3 * 3_600_000] {
                let (mut change, attempt) = written(state, now, moved(state));
                let step = applied(&mut change, &attempt);
                assert_eq!((step.came, step.next), (Watched::Later, None));
                let sends = &change.session.sends;
                assert_eq!(sends.tried(1), Some((0, Some(now + LOOK))), "{state:?}");
            }
            let (mut change, attempt) = written(state, day, moved(state));
            applied(&mut change, &attempt);
            let failed = change.messages.values().next().unwrap();
            assert_eq!(failed.status, Some(Status::Failed));
            assert!(change.session.is_open() && !change.session.sends.is_pending());
        }
        // One that is taken up again later is tried again.
        let (mut change, attempt) = written(State::Queued, day, moved(State::Queued));
        let sends = &mut change.session.sends;
        sends.settle(day, LEASE, false);
        assert!(sends.redrive(1, None));
        sends.begin("a", day, LEASE);
        applied(&mut change, &attempt);
        let (failed, next_at) = change.session.sends.tried(1).unwrap();
        assert!(failed == 1 && next_at >= Some(day + LOOK));
        // Whoever leaves need not wait for that.
        let (mut change, attempt) = written(State::Queued, 1_000, moved(State::Queued));
        change.session.closing = true;
        applied(&mut change, &attempt);
        assert_eq!(change.session.sends.tried(1), Some((0, Some(1_000))));
        // Another vendor keeps its own count.
        let (mut change, attempt) = written(State::Queued, 1_000, moved(State::Queued));
        change.session.vendor = Vendor::Udesk;
        applied(&mut change, &attempt);
        assert_eq!(change.session.sends.failed(), 1);
    }

    fn change(state: State, vendor_session: Option<&str>) -> Change {
        let customer = CustomerId::parse("DE").unwrap();
        let mut session = Session::opening(Vendor::Udesk, customer, None, 0);
        session.state = state;
        session.vendor_session = vendor_session.map(str::to_owned);
        Change::to(session, 1_000)
    }

    fn opened(state: State, vendor_session: Option<&str>, position: Option<i64>) -> Opened {
        Opened {
            state,
            vendor_session: vendor_session.map(str::to_owned),
            assignee: None,
            queue: position.map(|position| Queue {
                name: Some("all".to_owned()),
                position: Some(position),
            }),
            survey: None,
            welcome: None,
        }
    }

    #[test]
    fn whose_words_sobot_has_taken_is_with_an_agent() {
        for state in [State::Queued, State::Assigning, State::Offline] {
            let (mut change, attempt) = written(state, 1_000, Outcome::Done);
            change.session.queue = opened(state, None, Some(1)).queue;
            applied(&mut change, &attempt);
            assert_eq!(change.session.state, State::Active);
            assert_eq!(change.session.queue, None);
            assert_eq!(told(&change), ["session.started", "message.sent"]);
        }
        let (mut change, attempt) = written(State::Active, 1_000, Outcome::Done);
        applied(&mut change, &attempt);
        assert_eq!(told(&change), ["message.sent"]);
        // Udesk takes words of whoever waits.
        let (mut change, attempt) = written(State::Queued, 1_000, Outcome::Done);
        change.session.vendor = Vendor::Udesk;
        applied(&mut change, &attempt);
        assert_eq!(change.session.state, State::Queued);
    }

    #[test]
    fn whoever_has_only_been_written_to_is_where_sobot_says_when_asked() {
        for (state, events) in [
            (State::Active, &[] as &[&str]),
            (State::Queued, &["session.queued"]),
            (State::Offline, &[]),
        ] {
            let mut change = change(State::Active, Some("old"));
            change.session.unconnected = true;
            apply_opened(&mut change, &opened(state, Some("new"), None), None);
            assert_eq!(change.session.state, state);
            assert_eq!(change.session.vendor_session.as_deref(), Some("new"));
            assert_eq!(change.session.unconnected, state != State::Active);
            assert_eq!(told(&change), events);
        }
        // The answer to the customer's own wish is older than the push that overtook it.
        let mut change = change(State::Active, Some("new"));
        change.session.unconnected = true;
        let wish = Assign::default();
        apply_opened(
            &mut change,
            &opened(State::Queued, None, Some(1)),
            Some(&wish),
        );
        assert_eq!(change.session.state, State::Active);
    }

    /// By when it went out a message is known again, and not by when it was written.
    #[test]
    fn a_message_says_when_it_was_on_its_way() {
        let sent = |lost: bool, status| {
            let mut change = change(State::Active, Some("11"));
            let log = &mut change.session.sends;
            log.append();
            log.begin("a", 300, 1_000);
            if lost {
                log.may_have_arrived();
                log.postpone(400);
                log.begin("a", 400, 1_000);
            }
            let id = crate::ids::MessageId::new(1);
            let author = crate::message::Author::Desk;
            let kind = crate::message::Kind::Text;
            let message = Message::new(id.clone(), author, kind, "x".to_owned(), 10);
            settle_message(&mut change, &message, status, None);
            change.messages.get(&id).and_then(|message| message.sent)
        };
        let was = |from| Some(Sent { from, until: 1_000 });
        assert_eq!(sent(false, Status::Sent), was(300));
        assert_eq!(sent(true, Status::Sent), was(300));
        assert_eq!(sent(true, Status::Unknown), was(300));
        assert_eq!(sent(false, Status::Failed), None);
    }

    /// What the app is told.
    fn told(change: &Change) -> Vec<&str> {
        let types = change.events.iter().map(|event| event.r#type.as_str());
        types.collect()
    }

    #[test]
    fn the_app_is_told_where_a_new_session_stands() {
        let outcomes: [(Opened, &[&str]); 4] = [
            (
                opened(State::Active, Some("11"), None),
                &["session.started"],
            ),
            (opened(State::Queued, None, Some(3)), &["session.queued"]),
            (opened(State::Assigning, None, None), &[]),
            (opened(State::Offline, None, None), &[]),
        ];
        for (outcome, wanted) in outcomes {
            let mut change = change(State::Opening, None);
            apply_opened(&mut change, &outcome, None);
            assert_eq!(change.session.state, outcome.state);
            assert_eq!(change.session.vendor_session, outcome.vendor_session);
            assert_eq!(change.session.queue, outcome.queue);
            assert_eq!(told(&change), wanted);
        }
    }

    fn with_robot(state: State, vendor_session: Option<&str>) -> Opened {
        Opened {
            welcome: Some(Welcome {
                content: "<p>Hello</p>".to_owned(),
                suggestions: Vec::new(),
                vendor_id: None,
            }),
            ..opened(state, vendor_session, None)
        }
    }

    #[test]
    fn a_robots_welcome_follows_its_start_and_comes_once() {
        for state in [State::Robot, State::Urobot] {
            let mut change = change(State::Opening, None);
            let met = with_robot(state, Some("urobot:1"));
            apply_opened(&mut change, &met, None);
            assert_eq!(told(&change), ["session.started", "message.received"]);
            let welcome = change.messages.values().next().unwrap();
            assert_eq!(welcome.from, crate::message::Author::Robot);
            assert_eq!(welcome.text.as_deref(), Some("Hello"));
            // Asked again, since its answer was lost, or the robot had forgotten the customer.
            apply_opened(&mut change, &met, None);
            assert_eq!(change.events.len(), 2);
        }
    }

    #[test]
    fn a_wish_counts_once_it_is_granted() {
        let wish = Assign {
            group_id: Some(1.into()),
            ..Assign::default()
        };
        let mut granted = change(State::Robot, None);
        apply_opened(
            &mut granted,
            &opened(State::Queued, None, Some(1)),
            Some(&wish),
        );
        assert_eq!(granted.session.assign.as_ref(), Some(&wish));
        assert_eq!(told(&granted), ["session.queued"]);

        // A push was faster: nobody waits for what was asked.
        let mut overtaken = change(State::Active, Some("11"));
        let met = with_robot(State::Robot, None);
        apply_opened(&mut overtaken, &met, Some(&wish));
        assert_eq!(overtaken.session.assign, None);
        assert!(told(&overtaken).is_empty() && overtaken.messages.is_empty());
    }

    #[test]
    fn a_new_place_in_the_queue_is_no_event() {
        let mut change = change(State::Queued, None);
        apply_opened(&mut change, &opened(State::Queued, None, Some(1)), None);
        assert_eq!(change.session.queue.as_ref().unwrap().position, Some(1));
        assert!(told(&change).is_empty());
    }

    #[test]
    fn whoever_waited_leaves_the_queue_when_an_agent_is_found() {
        let mut change = change(State::Queued, None);
        change.session.queue = opened(State::Queued, None, Some(1)).queue;
        apply_opened(&mut change, &opened(State::Active, Some("11"), None), None);
        assert_eq!(change.session.queue, None);
        assert_eq!(told(&change), ["session.started"]);
    }

    #[test]
    fn a_push_that_overtook_the_answer_is_newer() {
        // It brought the agent, and a transfer since.
        let mut active = change(State::Active, Some("12"));
        apply_opened(&mut active, &opened(State::Active, Some("11"), None), None);
        assert_eq!(active.session.vendor_session.as_deref(), Some("12"));
        assert!(told(&active).is_empty());

        // It brought the agent; the answer was still that of the queue.
        let mut active = change(State::Active, Some("12"));
        apply_opened(&mut active, &opened(State::Queued, None, Some(1)), None);
        assert_eq!(active.session.state, State::Active);

        // It brought the agent and did not say where.
        let mut active = change(State::Active, None);
        apply_opened(&mut active, &opened(State::Active, Some("11"), None), None);
        assert_eq!(active.session.vendor_session.as_deref(), Some("11"));

        let mut closed = change(State::Closed, Some("11"));
        apply_opened(&mut closed, &opened(State::Active, Some("11"), None), None);
        assert_eq!(closed.session.state, State::Closed);
        assert!(told(&closed).is_empty());
    }
}
