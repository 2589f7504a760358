//! What can go wrong, each with what to do about it.

use std::path::PathBuf;
use std::time::Duration;

/// Why the servers or the bundle did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The template holds something that can't be read here.
    #[error("template, {at}: {problem}")]
    Template {
        /// Where: the path of keys, such as `Resources.Api.Type`.
        at: String,
        /// What is wrong and what is possible instead.
        problem: String,
    },
    /// A file that can't be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process uses the data folder.
    #[error("{} is in use by another process: end that one, or choose another data folder", .0.display())]
    InUse(PathBuf),
    /// A port that can't be listened on.
    #[error(
        "can't listen on 127.0.0.1:{port} ({source}): choose another port, or end what uses it"
    )]
    Listen {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The embedded DynamoDB or SQS refused something.
    #[error("{what}: {problem}")]
    Server {
        /// The table, queue or file.
        what: String,
        /// What the server said.
        problem: String,
    },
}

impl Error {
    pub(crate) fn template(at: impl Into<String>, problem: impl Into<String>) -> Error {
        Error::Template {
            at: at.into(),
            problem: problem.into(),
        }
    }

    pub(crate) fn server(what: impl Into<String>, problem: impl ToString) -> Error {
        Error::Server {
            what: what.into(),
            problem: problem.to_string(),
        }
    }
}

/// Why an invocation has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// The template has no function of that name.
    #[error("there is no function {0} in the template")]
    UnknownFunction(String),
    /// The binary could not be started.
    #[error("can't start {binary}: {problem}; build the functions first (`cargo build`)")]
    Spawn {
        /// The file.
        binary: String,
        /// What the system said.
        problem: String,
    },
    /// The process ended, or reported an error, before it asked for its first event; or took over 10 s.
    #[error("init failed: {0}")]
    Init(String),
    /// The function answered with an error.
    #[error("{kind}: {message}")]
    Function {
        /// The `errorType`.
        kind: String,
        /// The `errorMessage`.
        message: String,
    },
    /// The function's Timeout passed; its process was killed.
    #[error("Task timed out after {:.2} seconds", .0.as_secs_f64())]
    Timeout(Duration),
    /// The process ended while it had the event.
    #[error("Runtime exited without a response ({0})")]
    Exited(String),
    /// The answer is over 6 MB, or isn't JSON.
    #[error("the response can't be used: {0}")]
    Response(String),
    /// The bundle was stopped.
    #[error("the bundle has been stopped")]
    Stopped,
}
