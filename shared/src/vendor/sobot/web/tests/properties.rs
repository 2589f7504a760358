//! Whatever a request says: it parses back from links and snippets, and nothing leaves its string.

use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{
    super::{
        Call, Given, Identity, PARAMETERS, Parameters, Place, Start,
        chat_link::chat_link,
        leave_message::LeaveMessage,
        parameter::{Flag, Form, Kind, Parameter},
        rules,
        snippet::{config, snippet},
        ticket::Ticket,
    },
    good,
    js::{self, Word},
    links::query,
};
use crate::vendor::sobot::{Channel, account::tests::ACCOUNT};

/// Text that would like to be something else.
const NASTY: &str = "(\\PC|[\n\t<>&'\"`\\\\=;/]|\u{2028}|\u{2029}|\u{202e}|</script>|<!--|<script|\\]\\]>|%27|%|客户|مرحبا|😀){1,30}";

fn text() -> BoxedStrategy<String> {
    NASTY
        .prop_map(|text: String| text.chars().take(30).collect())
        .boxed()
}

fn address() -> BoxedStrategy<String> {
    (
        "https?://[a-z]{1,9}\\.example",
        "(/[a-z%'()客😀&=+]{0,9}){0,3}(\\?[a-z&=%#客+]{0,9})?",
    )
        .prop_map(|(host, path)| format!("{host}{path}"))
        .boxed()
}

/// What a request may say of a parameter.
fn value(parameter: &'static Parameter) -> BoxedStrategy<Json> {
    let said = |text: BoxedStrategy<String>| text.prop_map(|text| json!(text)).boxed();
    match parameter.kind {
        Kind::Text { .. } | Kind::Blank { .. } => said(text()),
        Kind::Escaped(_) => said(address()),
        Kind::Form(form) => match form {
            Form::Color => said("[0-9a-f]{6}".boxed()),
            Form::Locale => proptest::sample::select(super::super::form::LOCALES.to_vec())
                .prop_map(|code| json!(code))
                .boxed(),
            Form::Email => said("[a-z+'&=%]{1,9}@[a-z]{1,9}\\.example".boxed()),
            Form::Phone => said("\\+?[0-9]{1,4}[ 0-9-]{0,12}".boxed()),
            Form::Digits => said("[0-9]{1,20}".boxed()),
            Form::Id => said("[A-Za-z0-9_-]{1,64}".boxed()),
            Form::Address | Form::BlankAddress => said(address()),
            Form::Length => said("[0-9]{1,4}(px|%)?".boxed()),
            Form::Style => said("right: [0-9]{1,3}px; font-family: [a-z&客]{1,9}".boxed()),
        },
        Kind::Number { from, to, .. } => (from..=to).prop_map(|number| json!(number)).boxed(),
        Kind::Instant => (1_000_000_000_000_u64..9_999_999_999_999)
            .prop_map(|time| json!(time.to_string()))
            .boxed(),
        Kind::Code => said(text()),
        Kind::Switch { .. } => any::<bool>()
            .prop_map(|on| json!(if on { "on" } else { "off" }))
            .boxed(),
        Kind::Choice { words, .. } => proptest::sample::select(words)
            .prop_map(|(word, _)| json!(word))
            .boxed(),
        Kind::Object => proptest::collection::btree_map(text(), text(), 0..4)
            .prop_map(|members| json!(members))
            .boxed(),
        Kind::Goods => proptest::collection::vec((text(), address()), 1..4)
            .prop_map(|goods| {
                let goods = goods
                    .iter()
                    .map(|(name, url)| json!({"name": name, "pictureUrl": url}));
                Json::Array(goods.collect())
            })
            .boxed(),
        Kind::Route => {
            proptest::collection::vec((any::<bool>(), "[a-z0-9]{1,9}", 0..4_usize), 1..4)
                .prop_map(|steps| Json::Array(steps.iter().map(step).collect()))
                .boxed()
        }
    }
}

fn step((group, id, when): &(bool, String, usize)) -> Json {
    let (to, words) = match group {
        true => ("to_group", ["offline", "busy", "off_duty", "smart"]),
        false => ("to_service", ["offline", "busy", "smart", ""]),
    };
    match words[*when] {
        "" => json!({"actionType": to, "deciId": id, "optionId": "stay"}),
        when => json!({"actionType": to, "deciId": id, "optionId": "overflow", "spillId": when}),
    }
}

/// Any valid request: each parameter or not, and beside it what it does not count without.
fn request() -> BoxedStrategy<Json> {
    let each: Vec<_> = PARAMETERS
        .iter()
        .map(|parameter| proptest::option::weighted(0.3, value(parameter)).boxed())
        .collect();
    each.prop_map(|values| {
        let mut request = json!({});
        for (parameter, value) in PARAMETERS.iter().zip(values) {
            if let Some(value) = value {
                request[parameter.name] = value;
            }
        }
        let has = |request: &Json, name: &str| request.get(name).is_some();
        if has(&request, "vip_level") {
            request["is_vip"] = json!("on");
        }
        if ["card_url", "card_desc", "card_note", "card_picture"]
            .iter()
            .any(|name| has(&request, name))
        {
            request["card_title"] = json!("</script>");
        }
        if request["order_status"] == "custom" {
            request["status_custom"] = json!("'");
        }
        if has(&request, "title_flag") {
            request["top_bar_flag"] = json!("on");
            request["custom_title"] = json!("<!--");
        }
        let platform = ["platformUnionCode", "flowCompanyId", "flowGroupId"];
        if has(&request, "flowType") || platform[1..].iter().any(|name| has(&request, name)) {
            request["flowType"] = json!("busy");
            for name in platform {
                request[name] = json!("a-1");
            }
        }
        request
    })
    .boxed()
}

/// What a link says, as the request said it: the page's rules, backwards.
fn from_link(parameter: &Parameter, said: &str) -> Json {
    let switch = |on: bool| json!(if on { "on" } else { "off" });
    match parameter.kind {
        Kind::Number { .. } => json!(said.parse::<u64>().unwrap()),
        Kind::Switch { link, .. } => match link {
            Flag::Bool => switch(said == "true"),
            Flag::NotBool => switch(said == "false"),
            Flag::Number | Flag::Text => switch(said == "1"),
            Flag::NotText => switch(said == "0"),
        },
        Kind::Choice { words, .. } => {
            let (word, _) = words.iter().find(|(_, code)| *code == said).unwrap();
            json!(word)
        }
        Kind::Object | Kind::Goods => serde_json::from_str(said).unwrap(),
        Kind::Route => route(serde_json::from_str(said).unwrap()),
        _ => json!(said),
    }
}

/// The page's lists of codes, backwards.
fn route(steps: Json) -> Json {
    let steps = steps.as_array().unwrap().iter().map(|step| {
        let option = match step["optionId"].as_str().unwrap() {
            "1" | "3" => "overflow",
            _ => "stay",
        };
        let mut read =
            json!({"actionType": step["actionType"], "deciId": step["deciId"], "optionId": option});
        if let Some(spill) = step.get("spillId") {
            read["spillId"] = json!(match spill.as_str().unwrap() {
                "1" | "4" => "offline",
                "2" | "5" => "busy",
                "6" => "off_duty",
                _ => "smart",
            });
        }
        read
    });
    Json::Array(steps.collect())
}

/// What the component is told, as the request said it.
fn from_config(parameter: &Parameter, said: &Json) -> Json {
    let text = || said.as_str().unwrap();
    let switch = |on: bool| json!(if on { "on" } else { "off" });
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    match parameter.kind {
        Kind::Escaped(_) => json!(decoded(text())),
        Kind::Switch { component, .. } => match component {
            Flag::Bool => switch(*said == json!(true)),
            Flag::NotBool => switch(*said == json!(false)),
            Flag::Number => switch(*said == json!(1)),
            Flag::Text => switch(*said == json!("1")),
            Flag::NotText => switch(*said == json!("0")),
        },
        Kind::Choice { .. } => match said {
            Json::String(code) => from_link(parameter, code),
            code => from_link(parameter, &code.to_string()),
        },
        Kind::Goods => {
            let mut goods: Json = serde_json::from_str(text()).unwrap();
            for good in goods.as_array_mut().unwrap() {
                good["pictureUrl"] = json!(decoded(good["pictureUrl"].as_str().unwrap()));
            }
            goods
        }
        Kind::Object | Kind::Route => from_link(parameter, text()),
        _ => said.clone(),
    }
}

/// The words of a script with every string alike: what it does, whatever it says.
fn skeleton(script: &str) -> Vec<Word> {
    let words = js::words(script).into_iter().map(|word| match word {
        Word::Text(_) => Word::Text(String::new()),
        word => word,
    });
    words.collect()
}

fn script_of(html: &str) -> &str {
    let (_, rest) = html.split_once("<script>").unwrap();
    let (script, after) = rest.split_once("</script>").unwrap();
    assert_eq!(after, "\n");
    script
}

proptest! {
    // A case sets some thirty parameters.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_valid_request_parses_back_from_its_links(given in request()) {
        let parameters = good(&given);
        prop_assert!(rules::check(&parameters, &Place::ALL).is_ok());
        for (channel, place) in [(Channel::Pc, Place::PcLink), (Channel::H5, Place::H5Link)] {
            let link = chat_link(&ACCOUNT, channel, &Identity::Nobody, &parameters);
            prop_assert!(link.is_ascii());
            let mut wanted = vec![("sysnum".to_owned(), json!("ABC"))];
            for parameter in PARAMETERS.iter().filter(|known| known.range.has(place)) {
                if let Some(value) = given.get(parameter.name) {
                    wanted.push((parameter.name.to_owned(), value.clone()));
                }
            }
            let said: Vec<_> = query(&link)
                .into_iter()
                .map(|(name, said)| {
                    let known = PARAMETERS.iter().find(|known| known.name == name);
                    let value = known.map_or_else(|| json!(said), |known| from_link(known, &said));
                    (name, value)
                })
                .collect();
            prop_assert_eq!(said, wanted);
        }
    }

    #[test]
    fn any_valid_request_parses_back_from_its_snippet(given in request()) {
        let start = Start::default();
        let made = config(&good(&given), &Identity::Nobody, &start);
        let html = snippet(&ACCOUNT, &made, &start, &[], &serde_json::Map::new());
        prop_assert!(html.is_ascii());
        prop_assert_eq!(html.matches('<').count(), 2, "{}", html);
        prop_assert!(!html.contains("<!--"));
        let read = js::argument(script_of(&html), "config");
        let read = read.unwrap_or_else(|| json!({}));
        prop_assert_eq!(&Json::Object(made), &read);
        for parameter in PARAMETERS {
            let inside = match parameter.group.object() {
                Some(object) => &read[object][parameter.name],
                None => &read[parameter.name],
            };
            let wanted = given.get(parameter.name).filter(|_| parameter.range.component);
            match wanted {
                Some(value) => prop_assert_eq!(&from_config(parameter, inside), value, "{}", parameter.name),
                None => prop_assert!(inside.is_null()),
            }
        }
    }

    /// What is said changes no word outside its string: labels, elements and names of customers too.
    #[test]
    fn no_value_escapes_its_string(said in text(), element in "[\\PC&&[^ ]]{1,20}", partnerid in "[A-Za-z0-9@._:+-]{1,30}") {
        let element: String = element.chars().filter(|one| !one.is_whitespace()).collect();
        prop_assume!(!element.is_empty());
        let html = |said: &str, element: &str, partnerid: &str| {
            let start: Start = serde_json::from_value(json!({"how": "custom_button", "label": said})).unwrap();
            start.check().unwrap();
            let identity = Identity::Open { partnerid: partnerid.to_owned() };
            let config = config(&good(&json!({"uname": said, "params": {"a": said}})), &identity, &start);
            let calls = [
                json!({"call": "dynamic_ready", "on_click": element, "into": element, "label": said}),
                json!({"call": "frame_manual", "on_click": element}),
            ];
            let calls = calls.map(|call| {
                let call: Call = serde_json::from_value(call).unwrap();
                call.check(false).unwrap();
                call
            });
            snippet(&ACCOUNT, &config, &start, &calls, &serde_json::Map::new())
        };
        let (made, plain) = (html(&said, &element, &partnerid), html("a", "b", "c"));
        prop_assert!(made.is_ascii());
        // The button, the script, and the ends of both.
        prop_assert_eq!(made.matches('<').count(), 4, "{}", made);
        prop_assert_eq!(skeleton(script_of(&made)), skeleton(script_of(&plain)));
        let config = js::argument(script_of(&made), "config").unwrap();
        prop_assert_eq!(&config["uname"], &json!(said));
        prop_assert_eq!(&config["partnerid"], &json!(partnerid));
    }

    #[test]
    fn any_text_of_the_other_links_parses_back(uname in text(), said in text(), members in proptest::collection::btree_map(text(), text(), 0..4)) {
        let leave: LeaveMessage = serde_json::from_value(json!({"t": said})).unwrap();
        prop_assert!(leave.check().is_ok());
        let link = leave.link(&ACCOUNT, &good(&json!({"uname": uname})));
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        prop_assert_eq!(query(&link), pairs(&[("sysnum", "ABC"), ("source", "9"), ("t", &said), ("uname", &uname)]));

        let console = "https://www.soboten.com/ticketclient/index.html?sysNum=ABC&deployId=84a3";
        let params = json!(members).to_string();
        let ticket = json!({"link": console, "params": members, "lineIds": said, "tel": uname}).to_string();
        let ticket: Ticket = serde_json::from_str(&ticket).unwrap();
        prop_assert!(ticket.check(&ACCOUNT).is_ok());
        let link = ticket.link(Some("DE"));
        prop_assert!(link.is_ascii());
        prop_assert_eq!(query(&link), pairs(&[("sysNum", "ABC"), ("deployId", "84a3"), ("partnerId", "DE"), ("tel", &uname),
            ("lineIds", &said), ("params", &params)]));
    }

    #[test]
    fn no_request_makes_it_panic(name in proptest::sample::select(PARAMETERS), said in "[\\[\\]{}\",:0-9a-z\\\\.eE+-]{0,40}") {
        let text = format!("{{\"{}\":{said}}}", name.name);
        if let Ok(given) = serde_json::from_str::<Given>(&text)
            && let Ok(parameters) = Parameters::read(&given)
        {
            let _ = rules::check(&parameters, &Place::ALL);
        }
    }
}
