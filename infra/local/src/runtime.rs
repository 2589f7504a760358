//! The Lambda Runtime API, and for each function the processes behind it.
//!
//! Each process has the address `http://127.0.0.1:<port>/<function>/<number>` in `AWS_LAMBDA_RUNTIME_API`: lambda_runtime's
//! client puts the path in front of every request (it needs the scheme for that), so one port tells all processes apart.

use crate::error::InvokeError;
use crate::id;
use crate::instance::{Answer, Ended, Instance, kind_and_message, lock};
use crate::log::Log;
use crate::servers::{ACCOUNT, REGION};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path as Segments, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Lambda's limit for a response.
const RESPONSE_LIMIT: usize = 6_291_556;

/// The functions by name.
pub(crate) struct Runtime {
    pub(crate) pools: BTreeMap<String, Arc<Pool>>,
}

/// One function's processes.
pub(crate) struct Pool {
    pub(crate) name: String,
    pub(crate) timeout: Duration,
    binary: PathBuf,
    environment: BTreeMap<String, String>,
    runtime_api: String,
    permits: Semaphore,
    log: Arc<Log>,
    processes: Mutex<Processes>,
}

#[derive(Default)]
struct Processes {
    closed: bool,
    started: u64,
    live: BTreeMap<u64, Arc<Instance>>,
    /// Warm ones; the last used is used first, as Lambda does.
    idle: Vec<Arc<Instance>>,
    supervisors: JoinSet<()>,
}

impl Pool {
    pub(crate) fn new(
        name: &str,
        timeout: Duration,
        binary: PathBuf,
        environment: BTreeMap<String, String>,
        runtime_port: u16,
        max_instances: usize,
        log: Arc<Log>,
    ) -> Arc<Pool> {
        Arc::new(Pool {
            name: name.to_owned(),
            timeout,
            binary,
            environment,
            runtime_api: format!("http://127.0.0.1:{runtime_port}/{name}"),
            permits: Semaphore::new(max_instances.max(1)),
            log,
            processes: Mutex::default(),
        })
    }

    /// What its processes see.
    pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Calls the function. The call goes on when this is dropped, as a call of Lambda does when its caller leaves.
    pub(crate) async fn invoke(self: &Arc<Self>, event: Bytes, trace: Option<String>) -> Answer {
        let pool = Arc::clone(self);
        let call =
            tokio::spawn(async move { pool.call(event, trace.unwrap_or_else(id::trace)).await });
        call.await.unwrap_or(Err(InvokeError::Stopped))
    }

    async fn call(&self, event: Bytes, trace: String) -> Answer {
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(InvokeError::Stopped);
        };
        let answer = loop {
            let (instance, warm) = match self.warm() {
                Some(instance) => (instance, true),
                None => match self.start() {
                    Ok(instance) => (instance, false),
                    Err(error) => break Err(error),
                },
            };
            match instance
                .run(event.clone(), trace.clone(), self.timeout)
                .await
            {
                Ended::Answered(answer) => {
                    self.give_back(instance);
                    break answer;
                }
                // It ended while it waited, and never saw the event.
                Ended::NotTaken(_) if warm => self.forget(&instance),
                Ended::NotTaken(error) | Ended::Failed(error) => {
                    self.forget(&instance);
                    break Err(error);
                }
            }
        };
        match answer {
            Err(_) if lock(&self.processes).closed => Err(InvokeError::Stopped),
            Err(error) => {
                self.log.platform(&self.name, error.to_string());
                Err(error)
            }
            answer => answer,
        }
    }

    /// Starts one process, if there is none, and waits until it is ready.
    pub(crate) async fn warm_up(&self) -> Result<(), InvokeError> {
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(InvokeError::Stopped);
        };
        if !lock(&self.processes).live.is_empty() {
            return Ok(());
        }
        let instance = self.start()?;
        match instance.wait_ready().await {
            Ok(()) => {
                self.give_back(instance);
                Ok(())
            }
            Err(error) => {
                self.forget(&instance);
                self.log.platform(&self.name, error.to_string());
                Err(error)
            }
        }
    }

    fn warm(&self) -> Option<Arc<Instance>> {
        let mut processes = lock(&self.processes);
        while let Some(instance) = processes.idle.pop() {
            if !instance.has_exited() {
                return Some(instance);
            }
            processes.live.remove(&instance.number);
        }
        None
    }

    fn start(&self) -> Result<Arc<Instance>, InvokeError> {
        let mut processes = lock(&self.processes);
        if processes.closed {
            return Err(InvokeError::Stopped);
        }
        processes.started += 1;
        let number = processes.started;
        let runtime_api = format!("{}/{number}", self.runtime_api);
        let (instance, supervisor) = Instance::start(
            number,
            &self.name,
            &self.binary,
            &self.environment,
            runtime_api,
            &self.log,
        )?;
        processes.live.insert(number, Arc::clone(&instance));
        while processes.supervisors.try_join_next().is_some() {}
        processes.supervisors.spawn(async move {
            let _ = supervisor.await;
        });
        Ok(instance)
    }

    fn give_back(&self, instance: Arc<Instance>) {
        let mut processes = lock(&self.processes);
        // Not there any more: it was killed meanwhile.
        if processes.live.contains_key(&instance.number) {
            processes.idle.push(instance);
        }
    }

    fn forget(&self, instance: &Instance) {
        instance.kill();
        lock(&self.processes).live.remove(&instance.number);
    }

    /// SIGKILL for every process of the function.
    pub(crate) fn kill(&self) {
        let mut processes = lock(&self.processes);
        processes.idle.clear();
        for instance in std::mem::take(&mut processes.live).into_values() {
            instance.kill();
        }
    }

    /// Kills all and starts none any more.
    pub(crate) fn close(&self) {
        lock(&self.processes).closed = true;
        self.permits.close();
        self.kill();
    }

    /// Waits until the processes have ended and their last lines are in the log.
    pub(crate) async fn ended(&self) {
        let mut supervisors = std::mem::take(&mut lock(&self.processes).supervisors);
        while supervisors.join_next().await.is_some() {}
    }

    /// How many processes live.
    pub(crate) fn instances(&self) -> usize {
        lock(&self.processes)
            .live
            .values()
            .filter(|instance| !instance.has_exited())
            .count()
    }

    fn instance(&self, number: u64) -> Option<Arc<Instance>> {
        lock(&self.processes).live.get(&number).cloned()
    }
}

/// The Runtime API of all processes.
pub(crate) fn api(runtime: Arc<Runtime>) -> Router {
    Router::new()
        .route(
            "/{function}/{number}/2018-06-01/runtime/invocation/next",
            get(next),
        )
        .route(
            "/{function}/{number}/2018-06-01/runtime/invocation/{id}/response",
            post(response),
        )
        .route(
            "/{function}/{number}/2018-06-01/runtime/invocation/{id}/error",
            post(error),
        )
        .route(
            "/{function}/{number}/2018-06-01/runtime/init/error",
            post(init_error),
        )
        .with_state(runtime)
}

impl Runtime {
    fn find(&self, function: &str, number: u64) -> Option<(&Pool, Arc<Instance>)> {
        let pool = self.pools.get(function)?;
        Some((pool, pool.instance(number)?))
    }
}

async fn next(
    State(runtime): State<Arc<Runtime>>,
    Segments((function, number)): Segments<(String, u64)>,
) -> Response {
    let Some((pool, instance)) = runtime.find(&function, number) else {
        return unknown();
    };
    let Some((id, event, trace)) = instance.next().await else {
        return unknown();
    };
    let deadline = id::now_ms() + u64::try_from(pool.timeout.as_millis()).unwrap_or(u64::MAX);
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"),
        ),
        ("lambda-runtime-trace-id", trace),
    ];
    (headers, event).into_response()
}

async fn response(
    State(runtime): State<Arc<Runtime>>,
    Segments((function, number, id)): Segments<(String, u64, String)>,
    body: Body,
) -> Response {
    let Some((_, instance)) = runtime.find(&function, number) else {
        return unknown();
    };
    match axum::body::to_bytes(body, RESPONSE_LIMIT).await {
        Ok(body) => accepted(instance.answer(&id, Ok(body))),
        Err(_) => {
            let message = format!(
                "Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
            );
            instance.answer(&id, Err(InvokeError::Response(message.clone())));
            refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                &message,
            )
        }
    }
}

async fn error(
    State(runtime): State<Arc<Runtime>>,
    Segments((function, number, id)): Segments<(String, u64, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some((_, instance)) = runtime.find(&function, number) else {
        return unknown();
    };
    let (kind, message) = kind_and_message(&report(&headers, &body));
    accepted(instance.answer(&id, Err(InvokeError::Function { kind, message })))
}

async fn init_error(
    State(runtime): State<Arc<Runtime>>,
    Segments((function, number)): Segments<(String, u64)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some((_, instance)) = runtime.find(&function, number) else {
        return unknown();
    };
    instance.init_failed(&report(&headers, &body));
    accepted(true)
}

/// An error report's body; without one, its header.
fn report(headers: &HeaderMap, body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| {
        let kind = headers.get("lambda-runtime-function-error-type").and_then(|kind| kind.to_str().ok());
        json!({"errorType": kind.unwrap_or("unknown"), "errorMessage": String::from_utf8_lossy(body)})
    })
}

fn accepted(known: bool) -> Response {
    if known {
        (StatusCode::ACCEPTED, axum::Json(json!({"status": "OK"}))).into_response()
    } else {
        refusal(
            StatusCode::BAD_REQUEST,
            "InvalidRequestID",
            "Invalid request ID",
        )
    }
}

fn unknown() -> Response {
    refusal(
        StatusCode::GONE,
        "UnknownProcess",
        "this process has been given up",
    )
}

fn refusal(status: StatusCode, kind: &str, message: &str) -> Response {
    (
        status,
        axum::Json(json!({"errorType": kind, "errorMessage": message})),
    )
        .into_response()
}
