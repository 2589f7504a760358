//! Wire faults (design.md, section 8): a proxy that stands in front of DynamoDB, SQS, a vendor or
//! the app, forwards everything unchanged, and plays the outage that a test commands.
//!
//! ```no_run
//! # async fn example() {
//! use harness::faults::{Calls, Fault, Proxy};
//!
//! let table = Proxy::to("http://127.0.0.1:8000").await;
//! // The second transaction takes effect, and its answer is lost.
//! let lost = table.play(Calls::to("TransactWriteItems").after(1).times(1), Fault::CutAfter);
//! // … run the functions against table.url() …
//! lost.hit(1).await;
//! # }
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::sync::watch;

use crate::rule::{Count, End, Rule, Rules};
use crate::wire::{self, Cut, Refusal, Reply, Server};
use crate::{BOUND, random_between};

/// Which calls a rule is for. All that is said must hold.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    operation: Option<String>,
    method: Option<Method>,
    path: Option<String>,
    body: Option<String>,
    access_key: Option<String>,
    count: Count,
}

impl Calls {
    /// Every call.
    pub fn any() -> Self {
        Self::default()
    }

    /// Calls of this AWS operation, such as `TransactWriteItems` or `SendMessage`.
    pub fn to(operation: &str) -> Self {
        Self {
            operation: Some(operation.to_owned()),
            ..Self::default()
        }
    }

    /// Calls whose path and query contain this.
    pub fn path(part: &str) -> Self {
        Self {
            path: Some(part.to_owned()),
            ..Self::default()
        }
    }

    /// Only those of this method, such as `POST`.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.parse().expect("a method"));
        self
    }

    /// Only those whose body contains this.
    pub fn body(mut self, part: &str) -> Self {
        self.body = Some(part.to_owned());
        self
    }

    /// Only those signed with this AWS access key id: those of one function.
    pub fn signed_by(mut self, access_key: &str) -> Self {
        self.access_key = Some(access_key.to_owned());
        self
    }

    /// Only after `n` of them have gone by, counted from when the rule is made.
    pub fn after(mut self, n: usize) -> Self {
        self.count.after = n;
        self
    }

    /// Only `n` of them. Without this: until the rule is cleared.
    pub fn times(mut self, n: usize) -> Self {
        self.count.times = Some(n);
        self
    }

    /// Whether this call is one of them; [`Calls::after`] and [`Calls::times`] are not asked.
    pub fn includes(&self, call: &Call) -> bool {
        fn holds<T>(said: &Option<T>, test: impl FnOnce(&T) -> bool) -> bool {
            said.as_ref().is_none_or(test)
        }
        holds(&self.operation, |said| {
            call.operation.as_ref() == Some(said)
        }) && holds(&self.method, |said| call.method == *said)
            && holds(&self.path, |said| call.path.contains(said))
            && holds(&self.body, |said| call.text().contains(said))
            && holds(&self.access_key, |said| {
                call.access_key.as_ref() == Some(said)
            })
    }
}

/// What happens to a call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing: the call passes, and the rule counts it. Also an exception from an older rule.
    Pass,
    /// It reaches the upstream this much later. Where the client gives up before: never.
    Delay(Duration),
    /// Likewise, some time between the two.
    DelayBetween(Duration, Duration),
    /// It takes effect at once, and its answer comes this much later: with a time-out of the
    /// client below that, a time-out that hides success.
    DelayAnswer(Duration),
    /// It is held until [`Rule::release`], and then forwarded. Where the client gives up before,
    /// or with [`Rule::cut`]: the upstream never sees it.
    Hang,
    /// Too many requests, in the form of the server that is called: DynamoDB, SQS, or status 429
    /// with an optional `Retry-After` in seconds. The upstream never sees it.
    Throttle {
        /// `Retry-After`, which AWS doesn't send.
        retry_after: Option<u64>,
    },
    /// Status 500, in the form of the server that is called. The upstream never sees it.
    InternalError,
    /// This status and body. The upstream never sees it.
    Error {
        /// The HTTP status.
        status: u16,
        /// The body, sent as JSON.
        body: String,
    },
    /// The connection is dropped; the upstream never sees the call.
    CutBefore,
    /// The call takes effect; the connection is dropped in place of the answer.
    CutAfter,
    /// The call takes effect; the client is kept waiting for the answer until [`Rule::release`]
    /// or [`Rule::cut`]. Made for `kill -9`: wait for [`Rule::hit`], then kill.
    HoldAfter,
}

impl Fault {
    /// [`Fault::Throttle`] without `Retry-After`.
    pub fn throttle() -> Self {
        Self::Throttle { retry_after: None }
    }
}

/// A call as it came, and what became of it.
#[derive(Clone, Debug)]
pub struct Call {
    /// When it had arrived here.
    pub at: Instant,
    /// The method.
    pub method: Method,
    /// Path and query, as the client sent them.
    pub path: String,
    /// The AWS operation, from `X-Amz-Target`.
    pub operation: Option<String>,
    /// The AWS access key id that signed it, from `Authorization`.
    pub access_key: Option<String>,
    /// All headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The upstream's status. `None`: it did not see the call, or has not answered.
    pub upstream: Option<u16>,
    /// The status that the client was sent. `None`: it still waits, has gone away, or was cut off.
    pub answer: Option<u16>,
}

impl Call {
    fn of(request: &Request<Bytes>) -> Self {
        let header = |name: HeaderName| {
            let value = request.headers().get(name);
            value.and_then(|value| value.to_str().ok())
        };
        let target = header(HeaderName::from_static("x-amz-target"));
        Self {
            at: Instant::now(),
            method: request.method().clone(),
            path: path_of(request.uri()).to_owned(),
            operation: target
                .and_then(|target| target.rsplit_once('.'))
                .map(|(_, operation)| operation.to_owned()),
            access_key: header(header::AUTHORIZATION)
                .and_then(|value| value.split_once("Credential="))
                .and_then(|(_, credential)| credential.split_once('/'))
                .map(|(key, _)| key.to_owned()),
            headers: request.headers().clone(),
            body: request.body().clone(),
            upstream: None,
            answer: None,
        }
    }

    /// The body as text.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }
}

/// A running proxy. Dropping it ends it, with every connection.
#[derive(Debug)]
pub struct Proxy {
    server: Server,
    path: String,
    inner: Arc<Inner>,
}

/// What went through a proxy.
pub struct Record(Arc<Inner>);

impl Record {
    /// The calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.0.calls.lock().unwrap().clone()
    }
}

struct Inner {
    upstream: http::uri::Authority,
    client: Client<HttpConnector, Full<Bytes>>,
    rules: Rules<Call, Fault>,
    calls: Mutex<Vec<Call>>,
    /// Goes up with every call.
    changed: watch::Sender<u64>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "proxy to {}", self.upstream)
    }
}

impl Proxy {
    /// Starts a proxy on 127.0.0.1 in front of this `http` URL.
    ///
    /// # Panics
    /// Where the URL is not one of plain HTTP.
    pub async fn to(upstream: &str) -> Self {
        let url: Uri = upstream.parse().expect("a URL");
        assert_eq!(url.scheme_str(), Some("http"), "plain HTTP: {upstream}");
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let inner = Arc::new(Inner {
            upstream: url.authority().expect("a host").clone(),
            // A connection for each call: a pooled one that the upstream has just closed would
            // be a fault that no test commanded.
            client: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .build(connector),
            rules: Rules::new(),
            calls: Mutex::default(),
            changed: watch::Sender::new(0),
        });
        let handler = Arc::clone(&inner);
        Self {
            server: Server::start(move |request| Arc::clone(&handler).answer(request)).await,
            path: path_of(&url).trim_end_matches('/').to_owned(),
            inner,
        }
    }

    /// The upstream's URL with this proxy's address in place of its own.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.server.address(), self.path)
    }

    /// Makes a rule. Where several match a call, the newest plays.
    pub fn play(&self, calls: Calls, fault: Fault) -> Rule {
        let name = format!("{fault:?} for {calls:?} before {}", self.inner.upstream);
        let count = calls.count;
        self.inner
            .rules
            .add(name, move |call| calls.includes(call), count, fault)
    }

    /// Refuses connections, as a server that is down does: the listener is closed and every
    /// connection cut. [`Refusal::clear`] opens the same port again.
    pub async fn refuse(&self) -> Refusal {
        self.server.refuse().await
    }

    /// Cuts every connection there is, idle ones too; new ones are taken.
    pub async fn cut_connections(&self) {
        self.server.cut_connections().await;
    }

    /// Every call so far, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.inner.calls.lock().unwrap().clone()
    }

    /// The record of its calls, which outlives it.
    pub fn record(&self) -> Record {
        Record(Arc::clone(&self.inner))
    }

    /// The calls so far that match.
    pub fn calls_of(&self, which: &Calls) -> Vec<Call> {
        let calls = self.inner.calls.lock().unwrap();
        let matching = calls.iter().filter(|call| which.includes(call));
        matching.cloned().collect()
    }

    /// How many calls so far match.
    pub fn count(&self, which: &Calls) -> usize {
        let calls = self.inner.calls.lock().unwrap();
        calls.iter().filter(|call| which.includes(call)).count()
    }

    /// The AWS operations called so far, by access key id: what each function really did.
    pub fn operations_by_key(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut operations = BTreeMap::<String, BTreeSet<String>>::new();
        for call in self.inner.calls.lock().unwrap().iter() {
            if let (Some(key), Some(operation)) = (&call.access_key, &call.operation) {
                let of_key = operations.entry(key.clone()).or_default();
                of_key.insert(operation.clone());
            }
        }
        operations
    }

    /// Waits until `n` matching calls have arrived and returns those there are then.
    ///
    /// # Panics
    /// After [`BOUND`].
    pub async fn seen(&self, which: &Calls, n: usize) -> Vec<Call> {
        let mut changed = self.inner.changed.subscribe();
        let enough = changed.wait_for(|_| self.count(which) >= n);
        if tokio::time::timeout(BOUND, enough).await.is_err() {
            panic!(
                "waited {BOUND:?} for {n} calls of {which:?}, saw {} of {}",
                self.count(which),
                self.calls().len()
            );
        }
        self.calls_of(which)
    }
}

impl Inner {
    async fn answer(self: Arc<Self>, request: Request<Bytes>) -> Result<Reply, Cut> {
        let call = Call::of(&request);
        let played = self.rules.take(&call);
        let number = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(call.clone());
            calls.len() - 1
        };
        self.changed.send_modify(|changes| *changes += 1);

        let reply = match played {
            None => self.forward(number, request).await?,
            Some((fault, rule)) => self.play(number, request, &call, fault, &rule).await?,
        };
        self.calls.lock().unwrap()[number].answer = Some(reply.status().as_u16());
        Ok(reply)
    }

    async fn play(
        self: &Arc<Self>,
        number: usize,
        request: Request<Bytes>,
        call: &Call,
        fault: Fault,
        rule: &Rule,
    ) -> Result<Reply, Cut> {
        match fault {
            Fault::Delay(late) => {
                rule.strike();
                tokio::time::sleep(late).await;
                self.forward(number, request).await
            }
            Fault::DelayBetween(least, most) => {
                rule.strike();
                tokio::time::sleep(random_between(least, most)).await;
                self.forward(number, request).await
            }
            Fault::Pass => {
                let reply = self.forward(number, request).await;
                rule.strike();
                reply
            }
            Fault::DelayAnswer(late) => {
                let reply = self.forward(number, request).await;
                rule.strike();
                tokio::time::sleep(late).await;
                reply
            }
            Fault::Hang => match rule.hold().await {
                End::Released => self.forward(number, request).await,
                End::Cut => Err(Cut),
            },
            Fault::Throttle { retry_after } => {
                rule.strike();
                Ok(throttled(call, retry_after))
            }
            Fault::InternalError => {
                rule.strike();
                Ok(internal_error(call))
            }
            Fault::Error { status, body } => {
                rule.strike();
                Ok(wire::reply(status, "application/json", body))
            }
            Fault::CutBefore => {
                rule.strike();
                Err(Cut)
            }
            Fault::CutAfter => {
                // No answer for the client, whatever it would have been.
                let _ = self.forward(number, request).await;
                rule.strike();
                Err(Cut)
            }
            Fault::HoldAfter => {
                let reply = self.forward(number, request).await;
                match rule.hold().await {
                    End::Released => reply,
                    End::Cut => Err(Cut),
                }
            }
        }
    }

    /// Hands the request on. An upstream that can't be reached or gives no answer looks to the
    /// client like a cut connection.
    async fn forward(
        self: &Arc<Self>,
        number: usize,
        request: Request<Bytes>,
    ) -> Result<Reply, Cut> {
        let this = Arc::clone(self);
        // A task of its own: a request that has been sent takes effect, also where the client
        // gives up or is killed meanwhile.
        let forwarded = tokio::spawn(async move {
            let (mut head, body) = request.into_parts();
            let path = path_of(&head.uri).to_owned();
            head.uri = format!("http://{}{path}", this.upstream)
                .parse()
                .map_err(|_| Cut)?;
            end_hop(&mut head.headers);
            let request = Request::from_parts(head, Full::new(body));
            let answer = this.client.request(request).await.map_err(|_| Cut)?;
            let (mut head, body) = answer.into_parts();
            let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
            end_hop(&mut head.headers);
            this.calls.lock().unwrap()[number].upstream = Some(head.status.as_u16());
            Ok(Reply::from_parts(head, Full::new(body)))
        });
        forwarded.await.unwrap_or(Err(Cut))
    }
}

fn path_of(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}

/// Takes out what speaks of one connection: there are two, and bodies are whole here.
fn end_hop(headers: &mut HeaderMap) {
    for name in [header::CONNECTION, header::TRANSFER_ENCODING] {
        headers.remove(name);
    }
}

/// Who is called, which decides the form of an error.
enum Kind {
    DynamoDb,
    Sqs,
    Other,
}

fn kind_of(call: &Call) -> Kind {
    let target = call.headers.get("x-amz-target");
    match target.and_then(|target| target.to_str().ok()) {
        Some(target) if target.starts_with("DynamoDB_") => Kind::DynamoDb,
        Some(target) if target.starts_with("AmazonSQS.") => Kind::Sqs,
        _ => Kind::Other,
    }
}

fn throttled(call: &Call, retry_after: Option<u64>) -> Reply {
    let mut reply = match kind_of(call) {
        Kind::DynamoDb => dynamodb_error(
            400,
            "ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded.",
        ),
        Kind::Sqs => sqs_error(400, "RequestThrottled", "Sender", "Request is throttled."),
        Kind::Other => wire::reply(
            429,
            "application/json",
            r#"{"message":"Too many requests"}"#,
        ),
    };
    if let Some(seconds) = retry_after {
        reply
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    reply
}

fn internal_error(call: &Call) -> Reply {
    match kind_of(call) {
        Kind::DynamoDb => dynamodb_error(500, "InternalServerError", "Internal server error"),
        Kind::Sqs => sqs_error(500, "InternalFailure", "Receiver", "Internal failure"),
        Kind::Other => wire::reply(
            500,
            "application/json",
            r#"{"message":"Internal server error"}"#,
        ),
    }
}

fn dynamodb_error(status: u16, error: &str, message: &str) -> Reply {
    aws_error(
        status,
        &format!("com.amazonaws.dynamodb.v20120810#{error}"),
        error,
        message,
    )
}

fn sqs_error(status: u16, error: &str, fault: &str, message: &str) -> Reply {
    let mut reply = aws_error(
        status,
        &format!("com.amazonaws.sqs#{error}"),
        error,
        message,
    );
    // SQS spoke XML once and still names its errors as it did then.
    reply.headers_mut().insert(
        HeaderName::from_static("x-amzn-query-error"),
        format!("{error};{fault}").parse().unwrap(),
    );
    reply
}

fn aws_error(status: u16, kind: &str, error: &str, message: &str) -> Reply {
    let body = serde_json::json!({ "__type": kind, "message": message });
    let mut reply = wire::reply(status, "application/x-amz-json-1.0", body.to_string());
    let headers = reply.headers_mut();
    headers.insert(
        HeaderName::from_static("x-amzn-errortype"),
        error.parse().unwrap(),
    );
    headers.insert(
        HeaderName::from_static("x-amzn-requestid"),
        HeaderValue::from_static("00000000-0000-0000-0000-000000000000"),
    );
    reply
}
