//! Each example of the page, as our request makes it.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{
    super::{
        Call, Identity, Start,
        chat_link::chat_link,
        leave_message::LeaveMessage,
        snippet::{config, snippet},
        ticket::Ticket,
    },
    account, config_of, fixture, good,
    js::{self, plain},
    links::{page, query},
    raw,
};
use crate::vendor::sobot::{Account, Channel, host::Region, page_token};

/// `sg.sobot.io` for pages and `***.sobot.com` for the token: all of an account is at its region's host.
#[test]
fn contradiction_2_pages_script_and_token_are_at_the_regions_own_host() {
    for region in [
        Region::Singapore,
        Region::NorthAmerica,
        Region::China,
        Region::ChinaTencent,
    ] {
        let host = region.base_url();
        let account = Account {
            base_url: host,
            ..account("ABC")
        };
        let token = page_token::Request {
            partnerid: "DE",
            ts: 1_569_397_773,
            customized_fields: None,
            channel: Channel::Pc,
            channel_flag: None,
        };
        let token = token.to_http(&account).unwrap();
        assert_eq!(token.uri().to_string(), format!("{host}/api/page/token"));
        let none = good(&json!({}));
        for channel in [Channel::Pc, Channel::H5] {
            let link = chat_link(&account, channel, &Identity::Nobody, &none);
            assert!(link.starts_with(&format!("{host}/chat/")), "{link}");
        }
        let link = LeaveMessage::default().link(&account, &none);
        assert!(link.starts_with(&format!("{host}/chat/h5/")), "{link}");
        let code = snippet(&account, &Map::new(), &Start::default(), &[], &Map::new());
        let script = format!("x.src = \"{host}/chat/frame/v2/entrance.js?sysnum=ABC\";");
        assert!(code.contains(&script), "{code}");
    }
}

/// What a page's example says, and what a request of ours says the same with.
fn configs() -> Vec<(&'static str, Json)> {
    let tag = "05bcdc56e68149d1841962caf593d077";
    let face = "https://img.sobot.io/console/common/face/admin.png";
    vec![
        (
            fixture("config.agreement.js"),
            json!({"color": "04babc", "uname": "Sobot"}),
        ),
        (
            fixture("config.initialization.js"),
            json!({"color": "04babc", "location": "bottom_right"}),
        ),
        (fixture("config.locale.js"), json!({"locale": "en"})),
        (
            fixture("config.product_card.js"),
            json!({"card_title": "Sobot", "card_url": "http://sg.sobot.io",
                "card_desc": "Sobot,Online,Call,Robot,Integration", "card_note": "1500,2000", "card_picture": face}),
        ),
        (
            fixture("config.order_card.js"),
            json!({"order_status": "to_be_paid", "status_custom": "Custom status", "create_time": "1586414406391",
                "order_code": 11111, "order_url": "http://sg.sobot.io", "goods_count": 2, "total_fee": 1000,
                "goods": [{"name": "saaadad", "pictureUrl": face}]}),
        ),
        (
            fixture("config.profile.js"),
            json!({"uname": "dingmao", "realname": "dingmao", "tel": "18888888888", "email": "dingmao@example.com",
                "qq": "2345678", "face": face, "remark": "VIP Customer, Each response cannot exceed 5 seconds"}),
        ),
        (
            fixture("config.params.js"),
            json!({"params": {"Level": "Boss", "Idiomatic name": "Sobot", "From": "Beijing"}}),
        ),
        (
            fixture("config.customer_fields.js"),
            json!({"customer_fields": {"customField4": "Sobot", "customField5": "Robot"}}),
        ),
        (
            fixture("config.reception.js"),
            json!({"type": "bot_first", "robotid": 2, "agentid": "1q2w3e4r", "groupid": "4r3e2w1q"}),
        ),
        (
            fixture("config.transfer_action.js"),
            json!({"transfer_action": [
                {"actionType": "to_group", "optionId": "overflow", "deciId": "162bb6bb038d4a9ea018241a30694064", "spillId": "offline"},
                {"actionType": "to_group", "optionId": "stay", "deciId": "cae6834444ac43e39d95b1725d2ae454"},
            ]}),
        ),
        (
            fixture("config.vip.js"),
            json!({"is_vip": "on", "vip_level": tag}),
        ),
        (fixture("config.user_label.js"), json!({"user_label": tag})),
        (
            fixture("config.invite.js"),
            json!({"invite": "on", "tip_title": "Welcome to inquire", "submit_title": "Let's start chatting",
                "first_timeout": 2, "over_timeout": 10, "invite_count": 5}),
        ),
        (
            fixture("config.auto_expand.js"),
            json!({"auto_expand": "on"}),
        ),
        // "true Disable"
        (
            fixture("config.invite_flag.js"),
            json!({"invite_flag": "off"}),
        ),
        (fixture("config.man_trace.js"), json!({"man_trace": "on"})),
        (fixture("config.visits.js"), visits()),
        (fixture("config.robotid.js"), json!({"robotid": 1})),
        (
            fixture("config.functions.js"),
            json!({"leave_msg_flag": "on", "msg_flag": "off", "feedback_flag": "on", "photo_flag": "on", "show_evaluate": "off"}),
        ),
        (fixture("config.time.js"), json!({"time": 15})),
        (
            fixture("config.to_customsys.js"),
            json!({"to_customsys_flag": "on", "to_customsys_url": "https://sg.sobot.io"}),
        ),
        (fixture("config.anchor.js"), json!({"anchor": "on"})),
        (
            fixture("config.emoji_state.js"),
            json!({"emoji_state": "hide"}),
        ),
        (fixture("config.is_link.js"), json!({"is_link": "on"})),
        (fixture("config.show_face.js"), json!({"show_face": "on"})),
    ]
}

fn visits() -> Json {
    let blank = |what: &str| format!("{what}. Keep blank if not available");
    json!({
        "pre_abstract": blank("Digest of the source page"),
        "pre_visit_url": "https://shop.example.com/",
        "pre_visit_title": blank("Title of the source page"),
        "pre_thumbnail": "",
        "pre_tags": blank("Tag of the source page"),
        "cur_abstract": blank("Digest of the current page"),
        "cur_visit_url": "https://shop.example.com/parcels",
        "cur_visit_title": blank("Title of the current page"),
        "cur_thumbnail": "",
        "cur_tags": blank("Tag of the current page"),
    })
}

/// JSON texts count by what they say: the page's `JSON.stringify` keeps its own order.
fn said(config: &Json) -> BTreeMap<String, Json> {
    let members = config.as_object().unwrap();
    let members = members.iter().map(|(name, value)| {
        let inside = match value.as_str() {
            Some(text) if text.starts_with(['[', '{']) => serde_json::from_str(text).unwrap(),
            _ => value.clone(),
        };
        (name.clone(), inside)
    });
    members.collect()
}

#[test]
fn every_config_of_the_page_is_made() {
    for (example, request) in configs() {
        let wanted = js::argument(example, "config").unwrap();
        let mut wanted = said(&wanted);
        // Contradiction 5: a number here, text in the page's list. Text is what both take.
        if let Some(code) = wanted.get_mut("order_code") {
            *code = json!("11111");
        }
        assert_eq!(said(&config_of(&request)), wanted, "{example}");
    }
}

/// The one example whose text is not fixed by a script: `zc('config', …)` in other quotes.
#[test]
fn reload_and_token_are_the_pages() {
    let wanted = js::argument(fixture("config.reload.js"), "config").unwrap();
    assert_eq!(config_of(&json!({"reload": "on"})), wanted);
    let wanted = js::argument(fixture("config.token.js"), "config").unwrap();
    let token = Identity::Token {
        token: "obtained token".to_owned(),
    };
    let made = config(&good(&json!({})), &token, &Start::default());
    assert_eq!(Json::Object(made), wanted);
}

/// Card examples pass addresses through `encodeURIComponent` in the component; the link's example encodes nothing.
#[test]
fn contradiction_7_an_address_is_encoded_once_in_a_link_and_as_the_example_has_it_in_the_component()
{
    let given =
        json!({"card_title": "a", "card_url": "https://a.example/?b=c d".replace(' ', "%20")});
    let config = config_of(&given);
    assert_eq!(
        config["card_url"],
        "https%3A%2F%2Fa.example%2F%3Fb%3Dc%2520d"
    );
    let account = account("ABC");
    let link = chat_link(&account, Channel::H5, &Identity::Nobody, &good(&given));
    assert!(
        link.ends_with("&card_url=https%3A%2F%2Fa.example%2F%3Fb%3Dc%2520d"),
        "{link}"
    );
}

#[test]
fn contradiction_8_params_and_customer_fields_are_both_texts_of_json() {
    let given = json!({"params": {"Level": "Boss"}, "customer_fields": {"customField4": "Sobot"}});
    let config = config_of(&given);
    assert_eq!(config["params"], r#"{"Level":"Boss"}"#);
    assert_eq!(config["customer_fields"], r#"{"customField4":"Sobot"}"#);
}

fn script_of(html: &str) -> &str {
    let (_, rest) = html.split_once("<script>").unwrap();
    rest.split_once("</script>").unwrap().0
}

const SYSNUM: &str = "3542411be2184c8cb6b48d66ca1b2730";

fn start(given: Json) -> Start {
    let start: Start = serde_json::from_value(given).unwrap();
    start.check().unwrap();
    start
}

fn deployed(start: &Start, request: &Json, calls: &[Call]) -> String {
    let request = good(request);
    let config = config(&request, &Identity::Nobody, start);
    snippet(&account(SYSNUM), &config, start, calls, &request.trace())
}

#[test]
fn the_automatic_snippet_is_the_pages() {
    for example in [fixture("access.html"), fixture("automatic.html")] {
        let made = deployed(&Start::default(), &json!({}), &[]);
        assert_eq!(plain(script_of(&made)), plain(script_of(example)));
    }
}

#[test]
fn the_custom_buttons_snippet_is_the_pages() {
    let example = fixture("custom_button.html");
    let label = "Your inquiries are welcomed";
    let made = deployed(
        &start(json!({"how": "custom_button", "label": label})),
        &json!({}),
        &[],
    );
    assert_eq!(plain(script_of(&made)), plain(script_of(example)));
    let button = format!("<button class=\"zhiCustomBtn\">{label}</button>");
    assert!(
        made.starts_with(&button) && example.contains(&button),
        "{made}"
    );
}

#[test]
fn the_manual_snippet_is_the_pages() {
    let example = fixture("manual.js");
    let made = deployed(
        &start(json!({"how": "manual", "on_click": "customBtn"})),
        &json!({}),
        &[],
    );
    assert_eq!(
        js::argument(script_of(&made), "config"),
        js::argument(example, "config")
    );
    let (_, page) = example.split_once("// Step 2").unwrap();
    let wanted = plain(&format!("// Step 2{page}")).replace("console . log ( success ) ", "");
    assert!(
        plain(script_of(&made)).ends_with(&wanted),
        "{made}\n{wanted}"
    );
}

#[test]
fn an_element_that_is_missing_takes_no_callback_away() {
    let calls = [
        json!({"call": "trace", "on_click": "traceBtn"}),
        json!({"call": "receive_message", "handler": "h"}),
        json!({"call": "frame_status", "on_click": "btn", "handler": "h"}),
        json!({"call": "frame_ready", "handler": "h"}),
    ];
    let calls = calls.map(|call| serde_json::from_value(call).unwrap());
    let start = start(json!({"how": "manual", "on_click": "customBtn"}));
    let made = deployed(&start, &visits(), &calls);
    let at = |part: &str| made.find(part).unwrap_or_else(|| panic!("{part}: {made}"));
    let order = [
        "zc(\"config\"",
        "zc(\"receive_message\"",
        "zc(\"frame_ready\"",
        "zc(\"trace\"",
        "zc(\"frame_status\"",
        "zc(\"frame_manual\"",
    ];
    assert!(order.map(at).is_sorted(), "{made}");
    assert!(at("zc(\"frame_ready\"") < at("getElementById"), "{made}");
}

#[test]
fn a_start_that_lacks_something_or_has_too_much_is_named() {
    for (given, field) in [
        (json!({"how": "manual"}), "on_click"),
        (json!({"how": "manual", "on_click": "a b"}), "on_click"),
        (json!({"how": "automatic", "on_click": "a"}), "on_click"),
        (json!({"how": "custom_button"}), "label"),
        (json!({"how": "custom_button", "label": ""}), "label"),
        (json!({"how": "automatic", "label": "a"}), "label"),
    ] {
        let start: Start = serde_json::from_value(given.clone()).unwrap();
        assert_eq!(start.check().unwrap_err().name, field, "{given}");
    }
}

/// A call's script, as the request makes it.
fn call(given: Json) -> String {
    let call: Call = serde_json::from_value(given).unwrap();
    call.check(true).unwrap();
    call.script(&good(&visits()).trace())
}

#[test]
fn every_call_of_the_page_is_made() {
    // Each example with our handler where the page's own example does something else.
    let ours = "h ( res )";
    let cases = [
        (
            fixture("dynamic_ready.html"),
            json!({"call": "dynamic_ready", "on_click": "dynBtn", "into": "root", "label": "Inquiry"}),
            ("", ""),
        ),
        (
            fixture("frame_status.js"),
            json!({"call": "frame_status", "on_click": "btn", "handler": "h"}),
            ("( data ) { console . log ( data )", "( res ) { h ( res )"),
        ),
        (
            fixture("frame_ready.js"),
            json!({"call": "frame_ready", "handler": "h"}),
            ("console . log ( iframe loading is completed )", "h ( )"),
        ),
        (
            fixture("receive_message.js"),
            json!({"call": "receive_message", "handler": "h"}),
            ("{ }", "{ h ( res ) }"),
        ),
        (
            fixture("offline_message_count.js"),
            json!({"call": "offline_message_count", "handler": "h"}),
            ("console . log ( res )", ours),
        ),
    ];
    for (example, request, (theirs, ours)) in cases {
        let example = match example.contains("<script>") {
            true => script_of(example),
            false => example,
        };
        let wanted = match theirs {
            "" => plain(example),
            theirs => {
                let wanted = plain(example);
                assert!(wanted.contains(theirs), "{wanted}");
                wanted.replace(theirs, ours)
            }
        };
        assert_eq!(plain(&call(request)), wanted, "{example}");
    }
}

#[test]
fn the_trace_that_is_sent_by_hand_is_the_pages() {
    let made = call(json!({"call": "trace", "on_click": "traceBtn"}));
    let example = fixture("trace.js");
    assert_eq!(js::argument(&made, "trace"), js::argument(example, "trace"));
    let head = "document . getElementById ( traceBtn ) . addEventListener ( click , function ( ) { zc ( trace ,";
    assert!(plain(example).starts_with(head));
    assert!(plain(&made).starts_with(head), "{made}");
}

/// The page's list has the ten of them beside all others; its examples put them into two objects.
#[test]
fn visited_pages_stand_in_the_objects_of_the_example() {
    let config = config_of(&visits());
    let names: Vec<_> = config.as_object().unwrap().keys().collect();
    assert_eq!(names, ["cur_visit_args", "pre_visit_args"]);
}

#[test]
fn what_is_listened_to_when_the_chat_is_folded_is_what_the_page_looks_for() {
    let example = fixture("chat_collapse_window.js");
    let made = call(json!({"call": "chat_collapse_window", "handler": "h"}));
    for part in [
        "zc_post_message",
        "chat_collapse_window",
        "JSON.parse(e.data)",
    ] {
        assert!(
            example.contains(part) && made.contains(part),
            "{part}: {made}"
        );
    }
}

/// The page's example, with the sysnum of it.
fn example_link(text: &str) -> (String, Vec<(String, String)>, String) {
    let (_, rest) = text.split_once("https://").unwrap();
    let end = rest.find(['\'', '\n']).unwrap();
    let link = format!("https://{}", &rest[..end]);
    let pairs = query(&link);
    let (_, sysnum) = pairs
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("sysnum"))
        .unwrap();
    (link.clone(), pairs.clone(), sysnum.clone())
}

fn sorted(pairs: Vec<(String, String)>) -> BTreeMap<String, String> {
    let length = pairs.len();
    let sorted: BTreeMap<_, _> = pairs.into_iter().collect();
    assert_eq!(sorted.len(), length, "no name twice");
    sorted
}

#[test]
fn the_link_of_the_order_card_is_the_pages() {
    let (link, pairs, sysnum) = example_link(fixture("link.order_card.html"));
    let request = json!({"order_status": "to_be_paid", "create_time": 1_586_414_406_391_u64, "order_code": "121212",
        "order_url": "http://sg.sobot.io", "goods_count": 2, "total_fee": 1000,
        "goods": [{"name": "saaadad", "pictureUrl": "https://img.sobot.io/console/common/face/admin.png"}]});
    let made = chat_link(
        &account(&sysnum),
        Channel::H5,
        &Identity::Nobody,
        &good(&request),
    );
    assert_eq!(page(&made), page(&link));
    let (mut made, mut wanted) = (sorted(query(&made)), sorted(pairs));
    let goods = |pairs: &mut BTreeMap<String, String>| -> Json {
        serde_json::from_str(&pairs.remove("goods").unwrap()).unwrap()
    };
    assert_eq!(goods(&mut made), goods(&mut wanted));
    assert_eq!(made, wanted);
}

/// Contradiction 10: the backslash before the page's own `&` is a slip of its markup.
#[test]
fn contradiction_10_the_links_of_a_token_are_the_pages_without_the_backslash() {
    let example = fixture("link.token.txt").replace('\\', "");
    let token = Identity::Token {
        token: "obtained token".to_owned(),
    };
    for (channel, head) in [(Channel::Pc, "PC: "), (Channel::H5, "H5: ")] {
        let (_, rest) = example.split_once(head).unwrap();
        let end = rest.find(" H5").unwrap_or(rest.trim_end().len());
        let wanted = &rest[..end];
        let made = chat_link(&account("xxx"), channel, &token, &good(&json!({})));
        assert_eq!(page(&made), page(wanted));
        let (_, said) = wanted.split_once('?').unwrap();
        let made = query(&made);
        let made: Vec<_> = made
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(made.join("&"), said);
    }
}

#[test]
fn contradiction_9_the_source_of_a_message_left_is_9_and_never_another() {
    let (link, pairs, sysnum) = example_link(fixture("link.leave_message.txt"));
    let leave: LeaveMessage =
        serde_json::from_value(json!({"uid": "xxx", "templateid": "xxx", "t": "xxx"})).unwrap();
    leave.check().unwrap();
    let request = json!({"uname": "xxx", "groupid": "xx", "locale": "cn", "source": "wechat"});
    let made = leave.link(&account(&sysnum), &good(&request));
    assert_eq!(page(&made), page(&link));
    let mut wanted = sorted(pairs);
    // Contradiction 3: the list's language, of which this one is an older name.
    assert_eq!(
        wanted
            .insert("locale".to_owned(), "zh".to_owned())
            .as_deref(),
        Some("cn")
    );
    assert_eq!(sorted(query(&made)), wanted);
}

fn ticket(given: Json) -> Ticket {
    serde_json::from_str(&given.to_string()).unwrap()
}

const CONSOLE: &str = "https://www.soboten.com/ticketclient/index.html?sysNum=4604e18c4eef435484938f3bb1de917a&deployId=84a3a0c2d3ea452a862a1ee6ed32cb8c";

#[test]
fn the_tickets_link_is_the_pages() {
    let (link, pairs, sysnum) = example_link(fixture("link.ticket.txt"));
    let ticket = ticket(json!({"link": CONSOLE, "paramUnionId": "yuzuu-RVVVB-www"}));
    ticket.check(&account(&sysnum)).unwrap();
    let made = ticket.link(None);
    assert_eq!(page(&made), page(&link));
    assert_eq!(query(&made), pairs);
}

#[test]
fn the_tickets_fields_are_the_pages() {
    let example = fixture("ticket.params.txt").trim();
    let fields: Map<String, Json> =
        serde_json::from_str(example.strip_prefix("params=").unwrap()).unwrap();
    let fields = Json::Object(fields);
    let ticket = Ticket {
        params: Some(raw(&fields)),
        ..ticket(json!({"link": CONSOLE}))
    };
    ticket
        .check(&account("4604e18c4eef435484938f3bb1de917a"))
        .unwrap();
    let made = query(&ticket.link(None));
    let (_, said) = made.iter().find(|(name, _)| name == "params").unwrap();
    assert_eq!(serde_json::from_str::<Json>(said).unwrap(), fields);
}

/// The page's table of them.
#[test]
fn a_customer_is_known_to_the_ticket_plug_in_by_each_of_twelve_ids() {
    let mut given = json!({"link": CONSOLE});
    let rows = super::each::rows();
    let rows: Vec<_> = rows
        .iter()
        .filter(|row| row.table.starts_with("The specific supported ID fields"))
        .collect();
    assert_eq!(rows.len(), 12);
    for row in &rows {
        assert_eq!(row.range, "link");
        if row.name != "partnerId" {
            given[&row.name] = json!(format!("{} 客+1", row.name));
        }
    }
    let ticket = ticket(given);
    ticket
        .check(&account("4604e18c4eef435484938f3bb1de917a"))
        .unwrap();
    let made = query(&ticket.link(Some("DE")));
    let said = |name: &str| {
        let mut named = made.iter().filter(|(other, _)| other == name);
        let (_, value) = named.next().unwrap();
        assert!(named.next().is_none());
        value.clone()
    };
    assert_eq!(said("partnerId"), "DE");
    for row in rows.iter().filter(|row| row.name != "partnerId") {
        assert_eq!(said(&row.name), format!("{} 客+1", row.name));
    }
}

#[test]
fn a_ticket_link_of_anybody_elses_is_refused() {
    for link in [
        "https://evil.example/ticketclient/index.html?sysNum=ABC&deployId=1",
        "http://www.soboten.com/ticketclient/index.html?sysNum=ABC&deployId=1",
        "https://www.soboten.com/other?sysNum=ABC&deployId=1",
        "https://www.soboten.com/ticketclient/index.html?sysNum=DEF&deployId=1",
        "https://www.soboten.com/ticketclient/index.html?sysNum=ABC&sysNum=DEF&deployId=1",
        "https://www.soboten.com/ticketclient/index.html?sysNum=ABC",
        "https://www.soboten.com/ticketclient/index.html?sysNum=ABC&deployId=",
        "https://www.soboten.com/ticketclient/index.html?sysNum=ABC&deployId=1&tel=2",
        // The page reads a name decoded.
        "https://www.soboten.com/ticketclient/index.html?sysNum=ABC&deployId=1&%70artnerId=FR",
        "https://www.soboten.com/ticketclient/index.html?sysNum=ABC&deployId=1&%74el=2",
        "https://www.soboten.com/ticketclient/index.html?sysNum=ABC&deployId=1&%70arams=%7B%7D",
        "https://www.soboten.com/ticketclient/index.html?sysNum=ABC&deployId=1&%73ysNum=DEF",
        "https://www.soboten.com/ticketclient/index.html?sysNum=ABC&deployId=1&deploy%49d=2",
        "https://www.soboten.com/ticketclient/index.html?sysNum=ABC&deployId=1#x",
        "javascript:alert(1)",
        "",
    ] {
        let flaw = ticket(json!({"link": link}))
            .check(&account("ABC"))
            .unwrap_err();
        assert_eq!(flaw.name, "link", "{link}");
    }
    for (field, value) in [
        ("params", json!([])),
        ("params", json!("x")),
        ("lineIds", json!("")),
    ] {
        let mut given = json!({"link": CONSOLE});
        given[field] = value;
        let flaw = ticket(given)
            .check(&account("4604e18c4eef435484938f3bb1de917a"))
            .unwrap_err();
        assert_eq!(flaw.name, field);
    }
}
