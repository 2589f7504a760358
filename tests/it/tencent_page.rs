//! `docs/tencent.md` names every endpoint, field of an example, code, element and meaning of an event of Tencent's Desk,
//! what it is here, and tests that are there.

use std::{collections::BTreeSet, path::Path};

use deskbridge::{
    config::ALL,
    vendor::tencent::{Api, Code, custom_element::Source, events::Meaning},
};
use harness::binaries::root;
use serde_json::Value;

fn page() -> String {
    std::fs::read_to_string(root().join("docs/tencent.md")).unwrap()
}

/// The rows of its tables: Tencent's part, ours, the tests.
fn rows() -> Vec<[String; 3]> {
    let page = page();
    let lines = page.lines().filter(|line| line.starts_with('|'));
    let rows = lines.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [tencent, ours, tests] = cells[..] else {
            panic!("{line}")
        };
        [tencent, ours, tests].map(str::to_owned)
    });
    rows.filter(|[tencent, ..]| !tencent.starts_with("--") && tencent != "Tencent")
        .collect()
}

/// What stands in backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The names of all fields in these examples.
fn names(value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                all.insert(name.clone());
                names(value, all);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| names(value, all)),
        _ => {}
    }
}

#[test]
fn no_endpoint_field_code_element_or_event_is_missing() {
    let rows = rows();
    let named: BTreeSet<_> = rows
        .iter()
        .flat_map(|[tencent, ..]| quoted(tencent))
        .collect();
    for api in Api::ALL {
        assert!(named.contains(api.name()), "{}", api.name());
    }
    // What is inside an element is the elements' own.
    let inside = ["MsgType", "MsgContent", "Text", "Data"];
    let mut fields = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("tests/fixtures/tencent")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let text = std::fs::read_to_string(path).unwrap();
            names(&serde_json::from_str(&text).unwrap(), &mut fields);
        }
    }
    assert!(fields.len() > 25, "{fields:?}");
    for field in fields
        .iter()
        .filter(|field| !inside.contains(&field.as_str()))
    {
        assert!(named.contains(field.as_str()), "{field}");
    }
    // What the page has in its tables and sentences alone.
    for name in [
        "ExcludeFromUserRespTimeout",
        "identifier",
        "usersig",
        "random",
        "contenttype",
        "sdkappid",
        "Sign",
        "RequestTime",
        "RequestID",
        "SdkAppid",
    ] {
        assert!(named.contains(name), "{name}");
    }
    for element in [
        "TIMTextElem",
        "TIMCustomElem",
        "TIMImageElem",
        "TIMFileElem",
        "TIMSoundElem",
        "TIMVideoFileElem",
        "TIMLocationElem",
        "TIMFaceElem",
    ] {
        assert!(named.contains(element), "{element}");
    }
    let numbers = |part: &str, prefix: &str| -> Vec<String> {
        let cells = rows
            .iter()
            .filter_map(|[tencent, ..]| tencent.strip_prefix(prefix));
        let each = cells.flat_map(|cell| cell.split(',').map(|one| one.trim().to_owned()));
        let numbers: Vec<_> = each
            .filter(|one| one.bytes().all(|byte| byte.is_ascii_digit()))
            .collect();
        assert!(!numbers.is_empty(), "no {part}");
        numbers
    };
    let codes = numbers("codes", "");
    for code in Code::DOCUMENTED {
        assert!(codes.contains(&code.number().to_string()), "{code:?}");
    }
    let sources = numbers("elements", "src ");
    for source in Source::ALL {
        let is_there = sources.iter().filter(|one| *one == source.number()).count();
        assert_eq!(is_there, 1, "{source:?}");
    }
    let ours: BTreeSet<_> = rows.iter().flat_map(|[_, ours, _]| quoted(ours)).collect();
    for meaning in Meaning::ALL {
        assert!(ours.contains(meaning.name()), "{meaning:?}");
    }
}

#[test]
fn the_routes_functions_and_settings_are_there() {
    let template = crate::template();
    let routes: BTreeSet<_> = template
        .functions()
        .values()
        .flat_map(|function| &function.routes)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    for [tencent, ours, _] in rows() {
        assert!(!ours.is_empty(), "{tencent} is offered by nothing");
        for name in quoted(&ours) {
            if name.starts_with("webhook-") || name == "heal-session" {
                assert!(template.functions().contains_key(name), "{name}");
            } else if name.starts_with("TENCENT_") {
                assert!(ALL.iter().any(|setting| setting.name == name), "{name}");
            } else if name.contains(" /") {
                assert!(routes.contains(name), "{tencent}: there is no {name}");
            }
        }
    }
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
fn the_tests_are_there_and_each_contradiction_has_one() {
    let mut all = String::new();
    for folder in ["shared/src", "functions", "tests"] {
        sources(&root().join(folder), &mut all);
    }
    let mut tests = String::new();
    for [tencent, _, named] in rows() {
        let names: Vec<_> = quoted(&named).collect();
        assert!(!names.is_empty(), "{tencent} is shown by no test");
        for name in names {
            let is_there = all.contains(&format!("fn {name}()"));
            assert!(is_there, "{tencent}: there is no {name}");
            tests.push_str(name);
        }
    }
    for number in 1..=9 {
        assert!(
            tests.contains(&format!("contradiction_{number}_")),
            "{number}"
        );
    }
}
