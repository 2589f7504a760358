//! The whole serverless bundle on one machine, without Docker: what `infra/template.yaml` declares, run as it is.
//!
//! - [`Servers`]: an embedded DynamoDB and SQS, each on a port of 127.0.0.1.
//! - [`Template`]: functions, routes, event sources, tables, queues and settings, read from the SAM template.
//! - [`cargo()`]: cargo, for whoever has the functions built.
//! - [`Bundle`]: the real function binaries as processes behind a Lambda Runtime API, with one port for the HTTP API and
//!   the function URLs, pollers for the queues, and the schedules.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use deskbridge_local::{Bundle, Options, Servers, Template};
//! let servers = Servers::start(None).await?;
//! let template = Template::read("infra/template.yaml".as_ref(), &Default::default())?;
//! let mut options = Options::new(template, "target/debug");
//! options.settings.insert("APP_EVENTS_URL".into(), "http://127.0.0.1:9000".into());
//! let bundle = Bundle::start(&servers, options).await?;
//! println!("{} {}", bundle.url(), bundle.function_url("webhook-udesk"));
//! bundle.stop().await;
//! # Ok(()) }
//! ```
//!
//! The parts: `servers` (embedded AWS), `template` (reading it), `resources` (tables and queues made from it),
//! `environment` (what a function sees), `runtime` and `instance` (the Runtime API and the processes behind it),
//! `event`, `front` and `cors` (HTTP in and out), `poller`, `schedule`, `log`.
//!
//! What differs from AWS: a call beyond `max_instances` waits instead of being refused; a process is not frozen between
//! calls; authorizers of the HTTP API are not played (the functions check by themselves); a schedule's failed call is not
//! repeated before its next turn.

mod bundle;
mod cargo;
mod cors;
mod environment;
mod error;
mod event;
mod front;
mod id;
mod instance;
mod log;
mod poller;
mod resources;
mod runtime;
mod schedule;
mod servers;
mod template;

pub use bundle::{Bundle, Options};
pub use cargo::cargo;
pub use cors::Cors;
pub use environment::access_key;
pub use error::{Error, InvokeError};
pub use log::{LogLine, LogSink, LogSource};
pub use servers::Servers;
pub use template::{Function, Queue, QueueSource, Route, Schedule, Table, Template};
