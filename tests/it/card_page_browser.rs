//! The list of cards in a browser, as Udesk's console shows it: an agent finds a card with the keyboard and sends it, and no
//! text of a card, of the link or of Udesk's becomes anything but text.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use axum::{Router, extract::Path, routing::get};
use card_page::App;
use deskbridge::{clock, config::Settings};
use deskbridge_twins::udesk::{EXAMPLE_CARDS, Fault, Guest};
use harness::{
    BOUND,
    browser::{Browser, Tab},
    cards::signed,
    until,
    world::{STRUCT_MESSAGE_KEY, World},
};
use serde_json::{Value, json};

const API: &str = "POST /im/sessions/struct_messages";

/// As long as outside the tests: a card that this machine is too slow for would be one that may have arrived.
const PATIENT: &[(&str, &str)] = &[("VENDOR_TIMEOUT_MS", "8000")];

/// Where the pictures of the pages are left, for whoever wants to look at them.
fn drawing(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("card-page-{name}.png"))
}

fn guest(world: &World, customer_id: i64) -> Guest {
    let guests = world.twin.guests();
    let mut guests = guests.into_iter();
    guests.find(|one| one.customer_id == customer_id).unwrap()
}

/// The console at this address, and in it the list for the first guest; gives the frame's address.
async fn open_list(world: &World, tab: &Tab, console: &str) -> String {
    let list = world.bundle.function_url("card-page");
    tab.open(&format!("{console}/console")).await;
    until("the console knows its guests", async || {
        tab.evaluate("!document.getElementById('cards').disabled")
            .await
            == true
    })
    .await;
    tab.evaluate("document.getElementById('cards').click()")
        .await;
    list
}

async fn list_is_there(tab: &Tab, list: &str) {
    until("the list is there", async || {
        tab.shows(list).await
            && tab
                .evaluate_in(list, "document.querySelectorAll('.card').length")
                .await
                != 0
    })
    .await;
}

/// Waits until the page says something that begins so, and gives all that it says.
async fn told(tab: &Tab, list: &str, beginning: &str) -> String {
    // What it says next may come at once: what is given is what was waited for.
    let says = Mutex::new(String::new());
    until(&format!("the page says {beginning}"), async || {
        let told = tab.evaluate_in(list, "document.getElementById('told').textContent");
        let told = told.await.as_str().unwrap_or_default().to_owned();
        let begins = told.starts_with(beginning);
        *says.lock().unwrap() = told;
        begins
    })
    .await;
    says.into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_chromium, ignore = "there is no Chromium on this machine")]
async fn an_agent_finds_a_card_with_the_keyboard_and_sends_it() {
    let world = World::with(PATIENT).await;
    let browser = Browser::start().await;
    let tab = browser.tab(1_180, 760).await;
    let list = open_list(&world, &tab, &world.udesk.url()).await;
    list_is_there(&tab, &list).await;
    tab.draw(&drawing("console")).await;

    // From the search to the card, and sent, without a mouse.
    tab.evaluate("document.getElementById('frame').focus()")
        .await;
    tab.press("Tab").await;
    tab.evaluate_in(&list, "document.getElementById('search').focus()")
        .await;
    tab.type_text("coupon").await;
    let shown = "[...document.querySelectorAll('.card')].filter(card => !card.hidden).map(card => card.querySelector('h2').textContent)";
    assert_eq!(tab.evaluate_in(&list, shown).await, json!(["Your coupon"]));
    let found = tab.evaluate_in(&list, "document.getElementById('found').textContent");
    assert_eq!(found.await, "1 card");
    tab.press("ArrowDown").await;
    let focused = tab.evaluate_in(&list, "document.activeElement.textContent");
    assert_eq!(focused.await, "Send Your coupon");
    let outline = tab.evaluate_in(
        &list,
        "getComputedStyle(document.activeElement).outlineWidth",
    );
    assert_eq!(outline.await, "3px", "the focus shows");
    tab.press("Enter").await;
    told(&tab, &list, "Sent: the customer has “Your coupon”.").await;
    let cards = guest(&world, 7001).cards;
    let examples: Vec<Value> = serde_json::from_str(EXAMPLE_CARDS).unwrap();
    assert_eq!(cards.len(), 1);
    assert_eq!(cards[0].data, examples[2]);
    tab.draw(&drawing("sent")).await;

    // Another one, while somebody else's was just sent: it waits its turn, and the page says so.
    world.twin.fault(API, Fault::Limited, Some(1));
    tab.press("Escape").await;
    tab.press("Escape").await;
    assert_eq!(
        tab.evaluate_in(&list, "document.activeElement.id").await,
        "search"
    );
    tab.press("Enter").await;
    tab.press("Enter").await;
    let waits = told(&tab, &list, "Udesk takes one card every two seconds.").await;
    assert!(waits.contains("“Free returns” waits its turn"), "{waits}");
    tab.draw(&drawing("waits")).await;
    told(&tab, &list, "Sent: the customer has “Free returns”.").await;
    assert_eq!(guest(&world, 7001).cards.len(), 2);

    // What the page calls with is no sign of Udesk's.
    for call in world.twin.calls_of("/im/sessions/struct_messages") {
        assert_eq!(call.query_value("customer_id"), "7001");
    }
    let complaints: Vec<_> = tab.complaints();
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_chromium, ignore = "there is no Chromium on this machine")]
async fn the_keyboard_works_wherever_the_focus_is() {
    let world = World::start().await;
    let browser = Browser::start().await;
    let tab = browser.tab(420, 720).await;
    tab.open(&world.twin.card_link(7001).unwrap()).await;
    let focused = async || {
        let text = "document.activeElement.id || document.activeElement.textContent";
        tab.evaluate(text).await
    };
    // Nowhere: the agent has clicked beside the cards.
    for key in ["Escape", "/", "ArrowUp"] {
        tab.evaluate("document.activeElement.blur()").await;
        tab.press(key).await;
        assert_eq!(focused().await, "search", "{key}");
    }
    tab.evaluate("document.activeElement.blur()").await;
    tab.press("ArrowDown").await;
    assert_eq!(focused().await, "Send Free returns");
    tab.press("ArrowDown").await;
    assert_eq!(focused().await, "Send Call us");
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_chromium, ignore = "there is no Chromium on this machine")]
async fn enter_that_is_held_for_too_long_finds_a_card_and_does_not_send_it() {
    let world = World::with(PATIENT).await;
    let browser = Browser::start().await;
    let tab = browser.tab(420, 720).await;
    tab.open(&world.twin.card_link(7001).unwrap()).await;
    tab.evaluate("document.getElementById('search').focus()")
        .await;
    let focused = async || tab.evaluate("document.activeElement.textContent").await;
    tab.press("Enter").await;
    assert_eq!(focused().await, "Send Free returns");
    for _ in 0..3 {
        tab.hold("Enter").await;
    }
    assert_eq!(
        tab.evaluate("document.getElementById('told').textContent")
            .await,
        ""
    );
    tab.press("Enter").await;
    until("it is sent", async || guest(&world, 7001).cards.len() == 1).await;
    assert_eq!(focused().await, "Send Free returns", "the focus stays");
    let complaints = tab.complaints();
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_chromium, ignore = "there is no Chromium on this machine")]
async fn the_console_keeps_the_focus_when_it_draws_its_guests_again() {
    let world = World::start().await;
    let browser = Browser::start().await;
    let tab = browser.tab(1_180, 760).await;
    open_list(&world, &tab, &world.udesk.url()).await;
    tab.evaluate("document.querySelectorAll('#list button')[1].focus()")
        .await;
    tab.press("Enter").await;
    until("the second guest is chosen", async || {
        let chosen = "document.querySelectorAll('#list button')[1].getAttribute('aria-current')";
        tab.evaluate(chosen).await == "true"
    })
    .await;
    let focused = "[...document.querySelectorAll('#list button')].indexOf(document.activeElement)";
    assert_eq!(tab.evaluate(focused).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_chromium, ignore = "there is no Chromium on this machine")]
async fn who_writes_chinese_is_not_searched_for_half_a_word() {
    let world = World::start().await;
    let browser = Browser::start().await;
    let tab = browser.tab(420, 720).await;
    tab.speak("zh-CN").await;
    tab.open(&world.twin.card_link(7001).unwrap()).await;
    let found = "document.getElementById('found').textContent";
    let all = tab.evaluate(found).await;
    tab.evaluate("document.getElementById('search').focus()")
        .await;
    let composing = json!({"text": "q", "selectionStart": 1, "selectionEnd": 1});
    tab.call("Input.imeSetComposition", composing).await;
    assert_eq!(tab.evaluate(found).await, all);
    tab.type_text("券").await;
    assert_eq!(tab.evaluate(found).await, "没有匹配的卡片");
}

/// How a call of the page's comes out, and what an agent reads of it in either language.
struct Outcome {
    name: &'static str,
    english: &'static str,
    chinese: &'static str,
}

const OUTCOMES: &[Outcome] = &[
    Outcome {
        name: "sent",
        english: "Sent: the customer has “Free returns”.",
        chinese: "已发送：客户已收到“Free returns”。",
    },
    Outcome {
        name: "refused",
        english: "Not sent: Udesk refused “Free returns” (no <b>cards</b> today).",
        chinese: "未发送：Udesk 拒绝了“Free returns”（no <b>cards</b> today）。",
    },
    Outcome {
        name: "unknown",
        english: "Udesk did not answer. The customer may have “Free returns”: look into the conversation before you send it again.",
        chinese: "Udesk 没有回复。客户可能已收到“Free returns”：再次发送前，请先查看会话。",
    },
    Outcome {
        name: "unreachable",
        english: "Not sent: Udesk can't be reached. Try again in a moment.",
        chinese: "未发送：无法连接 Udesk。请稍后再试。",
    },
    Outcome {
        name: "waits",
        english: "Udesk takes one card every two seconds. “Free returns” waits its turn…",
        chinese: "Udesk 每两秒只接收一张卡片，“Free returns”正在排队…",
    },
    Outcome {
        name: "too busy",
        english: "Not sent: Udesk is too busy for “Free returns” now. Try again in a moment.",
        chinese: "未发送：Udesk 正忙，暂时无法接收“Free returns”。请稍后再试。",
    },
    Outcome {
        name: "too old",
        english: "Not sent: this list was open for too long. Close it, and open it again from the conversation.",
        chinese: "未发送：此列表打开的时间过长。请关闭，再从会话中重新打开。",
    },
    Outcome {
        name: "went wrong",
        english: "Not sent: something went wrong here (400). Try again, and tell whoever looks after deskbridge.",
        chinese: "未发送：系统出错（400）。请重试，并告知 deskbridge 的维护人员。",
    },
    Outcome {
        name: "no answer",
        english: "No answer came. The customer may have “Free returns”: look into the conversation before you send it again.",
        chinese: "没有收到回复。客户可能已收到“Free returns”：再次发送前，请先查看会话。",
    },
    Outcome {
        name: "changed",
        english: "Not sent: the list has changed. Close it, and open it again from the conversation.",
        chinese: "未发送：卡片列表已更新。请关闭，再从会话中重新打开。",
    },
];

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_chromium, ignore = "there is no Chromium on this machine")]
async fn what_became_of_a_card_is_told_in_plain_words_of_either_language() {
    let world = World::with(PATIENT).await;
    world.twin.switch(|switches| switches.card_limit = None);
    let browser = Browser::start().await;
    let tab = browser.tab(420, 720).await;
    for (language, wanted) in [("en", "en-GB,zh;q=0.5"), ("zh-CN", "zh-CN,en;q=0.5")] {
        tab.speak(wanted).await;
        tab.open(&world.twin.card_link(7001).unwrap()).await;
        assert_eq!(
            tab.evaluate("document.documentElement.lang").await,
            language
        );
        for outcome in OUTCOMES {
            becomes(&world, &tab, language, outcome).await;
        }
    }
    // All of it without a way to anywhere else.
    let loaded = tab.evaluate("performance.getEntriesByType('resource').map(one => one.name)");
    let page = world.bundle.function_url("card-page");
    for name in loaded.await.as_array().unwrap() {
        let name = name.as_str().unwrap();
        assert!(
            name.starts_with(&page) || name.starts_with("https://shop.example.com/"),
            "{name}"
        );
    }
}

/// Sends the first card so that this becomes of it, and waits until the page says so.
async fn becomes(world: &World, tab: &Tab, language: &str, outcome: &Outcome) {
    let fault = |fault| world.twin.fault(API, fault, Some(1));
    let mut unreachable = None;
    // What the next call of the page's has in place of what it has.
    let mut instead = "";
    match outcome.name {
        "refused" => fault(Fault::code(2005, "no <b>cards</b> today")),
        "unknown" => fault(Fault::CutAfter),
        "unreachable" => unreachable = Some(world.udesk.refuse().await),
        "waits" => fault(Fault::Limited),
        // As if half a minute had gone by.
        "too busy" => {
            fault(Fault::Limited);
            instead = "const real = Date.now; Date.now = () => { Date.now = () => { Date.now = real; return real() + 30000; }; return real(); };";
        }
        "too old" => {
            instead = "next({ headers: { 'content-type': 'application/json', authorization: 'Bearer x' } });"
        }
        "went wrong" => instead = "next({ body: '{' });",
        "no answer" => instead = "next({ signal: AbortSignal.abort() });",
        "changed" => instead = "next({ body: JSON.stringify({ card: 'another' }) });",
        _ => {}
    }
    let wanted = match language {
        "zh-CN" => outcome.chinese,
        _ => outcome.english,
    };
    let send = format!(
        "(() => {{ const next = other => {{ const real = window.fetch; \
         window.fetch = (url, asked) => {{ window.fetch = real; return real(url, {{ ...asked, ...other }}); }}; }}; \
         {instead} document.querySelector('.send').click(); }})()"
    );
    tab.evaluate(&send).await;
    until(&format!("the page says {wanted}"), async || {
        let told = tab.evaluate("document.getElementById('told').textContent");
        told.await == wanted
    })
    .await;
    tab.draw(&drawing(&format!(
        "{language}-{}",
        outcome.name.replace(' ', "-")
    )))
    .await;
    if let Some(unreachable) = unreachable {
        unreachable.clear().await;
    }
    // Of the one that waits, something becomes yet.
    until("the page is ready for another", async || {
        let ready = "!document.querySelector('.send').hasAttribute('aria-disabled')";
        tab.evaluate(ready).await == true
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_chromium, ignore = "there is no Chromium on this machine")]
async fn no_other_page_can_hold_the_list_in_a_frame() {
    let world = World::start().await;
    let browser = Browser::start().await;
    let tab = browser.tab(1_000, 600).await;
    // The same console at another address than the one that UDESK_BASE_URL names.
    let list = open_list(&world, &tab, &world.twin.url()).await;
    until("the browser refuses", async || {
        let complaints = tab.complaints();
        complaints.iter().any(|one| one.contains("frame-ancestors"))
    })
    .await;
    assert!(!tab.shows(&list).await);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_chromium, ignore = "there is no Chromium on this machine")]
async fn the_list_fits_a_narrow_panel_in_light_and_dark() {
    let world = World::start().await;
    let browser = Browser::start().await;
    let tab = browser.tab(320, 640).await;
    for (language, scheme) in [
        ("en", "light"),
        ("en", "dark"),
        ("zh-CN", "light"),
        ("zh-CN", "dark"),
    ] {
        tab.speak(language).await;
        tab.prefer(scheme).await;
        for width in [320, 420] {
            tab.resize(width, 640).await;
            tab.open(&world.twin.card_link(7001).unwrap()).await;
            let wide = tab.evaluate("document.documentElement.scrollWidth");
            assert_eq!(wide.await, width, "{language} {scheme}");
            // Four and a half to one: WCAG 2.2, 1.4.3.
            let poor = tab.evaluate(CONTRASTS).await;
            assert_eq!(poor, json!([]), "{language} {scheme} {width}");
            tab.draw(&drawing(&format!("{language}-{scheme}-{width}")))
                .await;
        }
    }
}

/// The texts that stand out too little from what is behind them.
const CONTRASTS: &str = "(() => {
  const light = text => { const [r, g, b] = text.match(/[\\d.]+/g).map(n => n / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(c)) return c; } return 'rgb(255,255,255)'; };
  const poor = [];
  for (const e of document.querySelectorAll('h1, h2, p, .buttons li, .send, input')) {
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push([e.tagName, e.className, ratio]);
  }
  return poor;
})()";

/// What has got script into pages, each after five ways out of where a text stands.
fn injections() -> Vec<String> {
    let ways_out = ["", "\">", "'>", "</h2></p></li>", "--></script></style>"];
    let scripts = [
        "<script>pwned()</script>",
        "<ScRiPt>pwned()</sCrIpT>",
        "<script src=data:,pwned()></script>",
        "<script>pwned()//",
        "<img src=x onerror=pwned()>",
        "<img src=x onerror=\"pwned()\">",
        "<img/src=x/onerror=pwned()>",
        "<IMG SRC=\"javascript:pwned()\">",
        "<image src=x onerror=pwned()>",
        "<svg onload=pwned()>",
        "<svg><script>pwned()</script></svg>",
        "<svg><animate onbegin=pwned() attributeName=x dur=1s>",
        "<svg><a xlink:href=javascript:pwned()><text y=9>x</text></a></svg>",
        "<math><mtext></form><form><mglyph><style></math><img src onerror=pwned()>",
        "<body onload=pwned()>",
        "<iframe src=javascript:pwned()></iframe>",
        "<iframe srcdoc=\"<script>parent.pwned()</script>\"></iframe>",
        "<object data=javascript:pwned()></object>",
        "<embed src=javascript:pwned()>",
        "<a href=javascript:pwned()>x</a>",
        "<a href=\"java&#9;script:pwned()\">x</a>",
        "<form action=javascript:pwned()><input type=submit></form>",
        "<input onfocus=pwned() autofocus>",
        "<select onfocus=pwned() autofocus>",
        "<textarea onfocus=pwned() autofocus>",
        "<video><source onerror=pwned()></video>",
        "<audio src=x onerror=pwned()>",
        "<details open ontoggle=pwned()>",
        "<marquee onstart=pwned()>",
        "<link rel=stylesheet href=data:,*{x:y}>",
        "<style>@import 'javascript:pwned()'</style>",
        "<meta http-equiv=refresh content=0;url=javascript:pwned()>",
        "<base href=javascript:pwned()//>",
        "<template><script>pwned()</script></template>",
        "<noscript><p title=\"</noscript><img src=x onerror=pwned()>\">",
        "&lt;script&gt;pwned()&lt;/script&gt;",
        "&#60;img src=x onerror=pwned()&#62;",
        "\" onmouseover=pwned() autofocus onfocus=pwned() x=\"",
        "' onclick=pwned() style='x:y",
        "\u{2028}<!--<script>pwned()//-->${pwned()}{{pwned()}}",
    ];
    let each = ways_out
        .iter()
        .flat_map(|out| scripts.iter().map(move |script| format!("{out}{script}")));
    each.collect()
}

/// A card with the text in every field that takes it; a URL takes what is one still.
fn card(text: &str, number: usize) -> Value {
    let in_url: String = text
        .chars()
        .filter(|letter| letter.is_ascii_graphic() && !"<>#`".contains(*letter))
        .collect();
    json!({
        "title": text,
        "description": text,
        "img_url": format!("https://a.example/{number}/{in_url}"),
        "buttons": [
            {"type": "link", "text": text, "value": format!("https://a.example/{in_url}")},
            {"type": "sdk_callback", "text": "x", "value": text, "callback_name": text},
        ],
    })
}

/// The function's own answers under an address of this machine, one list a page.
async fn serve(lists: &[String]) -> String {
    let pages: Vec<_> = lists.iter().map(|list| app(list)).collect();
    let pages = Arc::new(pages);
    let router = Router::new().route(
        "/{number}",
        get(move |Path(number): Path<usize>| {
            let pages = Arc::clone(&pages);
            async move {
                let query = signed(9001, 7001, 3, clock::now() / 1_000);
                // In the link too, where nothing is signed that it could break.
                let resource = "%22%3E%3Cscript%3Epwned()%3C%2Fscript%3E";
                let uri = format!("/?{query}&jid_resource={resource}");
                let request = http::Request::get(uri).body(Default::default()).unwrap();
                let response = pages[number].handle(request).await.unwrap();
                let (parts, body) = response.into_parts();
                let body: &[u8] = &body;
                http::Response::from_parts(parts, axum::body::Body::from(body.to_vec()))
            }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn app(list: &str) -> App {
    let _ = harness::http_client();
    let list = list.to_owned();
    let settings = Settings::new(move |name| match name {
        "UDESK_BASE_URL" => Some("https://demo.udesk.cn".to_owned()),
        "UDESK_STRUCT_MESSAGE_KEY" => Some(STRUCT_MESSAGE_KEY.to_owned()),
        "UDESK_CARDS" => Some(list.clone()),
        // Nothing is sent here.
        name => crate::settings::good(name)
            .filter(|_| name == "TABLE_NAME" || name.starts_with("AWS_"))
            .map(str::to_owned),
    });
    App::from_settings(&settings).unwrap()
}

/// Anything that the page would not hold by itself: other elements, handlers, addresses that are code.
const INTRUDERS: &str = "(() => {
  const own = new Set(['HTML','HEAD','META','TITLE','STYLE','BODY','HEADER','H1','LABEL','INPUT','P','MAIN','UL','LI','IMG','DIV','H2','SPAN','BUTTON','NOSCRIPT','SCRIPT']);
  const found = [];
  for (const e of document.querySelectorAll('*')) {
    if (!own.has(e.tagName)) found.push(e.tagName);
    for (const a of e.attributes) {
      if (a.name.startsWith('on') || a.name === 'style' || a.name === 'srcdoc') found.push(e.tagName + ' ' + a.name);
      if (['href', 'src', 'action', 'data'].includes(a.name) && !a.value.startsWith('https://a.example/')) found.push(a.name + '=' + a.value);
    }
  }
  if (document.scripts.length !== 1 || document.querySelectorAll('style').length !== 1 || document.querySelectorAll('input').length !== 1) found.push('another script, style or input');
  if (window.wasPwned) found.push('it ran');
  return found;
})()";

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_chromium, ignore = "there is no Chromium on this machine")]
async fn two_hundred_injections_in_every_field_leave_no_script_in_the_page() {
    let injections = injections();
    let distinct: std::collections::BTreeSet<_> = injections.iter().collect();
    assert_eq!(distinct.len(), 200);
    let cards: Vec<Value> = injections
        .iter()
        .enumerate()
        .map(|(number, text)| card(text, number))
        .collect();
    // As many as a setting holds.
    let lists: Vec<&[Value]> = cards.chunks(2).collect();
    let settings: Vec<String> = lists.iter().map(|list| json!(list).to_string()).collect();
    let address = serve(&settings).await;
    let browser = Browser::start().await;
    let tab = browser.tab(420, 720).await;
    // The texts must be harmless by themselves: the policy, which would stop what they begin, is off.
    tab.call("Page.setBypassCSP", json!({"enabled": true}))
        .await;
    let canary = json!({"source": "window.pwned = () => { window.wasPwned = true }"});
    tab.call("Page.addScriptToEvaluateOnNewDocument", canary)
        .await;
    for (number, list) in lists.iter().enumerate() {
        tab.open(&format!("{address}/{number}")).await;
        let intruders = tab.evaluate(INTRUDERS).await;
        assert_eq!(intruders, json!([]), "{list:?}");
        // And they are shown as what they are.
        let shown = tab
            .evaluate(
                "[...document.querySelectorAll('.card')].map(c => [c.querySelector('h2').textContent, c.querySelector('p').textContent, \
                 c.querySelector('.link').firstChild.textContent, c.querySelector('.callback').title])",
            )
            .await;
        let wanted: Vec<_> = list
            .iter()
            .map(|card| {
                let text = card["title"].as_str().unwrap();
                json!([text, text, text, format!("calls back the app with {text}")])
            })
            .collect();
        assert_eq!(shown, json!(wanted));
    }
    assert!(tab.events("Page.javascriptDialogOpening").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(no_chromium, ignore = "there is no Chromium on this machine")]
async fn two_hundred_injections_in_udesks_words_leave_no_script_in_the_page() {
    let world = World::with(PATIENT).await;
    let browser = Browser::start().await;
    let tab = browser.tab(420, 720).await;
    tab.call("Page.setBypassCSP", json!({"enabled": true}))
        .await;
    let canary = json!({"source": "window.pwned = () => { window.wasPwned = true }"});
    tab.call("Page.addScriptToEvaluateOnNewDocument", canary)
        .await;
    tab.open(&world.twin.card_link(7001).unwrap()).await;
    let send_and_read = format!(
        "new Promise(done => {{ document.querySelector('.send').click(); const end = Date.now() + {}; \
         const look = () => {{ const told = document.getElementById('told').textContent; \
         if (told.startsWith('Not sent') || Date.now() > end) done(told); else setTimeout(look, 5); }}; look(); }})",
        BOUND.as_millis() / 2
    );
    for text in injections() {
        world
            .twin
            .fault(API, Fault::code(2005, text.clone()), Some(1));
        let told = tab.evaluate(&send_and_read).await;
        assert_eq!(
            told,
            format!("Not sent: Udesk refused “Free returns” ({text}).")
        );
    }
    let intruders = INTRUDERS.replace("https://a.example/", "https://shop.example.com/");
    assert_eq!(tab.evaluate(&intruders).await, json!([]));
}
