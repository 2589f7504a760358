//! The README's tables and commands: functions as the template has them, settings as the code reads them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use deskbridge::config::{ALL, aws_settings};
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
    let everyones = ["METRICS_NAMESPACE", "RUST_LOG"];
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
        let settings = function.settings.iter();
        let settings = settings.filter(|name| !everyones.contains(&name.as_str()));
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
    for name in everyones.into_iter().chain(["EXTRA_CA_FILE"]) {
        assert!(
            above.contains(&format!("`{name}`")),
            "said once, above the table: {name}"
        );
    }
}

/// The rows of the table of settings: the names of each, and what is said of them.
fn settings() -> Vec<(Vec<String>, String)> {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, section) = text.split_once("\n## Settings\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let (names, said) = row.trim_matches('|').split_once('|').unwrap();
        // Every second part stands between backticks.
        let names = names.split('`').skip(1).step_by(2).map(str::to_owned);
        (names.collect(), said.trim().to_owned())
    })
    .collect()
}

#[test]
fn the_table_of_settings_is_the_codes() {
    let rows = settings();
    let mut written: Vec<_> = rows.iter().flat_map(|(names, _)| names).collect();
    written.sort_unstable();
    // Lambda sets the others of these.
    let endpoints = [
        &aws_settings::AWS_ENDPOINT_URL,
        &aws_settings::AWS_ENDPOINT_URL_DYNAMODB,
        &aws_settings::AWS_ENDPOINT_URL_SQS,
        &aws_settings::AWS_ENDPOINT_PATIENCE,
    ];
    let mut read: Vec<_> = ALL
        .iter()
        .chain(&endpoints)
        .map(|setting| setting.name)
        .collect();
    read.sort_unstable();
    assert_eq!(written, read, "in README.md, and in shared/src/config.rs");

    for setting in ALL {
        let (_, said) = rows
            .iter()
            .find(|(names, _)| names.iter().any(|name| name == setting.name))
            .unwrap();
        // What holds where nothing is set stands in parentheses at the end.
        if let Some((_, default)) = setting
            .purpose
            .strip_suffix(')')
            .and_then(|purpose| purpose.rsplit_once('('))
        {
            assert!(
                said.contains(default),
                "{}: {default} is not in {said:?}",
                setting.name
            );
        }
    }
}

/// Importing a kept table takes a template that holds the table, as it is, and nothing else.
#[test]
fn the_command_that_cuts_the_table_out_of_the_template_does_so() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let command = text
        .lines()
        .find(|line| line.starts_with("sed -n "))
        .unwrap();
    let (command, file) = command.split_once(" > ").unwrap();
    assert_eq!(file, "table.yaml");
    let mut shell = std::process::Command::new("sh");
    let cut = shell
        .args(["-c", command])
        .current_dir(root())
        .output()
        .unwrap();
    let whole = std::fs::read_to_string(root().join("infra/template.yaml")).unwrap();
    let [cut, whole]: [serde_yaml_ng::Value; 2] = [cut.stdout.as_slice(), whole.as_bytes()]
        .map(|text| serde_yaml_ng::from_slice(text).unwrap());
    let resources = cut["Resources"].as_mapping().unwrap();
    assert_eq!(resources.len(), 1);
    assert_eq!(resources["Table"], whole["Resources"]["Table"]);
    assert!(whole["Resources"]["Table"]["Properties"].is_mapping());
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
