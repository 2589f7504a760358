//! The deployment code in a browser: Sobot's script, played by the twin, receives exactly the config, whatever is in it and
//! whatever the page's charset, and calls back.

use axum::{Router, extract::Path, http::header, routing::get};
use harness::{
    browser::{Browser, Tab},
    until,
    world::{API_KEY, Answer, World},
};
use serde_json::{Value, json};

/// Serves each of the pages at its number, in this charset.
async fn serve(charset: &'static str, pages: Vec<String>) -> String {
    let router = Router::new().route(
        "/{number}",
        get(move |Path(number): Path<usize>| {
            let kind = format!("text/html; charset={charset}");
            let page = pages[number].clone();
            async move { ([(header::CONTENT_TYPE, kind)], page) }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A page of an app's, with the snippet at the end of its body.
fn page(snippet: &str) -> String {
    format!(
        "<!doctype html><title>Parcels</title><link rel=\"icon\" href=\"data:,\"><body><h1>Parcels</h1>\
         <button id=\"status\">Status</button><button id=\"trace\">Trace</button><button id=\"start\">Start</button>\
         <div id=\"root\"></div>\
         <script>var told = []; var desk = {{}}; ['onAgent', 'onAway', 'ready', 'folded', 'status'].forEach(function (name) {{ \
         desk[name] = function (what) {{ told.push([name, what === undefined ? null : what]); }}; }});</script>\
         {snippet}</body>"
    )
}

async fn ask(world: &World, body: Value) -> Answer {
    world
        .call(API_KEY, "POST", "/sobot/web-access", Some(body))
        .await
        .expect(200)
}

async fn open(tab: &Tab, address: &str) {
    tab.open(address).await;
    until("Sobot's script is there", async || {
        tab.evaluate("!!window.sobotTwin").await == true
    })
    .await;
}

async fn click(tab: &Tab, id: &str) {
    tab.evaluate(&format!("document.getElementById('{id}').click()"))
        .await;
}

async fn fold(tab: &Tab) {
    tab.evaluate("[...document.querySelectorAll('#sobot-twin button')].find(one => one.textContent === 'Fold').click()")
        .await;
}

/// Texts that a page could read as something else.
const NASTY: [&str; 9] = [
    "</script><script>pwned()</script>",
    "<!-- <script>",
    "\"'`\\\\ \\u0022 ${pwned()}",
    "line\u{2028}line\u{2029}line\nline",
    "客户 很高兴 GBK",
    "مرحبا بالعالم",
    "😀👩‍👩‍👧🏳️‍🌈",
    "\u{202e}evil\u{202c} Zoë",
    "&lt;b&gt; &amp; %3Cb%3E",
];

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_chromium, ignore = "there is no Chromium on this machine")]
async fn the_twins_script_receives_exactly_the_config_and_calls_back() {
    let world = World::start().await;
    let answer = ask(
        &world,
        json!({
            "mode": "token",
            "customer": "DE",
            "parameters": {
                "uname": NASTY[4], "remark": NASTY[0], "params": {NASTY[3]: NASTY[2]}, "color": "04babc",
                "msg_flag": "off", "pre_visit_title": NASTY[5], "cur_visit_url": "https://shop.example.com/?a='b'&c=客",
                "card_title": "a", "card_url": "https://shop.example.com/'客'", "auto_expand": "on",
            },
            "calls": [
                {"call": "receive_message", "handler": "desk.onAgent"},
                {"call": "offline_message_count", "handler": "desk.onAway"},
                {"call": "frame_ready", "handler": "desk.ready"},
                {"call": "chat_collapse_window", "handler": "desk.folded"},
                {"call": "frame_status", "on_click": "status", "handler": "desk.status"},
                {"call": "trace", "on_click": "trace"},
            ],
        }),
    )
    .await;
    let address = serve("utf-8", vec![page(&answer.text_of("snippet"))]).await;
    let browser = Browser::start().await;
    let tab = browser.tab(1_000, 800).await;
    open(&tab, &format!("{address}/0")).await;
    assert_eq!(
        tab.evaluate("sobotTwin.config").await,
        answer.body["config"]
    );
    assert_eq!(tab.evaluate("sobotTwin.unknown").await, json!([]));
    assert_eq!(tab.evaluate("sobotTwin.sysnum").await, "ABC");
    let calls = [
        "config",
        "receive_message",
        "offline_message_count",
        "frame_ready",
    ];
    assert_eq!(tab.evaluate("sobotTwin.calls").await, json!(calls));
    let shown = tab.evaluate("document.querySelector('#sobot-twin h2').textContent");
    assert_eq!(shown.await, format!("Hello {}", NASTY[4]));

    // Sobot calls back, of what is written while the chat is folded: here it unfolds by itself.
    assert_eq!(tab.evaluate("sobotTwin.unfolded").await, true);
    tab.evaluate("sobotTwin.say('seen')").await;
    assert_eq!(tab.evaluate("told").await, json!([["ready", null]]));
    fold(&tab).await;
    until("the page knows that the chat is folded", async || {
        tab.evaluate("told.length").await == 2
    })
    .await;
    assert_eq!(tab.evaluate("told[1]").await, json!(["folded", null]));
    tab.evaluate("sobotTwin.say('<b>客</b> 😀')").await;
    tab.evaluate("sobotTwin.away(2)").await;
    let told = tab.evaluate("told").await;
    assert_eq!(told[0], json!(["ready", null]));
    assert_eq!(
        (&told[2][0], &told[2][1]["msg"]),
        (&json!("onAgent"), &json!("<b>客</b> 😀"))
    );
    assert_eq!(
        (&told[3][0], &told[3][1]["size"]),
        (&json!("onAway"), &json!(2))
    );
    let members = |told: &Value| {
        let mut names: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(members(&told[2][1]), ["img", "msg", "name", "t"]);
    let offline = [
        "groupId",
        "leaveToTicket",
        "offlineMsg",
        "size",
        "unAckMsg",
        "unAckSize",
    ];
    assert_eq!(members(&told[3][1]), offline);

    // And is called.
    click(&tab, "status").await;
    click(&tab, "trace").await;
    assert_eq!(tab.evaluate("told[4]").await, json!(["status", "collapse"]));
    tab.evaluate("document.getElementById('sobot-twin-button').click()")
        .await;
    click(&tab, "status").await;
    assert_eq!(tab.evaluate("told[5]").await, json!(["status", "expand"]));
    let visits = json!([{"pre_visit_args": answer.body["config"]["pre_visit_args"],
        "cur_visit_args": answer.body["config"]["cur_visit_args"]}]);
    assert_eq!(tab.evaluate("sobotTwin.traces").await, visits);
    // Others' messages are none that it listens to.
    tab.evaluate("window.postMessage('no JSON', '*'); window.postMessage(null, '*'); window.postMessage('{\"name\":\"zc_post_message\"}', '*')")
        .await;
    fold(&tab).await;
    until("the page knows that the chat is folded", async || {
        tab.evaluate("told.length").await == 7
    })
    .await;
    assert_eq!(tab.evaluate("told[6]").await, json!(["folded", null]));
    let complaints = tab.complaints();
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_chromium, ignore = "there is no Chromium on this machine")]
async fn every_text_survives_in_pages_of_any_charset_and_none_becomes_code() {
    let world = World::start().await;
    let mut answers = Vec::new();
    for text in NASTY {
        let body = json!({"mode": "sign", "customer": "DE", "parameters": {"uname": text, "customer_fields": {"a": text}},
            "start": {"how": "custom_button", "label": text}});
        answers.push(ask(&world, body).await);
    }
    let pages: Vec<_> = answers
        .iter()
        .map(|answer| page(&answer.text_of("snippet")))
        .collect();
    let browser = Browser::start().await;
    let tab = browser.tab(1_000, 800).await;
    let canary = json!({"source": "window.pwned = () => { window.wasPwned = true }"});
    tab.call("Page.addScriptToEvaluateOnNewDocument", canary)
        .await;
    for charset in ["utf-8", "gb2312", "windows-1256"] {
        let address = serve(charset, pages.clone()).await;
        for (number, (text, answer)) in NASTY.iter().zip(&answers).enumerate() {
            open(&tab, &format!("{address}/{number}")).await;
            assert_eq!(
                tab.evaluate("sobotTwin.config").await,
                answer.body["config"],
                "{charset}: {text:?}"
            );
            assert_eq!(tab.evaluate("sobotTwin.config.uname").await, *text);
            let label = tab.evaluate("document.querySelector('button.zhiCustomBtn').textContent");
            assert_eq!(label.await, *text, "{charset}");
            // Ours, the desk's and Sobot's.
            assert_eq!(tab.evaluate("document.scripts.length").await, 3, "{text:?}");
            assert_eq!(tab.evaluate("!!window.wasPwned").await, false, "{text:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_chromium, ignore = "there is no Chromium on this machine")]
async fn the_chat_starts_by_a_button_of_the_pages_own_or_when_the_page_says_so() {
    let world = World::start().await;
    let own = json!({"mode": "open", "start": {"how": "custom_button", "label": "Ask us"},
        "calls": [{"call": "dynamic_ready", "on_click": "trace", "into": "root", "label": "And here"}]});
    let manual = json!({"mode": "open", "start": {"how": "manual", "on_click": "start"},
        "calls": [{"call": "frame_ready", "handler": "desk.ready"}]});
    let own = ask(&world, own).await.text_of("snippet");
    let manual = ask(&world, manual).await.text_of("snippet");
    let address = serve("utf-8", vec![page(&own), page(&manual)]).await;
    let browser = Browser::start().await;
    let tab = browser.tab(1_000, 800).await;
    let unfolded = async || tab.evaluate("sobotTwin.unfolded").await;

    open(&tab, &format!("{address}/0")).await;
    let hidden = "document.getElementById('sobot-twin-button').hidden";
    assert_eq!(
        tab.evaluate(hidden).await,
        true,
        "Sobot shows no button of its own"
    );
    let click_own = "document.querySelector('button.zhiCustomBtn').click()";
    tab.evaluate(click_own).await;
    assert_eq!(unfolded().await, true);
    // One that is made later.
    tab.open("about:blank").await;
    open(&tab, &format!("{address}/0")).await;
    click(&tab, "trace").await;
    tab.evaluate("document.querySelector('#root button.zhiCustomBtn').click()")
        .await;
    assert_eq!(unfolded().await, true);

    open(&tab, &format!("{address}/1")).await;
    assert_eq!(tab.evaluate("sobotTwin.started").await, false);
    assert_eq!(tab.evaluate("told").await, json!([]));
    click(&tab, "start").await;
    assert_eq!(unfolded().await, true);
    assert_eq!(tab.evaluate("told").await, json!([["ready", null]]));
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_chromium, ignore = "there is no Chromium on this machine")]
async fn a_page_without_an_element_is_called_back_all_the_same() {
    let world = World::start().await;
    let body = json!({"mode": "open", "calls": [
        {"call": "frame_status", "on_click": "nowhere", "handler": "desk.status"},
        {"call": "receive_message", "handler": "desk.onAgent"},
        {"call": "frame_ready", "handler": "desk.ready"},
    ]});
    let snippet = ask(&world, body).await.text_of("snippet");
    let address = serve("utf-8", vec![page(&snippet)]).await;
    let browser = Browser::start().await;
    let tab = browser.tab(1_000, 800).await;
    open(&tab, &format!("{address}/0")).await;
    tab.evaluate("sobotTwin.say('hello')").await;
    let told = tab.evaluate("told.map(one => one[0])").await;
    assert_eq!(told, json!(["ready", "onAgent"]));
}
