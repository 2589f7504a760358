//! `docs/sobot-chat.md` names every call, field and code of Sobot's that belongs to pushes, the Live Chat API and its
//! token, what is made of it, and tests that are there.

use std::{collections::BTreeSet, path::Path};

use deskbridge::vendor::sobot::{Code, live_chat::Call};
use harness::binaries::root;
use serde_json::Value;

const PAGE: &str = "docs/sobot-chat.md";
const HEAD: &str = "| Sobot | ours | shown by |";

/// The rows of its tables: Sobot's part, ours, the tests.
fn rows() -> Vec<[String; 3]> {
    let text = std::fs::read_to_string(root().join(PAGE)).unwrap();
    let tables = text.split(HEAD).skip(1);
    let lines = tables.flat_map(|table| {
        let lines = table.lines().skip(2);
        lines.take_while(|line| line.starts_with('|'))
    });
    let rows = lines.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [sobot, ours, tests] = cells[..] else {
            panic!("{line}")
        };
        [sobot, ours, tests].map(str::to_owned)
    });
    rows.collect()
}

/// What stands in backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Whether a row is about this, by the words before its backticks and what stands in them.
fn is_told(rows: &[[String; 3]], about: &str, name: &str) -> bool {
    rows.iter().any(|[sobot, ..]| {
        let before = sobot.split('`').next().unwrap_or_default();
        before.contains(about) && quoted(sobot).any(|quoted| quoted == name)
    })
}

#[test]
fn no_call_no_code_and_no_field_is_missing() {
    let rows = rows();
    assert!(rows.len() > 80, "{}", rows.len());
    for call in Call::ALL {
        assert!(is_told(&rows, "", call.name()), "{call:?}");
    }
    // vendors.md, 2.3; what is between the first and the last of the business codes is said in one row.
    let codes = [
        "000000", "400001", "400013", "700046", "900001", "900002", "900003", "900004", "999999",
    ];
    for code in codes {
        assert!(!matches!(Code::from(code), Code::Unknown(_)), "{code}");
        assert!(is_told(&rows, "", code), "{code}");
    }
    // vendors.md, 2.2 and 2.5.
    let calls: [(&str, &[&str]); 5] = [
        (
            "get_token",
            &[
                "appid",
                "create_time",
                "sign",
                "token",
                "expires_in",
                "expire_in",
            ],
        ),
        (
            "chat_connect",
            &[
                "partnerid",
                "source",
                "channel_flag",
                "user_nick",
                "user_name",
                "user_tels",
                "user_emails",
                "user_img",
                "user_face",
                "params",
                "agentid",
                "groupid",
                "tran_flag",
                "count",
                "cid",
                "agent_name",
                "agent_face",
                "visitorid",
            ],
        ),
        (
            "chat_send",
            &[
                "partnerid",
                "content",
                "msg_type",
                "appoint_cid",
                "appoint_msgid",
            ],
        ),
        (
            "comment",
            &[
                "partnerid",
                "type",
                "solved",
                "score",
                "tag",
                "remark",
                "comment_type",
            ],
        ),
        ("out", &["partnerid"]),
    ];
    for (call, fields) in calls {
        for field in fields {
            assert!(is_told(&rows, call, field), "{call} {field}");
        }
    }
    let statuses: [(&str, &[&str]); 3] = [
        ("chat_connect", &["−1", "0", "1", "2", "3"]),
        ("chat_send", &["1", "2"]),
        ("comment", &["0", "1", "2", "3"]),
    ];
    for (call, numbers) in statuses {
        for number in numbers {
            let told = format!("{call} status {number}");
            let is_row = |[sobot, ..]: &[String; 3]| {
                sobot == &told || sobot.starts_with(&format!("{told},"))
            };
            assert!(rows.iter().any(is_row), "{told}");
        }
    }
}

/// Sobot's own examples have every field.
#[test]
fn no_field_of_a_push_is_missing() {
    let rows = rows();
    for (push, example) in [
        (
            "offline",
            include_str!("../fixtures/sobot/push.offline.json"),
        ),
        ("unread", include_str!("../fixtures/sobot/push.unread.json")),
        (
            "chat list",
            include_str!("../fixtures/sobot/push.chat_list.json"),
        ),
    ] {
        let example: Value = serde_json::from_str(example).unwrap();
        let fields = example.as_object().unwrap();
        assert!(fields.len() >= 8, "{push}");
        for field in fields.keys() {
            assert!(is_told(&rows, push, field), "{push} {field}");
        }
    }
}

#[test]
fn the_routes_and_functions_are_there() {
    let template = crate::template();
    let routes: BTreeSet<_> = template
        .functions()
        .values()
        .flat_map(|function| &function.routes)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let mut named = 0;
    for [_, ours, _] in rows() {
        for name in quoted(&ours) {
            if name.starts_with("webhook-") {
                assert!(template.functions().contains_key(name), "{name}");
                named += 1;
            } else if name.contains(" /") {
                assert!(routes.contains(name), "there is no {name}");
                named += 1;
            }
        }
    }
    assert!(named >= 7, "{named}");
}

/// The Rust files below a folder.
fn sources(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn the_tests_are_there() {
    let mut all = String::new();
    for folder in ["shared/src", "functions", "tests"] {
        sources(&root().join(folder), &mut all);
    }
    for [sobot, _, tests] in rows() {
        let names: Vec<_> = quoted(&tests).collect();
        assert!(!names.is_empty(), "{sobot} is shown by no test");
        for name in names {
            assert!(
                all.contains(&format!("fn {name}()")),
                "{sobot}: there is no {name}"
            );
        }
    }
}
