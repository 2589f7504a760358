//! Alarms, and whom they wake.

use serde_json::{Value, json};

use super::{
    law::{Breach, Law, Mutate, Mutation, at},
    template::{Template, items, number},
};

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "a dead letter raises an alarm",
        check: dead_letters,
        mutations: no_dead_letter_alarm,
    },
    Law {
        name: "a message that waits too long raises an alarm",
        check: oldest_messages,
        mutations: no_age_alarm,
    },
    Law {
        name: "every alarm is sent to the topic",
        check: sent,
        mutations: not_sent,
    },
];

const ALARM: &str = "AWS::CloudWatch::Alarm";
const DEPTH: &str = "ApproximateNumberOfMessagesVisible";
const AGE: &str = "ApproximateAgeOfOldestMessage";

/// Nudges wait up to 15 minutes on purpose; after an hour somebody should know.
const LONGEST_WAIT: std::ops::RangeInclusive<i64> = 60..=3600;

/// The queues that wake functions with their dead-letter queues, where they have one.
fn queues(template: &Template) -> Vec<(&str, Option<&str>)> {
    let each = template.wakings().into_iter().map(|waking| {
        let target = &waking.queue.1["RedrivePolicy"]["deadLetterTargetArn"];
        let dead = template.target("AWS::SQS::Queue", target);
        (waking.queue.0, dead.map(|(dead, _)| dead))
    });
    each.collect()
}

/// The alarms on a queue's metric.
fn on<'a>(
    template: &'a Template,
    queue: &str,
    metric: &str,
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let dimensions = json!([{"Name": "QueueName", "Value": format!("${{{queue}.QueueName}}")}]);
    let seconds = |alarm: &Value| {
        let periods = number(&alarm["EvaluationPeriods"]).unwrap_or(1);
        Some(number(&alarm["Period"])? * periods)
    };
    template.all(ALARM).filter(move |(_, alarm)| {
        alarm["Namespace"] == "AWS/SQS"
            && alarm["MetricName"] == metric
            && alarm["Dimensions"] == dimensions
            && alarm["Statistic"] == "Maximum"
            // A queue that nobody uses has no numbers, and is well.
            && alarm["TreatMissingData"] == "notBreaching"
            // Raised within five minutes.
            && seconds(alarm).is_some_and(|seconds| seconds <= 300)
    })
}

/// The highest number that is still well.
fn highest(alarm: &Value) -> Option<i64> {
    let threshold = number(&alarm["Threshold"])?;
    match alarm["ComparisonOperator"].as_str()? {
        "GreaterThanThreshold" => Some(threshold),
        "GreaterThanOrEqualToThreshold" => Some(threshold - 1),
        _ => None,
    }
}

fn dead_letters(template: &Template) -> Vec<Breach> {
    let unwatched = queues(template).into_iter().filter(|(_, dead)| {
        !dead.is_some_and(|dead| {
            on(template, dead, DEPTH).any(|(_, alarm)| highest(alarm) == Some(0))
        })
    });
    unwatched
        .map(|(queue, _)| format!("no alarm says that {queue} has dead letters"))
        .collect()
}

fn oldest_messages(template: &Template) -> Vec<Breach> {
    let unwatched = queues(template).into_iter().filter(|(queue, _)| {
        let mut alarms = on(template, queue, AGE);
        !alarms.any(|(_, alarm)| highest(alarm).is_some_and(|age| LONGEST_WAIT.contains(&age)))
    });
    unwatched
        .map(|(queue, _)| format!("no alarm says within an hour that {queue} is not worked off"))
        .collect()
}

fn sent(template: &Template) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (id, alarm) in template.all(ALARM) {
        let topics = items(&alarm["AlarmActions"]).iter();
        let known = topics.filter(|topic| template.target("AWS::SNS::Topic", topic).is_some());
        if known.count() == 0 {
            breaches.push(format!("{id} is sent to no topic of the template"));
        }
        if alarm["ActionsEnabled"] == Value::Bool(false) {
            breaches.push(format!("{id} is switched off"));
        }
        if alarm["AlarmDescription"]
            .as_str()
            .is_none_or(|text| text.len() < 20)
        {
            breaches.push(format!("{id} does not say what has happened"));
        }
    }
    // Whoever is on duty has to find it.
    let outputs = template.outputs.to_string();
    for (id, _) in template.all("AWS::SNS::Topic") {
        if !outputs.contains(&format!("${{{id}}}")) {
            breaches.push(format!("{id} is in no output, so nobody subscribes"));
        }
    }
    breaches
}

/// What blinds an alarm.
fn blinded(mutate: &Mutate, alarm: &str) -> Vec<Mutation> {
    vec![
        mutate.without(&format!("/Resources/{alarm}")),
        mutate.with(&at(alarm, "MetricName"), "NumberOfMessagesSent"),
        mutate.with(&at(alarm, "Namespace"), "AWS/Lambda"),
        mutate.without(&at(alarm, "Dimensions")),
        mutate.with(&at(alarm, "Dimensions/0/Value"), "deliveries"),
        mutate.with(&at(alarm, "Statistic"), "Minimum"),
        mutate.with(&at(alarm, "ComparisonOperator"), "LessThanThreshold"),
        mutate.with(&at(alarm, "TreatMissingData"), "missing"),
        mutate.without(&at(alarm, "Period")),
        mutate.with(&at(alarm, "Period"), 3600),
        mutate.with(&at(alarm, "EvaluationPeriods"), 60),
        mutate.with(&at(alarm, "Threshold"), 100_000),
    ]
}

fn no_dead_letter_alarm(mutate: &Mutate) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for (_, dead) in queues(mutate.0) {
        for (alarm, _) in on(mutate.0, dead.unwrap(), DEPTH) {
            mutations.extend(blinded(mutate, alarm));
            mutations.push(mutate.with(&at(alarm, "Threshold"), 1));
        }
    }
    mutations
}

fn no_age_alarm(mutate: &Mutate) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for (queue, _) in queues(mutate.0) {
        for (alarm, _) in on(mutate.0, queue, AGE) {
            mutations.extend(blinded(mutate, alarm));
            mutations.push(mutate.with(&at(alarm, "Threshold"), 3601));
        }
    }
    mutations
}

fn not_sent(mutate: &Mutate) -> Vec<Mutation> {
    let each = mutate.0.all(ALARM).flat_map(|(alarm, _)| {
        let actions = at(alarm, "AlarmActions");
        [
            mutate.without(&actions),
            mutate.with(&actions, json!([])),
            mutate.with(&actions, json!([{"Ref": "Table"}])),
            mutate.with(&at(alarm, "ActionsEnabled"), false),
            mutate.without(&at(alarm, "AlarmDescription")),
        ]
    });
    let topic = mutate.without("/Outputs/AlarmTopicArn");
    each.chain([topic]).collect()
}
