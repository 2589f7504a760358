//! Each parameter by the page's words: how it is written, where it may stand, and what it refuses.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::{
    super::{
        Given, PARAMETERS, Place,
        goods::FIELDS as GOOD,
        list::parameter,
        parameter::{Devices, Form, Range},
        ticket::IDS,
    },
    checked, config_of, fixture, link_of, read,
};
use crate::vendor::sobot::Channel;

/// A row of the page's own tables.
pub(super) struct Row {
    pub(super) table: String,
    pub(super) name: String,
    pub(super) range: String,
    description: String,
}

pub(super) fn rows() -> Vec<Row> {
    let lines = fixture("parameters.tsv").lines().skip(1);
    let rows = lines.map(|line| {
        let cells: Vec<_> = line.split('\t').collect();
        let [table, name, _, _, range, description] = cells[..] else {
            panic!("{line}")
        };
        Row {
            table: table.to_owned(),
            name: name.to_owned(),
            range: range.to_owned(),
            description: description.to_owned(),
        }
    });
    rows.collect()
}

/// A parameter: what a request says, how the page wants it in the component and in a link, and what it does not take.
type Said = (&'static str, Json, Json, &'static str, Json);

/// Of a switch: how the page wants it where it is on and where it is off.
struct Switch {
    name: &'static str,
    component: [Json; 2],
    link: [&'static str; 2],
}

const YES_NO: [&str; 2] = ["1", "0"];

/// "1 Enable 0 Disable" and the like in the page's list; the component's way is that of the example, where there is one.
fn switches() -> Vec<Switch> {
    let bools = || [json!(true), json!(false)];
    let numbers = || [json!(1), json!(0)];
    let texts = || [json!("1"), json!("0")];
    let switch = |name, component, link| Switch {
        name,
        component,
        link,
    };
    vec![
        switch("is_vip", numbers(), YES_NO),
        switch("agent_mode_flag", texts(), YES_NO),
        switch("show_manual", texts(), YES_NO),
        switch("queueFirst", texts(), YES_NO),
        switch("to_customsys_flag", bools(), YES_NO),
        switch("to_customsys_open_style", texts(), YES_NO),
        switch("leave_customsys_flag", texts(), YES_NO),
        switch("leave_msg_flag", bools(), YES_NO),
        // "1 Disable 0 Enable", and in the example "true: Enable, false: Disable"
        switch("msg_flag", bools(), ["0", "1"]),
        switch("feedback_flag", bools(), YES_NO),
        switch("photo_flag", bools(), YES_NO),
        switch("show_evaluate", numbers(), YES_NO),
        switch("satDegree_A", bools(), ["true", "false"]),
        switch("guide_flag", texts(), YES_NO),
        switch("top_bar_flag", texts(), YES_NO),
        switch("is_link", numbers(), YES_NO),
        switch("show_face", numbers(), YES_NO),
        switch("full", numbers(), YES_NO),
        switch("reload", bools(), ["true", "false"]),
        switch("man_trace", bools(), YES_NO),
        switch("invite", numbers(), YES_NO),
        // "true Disable"
        switch("invite_flag", [json!(false), json!(true)], YES_NO),
        switch("gif", numbers(), YES_NO),
        switch("anchor", bools(), YES_NO),
        switch("async", texts(), YES_NO),
        switch("auto_expand", bools(), YES_NO),
        switch("refresh", bools(), ["true", "false"]),
        switch("end_of_close", bools(), ["true", "false"]),
        switch("dragging", bools(), ["true", "false"]),
    ]
}

/// Codes: our word, and the page's.
#[rustfmt::skip]
fn choices() -> Vec<(&'static str, Vec<(&'static str, Json)>)> {
    let texts = |all: &[(&'static str, &str)]| all.iter().map(|(word, code)| (*word, json!(code))).collect();
    let numbers = |all: &[(&'static str, u8)]| all.iter().map(|(word, code)| (*word, json!(code))).collect();
    vec![
        ("type", numbers(&[("bot", 1), ("agent", 2), ("bot_first", 3), ("agent_first", 4)])),
        ("source", texts(&[("desktop_site", "0"), ("wechat", "1"), ("app", "2"), ("weibo", "3"), ("mobile_site", "4"),
            ("wecom", "9"), ("wechat_mini_program", "10")])),
        ("flowType", numbers(&[("off", 0), ("all", 1), ("busy", 2), ("offline", 3)])),
        ("order_status", numbers(&[("custom", 0), ("to_be_paid", 1), ("to_be_delivered", 2), ("on_the_way", 3),
            ("delivering", 4), ("finished", 5), ("to_be_evaluated", 6), ("canceled", 7)])),
        ("location", numbers(&[("bottom_right", 1), ("bottom_left", 2)])),
        ("title_flag", texts(&[("company", "1"), ("custom", "2"), ("agent", "3")])),
        ("cut_flag", texts(&[("hide", "hide")])),
        ("emoji_state", texts(&[("hide", "hide")])),
        ("expand_size", texts(&[("half", "half"), ("full", "full")])),
    ]
}

/// All others.
#[rustfmt::skip]
fn others() -> Vec<Said> {
    let face = "https://img.sobot.io/console/common/face/admin.png";
    let face_in_component = "https%3A%2F%2Fimg.sobot.io%2Fconsole%2Fcommon%2Fface%2Fadmin.png";
    let same = |name, text: &'static str, wrong| (name, json!(text), json!(text), text, wrong);
    let number = |name, number: u64, text, wrong| (name, json!(number), json!(number), text, wrong);
    let long = json!("x".repeat(301));
    let very_long = json!("x".repeat(2_001));
    vec![
        same("uname", "Zoë \"客户\" 😀", json!(1)),
        same("realname", "dingmao", long.clone()),
        same("email", "dingmao@example.com", json!("dingmao")),
        same("tel", "18888888888", json!(18_888_888_888_u64)),
        same("face", face, json!("javascript:alert(1)")),
        same("qq", "2345678", json!("12a")),
        same("remark", "VIP Customer,\nEach response cannot exceed 5 seconds", json!("\u{0}")),
        same("enterprise_name", "Sobot", json!("")),
        ("params", json!({"Level": "Boss"}), json!(r#"{"Level":"Boss"}"#), r#"{"Level":"Boss"}"#, json!("{\"Level\":\"Boss\"}")),
        ("customer_fields", json!({"customField4": "Sobot"}), json!(r#"{"customField4":"Sobot"}"#), r#"{"customField4":"Sobot"}"#, json!(["Sobot"])),
        same("summaryparams", "summary", json!({})),
        same("vip_level", "05bcdc56e68149d1841962caf593d077", json!(3)),
        same("user_label", "老客户", json!(["a"])),
        number("robotid", 2, "2", json!("2")),
        number("faqid", 7, "7", json!(0)),
        same("agentid", "1q2w3e4r", json!("a b")),
        same("groupid", "4r3e2w1q", json!(4)),
        ("transfer_action",
            json!([{"actionType": "to_service", "deciId": "a1", "optionId": "overflow", "spillId": "busy"}]),
            json!(r#"[{"actionType":"to_service","deciId":"a1","optionId":"1","spillId":"2"}]"#),
            r#"[{"actionType":"to_service","deciId":"a1","optionId":"1","spillId":"2"}]"#,
            json!([{"actionType": "to_service", "deciId": "a1", "optionId": "1", "spillId": "2"}])),
        same("platformUnionCode", "p1", json!(1)),
        same("flowCompanyId", "c1", json!("c 1")),
        same("flowGroupId", "g1", json!("")),
        same("card_title", "Sobot", json!("")),
        ("card_url", json!("http://sg.sobot.io"), json!("http%3A%2F%2Fsg.sobot.io"), "http://sg.sobot.io", json!("javascript:alert(1)")),
        same("card_desc", "Sobot,Online,Call,Robot,Integration", very_long.clone()),
        same("card_note", "1500,2000", json!(1500)),
        ("card_picture", json!(face), json!(face_in_component), face, json!("face/admin.png")),
        same("status_custom", "Custom status", json!(0)),
        // "Number", "String": text is what both take.
        ("create_time", json!(1_586_414_406_391_u64), json!("1586414406391"), "1586414406391", json!(1_586_414_406)),
        ("order_code", json!(11111), json!("11111"), "11111", json!(1.5)),
        ("order_url", json!("pages/order?id=1"), json!("pages%2Forder%3Fid%3D1"), "pages/order?id=1", json!("//sg.sobot.io")),
        number("goods_count", 2, "2", json!(-1)),
        // "decimals are not supported"
        number("total_fee", 1000, "1000", json!(10.5)),
        ("goods", json!([{"name": "saaadad", "pictureUrl": face}]),
            json!(format!(r#"[{{"name":"saaadad","pictureUrl":"{face_in_component}"}}]"#)),
            r#"[{"name":"saaadad","pictureUrl":"https://img.sobot.io/console/common/face/admin.png"}]"#,
            json!([{"name": "saaadad", "picture": face}])),
        same("robot_hello_word", "Hello", json!(false)),
        same("agent_hello_word", "مرحبا", json!("")),
        same("agent_offline_title", "Nobody is here", json!({})),
        same("pre_abstract", "", json!(1)),
        same("pre_visit_url", "https://shop.example.com/", json!("shop")),
        same("pre_visit_title", "Shop", long.clone()),
        same("pre_thumbnail", "", json!("data:image/png;base64,AA==")),
        same("pre_tags", "a,b", json!(["a", "b"])),
        same("cur_abstract", "A parcel", json!(true)),
        same("cur_visit_url", "", json!("javascript:alert(1)")),
        same("cur_visit_title", "Parcels", long.clone()),
        same("cur_thumbnail", face, json!("1.png")),
        same("cur_tags", "", json!(0)),
        same("to_customsys_url", "https://sg.sobot.io", json!("sg.sobot.io")),
        same("leave_customsys_url", "https://shop.example.com/leave", json!("ftp://sg.sobot.io")),
        same("tip_title", "Welcome to inquire", json!("")),
        same("submit_title", "Let's start chatting", json!(1)),
        number("first_timeout", 2, "2", json!(86_401)),
        number("over_timeout", 10, "10", json!(-1)),
        number("invite_count", 5, "5", json!(0)),
        same("invite_imgsrc", face, json!("")),
        // "valid value being 10-2880"
        number("time", 15, "15", json!(9)),
        same("locale", "zh-Hant", json!("zh-TW")),
        same("color", "04babc", json!("#04babc")),
        same("custom_title", "Shop", json!("")),
        same("container_style", "right: 20px", json!("width: 20px")),
        same("height", "600px", json!("tall")),
        same("width", "40%", json!(40)),
    ]
}

/// What a parameter needs beside it.
fn beside(name: &str) -> Json {
    match name {
        "vip_level" => json!({"is_vip": "on"}),
        "card_url" | "card_desc" | "card_note" | "card_picture" => json!({"card_title": "Sobot"}),
        "order_status" => json!({"status_custom": "a"}),
        "title_flag" => json!({"top_bar_flag": "on", "custom_title": "Shop"}),
        "flowType" | "flowCompanyId" | "flowGroupId" => {
            json!({"platformUnionCode": "p", "flowType": "off", "flowCompanyId": "c", "flowGroupId": "g"})
        }
        _ => json!({}),
    }
}

/// Every parameter with a value, and how the page wants it in the component and in a link.
fn all() -> Vec<(&'static str, Json, Json, String)> {
    let mut all = Vec::new();
    for (name, request, component, link, _) in others() {
        all.push((name, request, component, link.to_owned()));
    }
    for switch in switches() {
        for (on, component, link) in [
            ("on", &switch.component[0], switch.link[0]),
            ("off", &switch.component[1], switch.link[1]),
        ] {
            all.push((switch.name, json!(on), component.clone(), link.to_owned()));
        }
    }
    for (name, words) in choices() {
        for (word, code) in words {
            let link = code
                .as_str()
                .map_or_else(|| code.to_string(), str::to_owned);
            all.push((name, json!(word), code, link));
        }
    }
    all
}

#[test]
fn no_parameter_is_without_its_expectation() {
    let named: BTreeSet<_> = all().iter().map(|(name, ..)| *name).collect();
    let known: BTreeSet<_> = PARAMETERS.iter().map(|known| known.name).collect();
    assert_eq!(named, known);
    assert_eq!(known.len(), PARAMETERS.len(), "no name twice");
}

/// The value of a parameter in the config, wherever in it the page has it.
fn in_config<'a>(config: &'a Json, name: &str) -> &'a Json {
    match name.split_once('_') {
        Some(("pre", _)) => &config["pre_visit_args"][name],
        Some(("cur", _)) => &config["cur_visit_args"][name],
        _ => &config[name],
    }
}

#[test]
fn each_parameter_is_written_as_the_page_says() {
    for (name, value, component, link) in all() {
        let range = parameter(name).unwrap().range;
        let given = json!({name: value});
        if range.component {
            assert_eq!(in_config(&config_of(&given), name), &component, "{given}");
        }
        for (channel, place) in [(Channel::Pc, Place::PcLink), (Channel::H5, Place::H5Link)] {
            let said = link_of(channel, &given);
            let said: Vec<_> = said.iter().filter(|(other, _)| other == name).collect();
            match range.has(place) {
                true => assert_eq!(said, [&(name.to_owned(), link.clone())], "{given}"),
                false => assert!(said.is_empty(), "{given}: {said:?}"),
            }
        }
    }
}

/// Contradiction 4: `true` here and `"1"` there, and twice the opposite of what it seems.
#[test]
fn contradiction_4_each_switch_is_written_as_its_own_place_wants_it() {
    let said = |name: &str, on: &str| {
        let given = json!({name: on});
        let link = link_of(Channel::H5, &given);
        let link = link.iter().find(|(other, _)| other == name);
        (
            config_of(&given)[name].clone(),
            link.map(|(_, value)| value.clone()),
        )
    };
    for (name, on, component, link) in [
        ("leave_msg_flag", "on", json!(true), Some("1")),
        ("msg_flag", "on", json!(true), Some("0")),
        ("msg_flag", "off", json!(false), Some("1")),
        ("show_evaluate", "off", json!(0), Some("0")),
        ("satDegree_A", "on", json!(true), Some("true")),
        ("invite_flag", "off", json!(true), None),
        ("invite", "on", json!(1), None),
    ] {
        assert_eq!(
            said(name, on),
            (component, link.map(str::to_owned)),
            "{name} {on}"
        );
    }
    // Neither of the vendor's own spellings says which is meant.
    for value in [json!(true), json!(1), json!("1"), json!("true")] {
        let flaw = read(&json!({"msg_flag": value})).unwrap_err();
        assert_eq!(
            flaw.rule,
            "is \"on\" or \"off\"; on: a message can be left when the chat has ended"
        );
    }
}

#[test]
fn contradiction_5_times_and_codes_are_read_as_numbers_and_text_and_written_as_text() {
    for value in [json!(1_586_414_406_391_u64), json!("1586414406391")] {
        assert_eq!(
            config_of(&json!({"create_time": value}))["create_time"],
            "1586414406391"
        );
    }
    for (value, written) in [(json!(121_212), "121212"), (json!("A-121"), "A-121")] {
        assert_eq!(
            config_of(&json!({"order_code": value}))["order_code"],
            written
        );
    }
    let config =
        config_of(&json!({"goods_count": 2, "total_fee": 1000, "order_status": "to_be_paid"}));
    assert_eq!(
        config,
        json!({"goods_count": 2, "total_fee": 1000, "order_status": 1})
    );
}

#[test]
fn contradiction_6_an_order_of_the_companys_own_status_says_which() {
    let places = &Place::ALL;
    let flaw = checked(&json!({"order_status": "custom"}), places).unwrap_err();
    assert_eq!(flaw.name, "status_custom");
    checked(
        &json!({"order_status": "custom", "status_custom": "Lost"}),
        places,
    )
    .unwrap();
    checked(&json!({"order_status": "canceled"}), places).unwrap();
}

#[test]
fn contradiction_12_a_platform_stands_by_itself_and_overflow_says_all_four() {
    let places = &Place::ALL;
    checked(&json!({"platformUnionCode": "p"}), places).unwrap();
    for name in ["flowType", "flowCompanyId", "flowGroupId"] {
        let all = beside(name);
        checked(&all, places).unwrap();
        for left_out in [
            "platformUnionCode",
            "flowType",
            "flowCompanyId",
            "flowGroupId",
        ] {
            let mut some = all.clone();
            some.as_object_mut().unwrap().remove(left_out);
            assert_eq!(checked(&some, places).unwrap_err().name, left_out);
        }
    }
}

#[test]
fn what_counts_only_beside_another_is_refused_without_it() {
    for (given, name) in [
        (json!({"vip_level": "gold"}), "is_vip"),
        (json!({"vip_level": "gold", "is_vip": "off"}), "is_vip"),
        (json!({"card_desc": "a"}), "card_title"),
        (json!({"title_flag": "agent"}), "top_bar_flag"),
        (
            json!({"title_flag": "agent", "top_bar_flag": "off"}),
            "top_bar_flag",
        ),
        (
            json!({"title_flag": "custom", "top_bar_flag": "on"}),
            "custom_title",
        ),
        (
            json!({"title_flag": "custom", "top_bar_flag": "on", "custom_title": "x".repeat(31)}),
            "custom_title",
        ),
    ] {
        assert_eq!(
            checked(&given, &Place::ALL).unwrap_err().name,
            name,
            "{given}"
        );
    }
    // The component has no such bar.
    checked(&json!({"title_flag": "agent"}), &[Place::Component]).unwrap();
    let thirty = "客".repeat(30);
    checked(
        &json!({"title_flag": "custom", "top_bar_flag": "on", "custom_title": thirty}),
        &Place::ALL,
    )
    .unwrap();
}

/// The page's "Applicable Range".
fn range(words: &str) -> (bool, bool) {
    match words {
        "Link and component" | "Component and link" => (true, true),
        "Component" => (true, false),
        "Link" => (false, true),
        other => panic!("{other}"),
    }
}

#[test]
fn each_parameter_goes_where_the_page_says() {
    let mut wanted: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for row in rows() {
        let is_elsewhere = row.range.is_empty()
            || row.range == "link"
            || GOOD.contains(&row.name.as_str())
            || row.name == "partnerid";
        if is_elsewhere {
            continue;
        }
        let (component, link) = range(&row.range);
        // Contradiction 12: the platform is said to be the component's alone, and both's.
        let known = wanted.entry(row.name).or_default();
        *known = (known.0 || component, known.1 || link);
    }
    // These the page has in its examples alone, which are the component's.
    for name in ["location", "invite_flag", "man_trace"] {
        assert!(wanted.insert(name.to_owned(), (true, false)).is_none());
    }
    let known: BTreeMap<_, _> = PARAMETERS
        .iter()
        .map(|known| {
            (
                known.name.to_owned(),
                (known.range.component, known.range.link),
            )
        })
        .collect();
    assert_eq!(known, wanted);
}

/// "available for H5 only", "Effective only for pc components": the page's words on a parameter, or above its table.
#[test]
fn each_parameter_is_for_the_devices_that_the_page_names() {
    let described: BTreeMap<_, _> = rows()
        .into_iter()
        .filter(|row| row.table == "System Field")
        .map(|row| (row.name, row.description))
        .collect();
    for known in PARAMETERS {
        let words = described.get(known.name).map_or("", String::as_str);
        let words = words.to_lowercase();
        let devices = match known.name {
            // "Product Card", "Order Card": "available for H5 only"
            name if name.starts_with("card_") || name.starts_with("order_") => Devices::H5,
            "status_custom" | "create_time" | "goods_count" | "total_fee" | "goods" => Devices::H5,
            // "H5 Displays Avatar or Not"
            "show_face" => Devices::H5,
            _ if words.contains("h5 and pc") || words.contains("pc/h5") => Devices::All,
            _ if words.contains("h5 only") || words.contains("h5 side") => Devices::H5,
            _ if words.contains("pc ") => Devices::Pc,
            _ => Devices::All,
        };
        assert_eq!(known.range.devices, devices, "{}: {words}", known.name);
    }
}

#[test]
fn what_can_stand_in_nothing_that_was_asked_for_is_refused() {
    for known in PARAMETERS {
        let (name, value, ..) = all()
            .into_iter()
            .find(|(name, ..)| *name == known.name)
            .unwrap();
        let mut given = beside(name);
        given[name] = value;
        for place in Place::ALL {
            let mut alone = given.clone();
            if !known.range.has(place) {
                let flaw = checked(&alone, &[place]).unwrap_err();
                // What it needs beside it may not stand there either.
                assert!(
                    flaw.rule.contains("and none of that was asked for"),
                    "{name}: {flaw}"
                );
                alone = json!({name: given[name]});
                let flaw = checked(&alone, &[place]).unwrap_err();
                assert_eq!(flaw.name, name);
                assert!(flaw.rule.starts_with(&known.range.rule()), "{flaw}");
            }
        }
        checked(&given, &Place::ALL).unwrap();
    }
    let both = Range::BOTH.rule();
    assert_eq!(
        both,
        "goes into the component (`snippet`, `config`), `pc_link`, `h5_link` alone"
    );
}

#[test]
fn a_wrong_value_of_each_parameter_is_refused_by_name_rule_and_given() {
    let mut wrong: Vec<(&str, Json)> = others()
        .into_iter()
        .map(|(name, _, _, _, wrong)| (name, wrong))
        .collect();
    for switch in switches() {
        for value in [
            json!(true),
            json!(1),
            json!("1"),
            json!("true"),
            json!("On"),
            json!([]),
        ] {
            wrong.push((switch.name, value));
        }
    }
    for (name, words) in choices() {
        for (_, code) in words.iter().filter(|(word, code)| code != word) {
            wrong.push((name, code.clone()));
        }
        wrong.push((name, json!("else")));
    }
    let names: BTreeSet<_> = wrong.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), PARAMETERS.len());
    for (name, value) in wrong {
        let flaw = read(&json!({name: value})).unwrap_err();
        let at = flaw.name.split('[').next().unwrap();
        assert_eq!(at, name, "{value}");
        let told = flaw.to_string();
        assert!(told.starts_with(&format!("`{}` ", flaw.name)), "{told}");
        let beginning: String = value.to_string().chars().take(80).collect();
        match flaw.name == name {
            true => assert!(told.contains(&format!("; given: {beginning}")), "{told}"),
            false => assert!(value.to_string().contains(flaw.given.trim_end_matches('…'))),
        }
        assert!(!flaw.rule.contains('…'), "{told}");
        assert!(
            flaw.rule.contains("is ")
                || flaw.rule.contains("has ")
                || flaw.rule.contains("can't be read"),
            "{told}"
        );
    }
}

/// Of all words that could be a language's code, those are taken that the page's table has, and two older names.
#[test]
fn the_languages_are_the_pages() {
    let rows = fixture("languages.tsv").lines().skip(1);
    let codes: BTreeSet<_> = rows.map(|row| row.split('\t').nth(1).unwrap()).collect();
    assert_eq!(codes.len(), 17);
    let letters = || (b'a'..=b'z').map(char::from);
    let words = letters().flat_map(|one| letters().map(move |two| format!("{one}{two}")));
    let scripts = ["Hans", "Hant", "hant", "HANT", "CN", "TW", "HK"].map(|end| format!("zh-{end}"));
    let written = words
        .chain(scripts)
        .filter_map(|word| Form::Locale.read(&word));
    let written: BTreeSet<_> = written.collect();
    let written: BTreeSet<_> = written.iter().map(String::as_str).collect();
    assert_eq!(written, codes);
    for code in codes {
        assert_eq!(Form::Locale.read(code).as_deref(), Some(code));
    }
}

#[test]
fn what_was_given_is_the_member_of_a_list_that_is_wrong() {
    let good = json!({"name": "a".repeat(100)});
    let step = json!({"actionType": "to_group", "deciId": "a", "optionId": "stay"});
    let with = |place: &str, value: Json| {
        let mut step = step.clone();
        step[place] = value;
        step
    };
    for (name, first, wrong, at, given) in [
        ("goods", &good, json!({"name": ""}), ".name", "\"\""),
        (
            "goods",
            &good,
            json!({"pictureUrl": "javascript:alert(1)"}),
            ".pictureUrl",
            "\"javascript:alert(1)\"",
        ),
        ("goods", &good, json!({}), "", "{}"),
        ("goods", &good, json!({"name": 7}), ".name", "7"),
        ("goods", &good, json!("x"), "", "\"x\""),
        (
            "transfer_action",
            &step,
            with("deciId", json!("a b")),
            ".deciId",
            "\"a b\"",
        ),
        (
            "transfer_action",
            &step,
            with("optionId", json!("overflow")),
            ".spillId",
            "nothing",
        ),
        (
            "transfer_action",
            &step,
            with("spillId", json!("busy")),
            ".spillId",
            "\"busy\"",
        ),
        (
            "transfer_action",
            &step,
            with("optionId", json!("elsewhere")),
            ".optionId",
            "\"elsewhere\"",
        ),
    ] {
        let list = json!([first, first, wrong]);
        let flaw = read(&json!({name: list})).unwrap_err();
        assert_eq!(
            (flaw.name.as_str(), flaw.given.as_str()),
            (format!("{name}[2]{at}").as_str(), given),
            "{flaw}"
        );
    }
}

#[test]
fn a_long_name_or_word_is_not_repeated() {
    let long = "客".repeat(80_000);
    for given in [
        json!({long.as_str(): 1}),
        json!({"goods": [{long.as_str(): 1}]}),
        json!({"transfer_action": [{"actionType": long, "deciId": "a", "optionId": "stay"}]}),
        json!({"uname": long}),
    ] {
        let told = read(&given).unwrap_err().to_string();
        assert!(told.chars().count() < 500, "{}", told.len());
    }
    let twice = format!("{{\"{long}\":1,\"{long}\":2}}");
    let told = serde_json::from_str::<Given>(&twice).unwrap_err();
    assert!(told.to_string().chars().count() < 200);
}

#[test]
fn a_name_of_nothing_or_of_something_else_is_refused() {
    let flaw = read(&json!({"unam": "a"})).unwrap_err();
    assert_eq!(
        flaw.to_string(),
        "`unam` is no parameter of Sobot's page; docs/sobot.md lists them; given: \"a\""
    );
    for (name, why) in [
        ("partnerid", "`customer`"),
        ("sign", "`mode`"),
        ("token", "`mode`"),
        ("manual", "`start`"),
        ("custom", "`start`"),
        ("sysnum", "SOBOT_SYSNUM"),
    ] {
        let flaw = read(&json!({name: "a"})).unwrap_err();
        assert!(flaw.rule.contains(why), "{flaw}");
    }
    // None is left out.
    assert_eq!(
        read(&json!({"uname": null})).unwrap(),
        read(&json!({})).unwrap()
    );
    assert!(IDS.contains(&"tel"));
}
