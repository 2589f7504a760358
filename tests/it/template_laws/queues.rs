//! Queues: what wakes a function, and where it goes when that fails.

use serde_json::{Value, json};

use super::{
    law::{Breach, Law, Mutate, Mutation, at},
    template::{Template, items, number},
};

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "a queue hides a message for six times its function's timeout",
        check: visibility,
        mutations: shorter_visibility,
    },
    Law {
        name: "a queue gives a message up after five tries or more",
        check: tries,
        mutations: fewer_tries,
    },
    Law {
        name: "a queue has a dead-letter queue of its own that keeps for 14 days",
        check: dead_letters,
        mutations: no_dead_letters,
    },
    Law {
        name: "a function reports which messages of a batch failed",
        check: partial_batches,
        mutations: whole_batches,
    },
    Law {
        name: "queues are encrypted",
        check: encrypted,
        mutations: unencrypted,
    },
];

const FOURTEEN_DAYS: i64 = 14 * 24 * 60 * 60;
/// What SQS and Lambda have where nothing is said.
const DEFAULT_VISIBILITY: i64 = 30;
const DEFAULT_TIMEOUT: i64 = 3;

fn visibility(template: &Template) -> Vec<Breach> {
    let wakings = template.wakings();
    let each = wakings.iter().filter_map(|waking| {
        let (queue, properties) = waking.queue;
        let (function, of_function) = waking.function;
        let hidden = number(&properties["VisibilityTimeout"]).unwrap_or(DEFAULT_VISIBILITY);
        let timeout = number(&of_function["Timeout"]).unwrap_or(DEFAULT_TIMEOUT);
        (hidden < 6 * timeout).then(|| {
            format!(
                "{queue} hides for {hidden} s, {function} may take {timeout} s: AWS asks for {}",
                6 * timeout
            )
        })
    });
    each.collect()
}

fn shorter_visibility(mutate: &Mutate) -> Vec<Mutation> {
    let each = mutate.0.wakings().into_iter().flat_map(|waking| {
        let (queue, function) = (waking.queue.0, waking.function.0);
        let timeout = number(&waking.function.1["Timeout"]).unwrap();
        let hidden = number(&waking.queue.1["VisibilityTimeout"]).unwrap();
        [
            mutate.without(&at(queue, "VisibilityTimeout")),
            mutate.with(&at(queue, "VisibilityTimeout"), 6 * timeout - 1),
            mutate.with(&at(function, "Timeout"), hidden / 6 + 1),
        ]
    });
    each.collect()
}

fn tries(template: &Template) -> Vec<Breach> {
    let wakings = template.wakings();
    let each = wakings.iter().filter_map(|waking| {
        let (queue, properties) = waking.queue;
        let tries = &properties["RedrivePolicy"]["maxReceiveCount"];
        // Fewer, and a function that is being deployed, or throttled, makes dead letters of good messages.
        let enough = number(tries).is_some_and(|tries| (5..=1000).contains(&tries));
        (!enough).then(|| format!("{queue}: maxReceiveCount is {tries}"))
    });
    each.collect()
}

fn fewer_tries(mutate: &Mutate) -> Vec<Mutation> {
    let each = mutate.0.wakings().into_iter().flat_map(|waking| {
        let count = at(waking.queue.0, "RedrivePolicy/maxReceiveCount");
        [
            mutate.without(&count),
            mutate.with(&count, 4),
            mutate.with(&count, 1001),
            mutate.without(&at(waking.queue.0, "RedrivePolicy")),
        ]
    });
    each.collect()
}

fn dead_letters(template: &Template) -> Vec<Breach> {
    let wakings = template.wakings();
    let mut taken = std::collections::BTreeSet::new();
    let mut breaches = Vec::new();
    for waking in &wakings {
        let (queue, properties) = waking.queue;
        let target = &properties["RedrivePolicy"]["deadLetterTargetArn"];
        let Some((dead, of_dead)) = template.target("AWS::SQS::Queue", target) else {
            breaches.push(format!("{queue} has no dead-letter queue of this template"));
            continue;
        };
        if wakings.iter().any(|waking| waking.queue.0 == dead) {
            breaches.push(format!(
                "{dead} wakes a function and holds {queue}'s dead letters"
            ));
        }
        if !taken.insert(dead) {
            breaches.push(format!(
                "{dead} holds the dead letters of {queue} and of another queue"
            ));
        }
        // As long as SQS can: a weekend is no reason to lose one.
        if number(&of_dead["MessageRetentionPeriod"]) != Some(FOURTEEN_DAYS) {
            breaches.push(format!("{dead} does not keep for 14 days"));
        }
    }
    breaches
}

fn no_dead_letters(mutate: &Mutate) -> Vec<Mutation> {
    let wakings = mutate.0.wakings();
    let mut mutations = Vec::new();
    for (place, waking) in wakings.iter().enumerate() {
        let queue = waking.queue.0;
        let target = at(queue, "RedrivePolicy/deadLetterTargetArn");
        let policy = &waking.queue.1["RedrivePolicy"];
        let (dead, _) = mutate
            .0
            .target("AWS::SQS::Queue", &policy["deadLetterTargetArn"])
            .unwrap();
        let next = wakings[(place + 1) % wakings.len()].queue.0;
        let nexts = &mutate.0.document["Resources"][next]["Properties"]["RedrivePolicy"];
        mutations.extend([
            mutate.without(&at(queue, "RedrivePolicy")),
            mutate.without(&target),
            mutate.with(&target, json!({"Fn::GetAtt": [queue, "Arn"]})),
            mutate.with(&target, nexts["deadLetterTargetArn"].clone()),
            mutate.without(&at(dead, "MessageRetentionPeriod")),
            mutate.with(&at(dead, "MessageRetentionPeriod"), 345_600),
            mutate.edited(format!("without {dead}"), |document| {
                document["Resources"].as_object_mut().unwrap().remove(dead);
            }),
        ]);
    }
    mutations
}

fn partial_batches(template: &Template) -> Vec<Breach> {
    let wakings = template.wakings();
    let whole = wakings.iter().filter(|waking| {
        let types = items(&waking.mapping["FunctionResponseTypes"]);
        !types.contains(&json!("ReportBatchItemFailures"))
    });
    whole
        .map(|waking| format!("{}: one failure brings the whole batch back", waking.id))
        .collect()
}

fn whole_batches(mutate: &Mutate) -> Vec<Mutation> {
    let each = mutate.0.wakings().into_iter().flat_map(|waking| {
        let types = at(waking.id, "FunctionResponseTypes");
        [mutate.without(&types), mutate.with(&types, json!([]))]
    });
    each.collect()
}

fn encrypted(template: &Template) -> Vec<Breach> {
    let queues = template.all("AWS::SQS::Queue");
    let plain = queues.filter(|(_, queue)| queue["SqsManagedSseEnabled"] != Value::Bool(true));
    plain
        .map(|(id, _)| format!("{id} is not encrypted"))
        .collect()
}

fn unencrypted(mutate: &Mutate) -> Vec<Mutation> {
    let queues = mutate.0.all("AWS::SQS::Queue");
    let each = queues.flat_map(|(id, _)| {
        let sse = at(id, "SqsManagedSseEnabled");
        [mutate.without(&sse), mutate.with(&sse, false)]
    });
    each.collect()
}
