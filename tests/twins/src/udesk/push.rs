//! Pushes: POST of JSON to the receive URL, one at a time per customer, in order.
//!
//! "Please respond within 5 seconds; if there are 10 timeouts within 60 seconds, UDesk will stop
//! calling the address for 60 seconds starting from the last timeout." A push that falls into the
//! stop, or is not answered well, is lost: the page promises no redelivery.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::open_api::Outgoing;
use super::switches::Switches;
use super::twin::Twin;
use crate::push::{Caller, PushOutcome, PushRecord};

struct Job {
    customer: String,
    /// Whether it goes to the URL of events.
    event: bool,
    body: String,
    due: Instant,
    done: oneshot::Sender<PushOutcome>,
}

/// The lines of pushes, one per customer.
pub(crate) struct Pusher {
    caller: Caller,
    lines: Mutex<HashMap<String, mpsc::UnboundedSender<Job>>>,
    brake: Mutex<Brake>,
}

impl Pusher {
    pub(crate) fn new() -> Self {
        Self {
            caller: Caller::new(),
            lines: Mutex::default(),
            brake: Mutex::default(),
        }
    }

    fn brake(&self) -> MutexGuard<'_, Brake> {
        self.brake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one call.
    async fn call(&self, url: &str, body: &str, switches: &Switches) -> PushOutcome {
        if self.brake().is_on(switches.timeout_pause, Instant::now()) {
            return PushOutcome::Stopped;
        }
        let outcome = self.caller.post(url, body, switches.push_timeout).await;
        if outcome == PushOutcome::TimedOut {
            self.brake().timed_out(switches, Instant::now());
        }
        outcome
    }
}

/// Counts time-outs and stops the calls.
#[derive(Debug, Default)]
struct Brake {
    timeouts: VecDeque<Instant>,
    last: Option<Instant>,
}

impl Brake {
    fn timed_out(&mut self, switches: &Switches, now: Instant) {
        // A call that was under way when the stop began moves its end: "from the last timeout".
        if self.is_on(switches.timeout_pause, now) {
            self.last = Some(now);
            return;
        }
        self.timeouts.push_back(now);
        while self
            .timeouts
            .front()
            .is_some_and(|first| now.duration_since(*first) > switches.timeout_window)
        {
            self.timeouts.pop_front();
        }
        if self.timeouts.len() >= switches.timeouts_allowed {
            self.timeouts.clear();
            self.last = Some(now);
        }
    }

    fn is_on(&mut self, pause: Duration, now: Instant) -> bool {
        if self
            .last
            .is_some_and(|last| now.duration_since(last) >= pause)
        {
            self.last = None;
        }
        self.last.is_some()
    }
}

/// A push in its line.
pub(crate) struct Pending(oneshot::Receiver<PushOutcome>);

impl Pending {
    /// What became of it; stopped, if the twin was.
    pub(crate) async fn outcome(self) -> PushOutcome {
        self.0.await.unwrap_or(PushOutcome::Stopped)
    }
}

impl Twin {
    /// Puts a push into its customer's line at once; it goes out even if nobody waits for the
    /// outcome. `wait` is
    /// how long the push waits at least.
    pub(crate) fn enqueue(&self, push: Outgoing, wait: Option<Duration>) -> Pending {
        self.line_up(push, wait, false)
    }

    /// The same, for an event.
    pub(crate) fn enqueue_event(&self, event: Outgoing, wait: Option<Duration>) -> Pending {
        self.line_up(event, wait, true)
    }

    fn line_up(&self, push: Outgoing, wait: Option<Duration>, event: bool) -> Pending {
        let body = match push.body {
            // A raw body that is no JSON is pushed as it is.
            Value::String(raw) => raw,
            body => body.to_string(),
        };
        let (done, outcome) = oneshot::channel();
        let job = Job {
            customer: push.customer.clone(),
            event,
            body,
            due: Instant::now() + wait.unwrap_or_default(),
            done,
        };
        let mut lines = self
            .pusher()
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(push.customer).or_insert_with(|| {
            let (line, jobs) = mpsc::unbounded_channel();
            let twin = self.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = twin.life().stopped() => {}
                    () = work(&twin, jobs) => {}
                }
            });
            line
        });
        // A line that has ended with the twin drops the job.
        let _ = line.send(job);
        Pending(outcome)
    }
}

/// Works on one customer's line.
async fn work(twin: &Twin, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let mut aside: Option<Job> = None;
    while let Some(job) = jobs.recv().await {
        sleep_until(job.due).await;
        if aside.is_none() && twin.takes_swap() {
            let (done, _) = oneshot::channel();
            let answer = std::mem::replace(&mut aside.insert(job).done, done);
            let _ = answer.send(PushOutcome::PutAside);
            continue;
        }
        let outcome = deliver(twin, &job).await;
        let _ = job.done.send(outcome);
        if let Some(job) = aside.take() {
            deliver(twin, &job).await;
        }
    }
}

/// Makes a push as often as the switches say; the outcome is the first call's.
async fn deliver(twin: &Twin, job: &Job) -> PushOutcome {
    let (switches, url) = {
        let shared = twin.lock();
        let url = match job.event {
            true => shared.event_url.clone(),
            false => shared.receive_url.clone(),
        };
        (shared.switches.clone(), url)
    };
    let mut first = None;
    for _ in 0..=switches.repeat_pushes {
        let at = Timestamp::now();
        let start = Instant::now();
        let outcome = match &url {
            None => PushOutcome::NoReceiveUrl,
            Some(_) if switches.lose_pushes && !job.event => PushOutcome::Lost,
            Some(url) => twin.pusher().call(url, &job.body, &switches).await,
        };
        twin.lock().pushes.push(PushRecord {
            at,
            customer: job.customer.clone(),
            body: serde_json::from_str(&job.body)
                .unwrap_or_else(|_| Value::String(job.body.clone())),
            outcome: outcome.clone(),
            took: start.elapsed(),
        });
        first.get_or_insert(outcome);
    }
    first.unwrap_or(PushOutcome::NoReceiveUrl)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_timeouts_in_sixty_seconds_stop_for_sixty_more() {
        let switches = Switches::default();
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut brake = Brake::default();
        let pause = switches.timeout_pause;
        for second in 0..9 {
            brake.timed_out(&switches, at(second));
        }
        assert!(!brake.is_on(pause, at(9)));
        brake.timed_out(&switches, at(10));
        assert!(brake.is_on(pause, at(69)));
        assert!(!brake.is_on(pause, at(70)));
        // The count begins anew.
        brake.timed_out(&switches, at(71));
        assert!(!brake.is_on(pause, at(71)));
    }

    #[test]
    fn ten_timeouts_in_more_than_sixty_seconds_do_not() {
        let switches = Switches::default();
        let start = Instant::now();
        let mut brake = Brake::default();
        for number in 0..20 {
            let now = start + Duration::from_secs(number * 7);
            brake.timed_out(&switches, now);
            assert!(!brake.is_on(switches.timeout_pause, now));
        }
    }
}
