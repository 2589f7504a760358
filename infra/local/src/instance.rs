//! One process of a function, and the one invocation it has at a time.

use crate::error::InvokeError;
use crate::id;
use crate::log::{Log, LogSource};
use axum::body::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Lambda gives init 10 s.
const INIT_LIMIT: Duration = Duration::from_secs(10);
/// After a process has ended, its last lines are waited for, but not for long: a grandchild may hold the pipe.
const LAST_LINES: Duration = Duration::from_millis(500);

/// What the process answers.
pub(crate) type Answer = Result<Bytes, InvokeError>;

/// An event on its way to the process.
pub(crate) struct Invocation {
    pub(crate) id: String,
    pub(crate) event: Bytes,
    pub(crate) trace: String,
    /// Told when the process has asked for it: from then on the function's Timeout runs.
    pub(crate) taken: oneshot::Sender<()>,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// How an invocation ended.
pub(crate) enum Ended {
    Answered(Answer),
    /// The process ended before it asked for this event: another may take it.
    NotTaken(InvokeError),
    /// The process is gone or has to go.
    Failed(InvokeError),
}

pub(crate) struct Instance {
    pub(crate) number: u64,
    function: String,
    child: Mutex<Child>,
    inbox: mpsc::Sender<Invocation>,
    waiting: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    current: Mutex<Option<(String, oneshot::Sender<Answer>)>>,
    ready: watch::Sender<bool>,
    /// How the process ended, once it has.
    exited: watch::Sender<Option<String>>,
    init_error: Mutex<Option<String>>,
    /// What it said last, which is why init failed, if it does.
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    text: String,
    /// It is the `error` of a JSON log line: nothing plainer comes after it.
    error: bool,
}

impl Said {
    fn hear(&mut self, line: &str) {
        let logged = serde_json::from_str::<Value>(line).ok();
        let error = logged
            .as_ref()
            .and_then(|logged| logged.get("error"))
            .and_then(Value::as_str);
        // A panic's message stands before this note.
        let empty = line.trim().is_empty() || line.starts_with("note: run with `RUST_BACKTRACE");
        if error.is_some() || !(self.error || empty) {
            *self = Said {
                text: error.unwrap_or(line).to_owned(),
                error: error.is_some(),
            };
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Instance {
    /// Starts the process. The handle is of the task that sees it end.
    pub(crate) fn start(
        number: u64,
        function: &str,
        binary: &Path,
        environment: &BTreeMap<String, String>,
        runtime_api: String,
        log: &Arc<Log>,
    ) -> Result<(Arc<Instance>, JoinHandle<()>), InvokeError> {
        let mut command = Command::new(binary);
        command
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A group of its own: Ctrl-C in the terminal is for us, who then end the functions in order.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|e| InvokeError::Spawn {
            binary: binary.display().to_string(),
            problem: e.to_string(),
        })?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (inbox, waiting) = mpsc::channel(1);
        let instance = Arc::new(Instance {
            number,
            function: function.to_owned(),
            child: Mutex::new(child),
            inbox,
            waiting: tokio::sync::Mutex::new(waiting),
            current: Mutex::default(),
            ready: watch::Sender::new(false),
            exited: watch::Sender::new(None),
            init_error: Mutex::default(),
            said: Mutex::default(),
        });
        let mut readers = Vec::new();
        if let Some(out) = out {
            readers.push(tokio::spawn(
                Arc::clone(&instance).read(out, Arc::clone(log)),
            ));
        }
        if let Some(err) = err {
            readers.push(tokio::spawn(
                Arc::clone(&instance).read(err, Arc::clone(log)),
            ));
        }
        let supervisor = tokio::spawn(Arc::clone(&instance).supervise(readers));
        Ok((instance, supervisor))
    }

    /// Sends SIGKILL, at once.
    pub(crate) fn kill(&self) {
        // An error means that it has ended already.
        let _ = lock(&self.child).start_kill();
    }

    pub(crate) fn has_exited(&self) -> bool {
        self.exited.borrow().is_some()
    }

    /// Waits for the process's end, and tells how it ended.
    pub(crate) async fn exited(&self) -> String {
        let mut exited = self.exited.subscribe();
        match exited.wait_for(Option::is_some).await {
            Ok(status) => status.clone().unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Waits until the process has asked for its first event.
    pub(crate) async fn wait_ready(&self) -> Result<(), InvokeError> {
        let mut ready = self.ready.subscribe();
        tokio::select! {
            biased;
            _ = ready.wait_for(|ready| *ready) => Ok(()),
            status = self.exited() => Err(self.init_failure(&status)),
            () = tokio::time::sleep(INIT_LIMIT) => {
                self.kill();
                Err(InvokeError::Init(format!("it did not ask for an event within {} s", INIT_LIMIT.as_secs())))
            }
        }
    }

    /// Gives the process one event and waits for its answer, for `timeout` at most.
    pub(crate) async fn run(&self, event: Bytes, trace: String, timeout: Duration) -> Ended {
        let (taken, was_taken) = oneshot::channel();
        let (answer, mut answered) = oneshot::channel();
        let invocation = Invocation {
            id: id::uuid(),
            event,
            trace,
            taken,
            answer,
        };
        if self.inbox.send(invocation).await.is_err() {
            return Ended::NotTaken(InvokeError::Stopped);
        }
        if !*self.ready.borrow()
            && let Err(error) = self.wait_ready().await
        {
            return Ended::NotTaken(error);
        }
        tokio::select! {
            biased;
            _ = was_taken => {}
            status = self.exited() => return Ended::NotTaken(InvokeError::Exited(status)),
        }
        tokio::select! {
            biased;
            answer = &mut answered => match answer {
                Ok(answer) => Ended::Answered(answer),
                Err(_) => Ended::Failed(InvokeError::Exited(self.exited().await)),
            },
            status = self.exited() => match answered.try_recv() {
                Ok(answer) => Ended::Answered(answer),
                Err(_) => Ended::Failed(InvokeError::Exited(status)),
            },
            () = tokio::time::sleep(timeout) => {
                self.kill();
                Ended::Failed(InvokeError::Timeout(timeout))
            }
        }
    }

    /// The Runtime API's `invocation/next`: waits for an event and hands it out.
    pub(crate) async fn next(&self) -> Option<(String, Bytes, String)> {
        self.ready.send_replace(true);
        let invocation = self.waiting.lock().await.recv().await?;
        *lock(&self.current) = Some((invocation.id.clone(), invocation.answer));
        let _ = invocation.taken.send(());
        Some((invocation.id, invocation.event, invocation.trace))
    }

    /// The Runtime API's `response` and `error`; false when that invocation isn't under way.
    pub(crate) fn answer(&self, id: &str, answer: Answer) -> bool {
        let mut current = lock(&self.current);
        if current
            .as_ref()
            .is_none_or(|(under_way, _)| under_way != id)
        {
            return false;
        }
        current
            .take()
            .is_some_and(|(_, sender)| sender.send(answer).is_ok())
    }

    /// The Runtime API's `init/error`.
    pub(crate) fn init_failed(&self, report: &Value) {
        let (kind, message) = kind_and_message(report);
        *lock(&self.init_error) = Some(format!("{kind}: {message}"));
    }

    fn init_failure(&self, status: &str) -> InvokeError {
        let reported = lock(&self.init_error).clone();
        InvokeError::Init(reported.unwrap_or_else(|| {
            let said = lock(&self.said);
            let line = if said.text.is_empty() {
                "it wrote nothing"
            } else {
                &said.text
            };
            format!("{line} ({status})")
        }))
    }

    async fn supervise(self: Arc<Self>, readers: Vec<JoinHandle<()>>) {
        // The lock is held for each look only, so that `kill` can come in between.
        let status = poll_fn(|context| {
            let mut child = lock(&self.child);
            let wait = pin!(child.wait());
            wait.poll(context)
        })
        .await;
        let status = status.map_or_else(|e| e.to_string(), |status| status.to_string());
        let _ = tokio::time::timeout(LAST_LINES, async {
            for reader in readers {
                let _ = reader.await;
            }
        })
        .await;
        self.exited.send_replace(Some(status));
    }

    async fn read(self: Arc<Self>, pipe: impl AsyncRead + Unpin, log: Arc<Log>) {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while let Ok(1..) = pipe.read_until(b'\n', &mut line).await {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            lock(&self.said).hear(&text);
            log.write(&self.function, LogSource::Function, text);
        }
    }
}

/// `errorType` and `errorMessage` of an error report.
pub(crate) fn kind_and_message(report: &Value) -> (String, String) {
    let member = |name: &str| {
        report
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or("unknown")
            .to_owned()
    };
    (member("errorType"), member("errorMessage"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_init_failed() {
        let heard = |lines: &[&str]| {
            let mut said = Said::default();
            lines.iter().for_each(|line| said.hear(line));
            said.text
        };
        assert_eq!(
            heard(&[
                "starting",
                "thread 'main' panicked at x:1:",
                "no KEY",
                "note: run with `RUST_BACKTRACE=1` environment …",
                ""
            ]),
            "no KEY"
        );
        assert_eq!(
            heard(&[
                r#"{"message":"can't start","error":"no KEY"}"#,
                "Error: ConfigError { .. }"
            ]),
            "no KEY"
        );
    }
}
