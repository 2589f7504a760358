//! Pushes: POST of JSON to the receive URL, one at a time per customer, in order.
//!
//! "Please respond within 5 seconds; if there are 10 timeouts within 60 seconds, UDesk will stop
//! calling the address for 60 seconds starting from the last timeout." A push that falls into the
//! stop, or is not answered well, is lost: the page promises no redelivery.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use http::header;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::open_api::Outgoing;
use super::switches::Switches;
use super::twin::Twin;

/// What became of one push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// An answer came in time.
    Answered {
        /// Its HTTP status.
        status: u16,
        /// Whether its body was empty, as the page asks.
        empty: bool,
    },
    /// No answer in time.
    TimedOut,
    /// No connection, or it broke.
    Unreachable(String),
    /// Not made: too many time-outs stopped the calls.
    Stopped,
    /// Not made: no receive URL is set.
    NoReceiveUrl,
    /// Put aside to follow the customer's next push ([`Twin::swap_next_pushes`]).
    PutAside,
}

impl PushOutcome {
    /// As the page asks: 200 and nothing in the body.
    pub fn is_good(&self) -> bool {
        *self
            == Self::Answered {
                status: 200,
                empty: true,
            }
    }
}

/// One push that was made, or was not.
#[derive(Debug, Clone)]
pub struct PushRecord {
    /// When it was due.
    pub at: Timestamp,
    /// The customer, or empty where the body names none.
    pub customer: String,
    /// The body: a JSON value, or the raw text where it was none.
    pub body: Value,
    /// What became of it.
    pub outcome: PushOutcome,
    /// From the request to the end of the answer.
    pub took: Duration,
}

struct Job {
    customer: String,
    body: String,
    due: Instant,
    done: oneshot::Sender<PushOutcome>,
}

/// The lines of pushes, one per customer.
pub(crate) struct Pusher {
    client: Client<HttpConnector, Full<Bytes>>,
    lines: Mutex<HashMap<String, mpsc::UnboundedSender<Job>>>,
    brake: Mutex<Brake>,
}

impl Pusher {
    pub(crate) fn new() -> Self {
        // A new connection per push: none is spoilt by a receiver that was restarted or cut it.
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build_http();
        Self {
            client,
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
        let request = http::Request::post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_owned())));
        let request = match request {
            Ok(request) => request,
            Err(error) => return PushOutcome::Unreachable(error.to_string()),
        };
        let exchange = async {
            let answer = self
                .client
                .request(request)
                .await
                .map_err(|error| format!("{error}: {:?}", std::error::Error::source(&error)))?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await;
            let body = body.map_err(|error| error.to_string())?.to_bytes();
            Ok::<_, String>(PushOutcome::Answered {
                status,
                empty: body.is_empty(),
            })
        };
        match timeout(switches.push_timeout, exchange).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => PushOutcome::Unreachable(error),
            Err(_) => {
                self.brake().timed_out(switches, Instant::now());
                PushOutcome::TimedOut
            }
        }
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
        let body = match push.body {
            // A raw body that is no JSON is pushed as it is.
            Value::String(raw) => raw,
            body => body.to_string(),
        };
        let (done, outcome) = oneshot::channel();
        let job = Job {
            customer: push.customer.clone(),
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
                    () = twin.stopped() => {}
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
        (shared.switches.clone(), shared.receive_url.clone())
    };
    let mut first = None;
    for _ in 0..=switches.repeat_pushes {
        let at = Timestamp::now();
        let start = Instant::now();
        let outcome = match &url {
            None => PushOutcome::NoReceiveUrl,
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
