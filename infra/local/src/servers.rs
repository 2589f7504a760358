//! The embedded DynamoDB and SQS.

use crate::error::Error;
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_http::service::SqsHttpService;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The region everything runs in; the embedded servers know no other.
pub(crate) const REGION: &str = "us-east-1";
/// The account everything belongs to.
pub(crate) const ACCOUNT: &str = "000000000000";
/// The table's file in the data folder.
const FILE: &str = "dynamodb.sqlite";
/// How often expired items are deleted. AWS promises only days, and readers may not count on it.
const TTL_SWEEP: Duration = Duration::from_secs(30);

/// An embedded DynamoDB and SQS, each on its own port of 127.0.0.1. They end when this is dropped.
pub struct Servers {
    pub(crate) db: dynoxide::Database,
    pub(crate) sqs: Sqs,
    dynamodb_url: String,
    sqs_url: String,
    _tasks: JoinSet<()>,
    _lock: Option<File>,
}

impl Servers {
    /// Starts both. The table is kept in the folder `data`, or in memory without one; queues are always in memory.
    ///
    /// # Errors
    /// The folder can't be written, is in use by another process, or no port is free.
    pub async fn start(data: Option<&Path>) -> Result<Servers, Error> {
        let (db, lock) = match data {
            Some(folder) => {
                let lock = lock(folder)?;
                let file = folder.join(FILE);
                let db = dynoxide::Database::new(&file.to_string_lossy())
                    .map_err(|e| Error::server(file.display().to_string(), e))?;
                (db, Some(lock))
            }
            None => (
                dynoxide::Database::memory().map_err(|e| Error::server("DynamoDB in memory", e))?,
                None,
            ),
        };
        let mut tasks = JoinSet::new();

        let (listener, dynamodb_port) = listen(0).await?;
        tasks.spawn(dynoxide::server::serve_on(listener, db.clone()));

        let (listener, sqs_port) = listen(0).await?;
        let config = SqsConfig {
            host: "127.0.0.1".into(),
            port: sqs_port,
            default_region: REGION.into(),
            account_id: ACCOUNT.into(),
            ..SqsConfig::default()
        };
        let provider = Arc::new(RustackSqs::new(config));
        tasks.spawn(serve_sqs(listener, Arc::clone(&provider)));

        let sweeping = db.clone();
        tasks.spawn(async move {
            let mut timer = tokio::time::interval(TTL_SWEEP);
            loop {
                timer.tick().await;
                let db = sweeping.clone();
                // A sweep that fails is made up for by the next.
                let _ = tokio::task::spawn_blocking(move || db.sweep_ttl()).await;
            }
        });
        Ok(Servers {
            db,
            sqs: Sqs(provider),
            dynamodb_url: format!("http://127.0.0.1:{dynamodb_port}"),
            sqs_url: format!("http://127.0.0.1:{sqs_port}"),
            _tasks: tasks,
            _lock: lock,
        })
    }

    /// Deletes the table's file from the folder `data`, and nothing else that may be there.
    ///
    /// # Errors
    /// The folder can't be written, or is in use by another process.
    pub fn wipe(data: &Path) -> Result<(), Error> {
        let _lock = lock(data)?;
        // The database, and the two files that SQLite keeps beside it.
        for file in [
            FILE.to_owned(),
            format!("{FILE}-wal"),
            format!("{FILE}-shm"),
        ] {
            let path = data.join(file);
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::File { path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Where DynamoDB listens, `http://127.0.0.1:<port>`.
    pub fn dynamodb_url(&self) -> String {
        self.dynamodb_url.clone()
    }

    /// Where SQS listens, `http://127.0.0.1:<port>`.
    pub fn sqs_url(&self) -> String {
        self.sqs_url.clone()
    }
}

/// Binds 127.0.0.1 and tells the port.
pub(crate) async fn listen(port: u16) -> Result<(TcpListener, u16), Error> {
    let error = |source| Error::Listen { port, source };
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(error)?;
    let port = listener.local_addr().map_err(error)?.port();
    Ok((listener, port))
}

/// Makes the folder and locks it for this process.
fn lock(folder: &Path) -> Result<File, Error> {
    let error = |source| Error::File {
        path: folder.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(error)?;
    let file = File::create(folder.join("lock")).map_err(error)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(error(source)),
    }
}

async fn serve_sqs(listener: TcpListener, provider: Arc<RustackSqs>) {
    let service = SqsHttpService::new(
        Arc::new(RustackSqsHandler::new(provider)),
        rustack_sqs_http::service::SqsHttpConfig::default(),
    );
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // Out of file handles, say: the next accept may succeed.
                let Ok((stream, _)) = accepted else { tokio::task::yield_now().await; continue };
                let _ = stream.set_nodelay(true);
                let io = hyper_util::rt::TokioIo::new(stream);
                let connection = hyper::server::conn::http1::Builder::new().serve_connection(io, service.clone());
                connections.spawn(async move { let _ = connection.await; });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// SQS in the same process, in the JSON of its wire protocol: no socket between the pollers and the queues.
#[derive(Clone)]
pub(crate) struct Sqs(Arc<RustackSqs>);

impl Sqs {
    /// `CreateQueue`; gives the queue's URL.
    pub(crate) async fn create(&self, name: &str, attributes: Value) -> Result<String, String> {
        let input = input(serde_json::json!({"QueueName": name, "Attributes": attributes}))?;
        let output = self
            .0
            .create_queue(input)
            .await
            .map_err(|e| e.to_string())?;
        output.queue_url.ok_or_else(|| "no URL".to_owned())
    }

    /// `ReceiveMessage`, with all attributes.
    pub(crate) async fn receive(
        &self,
        url: &str,
        most: u32,
        wait_seconds: u32,
    ) -> Result<Vec<Value>, String> {
        let input = input(serde_json::json!({
            "QueueUrl": url, "MaxNumberOfMessages": most, "WaitTimeSeconds": wait_seconds,
            "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"],
        }))?;
        let output = self
            .0
            .receive_message(input)
            .await
            .map_err(|e| e.to_string())?;
        match json(&output)?.get_mut("Messages").map(Value::take) {
            Some(Value::Array(messages)) => Ok(messages),
            _ => Ok(Vec::new()),
        }
    }

    /// `DeleteMessage`.
    pub(crate) async fn delete(&self, url: &str, receipt: &str) -> Result<(), String> {
        let input = input(serde_json::json!({"QueueUrl": url, "ReceiptHandle": receipt}))?;
        self.0
            .delete_message(input)
            .await
            .map(|_| ())
            .map_err(|e| e.to_string())
    }
}

/// The model's types are in a crate that we don't name: they are made from JSON.
fn input<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|e| e.to_string())
}

fn json<T: Serialize>(value: &T) -> Result<Value, String> {
    serde_json::to_value(value).map_err(|e| e.to_string())
}
