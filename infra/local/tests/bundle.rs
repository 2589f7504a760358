//! The bundle with real processes: `examples/probe.rs` under several names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use deskbridge_local::{Bundle, InvokeError, LogSource, Options, Servers, Template};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Default: hello}
Globals:
  Function:
    Timeout: 20
    Environment: {Variables: {GREETING: !Ref Greeting}}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: sk, AttributeType: S}
        - {AttributeName: due_shard, AttributeType: S}
        - {AttributeName: due_at, AttributeType: N}
      KeySchema:
        - {AttributeName: pk, KeyType: HASH}
        - {AttributeName: sk, KeyType: RANGE}
      GlobalSecondaryIndexes:
        - IndexName: due
          KeySchema:
            - {AttributeName: due_shard, KeyType: HASH}
            - {AttributeName: due_at, KeyType: RANGE}
          Projection: {ProjectionType: KEYS_ONLY}
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
  WorkDead: {Type: AWS::SQS::Queue}
  Work:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 1
      RedrivePolicy: {deadLetterTargetArn: !GetAtt WorkDead.Arn, maxReceiveCount: 2}
  Api: {Type: AWS::Serverless::HttpApi}
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../target/lambda/echo/
      FunctionUrlConfig: {AuthType: NONE}
      Environment: {Variables: {TABLE_NAME: !Ref Table, WORK_QUEUE_URL: !Ref Work, INIT_PROBLEM: ""}}
      Events:
        Get: {Type: HttpApi, Properties: {Path: "/things/{id}", Method: GET, ApiId: !Ref Api}}
        Post: {Type: HttpApi, Properties: {Path: /things, Method: POST, ApiId: !Ref Api}}
  Slow:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../target/lambda/slow/
      Timeout: 1
      Events:
        Get: {Type: HttpApi, Properties: {Path: /slow, Method: GET, ApiId: !Ref Api}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../target/lambda/worker/
      Events:
        Work: {Type: SQS, Properties: {Queue: !GetAtt Work.Arn, BatchSize: 10, FunctionResponseTypes: [ReportBatchItemFailures]}}
  Ticker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../target/lambda/ticker/
      Events:
        Tick: {Type: Schedule, Properties: {Schedule: rate(1 minute)}}
"#;

/// A folder that holds the probe under every function's name.
fn binaries(test: &str) -> PathBuf {
    let probe = std::env::current_exe()
        .unwrap()
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples/probe");
    assert!(
        probe.exists(),
        "run the tests with `cargo test -p deskbridge-local`, which builds {}",
        probe.display()
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["echo", "slow", "worker", "ticker"] {
        std::fs::hard_link(&probe, folder.join(name)).unwrap();
    }
    folder
}

struct Rig {
    bundle: Bundle,
    // Ends last.
    servers: Servers,
}

async fn start(test: &str, settings: &[(&str, &str)]) -> Rig {
    start_on(Servers::start(None).await.unwrap(), test, settings).await
}

async fn start_on(servers: Servers, test: &str, settings: &[(&str, &str)]) -> Rig {
    let template = Template::parse(TEMPLATE, &BTreeMap::new()).unwrap();
    let mut options = Options::new(template, binaries(test));
    options.settings = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let bundle = Bundle::start(&servers, options).await.unwrap();
    Rig { bundle, servers }
}

/// Starts with messages in the queue already, so that they come as one batch.
async fn start_with(test: &str, bodies: &[&str]) -> Rig {
    let rig = start(test, &[]).await;
    let url = rig.bundle.queue_url("Work").unwrap();
    rig.bundle.stop().await;
    for body in bodies {
        sqs(
            &rig.servers,
            "SendMessage",
            json!({"QueueUrl": url, "MessageBody": body}),
        )
        .await;
    }
    start_on(rig.servers, test, &[]).await
}

async fn http(
    request: http::request::Builder,
    body: impl Into<Bytes>,
) -> (u16, http::HeaderMap, Bytes) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let response = client
        .request(request.body(Full::new(body.into())).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    (
        parts.status.as_u16(),
        parts.headers,
        body.collect().await.unwrap().to_bytes(),
    )
}

async fn sqs(servers: &Servers, action: &str, input: Value) -> Value {
    let request = http::Request::post(servers.sqs_url());
    let request = request
        .header("x-amz-target", format!("AmazonSQS.{action}"))
        .header("content-type", "application/x-amz-json-1.0");
    let (status, _, body) = http(request, input.to_string()).await;
    assert_eq!(status, 200, "{action}: {body:?}");
    serde_json::from_slice(&body).unwrap_or_default()
}

impl Rig {
    async fn waiting(&self, queue: &str) -> Value {
        let url = self.bundle.queue_url(queue).unwrap();
        let all = sqs(
            &self.servers,
            "GetQueueAttributes",
            json!({"QueueUrl": url, "AttributeNames": ["All"]}),
        )
        .await;
        json!([
            all["Attributes"]["ApproximateNumberOfMessages"],
            all["Attributes"]["ApproximateNumberOfMessagesNotVisible"]
        ])
    }

    /// The function's lines that start so, without the start, once there are as many.
    async fn lines(&self, start: &str, many: usize) -> Vec<Value> {
        until(&format!("{many} lines {start}"), async || {
            let lines = self.bundle.logs();
            let lines: Vec<Value> = lines
                .iter()
                .filter_map(|line| serde_json::from_str(line.text.strip_prefix(start)?).ok())
                .collect();
            (lines.len() >= many).then_some(lines)
        })
        .await
    }
}

/// Looks again and again, for 20 s at most.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "gave up waiting for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_function_sees_lambdas_environment_and_the_templates() {
    let rig = start(
        "environment",
        &[("GREETING", "servus"), ("UNDECLARED", "x")],
    )
    .await;
    let about = rig
        .bundle
        .invoke("echo", json!({"do": "about"}))
        .await
        .unwrap();
    let environment = &about["environment"];
    assert_eq!(environment["GREETING"], "servus");
    assert_eq!(
        environment["TABLE_NAME"],
        rig.bundle.table_name("Table").unwrap()
    );
    assert_eq!(
        environment["WORK_QUEUE_URL"],
        rig.bundle.queue_url("Work").unwrap()
    );
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "echo");
    assert_eq!(
        environment["AWS_ACCESS_KEY_ID"],
        deskbridge_local::access_key("echo")
    );
    assert_eq!(
        (environment.get("UNDECLARED"), environment.get("HOME")),
        (None, None)
    );
    assert!(about["trace"].as_str().unwrap().starts_with("Root=1-"));
    assert!(about["arn"].as_str().unwrap().ends_with(":function:echo"));
    let left = about["deadline"].as_u64().unwrap().saturating_sub(
        u64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap(),
    );
    assert!((10_000..=20_000).contains(&left), "{left} ms left of 20 s");
    rig.bundle.stop().await;
}

#[tokio::test]
async fn the_api_and_function_urls_answer_as_aws_does() {
    let rig = start("http", &[]).await;
    let url = rig.bundle.url();
    let (status, headers, body) = http(
        http::Request::get(format!("{url}/things/a%20b?x=1&x=2")).header("Cookie", "k=v"),
        "",
    )
    .await;
    assert_eq!(
        (
            status,
            &headers["set-cookie"],
            headers.contains_key("apigw-requestid")
        ),
        (200, &"a=b".parse().unwrap(), true)
    );
    let event: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (
            &event["routeKey"],
            &event["rawPath"],
            &event["pathParameters"]["id"]
        ),
        (
            &json!("GET /things/{id}"),
            &json!("/things/a b"),
            &json!("a b")
        )
    );
    assert_eq!(
        (&event["queryStringParameters"]["x"], &event["cookies"]),
        (&json!("1,2"), &json!(["k=v"]))
    );

    let (status, _, body) = http(http::Request::put(format!("{url}/things")), "").await;
    assert_eq!(
        (status, &body[..]),
        (404, &br#"{"message":"Not Found"}"#[..])
    );
    let (status, _, body) = http(
        http::Request::post(format!("{url}/things")),
        vec![b'x'; 10 * 1024 * 1024 + 1],
    )
    .await;
    assert_eq!(
        (status, &body[..]),
        (413, &br#"{"message":"Request Too Long"}"#[..])
    );

    let function_url = rig.bundle.function_url("echo");
    let (status, _, body) = http(
        http::Request::post(format!("{function_url}/secret%20path"))
            .header("content-type", "application/json"),
        "{}",
    )
    .await;
    let event: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (status, &event["rawPath"], &event["body"]),
        (200, &json!("/secret%20path"), &json!("{}"))
    );
    let (status, _, _) = http(
        http::Request::post(function_url),
        vec![b'x'; 6 * 1024 * 1024 + 1],
    )
    .await;
    assert_eq!(status, 413);
    let (status, _, _) = http(http::Request::get(rig.bundle.function_url("worker")), "").await;
    assert_eq!(status, 403, "it has no function URL");

    for (asked, answer) in [
        ("error", 500),
        ("exit", 500),
        ("nonsense", 500),
        ("large", 500),
        ("echo", 200),
    ] {
        let (status, _, _) = http(
            http::Request::get(format!("{url}/things/1")).header("x-do", asked),
            "",
        )
        .await;
        assert_eq!(status, answer, "{asked}");
    }
    let (status, _, _) = http(
        http::Request::get(format!("{}/", rig.bundle.function_url("echo"))).header("x-do", "error"),
        "",
    )
    .await;
    assert_eq!(status, 502);
    let lines = rig.bundle.stop().await;
    let platform: Vec<&str> = lines
        .iter()
        .filter(|line| line.source == LogSource::Platform)
        .map(|line| line.text.as_str())
        .collect();
    assert!(
        platform.iter().any(|line| line.ends_with("it went wrong")),
        "{platform:?}"
    );
    assert!(
        platform.contains(&"Runtime exited without a response (exit status: 7)"),
        "{platform:?}"
    );
}

#[tokio::test]
async fn on_a_busy_machine_a_call_may_take_longer_than_its_timeout() {
    let rig = start("patience", &[("AWS_ENDPOINT_PATIENCE", "2")]).await;
    let error = rig.bundle.invoke("slow", json!({"do": "sleep"})).await;
    assert_eq!(
        error.unwrap_err(),
        InvokeError::Timeout(Duration::from_secs(2))
    );
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_killed() {
    let rig = start("timeout", &[]).await;
    let began = Instant::now();
    let error = rig
        .bundle
        .invoke("slow", json!({"do": "sleep"}))
        .await
        .unwrap_err();
    assert_eq!(error, InvokeError::Timeout(Duration::from_secs(1)));
    assert_eq!(error.to_string(), "Task timed out after 1.00 seconds");
    assert!(began.elapsed() >= Duration::from_secs(1));
    let (status, _, body) = http(
        http::Request::get(format!("{}/slow", rig.bundle.url())).header("x-do", "sleep"),
        "",
    )
    .await;
    assert_eq!(
        (status, &body[..]),
        (503, &br#"{"message":"Service Unavailable"}"#[..])
    );
    assert_eq!(
        rig.bundle.invoke("slow", json!({"n": 1})).await.unwrap(),
        json!({"n": 1}),
        "the next call has a new process"
    );
    rig.bundle.stop().await;
}

#[tokio::test]
async fn processes_are_added_when_all_are_busy_and_used_again() {
    let rig = start("scale", &[]).await;
    let event = json!({"do": "sleep", "ms": 300});
    let three = tokio::join!(
        rig.bundle.invoke("echo", event.clone()),
        rig.bundle.invoke("echo", event.clone()),
        rig.bundle.invoke("echo", event)
    );
    let pids = [three.0.unwrap(), three.1.unwrap(), three.2.unwrap()]
        .map(|answer| answer["pid"].as_u64().unwrap());
    assert!(
        pids[0] != pids[1] && pids[1] != pids[2] && pids[0] != pids[2],
        "{pids:?}"
    );
    assert_eq!(rig.bundle.instances("echo"), 3);
    for _ in 0..3 {
        let pid = rig
            .bundle
            .invoke("echo", json!({"do": "about"}))
            .await
            .unwrap()["pid"]
            .as_u64()
            .unwrap();
        assert!(pids.contains(&pid), "{pid} is none of {pids:?}");
    }
    assert_eq!(rig.bundle.instances("echo"), 3);
    rig.bundle.stop().await;
}

#[tokio::test]
async fn a_kill_fails_the_call_under_way_and_the_next_starts_anew() {
    let rig = start("kill", &[]).await;
    let before = rig
        .bundle
        .invoke("echo", json!({"do": "about"}))
        .await
        .unwrap()["pid"]
        .clone();
    let (under_way, ()) = tokio::join!(rig.bundle.invoke("echo", json!({"do": "sleep"})), async {
        // The call is handed over at once: the process is warm.
        tokio::time::sleep(Duration::from_millis(100)).await;
        rig.bundle.kill("echo");
    });
    assert_eq!(
        under_way,
        Err(InvokeError::Exited("signal: 9 (SIGKILL)".into()))
    );
    let after = rig
        .bundle
        .invoke("echo", json!({"do": "about"}))
        .await
        .unwrap()["pid"]
        .clone();
    assert_ne!(before, after);
    rig.bundle.stop().await;
}

#[tokio::test]
async fn a_function_that_fails_at_init_says_why() {
    let rig = start("init", &[("INIT_PROBLEM", "SECRET is missing: set it")]).await;
    let failed = rig.bundle.warm_up().await;
    let error = InvokeError::Init("SECRET is missing: set it (exit status: 3)".into());
    assert_eq!(failed, [("echo".to_owned(), error.clone())]);
    assert_eq!(rig.bundle.invoke("echo", json!({})).await, Err(error));
    assert_eq!(
        rig.bundle.invoke("nobody", json!({})).await,
        Err(InvokeError::UnknownFunction("nobody".into()))
    );
    rig.bundle.stop().await;
}

#[tokio::test]
async fn a_message_reaches_its_function_at_once() {
    let rig = start("queue", &[]).await;
    rig.bundle.warm_up().await;
    let began = Instant::now();
    sqs(
        &rig.servers,
        "SendMessage",
        json!({"QueueUrl": rig.bundle.queue_url("Work").unwrap(), "MessageBody": "one"}),
    )
    .await;
    let record = &rig.lines("batch ", 1).await[0]["record"];
    println!("from the queue to the function in {:?}", began.elapsed());
    assert_eq!(
        (
            &record["body"],
            &record["eventSource"],
            &record["awsRegion"]
        ),
        (&json!("one"), &json!("aws:sqs"), &json!("us-east-1"))
    );
    assert_eq!(
        record["eventSourceARN"],
        "arn:aws:sqs:us-east-1:000000000000:local-Work"
    );
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    assert_eq!(record["md5OfBody"], "f97c5d29941bfb1b2fdab0874906ab82");
    assert!(
        record["attributes"]["SentTimestamp"].is_string()
            && record["messageAttributes"].is_object()
            && record["receiptHandle"].is_string(),
        "{record}"
    );
    until("the queue to be empty", async || {
        (rig.waiting("Work").await == json!(["0", "0"])).then_some(())
    })
    .await;
    rig.bundle.stop().await;
}

#[tokio::test]
async fn of_a_batch_only_what_failed_comes_again() {
    let rig = start_with("partial", &["one", "fail", "two"]).await;
    let seen = rig.lines("batch ", 2).await;
    assert_eq!(
        (&seen[0]["bodies"], &seen[1]["bodies"]),
        (&json!(["one", "fail", "two"]), &json!(["fail"]))
    );
    assert_eq!(
        seen[1]["record"]["attributes"]["ApproximateReceiveCount"],
        "2"
    );
    until("the dead letter", async || {
        (rig.waiting("WorkDead").await == json!(["1", "0"])).then_some(())
    })
    .await;
    assert_eq!(rig.waiting("Work").await, json!(["0", "0"]));
    rig.bundle.stop().await;
}

#[tokio::test]
async fn of_a_failed_call_the_whole_batch_comes_again() {
    let rig = start_with("crash", &["kept", "crash"]).await;
    let seen = rig.lines("batch ", 2).await;
    assert_eq!(seen[0]["bodies"], json!(["kept", "crash"]));
    let again: Vec<&Value> = seen
        .iter()
        .skip(1)
        .flat_map(|batch| batch["bodies"].as_array().unwrap())
        .collect();
    assert!(
        again.contains(&&json!("kept")) || again.contains(&&json!("crash")),
        "{again:?}"
    );
    until("the dead letter", async || {
        (rig.waiting("WorkDead").await[0] != "0").then_some(())
    })
    .await;
    rig.bundle.stop().await;
}

#[tokio::test]
async fn a_schedule_calls_at_start() {
    let rig = start("schedule", &[]).await;
    let tick = &rig.lines("tick ", 1).await[0];
    assert_eq!(
        (&tick["source"], &tick["detail-type"]),
        (&json!("aws.events"), &json!("Scheduled Event"))
    );
    rig.bundle.stop().await;
}

#[tokio::test]
async fn stopping_ends_calls_and_gives_every_line() {
    let rig = start("stop", &[]).await;
    rig.bundle.warm_up().await;
    let (began, url) = (Instant::now(), rig.bundle.url());
    let Rig {
        bundle,
        servers: _servers,
    } = rig;
    let lines = bundle.stop().await;
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(
        lines.iter().all(|line| line.source == LogSource::Function),
        "{lines:?}"
    );
    assert!(
        tokio::net::TcpStream::connect(url.trim_start_matches("http://"))
            .await
            .is_err(),
        "the port is closed"
    );
}

#[tokio::test]
async fn the_table_survives_and_its_folder_is_locked() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("data");
    let _ = std::fs::remove_dir_all(&folder);
    let template = Template::parse(TEMPLATE, &BTreeMap::new()).unwrap();
    for _ in 0..2 {
        let servers = Servers::start(Some(&folder)).await.unwrap();
        let bundle = Bundle::start(
            &servers,
            Options::new(template.clone(), binaries("data-binaries")),
        )
        .await
        .unwrap();
        let second = Servers::start(Some(&folder))
            .await
            .err()
            .unwrap()
            .to_string();
        assert!(second.contains("is in use by another process"), "{second}");
        bundle.stop().await;
    }
    let other = TEMPLATE.replace("IndexName: due", "IndexName: later");
    let servers = Servers::start(Some(&folder)).await.unwrap();
    let options = Options::new(Template::parse(&other, &BTreeMap::new()).unwrap(), "");
    let error = Bundle::start(&servers, options)
        .await
        .err()
        .unwrap()
        .to_string();
    assert_eq!(
        error,
        "table local-Table: it exists with other keys or indexes than the template's: start afresh (`cargo local --fresh`)"
    );
}
