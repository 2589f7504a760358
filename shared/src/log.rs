//! The state of a session's log in one direction: what was appended, what is settled, who drains it.
//!
//! A log is a row of entries numbered 1, 2, 3 … Everything up to `head` is settled (delivered, sent,
//! or given up); what lies between `head` and `tail` still has to go out, in order. One drainer at a
//! time holds the lease. This module is pure: it says what the next state is, and `table::commit`
//! writes it under the session's version, which fences off whoever was overtaken.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;

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
    /// The number of the last entry settled; everything before it is settled too.
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

    /// Whether something still has to go out.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.head < self.tail
    }

    /// The lease, as far as it still holds at `now`.
    #[must_use]
    pub fn live_lease(&self, now: Millis) -> Option<&Lease> {
        self.lease.as_ref().filter(|lease| lease.until > now)
    }

    /// Whether somebody must be woken for what was appended: not while a drainer is at work, since it
    /// looks once more before it leaves, and not while the first entry waits for its next attempt,
    /// since that wake-up is on its way.
    #[must_use]
    pub fn needs_nudge(&self, now: Millis) -> bool {
        self.is_pending()
            && self.live_lease(now).is_none()
            && self.next_at.is_none_or(|at| at <= now)
    }

    /// Takes the lease for `owner` where that is possible, and marks the next entry as being tried.
    pub fn begin(&mut self, owner: &str, now: Millis, lease_for: Millis) -> Begin {
        if !self.is_pending() {
            return Begin::Empty;
        }
        if let Some(lease) = self.live_lease(now).filter(|lease| lease.owner != owner) {
            return Begin::Busy(lease.until);
        }
        if let Some(at) = self.next_at.filter(|at| *at > now) {
            return Begin::NotDue(at);
        }
        // Its own mark, left by a write whose answer was lost, says nothing of an attempt.
        let suspect = self.began_at.is_some() && !self.is_held_by(owner);
        if suspect {
            // An attempt that was cut off counts as a failed one, so that retries end here too.
            self.attempts += 1;
            self.maybe_since = self.maybe_since.or(self.began_at);
        }
        self.lease = Some(Lease {
            owner: owner.to_owned(),
            until: now + lease_for,
        });
        self.began_at = Some(now);
        Begin::Ready {
            number: self.head + 1,
            suspect,
        }
    }

    /// Whether `owner` is the one who drains. Checked on every state read anew: whoever was overtaken
    /// writes nothing more.
    #[must_use]
    pub fn is_held_by(&self, owner: &str) -> bool {
        self.lease
            .as_ref()
            .is_some_and(|lease| lease.owner == owner)
    }

    /// The entry under way is settled. Goes on to the next one under the same lease, renewed, or lets
    /// the lease go where there is none or `go_on` is false.
    pub fn settle(&mut self, now: Millis, lease_for: Millis, go_on: bool) -> Option<u64> {
        self.head += 1;
        self.attempts = 0;
        self.next_at = None;
        self.began_at = None;
        self.maybe_since = None;
        if !(go_on && self.is_pending()) {
            self.lease = None;
            return None;
        }
        self.began_at = Some(now);
        if let Some(lease) = &mut self.lease {
            lease.until = now + lease_for;
        }
        Some(self.head + 1)
    }

    /// The attempt under way may have arrived: from when on its repeats may be doubles.
    pub fn may_have_arrived(&mut self) {
        self.maybe_since = self.maybe_since.or(self.began_at);
    }

    /// The entry under way failed and is to be tried again at `at`; lets the lease go.
    pub fn postpone(&mut self, at: Millis) {
        self.attempts += 1;
        self.next_at = Some(at);
        self.began_at = None;
        self.lease = None;
    }

    /// When a sweep should see to this log: `grace` after the moment at which a drainer should have
    /// been at it. `None` while nothing has to go out.
    #[must_use]
    pub fn due_at(&self, now: Millis, grace: Millis) -> Option<Millis> {
        self.is_pending().then(|| {
            let lease = self.lease.as_ref().map_or(now, |lease| lease.until);
            lease.max(self.next_at.unwrap_or(now)).max(now) + grace
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

    proptest! {
        /// Whatever drainers do and wherever they die, entries are tried in order, none is skipped,
        /// and while something is pending a sweep has a time to look.
        #[test]
        fn order_holds(steps in proptest::collection::vec((0..5u8, 0..3u8, 0..2_000i64), 1..200)) {
            let mut log = Log::default();
            let (mut now, mut settled) = (0, 0u64);
            for (step, who, pause) in steps {
                now += pause;
                let owner = who.to_string();
                match step {
                    0 => { log.append(); }
                    1 => if let Begin::Ready { number, .. } = log.begin(&owner, now, LEASE) {
                        prop_assert_eq!(number, settled + 1);
                    },
                    2 if log.is_held_by(&owner) && log.began_at.is_some() => {
                        settled += 1;
                        let next = log.settle(now, LEASE, true);
                        prop_assert_eq!(next, (settled < log.tail).then_some(settled + 1));
                    }
                    3 if log.is_held_by(&owner) && log.began_at.is_some() => log.postpone(now + 100),
                    _ => {}
                }
                prop_assert_eq!(log.head, settled);
                prop_assert!(log.head <= log.tail);
                prop_assert_eq!(log.due_at(now, 10).is_some(), log.is_pending());
            }
        }
    }
}
