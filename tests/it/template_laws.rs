//! Laws of what is deployed, checked over `infra/template.yaml` as SAM transforms it; and each law is
//! broken on purpose, to see that it is one.
//!
//! A law is a function over the [`template::Template`], with the changes that must break it beside it. One
//! that is about functions, queues or alarms is about each of them, so a new one is covered by itself.

mod alarms;
mod functions;
mod law;
mod metrics;
mod names;
mod permissions;
mod queues;
mod secrets;
mod table;
mod template;
mod urls;

use std::io::Write;

use harness::{binaries::root, python};
use law::{Law, Mutate};
use serde_json::{Value, json};
use template::Template;
use tokio::sync::OnceCell;

fn laws() -> impl Iterator<Item = &'static Law> {
    [
        alarms::LAWS,
        functions::LAWS,
        metrics::LAWS,
        names::LAWS,
        permissions::LAWS,
        queues::LAWS,
        secrets::LAWS,
        table::LAWS,
        urls::LAWS,
    ]
    .into_iter()
    .flatten()
}

/// The template of this tree, transformed once.
async fn deployed() -> Template {
    static TRANSFORMED: OnceCell<Value> = OnceCell::const_new();
    let path = root().join("infra/template.yaml");
    let source = std::fs::read_to_string(&path).unwrap();
    let transform = || python::run("transform.py", json!({"template": path}));
    let document = TRANSFORMED.get_or_init(transform).await;
    Template::new(document.clone(), source)
}

#[tokio::test]
async fn the_template_breaks_no_law() {
    let template = deployed().await;
    // Laws about each function and each queue say nothing where there are none.
    let functions = std::fs::read_dir(root().join("functions")).unwrap().count();
    assert_eq!(template.functions().count(), functions);
    assert!(template.wakings().len() >= 3);

    let breaches = laws().flat_map(|law| {
        let breaches = (law.check)(&template).into_iter();
        breaches.map(move |breach| format!("{}: {breach}", law.name))
    });
    let breaches: Vec<_> = breaches.collect();
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[tokio::test]
async fn every_law_is_seen_to_be_broken() {
    let template = deployed().await;
    let (mut played, mut missed) = (0, Vec::new());
    for law in laws() {
        let mutations = (law.mutations)(&Mutate(&template));
        println!("{:4} {}", mutations.len(), law.name);
        assert!(mutations.len() >= 2, "{}: nothing breaks it", law.name);
        played += mutations.len();
        let unseen = mutations
            .iter()
            .filter(|mutation| (law.check)(&mutation.changed).is_empty());
        missed.extend(unseen.map(|mutation| format!("{}: {}", law.name, mutation.what)));
    }
    // Past the capture of tests that pass: the number belongs into the log of every run.
    let caught = played - missed.len();
    writeln!(std::io::stderr(), "{played} mutations, {caught} caught").unwrap();
    assert!(missed.is_empty(), "not caught:\n{}", missed.join("\n"));
}
