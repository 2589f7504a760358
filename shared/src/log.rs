//! The state of a session's log in one direction: what was appended, what is settled, who drains it.
//!
//! A log is a row of entries numbered 1, 2, 3 … Everything up to `head` is settled (delivered, sent,
//! or given up); what lies between `head` and `tail` still has to go out, in order. One drainer at a
//! time holds the lease. This module is pure: it says what the next state is, and `table::commit`
//! writes it under the session's version, which fences off whoever was overtaken.
//!
//! What was given up can be taken up again: its number lies behind `head` then, in `redriven`. Such an
//! entry comes late anyway, so it holds up no other: each has tries of its own, and goes out when its time
//! has come and the head's has not. So does what may come late from the first, such as the news that the
//! customer has read something: where it has to wait it steps aside, and people's messages go on.

use serde::{Deserialize, Serialize};

use crate::{budget::Slot, clock::Millis};

/// How many entries of one log may be taken up again at a time: they stand in the session's record,
/// which every write of the session writes.
pub const MOST_REDRIVEN: usize = 100;

/// Who may drain a log, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The drainer, unique to one run of one invocation.
    pub owner: String,
    /// When others may take over.
    pub until: Millis,
}

/// The state of one log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// The number of the last entry appended.
    pub tail: u64,
    /// The number of the last entry settled; everything before it is settled too, but for `redriven`.
    pub head: u64,
    /// How often the entry after `head` was tried and failed.
    #[serde(default)]
    pub attempts: u32,
    /// When the entry after `head` may be tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Millis>,
    /// The drainer at work, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// When the attempt of the entry after `head` began, while that may be on its way: set before an
    /// attempt, cleared by its outcome. A drainer that finds it set takes over from one that died in
    /// between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<Millis>,
    /// When the first of its attempts that may have arrived began: some vendors drop a repeat only for
    /// a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maybe_since: Option<Millis>,
    /// The place in the vendor's rate budget that is kept for the entry after `head`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Slot>,
    /// What was given up and taken up again, and what lets others go first, by number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redriven: Vec<Redriven>,
}

/// An entry that was given up and taken up again, with its tries counted anew, or one that has to wait and
/// lets others go first; the fields are those of the entry after `head`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redriven {
    /// Its number.
    pub number: u64,
    /// How often it was tried and failed since it was taken up.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// When it may be tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Millis>,
    /// When the attempt under way began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<Millis>,
    /// When the first of its attempts that may have arrived began, those before it was given up
    /// included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maybe_since: Option<Millis>,
    /// The place in the vendor's rate budget that is kept for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Slot>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(attempts: &u32) -> bool {
    *attempts == 0
}

/// The tries of one entry, wherever they stand.
struct Tries<'a> {
    attempts: &'a mut u32,
    next_at: &'a mut Option<Millis>,
    began_at: &'a mut Option<Millis>,
    maybe_since: &'a mut Option<Millis>,
    slot: &'a mut Option<Slot>,
}

/// What a drainer that wants to start is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Nothing has to go out.
    Empty,
    /// Another drainer is at work until then.
    Busy(Millis),
    /// The next entry may not be tried before then.
    NotDue(Millis),
    /// The lease is taken, and the entry with this number is to be tried.
    Ready {
        /// The entry's number.
        number: u64,
        /// Whether a drainer died during an attempt of it, so that it may have arrived already.
        suspect: bool,
    },
}

impl Log {
    /// Appends an entry and gives its number.
    pub fn append(&mut self) -> u64 {
        self.tail += 1;
        self.tail
    }

    /// Takes up entry `number` again, which was given up; an attempt of it that began at `maybe_since`
    /// may have arrived. Gives whether it did: an entry that is still to go out stays as it is, and so
    /// does all else while [`MOST_REDRIVEN`] are on their way.
    pub fn redrive(&mut self, number: u64, maybe_since: Option<Millis>) -> bool {
        let place = self
            .redriven
            .binary_search_by_key(&number, |entry| entry.number);
        match place {
            Err(place) if number <= self.head && self.redriven.len() < MOST_REDRIVEN => {
                let entry = Redriven {
                    number,
                    maybe_since,
                    ..Redriven::default()
                };
                self.redriven.insert(place, entry);
                true
            }
            _ => false,
        }
    }

    /// Whether something that was appended has yet to be settled, what was taken up again aside.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.head < self.tail
    }

    /// Whether something still has to go out.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.is_behind() || !self.redriven.is_empty()
    }

    /// Whether entry `number` still has to go out.
    #[must_use]
    pub fn holds(&self, number: u64) -> bool {
        (self.head < number && number <= self.tail)
            || self.redriven.iter().any(|entry| entry.number == number)
    }

    /// The lease, as far as it still holds at `now`.
    #[must_use]
    pub fn live_lease(&self, now: Millis) -> Option<&Lease> {
        self.lease.as_ref().filter(|lease| lease.until > now)
    }

    /// When the next entry may be tried, at `now` if at once; `None` while nothing has to go out.
    #[must_use]
    pub fn next_try(&self, now: Millis) -> Option<Millis> {
        let at_head = self.is_behind().then_some(self.next_at);
        let redriven = self.redriven.iter().map(|entry| entry.next_at);
        let times = redriven.chain(at_head).map(|at| at.unwrap_or(now).max(now));
        times.min()
    }

    /// Whether somebody must be woken for what was appended: not while a drainer is at work, since it
    /// looks once more before it leaves, and not while all waits for its next attempt, since that wake-up
    /// is on its way.
    #[must_use]
    pub fn needs_nudge(&self, now: Millis) -> bool {
        self.live_lease(now).is_none() && self.next_try(now).is_some_and(|at| at <= now)
    }

    /// Takes the lease for `owner` where that is possible, and marks the next entry as being tried.
    pub fn begin(&mut self, owner: &str, now: Millis, lease_for: Millis) -> Begin {
        let Some(next_try) = self.next_try(now) else {
            return Begin::Empty;
        };
        if let Some(lease) = self.live_lease(now).filter(|lease| lease.owner != owner) {
            return Begin::Busy(lease.until);
        }
        // What a drainer died over comes first, so that whether it arrived is asked once.
        let Some(number) = self.under_way().or_else(|| self.next(now)) else {
            return Begin::NotDue(next_try);
        };
        // Its own mark, left by a write whose answer was lost, says nothing of an attempt.
        let is_own = self.is_held_by(owner);
        let mut suspect = false;
        if let Some(tries) = self.tries(number) {
            suspect = tries.began_at.is_some() && !is_own;
            if suspect {
                // An attempt that was cut off counts as a failed one, so that retries end here too.
                *tries.attempts += 1;
                *tries.maybe_since = tries.maybe_since.or(*tries.began_at);
                // That drainer may have used it.
                *tries.slot = None;
            }
            *tries.began_at = Some(now);
        }
        self.lease = Some(Lease {
            owner: owner.to_owned(),
            until: now + lease_for,
        });
        Begin::Ready { number, suspect }
    }

    /// The entry whose attempt may be on its way.
    #[must_use]
    pub fn under_way(&self) -> Option<u64> {
        let redriven = self
            .redriven
            .iter()
            .find(|entry| entry.began_at.is_some())
            .map(|entry| entry.number);
        redriven.or_else(|| self.began_at.map(|_| self.head + 1))
    }

    /// The first entry that may be tried at `now`: the head, and what comes late anyway behind it.
    fn next(&self, now: Millis) -> Option<u64> {
        let is_due = |at: Option<Millis>| at.is_none_or(|at| at <= now);
        if self.is_behind() && is_due(self.next_at) {
            return Some(self.head + 1);
        }
        let mut redriven = self.redriven.iter();
        redriven
            .find(|entry| is_due(entry.next_at))
            .map(|entry| entry.number)
    }

    fn tries(&mut self, number: u64) -> Option<Tries<'_>> {
        if number == self.head + 1 {
            return Some(Tries {
                attempts: &mut self.attempts,
                next_at: &mut self.next_at,
                began_at: &mut self.began_at,
                maybe_since: &mut self.maybe_since,
                slot: &mut self.slot,
            });
        }
        let entry = self
            .redriven
            .iter_mut()
            .find(|entry| entry.number == number)?;
        Some(Tries {
            attempts: &mut entry.attempts,
            next_at: &mut entry.next_at,
            began_at: &mut entry.began_at,
            maybe_since: &mut entry.maybe_since,
            slot: &mut entry.slot,
        })
    }

    /// How often entry `number` was tried and failed, and when it may be tried again; `None` where it is
    /// not next in line, or is settled.
    #[must_use]
    pub fn tried(&self, number: u64) -> Option<(u32, Option<Millis>)> {
        if self.is_behind() && number == self.head + 1 {
            return Some((self.attempts, self.next_at));
        }
        let entry = self.redriven.iter().find(|entry| entry.number == number)?;
        Some((entry.attempts, entry.next_at))
    }

    /// How often the entry under way was tried before and failed.
    #[must_use]
    pub fn failed(&self) -> u32 {
        match self.redriven_under_way() {
            Some(entry) => entry.attempts,
            None => self.attempts,
        }
    }

    /// When the first attempt of the entry under way that may have arrived began.
    #[must_use]
    pub fn maybe_arrived_since(&self) -> Option<Millis> {
        match self.redriven_under_way() {
            Some(entry) => entry.maybe_since,
            None => self.maybe_since,
        }
    }

    /// When the attempt under way began.
    #[must_use]
    pub fn began_at(&self) -> Option<Millis> {
        match self.redriven_under_way() {
            Some(entry) => entry.began_at,
            None => self.began_at,
        }
    }

    /// The place in the vendor's rate budget that is kept for the entry under way.
    #[must_use]
    pub fn slot(&self) -> Option<&Slot> {
        match self.redriven_under_way() {
            Some(entry) => entry.slot.as_ref(),
            None => self.slot.as_ref(),
        }
    }

    /// Whether the entry under way could let others go first: so many stand aside at most.
    #[must_use]
    pub fn has_room_aside(&self) -> bool {
        self.redriven_under_way().is_some() || self.redriven.len() < MOST_REDRIVEN
    }

    fn redriven_under_way(&self) -> Option<&Redriven> {
        self.redriven.iter().find(|entry| entry.began_at.is_some())
    }

    /// Whether `owner` is the one who drains. Checked on every state read anew: whoever was overtaken
    /// writes nothing more.
    #[must_use]
    pub fn is_held_by(&self, owner: &str) -> bool {
        self.lease
            .as_ref()
            .is_some_and(|lease| lease.owner == owner)
    }

    /// Whether `owner` is the one who tries entry `number`.
    #[must_use]
    pub fn is_tried_by(&self, owner: &str, number: u64) -> bool {
        self.is_held_by(owner) && self.under_way() == Some(number)
    }

    /// The entry under way is settled. Goes on to the next one that may be tried, under the same lease,
    /// renewed, or lets the lease go where there is none or `go_on` is false.
    pub fn settle(&mut self, now: Millis, lease_for: Millis, go_on: bool) -> Option<u64> {
        match self.redriven_under_way().map(|entry| entry.number) {
            Some(number) => self.redriven.retain(|entry| entry.number != number),
            None => {
                self.head += 1;
                self.attempts = 0;
                self.next_at = None;
                self.began_at = None;
                self.maybe_since = None;
                self.slot = None;
            }
        }
        self.pass_on(now, lease_for, go_on)
    }

    /// Goes on to the next entry, or lets the lease go.
    fn pass_on(&mut self, now: Millis, lease_for: Millis, go_on: bool) -> Option<u64> {
        let next = if go_on { self.next(now) } else { None };
        let Some(number) = next else {
            self.lease = None;
            return None;
        };
        if let Some(tries) = self.tries(number) {
            *tries.began_at = Some(now);
        }
        if let Some(lease) = &mut self.lease {
            lease.until = now + lease_for;
        }
        Some(number)
    }

    /// The attempt under way may have arrived: from when on its repeats may be doubles.
    pub fn may_have_arrived(&mut self) {
        if let Some(tries) = self.under_way().and_then(|number| self.tries(number)) {
            *tries.maybe_since = tries.maybe_since.or(*tries.began_at);
        }
    }

    /// The entry under way failed and is to be tried again at `at`; lets the lease go.
    pub fn postpone(&mut self, at: Millis) {
        self.put_off(at, None, 1);
        self.lease = None;
    }

    /// The entry under way was not tried, and has its turn at `at`, with the place in the vendor's rate budget
    /// that is kept for it. Lets the lease go.
    pub fn wait(&mut self, at: Millis, slot: Option<Slot>) {
        self.put_off(at, slot, 0);
        self.lease = None;
    }

    /// What the entry after `head` waited for has come: it may be tried at once.
    pub fn hurry(&mut self) {
        self.next_at = None;
    }

    /// Like [`Log::postpone`] where the entry under way `failed`, else like [`Log::wait`], of one that lets those
    /// behind it go first. Goes on to the next one as [`Log::settle`] does.
    pub fn step_aside(
        &mut self,
        at: Millis,
        slot: Option<Slot>,
        failed: bool,
        now: Millis,
        lease_for: Millis,
        go_on: bool,
    ) -> Option<u64> {
        let is_head = self.redriven_under_way().is_none();
        // Where no more can stand aside, it stays the head, and holds up the others after all.
        if is_head && self.redriven.len() < MOST_REDRIVEN {
            self.head += 1;
            let number = self.head;
            let aside = Redriven {
                number,
                attempts: std::mem::take(&mut self.attempts),
                next_at: self.next_at.take(),
                began_at: self.began_at.take(),
                maybe_since: self.maybe_since.take(),
                slot: self.slot.take(),
            };
            let place = self.redriven.partition_point(|entry| entry.number < number);
            self.redriven.insert(place, aside);
        }
        self.put_off(at, slot, u32::from(failed));
        self.pass_on(now, lease_for, go_on)
    }

    fn put_off(&mut self, at: Millis, slot: Option<Slot>, failed: u32) {
        if let Some(tries) = self.under_way().and_then(|number| self.tries(number)) {
            *tries.attempts += failed;
            *tries.next_at = Some(at);
            *tries.began_at = None;
            *tries.slot = slot;
        }
    }

    /// When a sweep should see to this log: `grace` after the moment at which a drainer should have
    /// been at it. `None` while nothing has to go out.
    #[must_use]
    pub fn due_at(&self, now: Millis, grace: Millis) -> Option<Millis> {
        self.next_try(now).map(|at| {
            let lease = self.lease.as_ref().map_or(now, |lease| lease.until);
            lease.max(at) + grace
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LEASE: Millis = 1_000;

    fn log_with(entries: u64) -> Log {
        let mut log = Log::default();
        for _ in 0..entries {
            log.append();
        }
        log
    }

    #[test]
    fn one_drainer_at_a_time() {
        let mut log = log_with(2);
        assert_eq!(
            log.begin("a", 0, LEASE),
            Begin::Ready {
                number: 1,
                suspect: false
            }
        );
        assert_eq!(log.begin("b", 999, LEASE), Begin::Busy(1_000));
        assert!(!log.needs_nudge(999));
    }

    #[test]
    fn whoever_takes_over_from_the_dead_knows_that_the_entry_may_have_arrived() {
        let mut log = log_with(1);
        log.begin("a", 0, LEASE);
        assert_eq!(
            log.begin("b", 1_000, LEASE),
            Begin::Ready {
                number: 1,
                suspect: true
            }
        );
        assert!(log.is_held_by("b") && !log.is_held_by("a"));
    }

    #[test]
    fn whoever_takes_the_lease_twice_does_not_suspect_itself() {
        let mut log = log_with(1);
        log.begin("a", 0, LEASE);
        assert_eq!(
            log.begin("a", 10, LEASE),
            Begin::Ready {
                number: 1,
                suspect: false
            }
        );
    }

    #[test]
    fn a_drainer_goes_on_to_what_was_appended_meanwhile() {
        let mut log = log_with(1);
        log.begin("a", 0, LEASE);
        log.append();
        assert_eq!(log.settle(500, LEASE, true), Some(2));
        assert_eq!(log.lease.as_ref().map(|lease| lease.until), Some(1_500));
        assert_eq!(log.settle(600, LEASE, true), None);
        assert_eq!(log.begin("b", 600, LEASE), Begin::Empty);
    }

    fn kept(at: Millis) -> Option<Slot> {
        let api = "POST /im/messages".to_owned();
        Some(Slot { at, api })
    }

    #[test]
    fn a_place_that_a_dead_drainer_may_have_used_is_not_used_again() {
        let mut log = log_with(1);
        log.begin("a", 0, LEASE);
        log.wait(500, kept(500));
        log.begin("a", 500, LEASE);
        assert!(log.slot().is_some());
        log.begin("b", 1_500, LEASE);
        assert_eq!(log.slot(), None);
    }

    #[test]
    fn what_steps_aside_holds_up_nobody_and_comes_back_at_its_time() {
        let mut log = log_with(3);
        log.begin("a", 0, LEASE);
        // Over budget: not an attempt, and its place is kept.
        assert_eq!(
            log.step_aside(5_000, kept(5_000), false, 10, LEASE, true),
            Some(2)
        );
        assert_eq!(log.tried(1), Some((0, Some(5_000))));
        // One that fails counts.
        assert_eq!(log.step_aside(6_000, None, true, 20, LEASE, true), Some(3));
        assert_eq!(log.tried(2), Some((1, Some(6_000))));
        assert_eq!(log.settle(30, LEASE, true), None);
        assert!(log.is_pending() && !log.is_behind());
        assert_eq!(log.next_try(40), Some(5_000));
        assert!(matches!(
            log.begin("b", 5_000, LEASE),
            Begin::Ready {
                number: 1,
                suspect: false
            }
        ));
        assert_eq!(log.slot(), kept(5_000).as_ref());
        assert_eq!(log.settle(5_100, LEASE, true), None);
        assert!(matches!(
            log.begin("b", 6_000, LEASE),
            Begin::Ready {
                number: 2,
                suspect: false
            }
        ));
        assert_eq!(log.slot(), None);
        assert_eq!(log.settle(6_100, LEASE, true), None);
        assert!(!log.is_pending());
    }

    #[test]
    fn a_place_is_not_the_next_ones() {
        let mut log = log_with(3);
        log.begin("a", 0, LEASE);
        log.wait(3_000, kept(3_000));
        log.begin("a", 3_000, LEASE);
        // Its place did not help it, and goes aside with it.
        assert_eq!(
            log.step_aside(6_000, None, true, 3_010, LEASE, true),
            Some(2)
        );
        assert_eq!(log.slot(), None);
        assert_eq!(log.tried(2), Some((0, None)));
    }

    #[test]
    fn what_stands_aside_is_on_its_way_and_is_not_taken_up_again() {
        let mut log = log_with(3);
        log.begin("a", 0, LEASE);
        for _ in 1..=3 {
            log.step_aside(5_000, None, true, 10, LEASE, true);
        }
        assert!((1..=3).all(|number| log.holds(number) && !log.redrive(number, None)));
    }

    #[test]
    fn where_no_more_can_stand_aside_the_next_one_holds_up_the_others() {
        let most = MOST_REDRIVEN as u64;
        let mut log = log_with(most + 2);
        log.begin("a", 0, LEASE);
        for next in 2..=most + 1 {
            assert!(log.has_room_aside());
            let went_on = log.step_aside(5_000, None, true, 10, LEASE, true);
            assert_eq!(went_on, Some(next));
        }
        assert!(!log.has_room_aside());
        assert_eq!(log.step_aside(6_000, None, true, 20, LEASE, true), None);
        assert_eq!(log.tried(most + 1), Some((1, Some(6_000))));
        assert_eq!(log.begin("b", 4_999, LEASE), Begin::NotDue(5_000));
    }

    #[test]
    fn whoever_waits_for_the_budget_has_not_failed() {
        let mut log = log_with(2);
        log.begin("a", 0, LEASE);
        log.wait(3_000, kept(3_000));
        assert_eq!((log.failed(), log.next_try(10)), (0, Some(3_000)));
        assert_eq!(log.begin("b", 10, LEASE), Begin::NotDue(3_000));
        log.begin("b", 3_000, LEASE);
        assert_eq!(log.slot(), kept(3_000).as_ref());
        log.postpone(4_000);
        assert_eq!((log.failed(), log.slot), (1, None));
    }

    #[test]
    fn what_is_hurried_need_not_wait_for_its_time() {
        let mut log = log_with(1);
        log.begin("a", 0, LEASE);
        log.wait(15_000, None);
        assert!(!log.needs_nudge(10));
        log.hurry();
        assert!(log.needs_nudge(10));
        assert_eq!(log.begin("b", 10, LEASE), ready(1));
    }

    #[test]
    fn a_failed_entry_holds_up_those_after_it_until_its_time() {
        let mut log = log_with(2);
        log.begin("a", 0, LEASE);
        log.postpone(5_000);
        assert_eq!(log.begin("b", 4_999, LEASE), Begin::NotDue(5_000));
        assert!(!log.needs_nudge(4_999));
        assert_eq!(
            log.begin("b", 5_000, LEASE),
            Begin::Ready {
                number: 1,
                suspect: false
            }
        );
        assert_eq!(log.attempts, 1);
    }

    #[test]
    fn the_first_attempt_that_may_have_arrived_is_remembered_until_the_entry_is_settled() {
        let mut log = log_with(2);
        log.begin("a", 100, LEASE);
        log.postpone(200);
        assert_eq!(log.maybe_since, None, "that one certainly did not");
        log.begin("a", 200, LEASE);
        log.may_have_arrived();
        log.postpone(300);
        log.begin("a", 300, LEASE);
        log.may_have_arrived();
        assert_eq!(log.maybe_since, Some(200));
        log.settle(400, LEASE, true);
        assert_eq!(log.maybe_since, None);
        // Whoever died in the middle may have sent it.
        log.begin("b", 5_000, LEASE);
        assert_eq!(log.maybe_since, Some(400));
    }

    /// Three entries settled, of which the first two were given up and are taken up again.
    fn with_redriven(appended: u64) -> Log {
        let mut log = log_with(3 + appended);
        log.head = 3;
        assert!(log.redrive(2, None) && log.redrive(1, Some(7)));
        log
    }

    fn ready(number: u64) -> Begin {
        Begin::Ready {
            number,
            suspect: false,
        }
    }

    #[test]
    fn what_is_taken_up_again_goes_out_behind_the_head_and_once() {
        let mut log = with_redriven(1);
        assert!(!log.redrive(2, None), "it is on its way already");
        assert!(!log.redrive(4, None), "it was never settled");
        assert!(log.holds(1) && log.holds(2) && log.holds(4) && !log.holds(3) && !log.holds(5));
        assert_eq!(log.begin("a", 0, LEASE), ready(4));
        assert_eq!(log.settle(1, LEASE, true), Some(1));
        assert_eq!(log.maybe_arrived_since(), Some(7));
        assert!(log.is_tried_by("a", 1) && !log.is_tried_by("a", 5));
        assert_eq!(log.settle(2, LEASE, true), Some(2));
        assert_eq!(log.maybe_arrived_since(), None);
        assert_eq!(log.settle(3, LEASE, true), None);
        assert_eq!((log.head, log.is_pending()), (4, false));
    }

    #[test]
    fn what_is_taken_up_again_and_fails_holds_up_nobody() {
        let mut log = with_redriven(0);
        assert_eq!(log.begin("a", 0, LEASE), ready(1));
        log.postpone(5_000);
        assert_eq!(log.next_try(10), Some(10), "the others may go on at once");
        log.append();
        assert_eq!(log.begin("a", 10, LEASE), ready(4));
        assert_eq!(log.settle(10, LEASE, true), Some(2));
        assert_eq!(log.settle(10, LEASE, true), None);
        assert_eq!(log.begin("a", 10, LEASE), Begin::NotDue(5_000));
        log.append();
        assert_eq!(log.begin("a", 5_000, LEASE), ready(5), "it is due again");
        assert_eq!(log.settle(5_000, LEASE, true), Some(1));
        assert_eq!(log.failed(), 1);
    }

    #[test]
    fn a_head_that_waits_does_not_hold_up_what_is_taken_up_again() {
        let mut log = log_with(2);
        log.head = 1;
        log.begin("a", 0, LEASE);
        log.postpone(5_000);
        assert!(log.redrive(1, None) && log.needs_nudge(10));
        assert_eq!(log.begin("a", 10, LEASE), ready(1));
        assert_eq!(log.settle(10, LEASE, true), None);
        assert_eq!((log.attempts, log.next_try(10)), (1, Some(5_000)));
    }

    #[test]
    fn what_a_drainer_died_over_comes_first() {
        let mut log = log_with(2);
        log.head = 1;
        log.begin("a", 0, LEASE);
        assert!(log.redrive(1, None));
        assert_eq!(
            log.begin("b", LEASE, LEASE),
            Begin::Ready {
                number: 2,
                suspect: true
            }
        );
        assert_eq!(log.settle(LEASE, LEASE, true), Some(1));
        // And so does one that was taken up again.
        log.append();
        assert_eq!(
            log.begin("a", 2 * LEASE, LEASE),
            Begin::Ready {
                number: 1,
                suspect: true
            }
        );
        assert_eq!((log.failed(), log.maybe_arrived_since()), (1, Some(LEASE)));
    }

    #[test]
    fn so_many_are_taken_up_at_a_time() {
        let mut log = log_with(MOST_REDRIVEN as u64 + 1);
        log.head = log.tail;
        let taken = (1..=log.tail).filter(|number| log.redrive(*number, None));
        assert_eq!(taken.count(), MOST_REDRIVEN);
    }

    proptest! {
        /// Whatever drainers do and wherever they die, entries are tried in order, none is skipped, what
        /// is taken up again is settled once each time, and while something is pending a sweep has a
        /// time to look.
        #[test]
        fn order_holds(steps in proptest::collection::vec((0..6u8, 0..3u8, 0..2_000i64), 1..200)) {
            let mut log = Log::default();
            let (mut now, mut settled, mut again) = (0, 0u64, std::collections::BTreeSet::new());
            for (step, who, pause) in steps {
                now += pause;
                let owner = who.to_string();
                let tried = log.under_way().filter(|number| log.is_tried_by(&owner, *number));
                match (step, tried) {
                    (0, _) => { log.append(); }
                    (1, _) => if let Begin::Ready { number, .. } = log.begin(&owner, now, LEASE) {
                        prop_assert!(number == settled + 1 || again.contains(&number));
                    },
                    (2, Some(number)) => {
                        if !again.remove(&number) {
                            prop_assert_eq!(number, settled + 1);
                            settled += 1;
                        }
                        let next = log.settle(now, LEASE, true);
                        prop_assert_eq!(next, log.under_way());
                        prop_assert_eq!(next.is_some(), log.is_held_by(&owner));
                    }
                    (3, Some(_)) => log.postpone(now + 100),
                    (4, _) if settled > 0 => {
                        let number = 1 + u64::from(who) % settled;
                        prop_assert_eq!(log.redrive(number, None), again.insert(number));
                    }
                    _ => {}
                }
                prop_assert_eq!(log.head, settled);
                prop_assert!(log.head <= log.tail);
                prop_assert_eq!(log.is_pending(), log.head < log.tail || !again.is_empty());
                prop_assert_eq!(log.due_at(now, 10).is_some(), log.is_pending());
            }
        }
    }
}
