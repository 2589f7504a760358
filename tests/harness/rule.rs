//! Rules: what a test commands for certain calls, and how it waits for that to have happened.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use crate::BOUND;

/// A rule in force. The handle may be dropped: the rule lasts until its count is used up or
/// [`Rule::clear`] is called.
#[derive(Clone, Debug)]
pub struct Rule {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    /// What the test commanded, for messages.
    name: String,
    hits: watch::Sender<usize>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    cleared: bool,
    waiting: Vec<oneshot::Sender<End>>,
}

/// How a held call goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Released,
    Cut,
}

impl Rule {
    fn new(name: String) -> Self {
        let state = State {
            name,
            hits: watch::Sender::new(0),
            held: Mutex::default(),
        };
        Self {
            state: Arc::new(state),
        }
    }

    /// Waits until the rule has come about `n` times: a cut rule has cut, a holding rule holds, a
    /// rule "after effect" has seen the upstream's answer.
    ///
    /// # Panics
    /// After [`BOUND`].
    pub async fn hit(&self, n: usize) {
        self.hit_within(n, BOUND).await;
    }

    /// [`Rule::hit`] with a bound of the test's own.
    ///
    /// # Panics
    /// After `bound`.
    pub async fn hit_within(&self, n: usize, bound: Duration) {
        let mut hits = self.state.hits.subscribe();
        let reached = tokio::time::timeout(bound, hits.wait_for(|hits| *hits >= n)).await;
        if reached.is_err() {
            panic!(
                "waited {bound:?} for {n} hits of the rule {}, saw {}",
                self.state.name,
                self.hits()
            );
        }
    }

    /// How often the rule has come about.
    pub fn hits(&self) -> usize {
        *self.state.hits.borrow()
    }

    /// How many calls it holds at this moment. A client that has gone away is no longer held.
    pub fn holds(&self) -> usize {
        let held = self.state.held.lock().unwrap();
        held.waiting.iter().filter(|call| !call.is_closed()).count()
    }

    /// Lets the calls that are held now go on. Later ones are held as before.
    pub fn release(&self) {
        self.end(End::Released);
    }

    /// Drops the connections of the calls that are held now. Later ones are held as before.
    pub fn cut(&self) {
        self.end(End::Cut);
    }

    /// Ends the rule for later calls and lets the held ones go on.
    pub fn clear(&self) {
        self.state.held.lock().unwrap().cleared = true;
        self.end(End::Released);
    }

    fn end(&self, end: End) {
        let waiting = std::mem::take(&mut self.state.held.lock().unwrap().waiting);
        for call in waiting {
            // A client that has gone away needs no word.
            let _ = call.send(end);
        }
    }

    fn cleared(&self) -> bool {
        self.state.held.lock().unwrap().cleared
    }

    /// Counts one hit.
    pub(crate) fn strike(&self) {
        self.state.hits.send_modify(|hits| *hits += 1);
    }

    /// Counts one hit and waits until the test ends the wait.
    pub(crate) async fn hold(&self) -> End {
        let held = {
            let mut held = self.state.held.lock().unwrap();
            if held.cleared {
                None
            } else {
                let (end, ended) = oneshot::channel();
                held.waiting.push(end);
                Some(ended)
            }
        };
        // Counted after the call is on the list: a test that saw the hit can release it.
        self.strike();
        match held {
            Some(ended) => ended.await.unwrap_or(End::Cut),
            None => End::Released,
        }
    }
}

/// Which of the matching calls a rule is for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    /// So many matching calls go by first.
    pub(crate) after: usize,
    /// Then so many are taken; all of them where nothing is said.
    pub(crate) times: Option<usize>,
}

/// The rules for calls of type `C`, each commanding an `A`.
pub(crate) struct Rules<C, A> {
    entries: Mutex<Vec<Entry<C, A>>>,
}

struct Entry<C, A> {
    matches: Box<dyn Fn(&C) -> bool + Send + Sync>,
    count: Count,
    action: A,
    seen: usize,
    taken: usize,
    rule: Rule,
}

impl<C, A: Clone> Rules<C, A> {
    pub(crate) fn new() -> Self {
        Self {
            entries: Mutex::default(),
        }
    }

    pub(crate) fn add(
        &self,
        name: String,
        matches: impl Fn(&C) -> bool + Send + Sync + 'static,
        count: Count,
        action: A,
    ) -> Rule {
        let rule = Rule::new(name);
        self.entries.lock().unwrap().push(Entry {
            matches: Box::new(matches),
            count,
            action,
            seen: 0,
            taken: 0,
            rule: rule.clone(),
        });
        rule
    }

    /// The newest rule that is for this call, so that a test can narrow what it said before. Every
    /// rule counts the calls that match it, also those that a newer rule takes.
    pub(crate) fn take(&self, call: &C) -> Option<(A, Rule)> {
        let mut entries = self.entries.lock().unwrap();
        let mut newest = None;
        for entry in entries.iter_mut().filter(|entry| (entry.matches)(call)) {
            entry.seen += 1;
            let in_force = entry.seen > entry.count.after
                && entry.count.times.is_none_or(|times| entry.taken < times)
                && !entry.rule.cleared();
            if in_force {
                newest = Some(entry);
            }
        }
        newest.map(|entry| {
            entry.taken += 1;
            (entry.action.clone(), entry.rule.clone())
        })
    }
}
