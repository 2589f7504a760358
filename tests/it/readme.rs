//! The README's table of functions says what the template says.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use harness::{binaries::root, permissions::allowed};

const HEAD: &str = "| function | called by | settings | AWS actions | when it fails |";

#[derive(Debug, PartialEq, Eq)]
struct Row {
    called_by: BTreeSet<String>,
    settings: BTreeSet<String>,
    actions: BTreeSet<String>,
}

/// The parts of a cell, without backticks; a dash stands for none.
fn parts(cell: &str) -> BTreeSet<String> {
    let parts = cell.split(',').map(|part| part.trim().replace('`', ""));
    parts.filter(|part| part != "—").collect()
}

/// The rows of the README, and what stands right above them.
fn readme() -> (String, BTreeMap<String, Row>) {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (above, table) = text
        .split_once(HEAD)
        .unwrap_or_else(|| panic!("README.md has no {HEAD}"));
    let section = above.rsplit("\n## ").next().unwrap().to_owned();
    let lines = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let mut rows = BTreeMap::new();
    for line in lines.skip(1) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, called_by, settings, actions, fails] = cells[..] else {
            panic!("five cells, not {}: {line}", cells.len());
        };
        assert!(fails.len() > 10, "says what happens when it fails: {line}");
        let row = Row {
            called_by: parts(called_by),
            settings: parts(settings),
            actions: parts(actions),
        };
        let again = rows.insert(name.replace('`', ""), row);
        assert!(again.is_none(), "twice: {line}");
    }
    (section, rows)
}

fn rate(every: Duration) -> String {
    match every.as_secs() / 60 {
        1 => "rate(1 minute)".to_owned(),
        minutes => format!("rate({minutes} minutes)"),
    }
}

#[test]
fn the_table_of_functions_is_the_templates() {
    let mut allowed = allowed();
    let mut wanted = BTreeMap::new();
    let everyones = "RUST_LOG";
    for function in crate::template().functions().values() {
        let routes = function.routes.iter();
        let mut called_by: BTreeSet<_> = routes
            .map(|route| format!("{} {}", route.method, route.path))
            .collect();
        for source in &function.queues {
            let queue = source.queue.trim_end_matches("Queue").to_lowercase();
            called_by.insert(format!("{queue} queue"));
        }
        called_by.extend(
            function
                .schedules
                .iter()
                .map(|schedule| rate(schedule.every)),
        );
        if function.url {
            called_by.insert("function URL".to_owned());
        }
        let settings = function.settings.iter().filter(|name| *name != everyones);
        let actions = allowed.remove(&function.name).unwrap();
        let row = Row {
            called_by,
            settings: settings.cloned().collect(),
            actions: actions.into_iter().map(|(action, _)| action).collect(),
        };
        wanted.insert(function.name.clone(), row);
    }
    let (above, rows) = readme();
    assert_eq!(rows, wanted);
    for name in [everyones, "EXTRA_CA_FILE"] {
        assert!(
            above.contains(&format!("`{name}`")),
            "said once, above the table: {name}"
        );
    }
}

#[test]
fn the_folder_of_functions_is_the_template() {
    let folders = std::fs::read_dir(root().join("functions")).unwrap();
    let folders: BTreeSet<_> = folders
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let names: BTreeSet<_> = crate::template().functions().keys().cloned().collect();
    assert_eq!(folders, names);
}
