//! Chromium without a window, driven over its DevTools protocol: what an agent's browser makes of a page.
//!
//! The protocol runs over two pipes, a JSON message and a zero at a time (`--remote-debugging-pipe`), so that it takes neither
//! a port nor a WebSocket. Chromium wants them as its file descriptors 3 and 4, which a shell gives it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, Command},
    sync::{mpsc, oneshot},
};

use crate::{BOUND, until};

/// The browser's names, the first of which that is there is taken.
pub const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];

/// A browser with a profile of its own.
pub struct Browser {
    wire: Arc<Wire>,
    profile: PathBuf,
    _process: Child,
}

type Waiting = BTreeMap<u64, oneshot::Sender<Result<Value, Value>>>;

struct Wire {
    next: AtomicU64,
    waiting: Mutex<Waiting>,
    events: Mutex<Vec<Value>>,
    out: mpsc::UnboundedSender<Value>,
}

impl Wire {
    async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (told, answer) = oneshot::channel();
        self.waiting.lock().unwrap().insert(id, told);
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        self.out.send(message).expect("the browser runs");
        let answer = tokio::time::timeout(BOUND, answer).await;
        let answer = answer.unwrap_or_else(|_| panic!("no answer to {method}"));
        let answer = answer.unwrap_or_else(|_| panic!("the browser ended during {method}"));
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// A message of the browser's. Pictures from elsewhere are drawn here, since a test calls nobody.
    fn take(&self, mut message: Value) {
        if let Some(id) = message["id"].as_u64() {
            if let Some(told) = self.waiting.lock().unwrap().remove(&id) {
                let error = message["error"].take();
                let _ = told.send(match error.is_null() {
                    true => Ok(message["result"].take()),
                    false => Err(error),
                });
            }
            return;
        }
        if message["method"] == "Fetch.requestPaused" {
            let body = BASE64_STANDARD.encode(picture(&message["params"]["request"]["url"]));
            let id = self.next.fetch_add(1, Ordering::Relaxed);
            let _ = self.out.send(json!({
                "id": id,
                "sessionId": message["sessionId"],
                "method": "Fetch.fulfillRequest",
                "params": {
                    "requestId": message["params"]["requestId"],
                    "responseCode": 200,
                    "responseHeaders": [{"name": "content-type", "value": "image/svg+xml"}],
                    "body": body,
                },
            }));
        }
        self.events.lock().unwrap().push(message);
    }
}

/// A picture that is another for each address.
fn picture(url: &Value) -> String {
    let sum: u32 = url.to_string().bytes().map(u32::from).sum();
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 64 64'><rect width='64' height='64' fill='hsl({} 60% 70%)'/>\
         <circle cx='32' cy='32' r='18' fill='hsl({} 55% 45%)'/></svg>",
        sum % 360,
        (sum + 40) % 360
    )
}

impl Browser {
    /// Starts one.
    ///
    /// # Panics
    /// Where there is none on this machine: see [`NAMES`].
    pub async fn start() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let profile = format!("deskbridge-browser-{}-{number}", std::process::id());
        let profile = std::env::temp_dir().join(profile);
        let path = std::env::var_os("PATH").expect("a PATH");
        let mut found = std::env::split_paths(&path)
            .flat_map(|folder| NAMES.map(|name| folder.join(name)))
            .filter(|path| path.exists());
        let chromium = found.next().expect("Chromium is installed");
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >&2", "sh"])
            .arg(chromium)
            .args([
                "--headless=new",
                "--remote-debugging-pipe",
                // In a container there is often no other way; the pages are our own.
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-extensions",
                "--disable-sync",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut process = command.spawn().expect("Chromium starts");
        let (out, to_send) = mpsc::unbounded_channel();
        let wire = Arc::new(Wire {
            next: AtomicU64::new(1),
            waiting: Mutex::default(),
            events: Mutex::default(),
            out,
        });
        let (input, output) = (process.stdin.take(), process.stdout.take());
        tokio::spawn(write(input.expect("a pipe"), to_send));
        let reader = Arc::clone(&wire);
        let output = output.expect("a pipe");
        tokio::spawn(async move {
            let mut output = BufReader::new(output);
            let mut message = Vec::new();
            while output
                .read_until(0, &mut message)
                .await
                .is_ok_and(|read| read > 0)
            {
                let read = serde_json::from_slice(
                    message
                        .trim_ascii_end()
                        .strip_suffix(b"\0")
                        .unwrap_or(&message),
                );
                reader.take(read.expect("JSON"));
                message.clear();
            }
            // Whoever still waits is told.
            reader.waiting.lock().unwrap().clear();
        });
        Self {
            wire,
            profile,
            _process: process,
        }
    }

    /// A new tab, so many CSS pixels wide and high.
    pub async fn tab(&self, width: u32, height: u32) -> Tab {
        let wire = &self.wire;
        let target = wire
            .call(None, "Target.createTarget", json!({"url": "about:blank"}))
            .await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = wire.call(None, "Target.attachToTarget", attach).await;
        let tab = Tab {
            wire: Arc::clone(wire),
            session: attached["sessionId"]
                .as_str()
                .expect("a session")
                .to_owned(),
        };
        for domain in ["Page", "Runtime", "Log"] {
            tab.call(&format!("{domain}.enable"), json!({})).await;
        }
        let elsewhere = json!({"patterns": [{"urlPattern": "https://*"}]});
        tab.call("Fetch.enable", elsewhere).await;
        tab.resize(width, height).await;
        tab
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self._process.start_kill();
        // It may still write to its profile for a moment.
        for _ in 0..50 {
            if std::fs::remove_dir_all(&self.profile).is_ok() || !self.profile.exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

async fn write(mut input: ChildStdin, mut to_send: mpsc::UnboundedReceiver<Value>) {
    while let Some(message) = to_send.recv().await {
        let mut message = message.to_string().into_bytes();
        message.push(0);
        if input.write_all(&message).await.is_err() || input.flush().await.is_err() {
            break;
        }
    }
}

/// A tab of the browser.
pub struct Tab {
    wire: Arc<Wire>,
    session: String,
}

impl Tab {
    /// A call of the protocol.
    ///
    /// # Panics
    /// Where it fails.
    pub async fn call(&self, method: &str, params: Value) -> Value {
        self.wire.call(Some(&self.session), method, params).await
    }

    /// Another size of the window.
    pub async fn resize(&self, width: u32, height: u32) {
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    /// What the system prefers: dark colours or light ones.
    pub async fn prefer(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", features).await;
    }

    /// Which languages the browser asks for, as `Accept-Language` has them.
    pub async fn speak(&self, languages: &str) {
        self.call("Network.enable", json!({})).await;
        let headers = json!({"headers": {"Accept-Language": languages}});
        self.call("Network.setExtraHTTPHeaders", headers).await;
    }

    /// Opens a page, and waits until it is there.
    pub async fn open(&self, url: &str) {
        let from = self.events("Page.loadEventFired").len();
        self.call("Page.navigate", json!({"url": url})).await;
        until(&format!("{url} is loaded"), async || {
            self.events("Page.loadEventFired").len() > from
        })
        .await;
    }

    /// What an expression comes to, in the page itself. A promise is waited for.
    pub async fn evaluate(&self, expression: &str) -> Value {
        self.evaluated(json!({"expression": expression})).await
    }

    /// The same, in the frame whose address begins like this.
    pub async fn evaluate_in(&self, frame: &str, expression: &str) -> Value {
        let context = self.context_of(frame).await;
        let context = context.unwrap_or_else(|| panic!("no frame shows {frame}"));
        self.evaluated(json!({"expression": expression, "contextId": context}))
            .await
    }

    async fn evaluated(&self, mut params: Value) -> Value {
        params["returnByValue"] = true.into();
        params["awaitPromise"] = true.into();
        let done = self.call("Runtime.evaluate", params).await;
        let failed = &done["exceptionDetails"];
        assert!(failed.is_null(), "{failed}");
        done["result"]["value"].clone()
    }

    /// Whether a frame shows this.
    pub async fn shows(&self, frame: &str) -> bool {
        self.context_of(frame).await.is_some()
    }

    async fn context_of(&self, frame: &str) -> Option<u64> {
        let tree = self.call("Page.getFrameTree", json!({})).await;
        let frames = tree["frameTree"]["childFrames"].as_array()?.clone();
        let found = frames.iter().find(|one| {
            let url = one["frame"]["url"].as_str();
            url.is_some_and(|url| url.starts_with(frame))
        })?;
        let contexts = self.events("Runtime.executionContextCreated");
        let mut contexts = contexts.iter().rev().map(|event| &event["context"]);
        let context = contexts.find(|context| {
            let origin = context["origin"].as_str().unwrap_or_default();
            context["auxData"]["frameId"] == found["frame"]["id"]
                && context["auxData"]["isDefault"] == true
                // That of the empty page which was there before is gone.
                && !origin.is_empty()
                && frame.starts_with(origin)
        })?;
        context["id"].as_u64()
    }

    /// Presses a key, such as `Enter`, `ArrowDown` or `Tab`, wherever the focus is.
    pub async fn press(&self, key: &str) {
        self.key(key, false).await;
    }

    /// What a key does that is held down for longer: it is pressed again by itself.
    pub async fn hold(&self, key: &str) {
        self.key(key, true).await;
    }

    async fn key(&self, key: &str, repeats: bool) {
        let code = match key {
            "Enter" => 13,
            "Tab" => 9,
            "Escape" => 27,
            "ArrowUp" => 38,
            "ArrowDown" => 40,
            "/" => 191,
            other => panic!("which key is {other}?"),
        };
        let mut event = json!({"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code, "autoRepeat": repeats});
        if key == "Enter" {
            event["text"] = "\r".into();
        }
        self.call("Input.dispatchKeyEvent", event.clone()).await;
        event["type"] = "keyUp".into();
        event["autoRepeat"] = false.into();
        event["text"] = Value::Null;
        event.as_object_mut().expect("an object").remove("text");
        self.call("Input.dispatchKeyEvent", event).await;
    }

    /// Types a text, wherever the focus is.
    pub async fn type_text(&self, text: &str) {
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// What went wrong in the page so far: exceptions, and what its policy did not allow.
    pub fn complaints(&self) -> Vec<String> {
        let thrown = self.events("Runtime.exceptionThrown");
        let thrown = thrown
            .iter()
            .map(|event| event["exceptionDetails"].to_string());
        let logged = self.events("Log.entryAdded");
        let logged = logged
            .iter()
            .map(|event| &event["entry"])
            .filter(|entry| entry["level"] == "error")
            .map(|entry| format!("{}: {}", entry["source"], entry["text"]));
        thrown.chain(logged).collect()
    }

    /// What the browser told of this tab, by its name in the protocol.
    pub fn events(&self, method: &str) -> Vec<Value> {
        let events = self.wire.events.lock().unwrap();
        let of_this = events.iter().filter(|event| {
            event["sessionId"] == self.session.as_str() && event["method"] == method
        });
        of_this.map(|event| event["params"].clone()).collect()
    }

    /// Draws the tab into a PNG file.
    pub async fn draw(&self, path: &Path) {
        let png = self
            .call("Page.captureScreenshot", json!({"format": "png"}))
            .await;
        let png = BASE64_STANDARD.decode(png["data"].as_str().expect("a picture"));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).expect("a folder");
        }
        std::fs::write(path, png.expect("base64")).expect("a file");
    }
}
