//! One process of a function behind a Runtime API of its own, and what it costs.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::{File, read_dir, read_to_string};
use std::io::{BufReader, Result as IoResult};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Problem, http};

/// A process that answers nothing for this long is given up. Under valgrind all takes 50 times as long.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether the process has ended.
const LOOK: Duration = Duration::from_millis(100);
/// How long a process may take to end when it is asked to: valgrind writes its counts then.
const LAST_WORDS: Duration = Duration::from_secs(20);

/// How a process is started.
#[derive(Clone)]
pub(crate) struct Start {
    pub(crate) function: String,
    pub(crate) binary: PathBuf,
    /// What stands before the binary: valgrind and its options, or nothing.
    pub(crate) under: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    /// Where it writes.
    pub(crate) log: PathBuf,
}

/// A call that was answered.
pub(crate) struct Answer {
    /// From handing out the event to the last byte of the answer.
    pub(crate) took: Duration,
    pub(crate) body: Vec<u8>,
}

/// A cold start.
pub(crate) struct Cold {
    /// From the start of the process to its first answer.
    pub(crate) first: Duration,
    pub(crate) answer: Vec<u8>,
}

/// Calls of a process that has answered before.
pub(crate) struct Warm {
    pub(crate) answers: Vec<Answer>,
    /// Processor time of all of them, on all threads.
    pub(crate) cpu: Duration,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Vec<u8>>,
    number: u64,
    handed_out: HashMap<String, Instant>,
    ready: Option<Instant>,
    first: Option<Instant>,
    answers: Vec<Answer>,
    failed: Option<String>,
    stopping: bool,
    connections: Vec<TcpStream>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running process. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    started: Instant,
    shared: Arc<Shared>,
    log: PathBuf,
    /// What the Runtime API's thread waits at.
    address: std::net::SocketAddr,
}

impl Process {
    pub(crate) fn start(start: &Start) -> Result<Process, Problem> {
        let problem = |error: std::io::Error| format!("{}: {error}", start.function);
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(problem)?;
        let address = listener.local_addr().map_err(problem)?;
        let shared = Arc::<Shared>::default();
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if accepting.lock().stopping {
                    return;
                }
                let shared = Arc::clone(&accepting);
                // It ends with the connection.
                thread::spawn(move || serve(stream, &shared));
            }
        });
        let log = File::create(&start.log).map_err(problem)?;
        let mut words = start.under.iter().map(PathBuf::from);
        let mut command = match words.next() {
            Some(program) => {
                let mut command = Command::new(program);
                command.args(words).arg(&start.binary);
                command
            }
            None => Command::new(&start.binary),
        };
        command
            .env_clear()
            .envs(&start.environment)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(problem)?)
            .stderr(log);
        let started = Instant::now();
        let child = command.spawn().map_err(problem)?;
        Ok(Process {
            child,
            started,
            shared,
            log: start.log.clone(),
            address,
        })
    }

    /// Waits until the process asks for its first event.
    pub(crate) fn ready(&mut self) -> Result<Duration, Problem> {
        let ready = self.wait(|state| state.ready)?;
        Ok(ready - self.started)
    }

    /// Hands out `event`, which waits already when the process first asks, as in a cold start.
    pub(crate) fn cold(&mut self, event: Vec<u8>) -> Result<Cold, Problem> {
        let answer = self.call(vec![event])?.pop();
        let first = self.wait(|state| state.first)?;
        Ok(Cold {
            first: first - self.started,
            answer: answer.map(|answer| answer.body).unwrap_or_default(),
        })
    }

    /// Hands out these events, one after the other.
    pub(crate) fn warm(&mut self, events: Vec<Vec<u8>>) -> Result<Warm, Problem> {
        // The first answer's last processor time is no part of it.
        thread::sleep(Duration::from_millis(5));
        let before = cpu(self.child.id());
        let answers = self.call(events)?;
        thread::sleep(Duration::from_millis(5));
        Ok(Warm {
            answers,
            cpu: cpu(self.child.id()).saturating_sub(before),
        })
    }

    fn call(&mut self, events: Vec<Vec<u8>>) -> Result<Vec<Answer>, Problem> {
        let number = events.len();
        self.shared.lock().waiting.extend(events);
        self.shared.changed.notify_all();
        self.wait(|state| (state.answers.len() >= number).then_some(()))?;
        Ok(std::mem::take(&mut self.shared.lock().answers))
    }

    /// The most memory that was resident at any time, in MB.
    pub(crate) fn memory(&self) -> f64 {
        let status = read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.split_whitespace().next()?.parse::<f64>().ok());
        peak.unwrap_or(f64::NAN) / 1024.0
    }

    /// Waits for `seen`. An end of the process is only noticed now and then: nothing that is measured
    /// is polled for.
    fn wait<T>(&mut self, seen: impl Fn(&State) -> Option<T>) -> Result<T, Problem> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        let (mut answered, mut since) = (0, Instant::now());
        loop {
            if let Some(seen) = seen(&state) {
                return Ok(seen);
            }
            if let Some(failed) = &state.failed {
                return Err(format!("{failed}; it said: {}", self.said()));
            }
            if answered != state.answers.len() {
                (answered, since) = (state.answers.len(), Instant::now());
            }
            if since.elapsed() > PATIENCE {
                return Err(format!(
                    "no answer for {PATIENCE:?}; it said: {}",
                    self.said()
                ));
            }
            let waited = shared.changed.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("it ended ({status}); it said: {}", self.said()));
            }
        }
    }

    /// The last lines of its log.
    fn said(&self) -> String {
        let text = read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines
            .iter()
            .rev()
            .take(3)
            .rev()
            .copied()
            .collect::<Vec<_>>()
            .join(" / ")
    }

    /// Asks the process to end and waits for it: valgrind writes its counts then.
    pub(crate) fn end(mut self) -> Result<(), Problem> {
        // Not yet waited for, so the number is still this process's.
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        asked.map_err(|error| format!("kill: {error}"))?;
        let until = Instant::now() + LAST_WORDS;
        while Instant::now() < until {
            if let Ok(Some(_)) = self.child.try_wait() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err("it did not end when asked to".to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let mut state = self.shared.lock();
        state.stopping = true;
        for connection in state.connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        drop(state);
        self.shared.changed.notify_all();
        // Wakes the thread that accepts, so that it ends.
        let _ = TcpStream::connect(self.address);
    }
}

/// Processor time of all threads of a process.
fn cpu(pid: u32) -> Duration {
    let tasks = read_dir(format!("/proc/{pid}/task"));
    let nanos = tasks.into_iter().flatten().flatten().filter_map(|task| {
        let text = read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// The Runtime API, for one connection.
fn serve(mut stream: TcpStream, shared: &Shared) -> IoResult<()> {
    stream.set_nodelay(true)?;
    shared.lock().connections.push(stream.try_clone()?);
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = http::read(&mut reader)? {
        let at = Instant::now();
        let path: Vec<&str> = request.path.split('/').skip(3).collect();
        let (status, known) = match (request.method.as_str(), path.as_slice()) {
            ("GET", ["invocation", "next"]) => {
                let Some((id, event)) = next(shared, at) else {
                    return Ok(());
                };
                let deadline = (jiff::Timestamp::now().as_millisecond() + 29_000).to_string();
                let headers = [
                    ("content-type", "application/json"),
                    ("lambda-runtime-aws-request-id", &id),
                    ("lambda-runtime-deadline-ms", &deadline),
                    (
                        "lambda-runtime-invoked-function-arn",
                        "arn:aws:lambda:us-east-1:000000000000:function:measured",
                    ),
                    (
                        "lambda-runtime-trace-id",
                        "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
                    ),
                ];
                shared.lock().handed_out.insert(id.clone(), Instant::now());
                http::write(&mut stream, "200 OK", &headers, &event)?;
                continue;
            }
            ("POST", ["invocation", id, "response"]) => {
                ("202 Accepted", answered(shared, at, id, request.body))
            }
            ("POST", ["invocation", _, "error"] | ["init", "error"]) => {
                let report = String::from_utf8_lossy(&request.body).into_owned();
                shared.lock().failed = Some(report);
                shared.changed.notify_all();
                ("202 Accepted", true)
            }
            _ => ("404 Not Found", false),
        };
        let status = if known { status } else { "404 Not Found" };
        http::write(
            &mut stream,
            status,
            &[("content-type", "application/json")],
            b"{}",
        )?;
    }
    Ok(())
}

/// The next event, once there is one.
fn next(shared: &Shared, at: Instant) -> Option<(String, Vec<u8>)> {
    let mut state = shared.lock();
    if state.ready.is_none() {
        state.ready = Some(at);
        shared.changed.notify_all();
    }
    loop {
        if state.stopping {
            return None;
        }
        if let Some(event) = state.waiting.pop_front() {
            state.number += 1;
            return Some((
                format!("00000000-0000-4000-8000-{:012x}", state.number),
                event,
            ));
        }
        state = shared
            .changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner);
    }
}

fn answered(shared: &Shared, at: Instant, id: &str, body: Vec<u8>) -> bool {
    let mut state = shared.lock();
    let Some(handed_out) = state.handed_out.remove(id) else {
        return false;
    };
    state.first.get_or_insert(at);
    state.answers.push(Answer {
        took: at - handed_out,
        body,
    });
    shared.changed.notify_all();
    true
}
