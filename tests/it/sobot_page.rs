//! `docs/sobot.md` names every parameter, call and callback of Sobot's Web-JS page, as the page's own tables have them, and
//! tests that are there; the contract takes the same.

use std::{collections::BTreeSet, path::Path};

use deskbridge::vendor::sobot::web::{
    Name, PARAMETERS, goods, leave_message,
    parameter::{Kind, Range},
    route, ticket,
};
use harness::{binaries::root, contract::Contract};
use serde_json::{Map, Value};

/// The rows of its tables: Sobot's name, ours, in the component, in a link, where, the tests.
fn rows() -> Vec<[String; 6]> {
    let text = std::fs::read_to_string(root().join("docs/sobot.md")).unwrap();
    let lines = text.lines().filter(|line| line.starts_with('|'));
    let rows = lines.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let cells: [&str; 6] = cells.try_into().unwrap_or_else(|_| panic!("{line}"));
        cells.map(str::to_owned)
    });
    rows.filter(|[sobot, ..]| !sobot.starts_with("--") && sobot != "Sobot")
        .collect()
}

/// What stands in backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn named() -> BTreeSet<String> {
    let rows = rows();
    let names = rows.iter().flat_map(|[sobot, ..]| quoted(sobot));
    names.map(str::to_owned).collect()
}

/// A row of the page's own tables: the parameter, and what it is said to be.
fn tables() -> Vec<(String, String)> {
    let path = root().join("tests/fixtures/sobot/web/parameters.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let mut cells = line.split('\t');
        let table = cells.next().unwrap().to_owned();
        (table, cells.next().unwrap().to_owned())
    });
    rows.collect()
}

#[test]
fn no_parameter_is_missing() {
    let named = named();
    let tables = tables();
    assert!(tables.len() > 130);
    for (table, name) in &tables {
        assert!(named.contains(name), "{table}: {name}");
    }
    for known in PARAMETERS {
        assert!(named.contains(known.name), "{}", known.name);
    }
    // What the page has in its examples and sentences alone.
    let calls = Name::ALL.into_iter().flat_map(|call| {
        let told = call.tells().iter().copied();
        told.chain([call.text()])
    });
    let others = calls
        .chain(goods::FIELDS)
        .chain(route::FIELDS)
        .chain(leave_message::FIELDS)
        .chain(ticket::IDS)
        .chain(["manual", "custom", "token", "sysNum", "deployId"]);
    for name in others {
        assert!(named.contains(name), "{name}");
    }
    // Of the call that asks for a token, whose names other places have as well.
    let rows = rows();
    for part in ["request", "answer"] {
        let file = format!("tests/fixtures/sobot/page_token.{part}.json");
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let example: Map<String, Value> = serde_json::from_str(&text).unwrap();
        for name in example.keys() {
            let is_there = rows.iter().any(|[sobot, _, _, _, place, _]| {
                let is_calls = place.starts_with("the call that asks for the token");
                is_calls && quoted(sobot).any(|one| one == name)
            });
            assert!(is_there, "{part}: {name}");
        }
    }
}

/// The rows of one parameter each say how it is written, and where it may stand.
#[test]
fn each_row_says_what_the_code_does() {
    let rows = rows();
    for known in PARAMETERS {
        let name = format!("`{}`", known.name);
        let row = rows.iter().find(|[sobot, ..]| *sobot == name);
        let [_, ours, component, link, place, _] = row.unwrap_or_else(|| panic!("{name}"));
        let Range {
            component: in_component,
            link: in_link,
            leave_message,
            ..
        } = known.range;
        assert_eq!(place.starts_with("component"), in_component, "{name}");
        assert_eq!(component != "–", in_component, "{name}");
        assert_eq!(link != "–", in_link, "{name}");
        assert_eq!(place.contains("leave message"), leave_message, "{name}");
        let devices = format!("{:?}", known.range.devices).to_uppercase();
        assert_eq!(
            place.split_once("; ").map_or("ALL", |(_, devices)| devices),
            devices,
            "{name}"
        );
        match known.kind {
            Kind::Switch { on, .. } => assert!(ours.ends_with(on), "{name}: {ours}"),
            Kind::Choice { words, .. } => {
                let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                assert_eq!(quoted(ours).collect::<Vec<_>>(), words, "{name}");
            }
            Kind::Number { from, to, .. } => {
                assert!(
                    ours.starts_with(&format!("{from}–{to}, ")),
                    "{name}: {ours}"
                );
            }
            _ => {}
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
fn the_tests_are_there() {
    let mut all = String::new();
    for folder in ["shared/src", "functions", "tests"] {
        sources(&root().join(folder), &mut all);
    }
    for [sobot, _, _, _, _, tests] in rows() {
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

/// Whatever the page has as an example is read by a test, and listed with what was mended in it.
#[test]
fn each_example_of_the_page_is_a_fixture_that_a_test_reads() {
    let mut tests = String::new();
    let folder = root().join("shared/src/vendor/sobot/web/tests");
    sources(&folder, &mut tests);
    let listed = std::fs::read_to_string(root().join("tests/fixtures/sobot/README.md")).unwrap();
    let mut examples = 0;
    for entry in std::fs::read_dir(root().join("tests/fixtures/sobot/web")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(tests.contains(&format!("fixture(\"{name}\")")), "{name}");
        assert!(listed.contains(&format!("`{name}`")), "{name}");
        examples += 1;
    }
    assert!(examples > 40, "{examples}");
}

#[test]
fn the_contract_takes_the_same_parameters_in_the_same_words() {
    let schemas = &Contract::read().document["components"]["schemas"];
    let properties = schemas["SobotParameters"]["properties"]
        .as_object()
        .unwrap();
    let documented: BTreeSet<_> = properties.keys().map(String::as_str).collect();
    let known: BTreeSet<_> = PARAMETERS.iter().map(|known| known.name).collect();
    assert_eq!(documented, known);
    for known in PARAMETERS {
        let schema = &properties[known.name];
        match known.kind {
            Kind::Switch { .. } => {
                assert_eq!(
                    schema["$ref"], "#/components/schemas/SobotSwitch",
                    "{}",
                    known.name
                );
            }
            Kind::Choice { words, .. } => {
                let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                assert_eq!(schema["enum"], serde_json::json!(words), "{}", known.name);
            }
            Kind::Number { from, to, .. } => assert_eq!(
                (schema["minimum"].as_u64(), schema["maximum"].as_u64()),
                (Some(from), Some(to)),
                "{}",
                known.name
            ),
            _ => {}
        }
    }
    let table = std::fs::read_to_string(root().join("tests/fixtures/sobot/web/languages.tsv"));
    let table = table.unwrap();
    let languages = table
        .lines()
        .skip(1)
        .filter_map(|row| row.split('\t').nth(1));
    let languages: Vec<_> = languages.chain(["cn", "tw"]).collect();
    let locale = &properties["locale"]["enum"];
    assert_eq!(locale, &serde_json::json!(languages));
    let calls = schemas["WebAccessCall"]["properties"]["call"]["enum"].clone();
    assert_eq!(calls, serde_json::json!(Name::ALL));
    let mut ids: Vec<_> = schemas["WebAccessTicket"]["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .filter(|name| !["link", "params"].contains(name))
        .collect();
    ids.push("partnerId");
    let known = BTreeSet::from(ticket::IDS);
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), known);
}
