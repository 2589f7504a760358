//! AWS, as ministack plays it: a process of this test's own, on a free port of 127.0.0.1, with all that
//! it keeps in one folder.

use std::{
    fs::File,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use harness::{
    aws::{self, SIGNED},
    http_client, until,
};
use reqwest::Method;
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::tools;

/// The region that the harness signs for.
pub(crate) const REGION: &str = "us-east-1";

/// A running ministack. Dropped, it is killed; [`Emulator::stop`] also sees its processes end.
pub(crate) struct Emulator {
    process: Child,
    port: u16,
    log: PathBuf,
}

impl Emulator {
    pub(crate) async fn start(folder: &Path) -> Self {
        let port = free_port();
        let log = folder.join("ministack.log");
        let file = File::create(&log).expect("a log file");
        let url = format!("http://127.0.0.1:{port}");
        let process = Command::new(tools::ministack())
            .envs(tools::environment(folder, &url))
            // Without this it listens at every address of the machine.
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_HOST", "localhost")
            .env("MINISTACK_REGION", REGION)
            // Servers of their own that nobody here needs.
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("the same log file"))
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .expect("ministack starts");
        let emulator = Self { process, port, log };
        until("ministack answers", async || {
            let health = format!("{}/_ministack/health", emulator.url());
            let answer = http_client().get(health).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        emulator
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where it answers for an API whose URL is `http://<id>.execute-api.…`: nobody has to resolve that
    /// name.
    pub(crate) fn api_url(&self, output: &str) -> String {
        format!("{}/_aws/execute-api/{}/$default", self.url(), id(output))
    }

    /// Where it answers for a function URL, `https://<id>.lambda-url.…/`.
    pub(crate) fn function_url(&self, output: &str) -> String {
        format!("{}/_aws/lambda-url/{}", self.url(), id(output))
    }

    pub(crate) async fn sqs(&self, operation: &str, input: Value) -> Value {
        aws::sqs(&self.url(), operation, input).await
    }

    pub(crate) async fn dynamodb(&self, operation: &str, input: Value) -> Value {
        aws::dynamodb(&self.url(), operation, input).await
    }

    /// A call of Lambda's own API.
    pub(crate) async fn lambda(&self, method: Method, path: &str, input: Option<Value>) -> Value {
        let url = format!("{}/2015-03-31/{path}", self.url());
        let request = http_client().request(method, url);
        let body = input.map(|input| input.to_string()).unwrap_or_default();
        let request = request.header("authorization", SIGNED).body(body);
        let answer = request.send().await.expect("Lambda answers");
        let status = answer.status();
        let body = answer.text().await.expect("text");
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// Everything that it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("the log file")
    }

    /// Ends it, as Ctrl-C does, and with it the functions' processes.
    pub(crate) async fn stop(mut self) {
        let own = self.process.id().expect("it runs");
        let functions = children_of(own);
        tools::run(Command::new("kill").args(["-TERM", &own.to_string()])).await;
        let ended = tokio::time::timeout(Duration::from_secs(30), self.process.wait()).await;
        ended.expect("ministack ends").expect("it is waited for");
        until("the functions' processes have ended", async || {
            functions.iter().all(|pid| stat(*pid).is_none())
        })
        .await;
    }
}

/// The state and the parent of a process; absent where there is no such process, or only its remains.
fn stat(pid: u32) -> Option<(String, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut rest = rest.split_whitespace();
    let state = rest.next().filter(|state| *state != "Z")?;
    Some((state.to_owned(), rest.next()?.parse().ok()?))
}

fn children_of(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .filter(|pid| stat(*pid).is_some_and(|(_, its_parent)| its_parent == parent))
        .collect()
}

/// The first label of the URL's host.
fn id(url: &str) -> &str {
    let (_, host) = url.split_once("//").expect("a URL");
    host.split('.').next().expect("a host")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}
