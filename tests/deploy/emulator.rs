//! AWS, as ministack plays it: a process of this test's own, on a free port of 127.0.0.1, with all that
//! it keeps in one folder.

use std::{
    fs::File,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use harness::{http_client, until};
use http::{Method, Request};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::tools::{self, KEY, REGION};

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
            // Without this every call is allowed, whatever the policies say.
            .env("AUTH", "true")
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

    /// Makes a bucket in S3.
    pub(crate) async fn make_bucket(&self, name: &str) {
        let place = format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        );
        self.call("s3", Method::PUT, &format!("/{name}"), None, &place)
            .await;
    }

    /// A call of a service that has its operations in a header: SQS, DynamoDB, Secrets Manager.
    pub(crate) async fn json(&self, service: &str, operation: &str, input: Value) -> Value {
        let input = input.to_string();
        self.call(service, Method::POST, "/", Some(operation), &input)
            .await
    }

    /// A call of Lambda's own API.
    pub(crate) async fn lambda(&self, method: Method, path: &str, input: &str) -> Value {
        let path = format!("/2015-03-31/{path}");
        self.call("lambda", method, &path, None, input).await
    }

    /// A call as the account's root, signed as AWS wants it.
    ///
    /// # Panics
    /// Where it is refused.
    async fn call(
        &self,
        service: &str,
        method: Method,
        path: &str,
        operation: Option<&str>,
        body: &str,
    ) -> Value {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url()))
            .header("content-type", "application/x-amz-json-1.0");
        if let Some(operation) = operation {
            request = request.header("x-amz-target", operation);
        }
        let mut request = request.body(body.to_owned()).expect("a request");
        let identity = Credentials::new(KEY, KEY, None, None, "test").into();
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(service)
            .time(std::time::SystemTime::now())
            .settings(settings)
            .build()
            .expect("all is said")
            .into();
        let uri = request.uri().to_string();
        let headers: Vec<_> = request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let signable = SignableRequest::new(
            request.method().as_str(),
            uri.as_str(),
            headers.into_iter(),
            SignableBody::Bytes(body.as_bytes()),
        );
        let signed = sign(signable.expect("a request"), &parameters).expect("a signature");
        let (instructions, _) = signed.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        let request = request.try_into().expect("a request");
        let answer = http_client().execute(request).await.expect("AWS answers");
        let status = answer.status();
        let text = answer.text().await.expect("text");
        assert!(status.is_success(), "{service} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
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
