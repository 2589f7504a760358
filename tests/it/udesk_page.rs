//! `docs/udesk.md` names every endpoint of Udesk's, a route of ours for it, and tests that are there.

use std::{collections::BTreeSet, path::Path};

use deskbridge::vendor::udesk::Api;
use harness::binaries::root;

/// The rows of its tables: Udesk's part, ours, the tests.
fn rows() -> Vec<[String; 3]> {
    let text = std::fs::read_to_string(root().join("docs/udesk.md")).unwrap();
    let lines = text.lines().filter(|line| line.starts_with('|'));
    let rows = lines.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [udesk, ours, tests] = cells[..] else {
            panic!("{line}")
        };
        [udesk, ours, tests].map(str::to_owned)
    });
    rows.filter(|[udesk, ..]| !udesk.starts_with("--") && udesk != "Udesk")
        .collect()
}

/// What stands in backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn no_endpoint_is_missing() {
    let rows = rows();
    let named: BTreeSet<_> = rows
        .iter()
        .map(|[udesk, ..]| udesk.replace('`', ""))
        .collect();
    for api in Api::ALL {
        assert!(named.contains(api.name()), "{}", api.name());
    }
    for event in [
        "ImSubSession_close",
        "ShutQueue_create",
        "ImSurveyVote_create",
        "read status",
    ] {
        assert!(named.contains(event), "{event}");
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
    for [udesk, ours, _] in rows() {
        let mut named = 0;
        for name in quoted(&ours) {
            let is_function = name.starts_with("webhook-") || name == "card-page";
            if is_function {
                assert!(template.functions().contains_key(name), "{name}");
            } else if name.contains(" /") {
                assert!(routes.contains(name), "{udesk}: there is no {name}");
            } else {
                continue;
            }
            named += 1;
        }
        assert!(named > 0, "{udesk} is offered by nothing");
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
    for [udesk, _, tests] in rows() {
        let names: Vec<_> = quoted(&tests).collect();
        assert!(!names.is_empty(), "{udesk} is shown by no test");
        for name in names {
            assert!(
                all.contains(&format!("fn {name}()")),
                "{udesk}: there is no {name}"
            );
        }
    }
}
