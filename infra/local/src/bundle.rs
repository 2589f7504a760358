//! The bundle: the template's functions, running.

use crate::cors::CORS_ORIGINS;
use crate::environment::{PATIENCE, environment};
use crate::error::{Error, InvokeError};
use crate::front::Front;
use crate::log::{Log, LogLine, LogSink};
use crate::poller::{self, Poller};
use crate::resources;
use crate::runtime::{self, Pool, Runtime};
use crate::schedule;
use crate::servers::{Servers, Sqs, listen};
use crate::template::Template;
use axum::Router;
use axum::body::Bytes;
use axum::serve::ListenerExt;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long open connections may take to end.
const LAST_ANSWERS: Duration = Duration::from_millis(300);
/// How long killed processes may take to end.
const LAST_PROCESSES: Duration = Duration::from_secs(1);

/// What a bundle is started with.
#[derive(Clone)]
pub struct Options {
    /// What to run.
    pub template: Template,
    /// The folder that holds the functions' binaries, each under its function's name: `target/debug`.
    pub binaries: PathBuf,
    /// The port of the HTTP API and the function URLs; 0 takes a free one.
    pub port: u16,
    /// Environment variables for the functions. Each function gets those that the template declares for it; besides these
    /// all get `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL_SQS` (where a test puts its proxy) and `RUST_LOG`, and
    /// `AWS_ENDPOINT_PATIENCE`, which is for a busy machine: each function's Timeout is so many times what the template says.
    /// `CORS_ORIGINS` is for no function: it stands for the template's parameter `CorsOrigins`.
    pub settings: BTreeMap<String, String>,
    /// Whether schedules call their functions: at start, and then by their rate.
    pub schedules: bool,
    /// Whether queues call their functions. Where they don't, [`Bundle::take`] gives what is in them.
    pub queues: bool,
    /// Processes of one function at most, which is also how many calls of it run at once; further ones wait.
    pub max_instances: usize,
    /// Called with every log line.
    pub log: Option<LogSink>,
}

impl Options {
    /// A free port, no settings, schedules and queues on, 10 processes of a function at most.
    pub fn new(template: Template, binaries: impl Into<PathBuf>) -> Options {
        Options {
            template,
            binaries: binaries.into(),
            port: 0,
            settings: BTreeMap::new(),
            schedules: true,
            queues: true,
            max_instances: 10,
            log: None,
        }
    }
}

/// The template's functions, running. Dropped, it ends at once; [`Bundle::stop`] does it in order.
pub struct Bundle {
    template: Template,
    runtime: Arc<Runtime>,
    log: Arc<Log>,
    sqs: Sqs,
    url: String,
    stopping: watch::Sender<bool>,
    servers: JoinSet<()>,
    sources: JoinSet<()>,
}

impl Bundle {
    /// Makes the tables and queues that are missing, opens the port, and starts pollers and schedules. Processes start
    /// when they are first needed.
    ///
    /// # Errors
    /// A table or queue is refused, the port is taken, or a setting's value is needed and can't be told.
    pub async fn start(servers: &Servers, options: Options) -> Result<Bundle, Error> {
        let Options {
            mut template,
            binaries,
            port,
            settings,
            schedules,
            queues,
            max_instances,
            log,
        } = options;
        let log = Log::new(log);
        let (front, port) = listen(port).await?;
        let (runtime_api, runtime_port) = listen(0).await?;
        template.scope.queue_urls = resources::create(servers, &template).await?;

        let cors = template.cors(settings.get(CORS_ORIGINS).map(String::as_str))?;
        // What is no number each function refuses itself, at its start, saying why.
        let patience = settings
            .get(PATIENCE)
            .and_then(|times| times.parse().ok())
            .unwrap_or(1);
        let mut pools = BTreeMap::new();
        for function in template.functions().values() {
            let endpoints = [
                ("AWS_ENDPOINT_URL_DYNAMODB", servers.dynamodb_url()),
                ("AWS_ENDPOINT_URL_SQS", servers.sqs_url()),
            ];
            let environment = environment(function, &template.scope, &settings, endpoints)?;
            let binary =
                binaries.join(format!("{}{}", function.name, std::env::consts::EXE_SUFFIX));
            let pool = Pool::new(
                &function.name,
                function.timeout * patience,
                binary,
                environment,
                runtime_port,
                max_instances,
                Arc::clone(&log),
            );
            pools.insert(function.name.clone(), pool);
        }
        let runtime = Arc::new(Runtime { pools });

        let stopping = watch::Sender::new(false);
        let mut serving = JoinSet::new();
        serving.spawn(serve(
            runtime_api,
            runtime::api(Arc::clone(&runtime)),
            stopping.subscribe(),
        ));
        serving.spawn(serve(
            front,
            Front::router(&template, cors, Arc::clone(&runtime), Arc::clone(&log)),
            stopping.subscribe(),
        ));

        let mut sources = JoinSet::new();
        for function in template.functions().values() {
            let Some(pool) = runtime.pools.get(&function.name) else {
                continue;
            };
            for source in function.queues.iter().filter(|_| queues) {
                let (Some(queue), Some(url)) = (
                    template.queues().get(&source.queue),
                    template.scope.queue_urls.get(&source.queue),
                ) else {
                    continue;
                };
                let poller = Poller {
                    sqs: servers.sqs.clone(),
                    url: url.clone(),
                    arn: poller::arn(queue),
                    batch_size: source.batch_size,
                    partial_failures: source.partial_failures,
                    pool: Arc::clone(pool),
                    log: Arc::clone(&log),
                };
                sources.spawn(
                    poller.run(max_instances.min(source.max_concurrency.unwrap_or(usize::MAX))),
                );
            }
            for schedule in function.schedules.iter().filter(|_| schedules) {
                sources.spawn(schedule::run(
                    Arc::clone(pool),
                    schedule.name.clone(),
                    schedule.every,
                ));
            }
        }
        Ok(Bundle {
            template,
            runtime,
            log,
            sqs: servers.sqs.clone(),
            url: format!("http://127.0.0.1:{port}"),
            stopping,
            servers: serving,
            sources,
        })
    }

    /// The HTTP API, `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// A function's URL, without the slash at its end. It answers 403 when the template gives the function none.
    pub fn function_url(&self, name: &str) -> String {
        format!("{}/lambda-url/{name}", self.url)
    }

    /// Calls a function and gives its result.
    ///
    /// # Errors
    /// There is no such function, or the call fails.
    pub async fn invoke(&self, name: &str, event: Value) -> Result<Value, InvokeError> {
        let result = self
            .pool(name)?
            .invoke(Bytes::from(event.to_string()), None)
            .await?;
        serde_json::from_slice(&result).map_err(|e| InvokeError::Response(e.to_string()))
    }

    /// Starts a process of every function that has none, and waits until all are ready, so that a setting that a function
    /// refuses is seen now. Gives the functions that failed.
    pub async fn warm_up(&self) -> Vec<(String, InvokeError)> {
        let mut waiting = JoinSet::new();
        for pool in self.runtime.pools.values() {
            let pool = Arc::clone(pool);
            waiting.spawn(async move { (pool.name.clone(), pool.warm_up().await) });
        }
        let mut failed: Vec<_> = waiting
            .join_all()
            .await
            .into_iter()
            .filter_map(|(name, result)| Some((name, result.err()?)))
            .collect();
        failed.sort_by(|(left, _), (right, _)| left.cmp(right));
        failed
    }

    /// Kills every process of a function, as a crash would: when this returns, SIGKILL has been sent. A call that is under
    /// way fails; the next call starts a new process. An unknown name does nothing.
    pub fn kill(&self, name: &str) {
        if let Some(pool) = self.runtime.pools.get(name) {
            pool.kill();
        }
    }

    /// How many processes of a function there are now.
    pub fn instances(&self, name: &str) -> usize {
        self.runtime
            .pools
            .get(name)
            .map_or(0, |pool| pool.instances())
    }

    /// A queue's URL by its name in the template.
    pub fn queue_url(&self, logical_id: &str) -> Option<String> {
        self.template.scope.queue_urls.get(logical_id).cloned()
    }

    /// A table's name by its name in the template.
    pub fn table_name(&self, logical_id: &str) -> Option<String> {
        self.template
            .tables()
            .get(logical_id)
            .map(|table| table.name.clone())
    }

    /// What a function's processes see, but for `AWS_LAMBDA_RUNTIME_API`, which each has of its own.
    pub fn environment(&self, name: &str) -> Option<&BTreeMap<String, String>> {
        Some(self.runtime.pools.get(name)?.environment())
    }

    /// Takes what may be received from a queue now, ten messages at most, as the records of an SQS event. They are deleted:
    /// whoever takes them sees to them.
    ///
    /// # Errors
    /// There is no queue of this name in the template, or SQS refuses.
    pub async fn take(&self, logical_id: &str) -> Result<Vec<Value>, Error> {
        let error = |problem: String| Error::server(format!("queue {logical_id}"), problem);
        let (Some(queue), Some(url)) = (
            self.template.queues().get(logical_id),
            self.template.scope.queue_urls.get(logical_id),
        ) else {
            return Err(error("the template has none of this name".to_owned()));
        };
        let messages = self.sqs.receive(url, 10, 0).await.map_err(error)?;
        for message in &messages {
            if let Some(receipt) = message.get("ReceiptHandle").and_then(Value::as_str) {
                self.sqs.delete(url, receipt).await.map_err(error)?;
            }
        }
        let arn = poller::arn(queue);
        let records = messages.iter().map(|message| poller::record(message, &arn));
        Ok(records.collect())
    }

    /// The template that runs.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// The log lines so far, the functions' and the platform's. A line that was just written may still be on its way;
    /// [`Bundle::stop`] gives all.
    pub fn logs(&self) -> Vec<LogLine> {
        self.log.lines()
    }

    /// Ends pollers, schedules, processes and the port, and gives all log lines. Takes about a second at most.
    pub async fn stop(mut self) -> Vec<LogLine> {
        self.end();
        let servers = std::mem::take(&mut self.servers);
        let runtime = Arc::clone(&self.runtime);
        let answers = tokio::time::timeout(LAST_ANSWERS, servers.join_all());
        let processes = tokio::time::timeout(LAST_PROCESSES, async move {
            for pool in runtime.pools.values() {
                pool.ended().await;
            }
        });
        // What does not end in time is dropped.
        let _ = tokio::join!(answers, processes);
        self.log.lines()
    }

    fn pool(&self, name: &str) -> Result<&Arc<Pool>, InvokeError> {
        self.runtime
            .pools
            .get(name)
            .ok_or_else(|| InvokeError::UnknownFunction(name.to_owned()))
    }

    fn end(&mut self) {
        self.sources.abort_all();
        self.stopping.send_replace(true);
        for pool in self.runtime.pools.values() {
            pool.close();
        }
    }
}

impl Drop for Bundle {
    fn drop(&mut self) {
        self.end();
    }
}

async fn serve(listener: TcpListener, router: Router, mut stopping: watch::Receiver<bool>) {
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let stopped = async move {
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    // axum's serve gives no error.
    let _ = axum::serve(listener, router)
        .with_graceful_shutdown(stopped)
        .await;
}
