//! Alarms on what the functions count themselves, and on what only AWS sees of them.

use deskbridge::line::Metric;
use serde_json::{Value, json};

use super::{
    law::{Breach, Law, Mutate, Mutation, at},
    template::{Template, items, number},
};

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "an alarm watches what a function counts, where it counts it",
        check: counted,
        mutations: not_counted,
    },
    Law {
        name: "what is given up, late or lost raises an alarm",
        check: own_alarms,
        mutations: no_own_alarm,
    },
    Law {
        name: "a webhook that fails or is throttled raises an alarm",
        check: webhooks,
        mutations: unwatched_webhooks,
    },
    Law {
        name: "a schedule that stands still raises an alarm",
        check: schedules,
        mutations: unwatched_schedule,
    },
];

const ALARM: &str = "AWS::CloudWatch::Alarm";
/// A namespace of the stack's own, or two stacks would raise each other's alarms.
const NAMESPACE: &str = "deskbridge/${AWS::StackName}";

fn own(template: &Template) -> impl Iterator<Item = (&str, &Value)> {
    let alarms = template.all(ALARM);
    alarms.filter(|(_, alarm)| {
        let namespace = alarm["Namespace"].as_str().unwrap_or_default();
        alarm["Metrics"].is_null() && !namespace.starts_with("AWS/")
    })
}

fn counted(template: &Template) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for function in template.functions() {
        if function.properties["Environment"]["Variables"]["METRICS_NAMESPACE"] != NAMESPACE {
            breaches.push(format!("{} counts elsewhere", function.name));
        }
    }
    for (id, alarm) in own(template) {
        if alarm["Namespace"] != NAMESPACE {
            breaches.push(format!("{id} looks into {}", alarm["Namespace"]));
        }
        if !Metric::ALL
            .iter()
            .any(|metric| alarm["MetricName"] == metric.name())
        {
            breaches.push(format!("nobody counts {}", alarm["MetricName"]));
        }
        // Over all vendors: with a dimension it is another metric.
        if !items(&alarm["Dimensions"]).is_empty() {
            breaches.push(format!("{id} has dimensions"));
        }
    }
    breaches
}

fn not_counted(mutate: &Mutate) -> Vec<Mutation> {
    let alarms = own(mutate.0).flat_map(|(id, _)| {
        [
            mutate.with(&at(id, "Namespace"), "deskbridge"),
            mutate.with(&at(id, "MetricName"), "Dead"),
            mutate.with(
                &at(id, "Dimensions"),
                json!([{"Name": "vendor", "Value": "udesk"}]),
            ),
        ]
    });
    let alarms: Vec<_> = alarms.collect();
    let settings = mutate.of_functions("Environment/Variables/METRICS_NAMESPACE");
    settings
        .iter()
        .flat_map(|setting| [mutate.without(setting), mutate.with(setting, "deskbridge")])
        .chain(alarms)
        .collect()
}

/// What must be watched: the metric, its statistic, and the highest number that may still be called well.
const WATCHED: [(Metric, &str, std::ops::RangeInclusive<i64>); 4] = [
    (Metric::Dead, "Sum", 0..=0),
    (Metric::Lost, "Sum", 0..=0),
    (Metric::UndeliveredAge, "Maximum", 60..=3600),
    (Metric::UnsentAge, "Maximum", 60..=3600),
];

/// Whether an alarm is raised within five minutes by what is above its threshold.
fn is_awake(alarm: &Value, missing: &str, than: &str) -> bool {
    let periods = number(&alarm["EvaluationPeriods"]).unwrap_or(1);
    let seconds = number(&alarm["Period"]).map(|period| period * periods);
    seconds.is_some_and(|seconds| seconds <= 300)
        && alarm["TreatMissingData"] == missing
        && alarm["ComparisonOperator"] == than
}

fn own_alarms(template: &Template) -> Vec<Breach> {
    let unwatched = WATCHED.iter().filter(|(metric, statistic, well)| {
        !own(template).any(|(_, alarm)| {
            alarm["MetricName"] == metric.name()
                && alarm["Statistic"] == *statistic
                && is_awake(alarm, "notBreaching", "GreaterThanThreshold")
                && number(&alarm["Threshold"]).is_some_and(|highest| well.contains(&highest))
        })
    });
    unwatched
        .map(|(metric, _, _)| format!("no alarm on {}", metric.name()))
        .collect()
}

fn no_own_alarm(mutate: &Mutate) -> Vec<Mutation> {
    let each = own(mutate.0).flat_map(|(id, _)| {
        [
            mutate.without(&format!("/Resources/{id}")),
            mutate.with(&at(id, "Statistic"), "Average"),
            mutate.with(&at(id, "Threshold"), 100_000),
            mutate.with(&at(id, "ComparisonOperator"), "LessThanThreshold"),
            mutate.with(&at(id, "TreatMissingData"), "breaching"),
            mutate.with(&at(id, "Period"), 3600),
            mutate.with(&at(id, "EvaluationPeriods"), 60),
        ]
    });
    each.collect()
}

/// The alarms on the sum of a metric of Lambda's over functions, with the functions of each.
fn over_functions<'a>(
    template: &'a Template,
    metric: &'a str,
) -> impl Iterator<Item = (&'a str, Vec<&'a str>)> {
    template.all(ALARM).filter_map(move |(id, alarm)| {
        let queries = items(&alarm["Metrics"]);
        let (sums, parts): (Vec<_>, Vec<_>) = queries
            .iter()
            .partition(|query| query["Expression"] == "SUM(METRICS())");
        let [sum] = sums[..] else { return None };
        let is_it = sum["ReturnData"] != Value::Bool(false)
            && number(&alarm["Threshold"]) == Some(0)
            && alarm["ComparisonOperator"] == "GreaterThanThreshold"
            && alarm["TreatMissingData"] == "notBreaching";
        let functions = parts.into_iter().filter_map(|query| {
            let stat = &query["MetricStat"];
            let of = &stat["Metric"];
            let is_part = query["ReturnData"] == Value::Bool(false)
                && of["Namespace"] == "AWS/Lambda"
                && of["MetricName"] == metric
                && stat["Stat"] == "Sum"
                && number(&stat["Period"]).is_some_and(|period| period <= 300);
            let [dimension] = items(&of["Dimensions"]) else {
                return None;
            };
            let function = template.target("AWS::Lambda::Function", &dimension["Value"]);
            (is_part && dimension["Name"] == "FunctionName").then_some(function?.0)
        });
        is_it.then(|| (id, functions.collect()))
    })
}

/// The functions whose URL a vendor calls, once. At the list of cards an agent sees what fails.
fn with_url(template: &Template) -> Vec<&str> {
    let is_webhook = |id: &str| {
        let mut functions = template.functions();
        functions.any(|function| function.id == id && function.name.starts_with("webhook-"))
    };
    let urls = template.all("AWS::Lambda::Url");
    let functions = urls.map(|(_, url)| {
        let function = template.target("AWS::Lambda::Function", &url["TargetFunctionArn"]);
        function.expect("a function of the template").0
    });
    functions.filter(|id| is_webhook(id)).collect()
}

fn webhooks(template: &Template) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for metric in ["Errors", "Throttles"] {
        let watched: Vec<_> = over_functions(template, metric)
            .flat_map(|(_, functions)| functions)
            .collect();
        let unwatched = with_url(template);
        let unwatched = unwatched
            .iter()
            .filter(|function| !watched.contains(function));
        breaches.extend(unwatched.map(|function| format!("no alarm on {metric} of {function}")));
    }
    breaches
}

fn unwatched_webhooks(mutate: &Mutate) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for metric in ["Errors", "Throttles"] {
        for (id, functions) in over_functions(mutate.0, metric) {
            if functions.is_empty() {
                continue;
            }
            mutations.push(mutate.without(&format!("/Resources/{id}")));
            mutations.push(mutate.with(&at(id, "Threshold"), 10));
            mutations.push(mutate.with(&at(id, "TreatMissingData"), "breaching"));
            // The first one is the sum.
            for part in 1..=functions.len() {
                let part = at(id, &format!("Metrics/{part}"));
                let stat = format!("{part}/MetricStat");
                mutations.push(mutate.without(&part));
                mutations.push(mutate.with(&format!("{stat}/Metric/MetricName"), "Duration"));
                mutations.push(mutate.with(&format!("{stat}/Stat"), "Minimum"));
                mutations.push(mutate.with(&format!("{stat}/Period"), 3600));
            }
        }
    }
    mutations
}

/// The functions that a schedule calls, with the alarm that says that it does not.
fn scheduled(template: &Template) -> Vec<(&str, Option<&str>)> {
    let rules = template.all("AWS::Events::Rule");
    let targets = rules.flat_map(|(_, rule)| items(&rule["Targets"]));
    let functions =
        targets.filter_map(|target| template.target("AWS::Lambda::Function", &target["Arn"]));
    let watched = functions.map(|(function, _)| {
        let dimensions = json!([{"Name": "FunctionName", "Value": format!("${{{function}}}")}]);
        let mut alarms = template.all(ALARM);
        let alarm = alarms.find(|(_, alarm)| {
            alarm["Namespace"] == "AWS/Lambda"
                && alarm["MetricName"] == "Invocations"
                && alarm["Dimensions"] == dimensions
                && alarm["Statistic"] == "Sum"
                && number(&alarm["Threshold"]) == Some(1)
                // Lambda writes no number where nothing runs.
                && is_awake(alarm, "breaching", "LessThanThreshold")
        });
        (function, alarm.map(|(id, _)| id))
    });
    watched.collect()
}

fn schedules(template: &Template) -> Vec<Breach> {
    let scheduled = scheduled(template);
    if scheduled.is_empty() {
        return vec!["no function is on a schedule".to_owned()];
    }
    let unwatched = scheduled.iter().filter(|(_, alarm)| alarm.is_none());
    unwatched
        .map(|(function, _)| format!("no alarm says that {function} stands still"))
        .collect()
}

fn unwatched_schedule(mutate: &Mutate) -> Vec<Mutation> {
    let alarms = scheduled(mutate.0)
        .into_iter()
        .filter_map(|(_, alarm)| alarm);
    let each = alarms.flat_map(|id| {
        [
            mutate.without(&format!("/Resources/{id}")),
            mutate.with(&at(id, "MetricName"), "Errors"),
            mutate.with(&at(id, "TreatMissingData"), "notBreaching"),
            mutate.with(&at(id, "ComparisonOperator"), "GreaterThanThreshold"),
            mutate.with(&at(id, "Threshold"), 0),
            mutate.with(&at(id, "Period"), 3600),
            mutate.without(&at(id, "Dimensions")),
        ]
    });
    each.collect()
}
