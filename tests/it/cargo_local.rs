//! `cargo local` as a person uses it: start it, try the lines that it prints, end it, start it again.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use deskbridge_local::Template;
use harness::{
    binaries::{binaries, root},
    browser::Browser,
    until,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
};

/// In the printed lines: where a customer asks, writes and reads, and the agent answers.
const ASKS: &str = "\"vendor\":\"udesk\"";
const WRITES: &str = "\"content\":\"hello\"";
const READS: &str = "/messages -H \"$A\"\n";
const ANSWERS: &str = "# the agent answers";
const CLOSES: &str = "curl -X DELETE";
/// Where the desk writes at Tencent, and where the twin's page is.
const BEGINS_AT_TENCENT: &str = "\"vendor\":\"tencent\"";
const DESK_WRITES: &str = "\"as\":\"desk\"";
const TENCENT: &str = "user's page ";
/// Where a customer gets the link to Sobot's page, and Sobot's agent writes.
const SOBOT_LINKS: &str = "sobot_page";
const SOBOT_WRITES: &str = "# Sobot's agent writes";
/// Where a page of the app's with Sobot's chat is.
const SITE: &str = "a page with Sobot's chat ";
/// Where the user gets a UserSig, the last of the lines.
const LOGS_IN: &str = "tencent_usersig";
const ANSWER: &str = "Hello, what can I help you with?";

fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The command, on free ports, with what it keeps in this folder, and without the settings of
/// whoever runs the tests.
fn command(folder: &Path) -> Command {
    let template = root().join("infra/template.yaml");
    let template = Template::read(&template, &Default::default()).unwrap();
    let empty = folder.join("empty.env");
    std::fs::write(&empty, "").unwrap();
    let mut command = Command::new(binaries().join("local"));
    for name in template.outside_settings() {
        command.env_remove(name);
    }
    command
        .args(["--port", "0", "--udesk-port", "0", "--app-port", "0"])
        .args(["--sobot-port", "0", "--tencent-port", "0"])
        .arg("--data")
        .arg(folder)
        .arg("--env-file")
        .arg(empty)
        .arg("--binaries")
        .arg(binaries())
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// `cargo local`, running.
struct Local {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Local {
    async fn start(folder: &Path) -> Self {
        let mut child = command(folder).spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        tokio::spawn(async move {
            while let Ok(Some(line)) = out.next_line().await {
                sink.lock().unwrap().push(line + "\n");
            }
        });
        let local = Self { child, lines };
        until("cargo local has printed what to try", async || {
            local.line(LOGS_IN).is_some()
        })
        .await;
        local
    }

    /// The printed line with this part.
    fn line(&self, part: &str) -> Option<String> {
        let lines = self.lines.lock().unwrap();
        lines.iter().find(|line| line.contains(part)).cloned()
    }

    /// Runs the printed line with this part, in a shell that has run those
    /// before it, with the session's id where a person puts it.
    async fn run(&self, part: &str, session: &str) -> Value {
        let header = self.line("A='Authorization").unwrap();
        let line = self
            .line(part)
            .unwrap_or_else(|| panic!("no line with {part}: {:?}", self.lines.lock().unwrap()));
        let script = format!("{header}\nS={session}\nT={session}\n{line}\n");
        let output = Command::new("sh")
            .arg("-c")
            .arg(&script)
            .env("no_proxy", "*")
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{script}\n{output:?}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            let out = String::from_utf8_lossy(&output.stdout);
            panic!("{error}: {script}\n{out}")
        })
    }

    /// The agent answers; gives what the app end printed of it and how long that took.
    async fn agent_answers(&self, session: &str) -> (String, Duration) {
        let printed = || -> Vec<String> {
            let lines = self.lines.lock().unwrap();
            let received = lines.iter().filter(|line| {
                line.starts_with("verified  message.received")
                    && line.contains(session)
                    && line.contains(ANSWER)
            });
            received.cloned().collect()
        };
        let before = printed().len();
        self.run(ANSWERS, session).await;
        let answered = Instant::now();
        until("the app end has printed the answer", async || {
            printed().len() > before
        })
        .await;
        (printed().pop().unwrap(), answered.elapsed())
    }

    /// The processes that it has started.
    fn processes(&self) -> Vec<u32> {
        children_of(self.child.id().expect("it runs"))
    }

    /// Ctrl-C.
    async fn interrupt(mut self) {
        let processes = self.processes();
        if cfg!(target_os = "linux") {
            assert!(!processes.is_empty(), "the functions run");
        }
        let started = Instant::now();
        let pid = self.child.id().unwrap();
        let kill = format!("kill -INT {pid}");
        let killed = Command::new("sh").args(["-c", &kill]).status().await;
        assert!(killed.unwrap().success());
        let status = tokio::time::timeout(harness::BOUND, self.child.wait()).await;
        let took = started.elapsed();
        assert!(status.expect("it ends").unwrap().success());
        assert!(took < Duration::from_secs(2), "it took {took:?}");
        let left: Vec<_> = processes.into_iter().filter(|pid| lives(*pid)).collect();
        assert!(left.is_empty(), "still there: {left:?}");
    }
}

/// A test that fails shows what was printed.
impl Drop for Local {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.lines.lock().unwrap().concat());
        }
    }
}

/// The state and the parent of a process; absent where there is no such process, or no /proc.
fn stat(pid: u32) -> Option<(String, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut rest = rest.split_whitespace();
    Some((rest.next()?.to_owned(), rest.next()?.parse().ok()?))
}

fn lives(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z")
}

fn children_of(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .filter(|pid| stat(*pid).is_some_and(|(_, its_parent)| its_parent == parent))
        .collect()
}

/// `… seq 3 …`
fn seq(line: &str) -> u64 {
    let (_, rest) = line.split_once("seq ").unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_lines_lead_through_a_conversation_that_survives_a_restart() {
    let folder = folder("cargo-local");
    let local = Local::start(&folder).await;

    let opened = local.run(ASKS, "").await;
    let session = opened["id"].as_str().expect("a session").to_owned();
    let sent = local.run(WRITES, &session).await;
    assert_eq!(sent["status"], "sent", "{sent}");
    let mut fastest = Duration::MAX;
    let mut last = 0;
    // Thrice: the machine may have been busy with something else at one time.
    for _ in 0..3 {
        let (line, took) = local.agent_answers(&session).await;
        fastest = fastest.min(took);
        assert!(seq(&line) > last, "{line}");
        last = seq(&line);
    }
    assert!(fastest < Duration::from_secs(2), "it took {fastest:?}");
    let said = conversation(&local, &session).await;
    assert!(said.contains(&("customer".to_owned(), "hello".to_owned())));
    assert!(said.contains(&("agent".to_owned(), ANSWER.to_owned())));
    local.interrupt().await;

    let local = Local::start(&folder).await;
    let again = local.run(ASKS, "").await;
    assert_eq!(again["id"], session.as_str(), "the same conversation");
    let (line, _) = local.agent_answers(&session).await;
    assert!(seq(&line) > last, "{line}");
    let before = said;
    let said = conversation(&local, &session).await;
    assert!(said.len() > before.len() && said.starts_with(&before));
    let closed = local.run(CLOSES, &session).await;
    assert_eq!(closed["state"], "closed", "{closed}");
    local.interrupt().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_lines_lead_to_the_other_vendors_twins() {
    let folder = folder("cargo-local-vendors");
    let local = Local::start(&folder).await;
    let http = harness::http_client();

    let token = local.run(SOBOT_LINKS, "").await;
    let link = token["link"].as_str().expect("a link");
    let page = http.get(link).send().await.unwrap();
    assert_eq!(page.status(), 200, "{token}");
    assert!(page.text().await.unwrap().contains("Hello DE"));
    let pushed = local.run(SOBOT_WRITES, "").await;
    assert_eq!(pushed["good"], true, "{pushed}");
    until("the app end has printed what the agent wrote", async || {
        let event = local.line("  \"We have an answer for you\"");
        event.is_some_and(|line| line.starts_with("verified  message.received"))
    })
    .await;

    let site = local.line(SITE).expect("the app's page");
    let (_, site) = site.trim_end().split_once(SITE).unwrap();
    let page = http.get(site).send().await.unwrap();
    assert_eq!(page.status(), 200, "{site}");
    let page = page.text().await.unwrap();
    let script = page.contains("/chat/frame/v2/entrance.js?sysnum=");
    assert!(script && page.contains("shop.onAgent(res);"), "{page}");
    if !cfg!(no_chromium) {
        the_site_is_told_what_it_asked_for_and_called_back(site).await;
    }

    let begun = local.run(BEGINS_AT_TENCENT, "").await;
    let session = begun["id"].as_str().expect("a session");
    let sent = local.run(DESK_WRITES, session).await;
    assert_eq!(sent["status"], "sent", "{sent}");
    let token = local.run(LOGS_IN, "").await;
    let page = local.line(TENCENT).expect("the user's page");
    let (_, page) = page.trim_end().split_once(TENCENT).unwrap();
    let user = serde_json::json!({"user": "user45", "usersig": token["token"]});
    let seen = http.post(format!("{page}/api/messages"));
    let seen = seen.body(user.to_string()).send().await.unwrap();
    let seen: Value = serde_json::from_str(&seen.text().await.unwrap()).unwrap();
    let elements = &seen["messages"][0]["elements"];
    assert_eq!(elements[0]["content"]["Text"], "Welcome", "{seen}");
    local.interrupt().await;
}

/// The page as a browser shows it: Sobot's script has the config of its request, and each callback is a line of the page.
async fn the_site_is_told_what_it_asked_for_and_called_back(site: &str) {
    let browser = Browser::start().await;
    let tab = browser.tab(1_000, 800).await;
    tab.open(site).await;
    until("Sobot's script is there", async || {
        tab.evaluate("!!window.sobotTwin").await == true
    })
    .await;
    let mut config = tab.evaluate("sobotTwin.config").await;
    let token = config.as_object_mut().unwrap().remove("token");
    assert!(token.is_some_and(|token| token.as_str().is_some_and(|token| !token.is_empty())));
    let asked = json!({
        "uname": "Zoë 客户 مرحبا 😀", "color": "04babc", "locale": "en", "type": 3, "msg_flag": true,
        "params": r#"{"Level":"Boss"}"#,
        "cur_visit_args": {"cur_visit_url": "http://127.0.0.1/site", "cur_visit_title": "A shop"},
    });
    assert_eq!(config, asked);
    assert_eq!(tab.evaluate("sobotTwin.unknown").await, json!([]));

    tab.evaluate("sobotTwin.say('<b>客</b> 😀')").await;
    tab.evaluate("sobotTwin.away(2)").await;
    let told =
        tab.evaluate("[...document.querySelectorAll('#told li')].map(one => one.textContent)");
    let told = told.await;
    let lines: Vec<_> = told.as_array().unwrap().iter().collect();
    let [ready, agent, away] = lines[..] else {
        panic!("{told}")
    };
    assert_eq!(ready, "onReady ");
    let of = |line: &Value, name: &str| -> Value {
        let what = line.as_str().unwrap().strip_prefix(name);
        serde_json::from_str(what.unwrap_or_else(|| panic!("{line}"))).unwrap()
    };
    assert_eq!(of(agent, "onAgent ")["msg"], "<b>客</b> 😀");
    assert_eq!(of(away, "onAway ")["size"], 2);
    let complaints = tab.complaints();
    assert!(complaints.is_empty(), "{complaints:?}");
}

async fn conversation(local: &Local, session: &str) -> Vec<(String, String)> {
    let list = local.run(READS, session).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| (text(&message["from"]), text(&message["content"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_no_function_can_use_is_named_in_one_line() {
    let folder = folder("cargo-local-bad-setting");
    let mut child = command(&folder)
        .env("RETRY_SCHEDULE_SECONDS", "1,soon")
        .spawn()
        .unwrap();
    let mut problem = String::new();
    let mut stderr = child.stderr.take().unwrap();
    let ended = async {
        stderr.read_to_string(&mut problem).await.unwrap();
        child.wait().await.unwrap()
    };
    let status = tokio::time::timeout(harness::BOUND, ended).await.unwrap();
    assert_eq!(status.code(), Some(1), "{problem}");
    assert_eq!(problem.lines().count(), 1, "{problem}");
    assert!(problem.starts_with("cargo local: "), "{problem}");
    assert!(
        problem.contains("RETRY_SCHEDULE_SECONDS") && problem.contains("soon"),
        "{problem}"
    );
}
