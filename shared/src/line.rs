//! The line that a function writes for each request, each message of a queue and each run of a
//! schedule: what it was about, what came of it and how long it took, and with it the numbers that
//! CloudWatch makes metrics of.
//!
//! CloudWatch reads them out of the line itself (its embedded metric format): no call, no permission.
//! The crates for that format gather numbers from all over a process and write them in lines of their
//! own, by the minute or at the end; here they belong to one request, and to its line.
//!
//! The template's `LogFormat: JSON` leaves such a line as it is: Lambda does not encode again what is
//! JSON already
//! (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>).
//!
//! Nothing that came from outside gets into a line but what has been read as something of a known form:
//! identifiers of ours, a trace id, numbers.

mod between;

use std::{cell::RefCell, io::Write, sync::OnceLock, time::Instant};

pub(crate) use between::Between;
use lambda_http::{Context, Request, RequestExt};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

use crate::{
    clock,
    correlation::{Correlation, TRACEPARENT},
    ids::SessionId,
    vendor::Vendor,
};

/// A number that CloudWatch makes a metric of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Pushes that came with the right path secret.
    Received,
    /// Parts of pushes (messages, changes of a session) that were recorded.
    Recorded,
    /// Parts of pushes that were there already.
    Duplicate,
    /// Pushes, or parts of them, of which nothing could be made: recorded raw.
    SetAside,
    /// Pushes that neither the table nor the inbox took, or that were too large: no vendor sends them again.
    Lost,
    /// Messages that a vendor took.
    Sent,
    /// Events that the app took.
    Delivered,
    /// Attempts, of either, that failed and will be made again.
    Retried,
    /// Calls of a vendor that were put off, since its rate budget was used up.
    OverBudget,
    /// Events and messages that were given up.
    Dead,
    /// Sessions that were due and that nobody was at.
    Swept,
    /// How long a vendor took to answer, or was waited for.
    VendorTime,
    /// How long the app took to answer, or was waited for.
    AppTime,
    /// How old the oldest event was that could not be delivered yet.
    UndeliveredAge,
    /// How old the oldest message was that could not be sent yet.
    UnsentAge,
}

impl Metric {
    /// Every one, for the tests that hold the template and the README to them.
    pub const ALL: [Self; 15] = [
        Self::Received,
        Self::Recorded,
        Self::Duplicate,
        Self::SetAside,
        Self::Lost,
        Self::Sent,
        Self::Delivered,
        Self::Retried,
        Self::OverBudget,
        Self::Dead,
        Self::Swept,
        Self::VendorTime,
        Self::AppTime,
        Self::UndeliveredAge,
        Self::UnsentAge,
    ];

    /// Its name, in the line and in CloudWatch.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Recorded => "recorded",
            Self::Duplicate => "duplicate",
            Self::SetAside => "set_aside",
            Self::Lost => "lost",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Retried => "retried",
            Self::OverBudget => "over_budget",
            Self::Dead => "dead",
            Self::Swept => "swept",
            Self::VendorTime => "vendor_ms",
            Self::AppTime => "app_ms",
            Self::UndeliveredAge => "undelivered_seconds",
            Self::UnsentAge => "unsent_seconds",
        }
    }

    /// CloudWatch's word for what is counted.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::VendorTime | Self::AppTime => "Milliseconds",
            Self::UndeliveredAge | Self::UnsentAge => "Seconds",
            _ => "Count",
        }
    }

    /// What becomes of several of them in one line.
    fn joined(self, values: &[i64]) -> Value {
        match self {
            // CloudWatch takes 100 values of a metric at once.
            Self::VendorTime | Self::AppTime if values.len() > 1 => {
                values.iter().take(100).copied().collect()
            }
            Self::UndeliveredAge | Self::UnsentAge => values.iter().max().copied().into(),
            _ => values.iter().sum::<i64>().into(),
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An HTTP answer.
    Status(u16),
    /// What was asked for is done.
    Done,
    /// It is left in the queue, or to the next run.
    Failed,
}

/// What is the same in all lines of a process.
#[derive(Debug)]
struct Frame {
    function: &'static str,
    namespace: String,
}

/// The fields by which lines that belong together are found.
const REQUEST: &str = "request_id";
const CORRELATION: &str = "correlation_id";
const SESSION: &str = "session";

static FRAME: OnceLock<Frame> = OnceLock::new();

/// Says once whose lines these are, and where in CloudWatch their numbers belong.
pub(crate) fn init(function: &'static str, namespace: String) {
    // It is set already in a test that runs two functions in one process.
    let _ = FRAME.set(Frame {
        function,
        namespace,
    });
}

/// A line under way.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    began: Instant,
    request_id: String,
    correlation: Option<Correlation>,
    batch: Option<usize>,
    session: Option<SessionId>,
    vendor: Option<Vendor>,
    code: Option<&'static str>,
    numbers: Vec<(Metric, Vec<i64>)>,
}

tokio::task_local! {
    /// What is being worked on. Deep down something happens that is worth a number: it would have to
    /// be handed through every function in between.
    static LINE: RefCell<Line>;

    /// The entry of a log that is being worked on.
    static ENTRY: Entry;
}

struct Entry {
    session: SessionId,
    correlation: Option<Correlation>,
}

/// Does what `session`'s log asks for in an entry: lines of it belong to whatever the entry was appended for, whoever woke
/// the drainer.
pub async fn of_entry<T>(
    session: &SessionId,
    correlation: Option<&Correlation>,
    work: impl Future<Output = T>,
) -> T {
    let entry = Entry {
        session: session.clone(),
        correlation: correlation.cloned(),
    };
    ENTRY.scope(entry, work).await
}

/// Does work that is spawned under a copy of this request's line, so that lines of it have its identifiers. Numbers that
/// the work adds are lost.
pub fn beside<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let line = with(|line| line.clone());
    async {
        match line {
            Some(line) => LINE.scope(RefCell::new(line), work).await,
            None => work.await,
        }
    }
}

fn with<T>(change: impl FnOnce(&mut Line) -> T) -> Option<T> {
    LINE.try_with(|line| line.try_borrow_mut().ok().map(|mut line| change(&mut line)))
        .ok()
        .flatten()
}

/// Adds to a number of the line.
pub fn add(metric: Metric, value: i64) {
    with(|line| {
        match line.numbers.iter_mut().find(|(of, _)| *of == metric) {
            Some((_, values)) => values.push(value),
            None => line.numbers.push((metric, vec![value])),
        };
    });
}

/// The line is about this vendor.
pub fn at(vendor: Vendor) {
    with(|line| line.vendor = Some(vendor));
}

/// The line is about this session.
pub fn about(session: &SessionId, vendor: Vendor) {
    with(|line| {
        line.session = Some(session.clone());
        line.vendor = Some(vendor);
    });
}

/// The stable code of the error that is the answer.
pub fn refused(code: &'static str) {
    with(|line| line.code = Some(code));
}

/// What ties the line to others.
#[must_use]
pub fn correlation() -> Option<Correlation> {
    with(|line| line.correlation.clone()).flatten()
}

impl Line {
    /// The line of an HTTP request: tied to what the app says of it, or to what follows from it.
    pub(crate) fn of_request(request: &Request) -> Self {
        let given = request.headers().get(TRACEPARENT);
        let given = given.and_then(|value| Correlation::of_traceparent(value.to_str().ok()?));
        let parameters = request.path_parameters_ref();
        let session = parameters.and_then(|given| SessionId::parse(given.first("id")?));
        Self {
            correlation: Some(given.unwrap_or_default()),
            session,
            ..Self::of(request.lambda_context_ref())
        }
    }

    /// The line of a call of Lambda's.
    pub(crate) fn of(context: Option<&Context>) -> Self {
        Self {
            began: Instant::now(),
            request_id: context.map_or_else(String::new, |context| context.request_id.clone()),
            correlation: None,
            batch: None,
            session: None,
            vendor: None,
            code: None,
            numbers: Vec::new(),
        }
    }

    /// The line of one message of the batch that is being worked on.
    #[cfg(feature = "queues")]
    pub(crate) fn of_message(batch: usize, correlation: Option<Correlation>) -> Self {
        Self {
            batch: Some(batch),
            correlation,
            ..with(|line| line.clone()).unwrap_or_else(|| Self::of(None))
        }
    }

    /// Does the work that the line is about; the line is not written.
    #[cfg(feature = "queues")]
    pub(crate) async fn over<T>(self, work: impl Future<Output = T>) -> T {
        LINE.scope(RefCell::new(self), work).await
    }

    /// Does the work that the line is about, and writes it.
    pub(crate) async fn follow<T>(
        self,
        work: impl Future<Output = T>,
        outcome: impl FnOnce(&T) -> Outcome,
    ) -> T {
        let written = async {
            let done = work.await;
            let outcome = outcome(&done);
            // Where RUST_LOG asks for less, nothing is counted either.
            if tracing::enabled!(tracing::Level::INFO)
                && let Some(frame) = FRAME.get()
            {
                let now = clock::now();
                with(|line| {
                    write(&Handled {
                        line,
                        frame,
                        outcome,
                        now,
                    });
                });
            }
            done
        };
        LINE.scope(RefCell::new(self), written).await
    }
}

/// A line that is written.
struct Handled<'a> {
    line: &'a Line,
    frame: &'a Frame,
    outcome: Outcome,
    now: clock::Millis,
}

impl Handled<'_> {
    fn directive(&self) -> Directive<'_> {
        let numbers = self.line.numbers.iter();
        let metrics = numbers.map(|(metric, _)| Declared {
            name: metric.name(),
            unit: metric.unit(),
        });
        Directive {
            timestamp: self.now,
            cloud_watch_metrics: [Metrics {
                namespace: &self.frame.namespace,
                dimensions: match self.line.vendor {
                    Some(_) => &[&["vendor"], &[]],
                    None => &[&[]],
                },
                metrics: metrics.collect(),
            }],
        }
    }
}

impl Serialize for Handled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            line,
            frame,
            outcome,
            ..
        } = self;
        let mut map = serializer.serialize_map(None)?;
        if !line.numbers.is_empty() {
            map.serialize_entry("_aws", &self.directive())?;
        }
        let failed = matches!(outcome, Outcome::Failed | Outcome::Status(500..));
        map.serialize_entry("level", if failed { "ERROR" } else { "INFO" })?;
        map.serialize_entry("message", "handled")?;
        map.serialize_entry("function", frame.function)?;
        map.serialize_entry(REQUEST, &line.request_id)?;
        if let Some(correlation) = &line.correlation {
            map.serialize_entry(CORRELATION, correlation)?;
        }
        if let Some(batch) = line.batch {
            map.serialize_entry("batch", &batch)?;
        }
        if let Some(session) = &line.session {
            map.serialize_entry(SESSION, session)?;
        }
        if let Some(vendor) = line.vendor {
            map.serialize_entry("vendor", vendor.name())?;
        }
        match outcome {
            Outcome::Status(status) => map.serialize_entry("status", status)?,
            Outcome::Done => map.serialize_entry("outcome", "done")?,
            Outcome::Failed => map.serialize_entry("outcome", "failed")?,
        }
        if let Some(code) = line.code {
            map.serialize_entry("code", code)?;
        }
        for (metric, values) in &line.numbers {
            map.serialize_entry(metric.name(), &metric.joined(values))?;
        }
        let took = i64::try_from(line.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        map.serialize_entry("duration_ms", &took)?;
        map.end()
    }
}

/// What tells CloudWatch which of the fields are metrics. Counted by vendor and over all, since an alarm watches one
/// number. A session is a field and no dimension: each value of a dimension is a metric of its own, and is paid for.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    timestamp: clock::Millis,
    cloud_watch_metrics: [Metrics<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metrics<'a> {
    namespace: &'a str,
    dimensions: &'static [&'static [&'static str]],
    metrics: Vec<Declared>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Declared {
    name: &'static str,
    unit: &'static str,
}

/// One write, so that no other line gets into it.
fn write(line: &impl Serialize) {
    if let Ok(mut line) = serde_json::to_vec(line) {
        line.push(b'\n');
        // A log that is gone is no reason to fail.
        let _ = std::io::stdout().lock().write_all(&line);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn line() -> Line {
        Line {
            request_id: "r-1".to_owned(),
            ..Line::of(None)
        }
    }

    fn frame() -> Frame {
        Frame {
            function: "webhook-udesk",
            namespace: "deskbridge/dev".to_owned(),
        }
    }

    fn read(line: &Line, outcome: Outcome) -> Value {
        serde_json::to_value(Handled {
            line,
            frame: &frame(),
            outcome,
            now: 1_700_000_000_000,
        })
        .unwrap()
    }

    #[test]
    fn a_line_without_numbers_is_no_metric() {
        let mut written = read(&line(), Outcome::Status(200));
        let took = written.as_object_mut().unwrap().remove("duration_ms");
        assert!(took.unwrap().is_i64());
        assert_eq!(
            written,
            json!({"level": "INFO", "message": "handled", "function": "webhook-udesk", "request_id": "r-1", "status": 200})
        );
    }

    #[tokio::test]
    async fn numbers_are_gathered_from_within_and_declared() {
        let scoped = LINE.scope(RefCell::new(line()), async {
            at(Vendor::Udesk);
            add(Metric::Delivered, 1);
            add(Metric::Delivered, 1);
            add(Metric::AppTime, 30);
            add(Metric::AppTime, 40);
            add(Metric::UndeliveredAge, 7);
            add(Metric::UndeliveredAge, 900);
            with(|line| line.clone()).unwrap()
        });
        let written = read(&scoped.await, Outcome::Done);
        assert_eq!(written["delivered"], 2);
        assert_eq!(written["app_ms"], json!([30, 40]));
        assert_eq!(written["undelivered_seconds"], 900);
        assert_eq!(
            written["_aws"],
            json!({
                "Timestamp": 1_700_000_000_000_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "deskbridge/dev",
                    "Dimensions": [["vendor"], []],
                    "Metrics": [
                        {"Name": "delivered", "Unit": "Count"},
                        {"Name": "app_ms", "Unit": "Milliseconds"},
                        {"Name": "undelivered_seconds", "Unit": "Seconds"},
                    ],
                }],
            })
        );
    }

    #[test]
    fn whoever_is_on_duty_finds_what_failed_by_its_level() {
        for (outcome, level) in [
            (Outcome::Status(404), "INFO"),
            (Outcome::Status(503), "ERROR"),
            (Outcome::Done, "INFO"),
            (Outcome::Failed, "ERROR"),
        ] {
            assert_eq!(read(&line(), outcome)["level"], level, "{outcome:?}");
        }
    }
}
