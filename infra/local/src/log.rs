//! What the functions write, kept and handed on.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Lines kept; the oldest go first, so that `cargo local` can run for days.
const KEPT: usize = 100_000;

/// Who wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogSource {
    /// The function's own stdout or stderr.
    Function,
    /// This crate, as Lambda's platform lines: failed init, failed call, time-out.
    Platform,
}

/// One line of a function's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The function's name.
    pub function: String,
    /// Who wrote it.
    pub source: LogSource,
    /// The line, without its end.
    pub text: String,
}

/// Called with every line as it is written.
pub type LogSink = Arc<dyn Fn(&LogLine) + Send + Sync>;

pub(crate) struct Log {
    sink: Option<LogSink>,
    lines: Mutex<VecDeque<LogLine>>,
}

impl Log {
    pub(crate) fn new(sink: Option<LogSink>) -> Arc<Log> {
        Arc::new(Log {
            sink,
            lines: Mutex::default(),
        })
    }

    pub(crate) fn write(&self, function: &str, source: LogSource, text: String) {
        let line = LogLine {
            function: function.to_owned(),
            source,
            text,
        };
        if let Some(sink) = &self.sink {
            sink(&line);
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    pub(crate) fn platform(&self, function: &str, text: String) {
        self.write(function, LogSource::Platform, text);
    }

    pub(crate) fn lines(&self) -> Vec<LogLine> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}
