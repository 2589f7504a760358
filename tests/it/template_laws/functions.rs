//! What every function has, and what a webhook's has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    law::{Breach, Law, Mutate, Mutation, at},
    template::{Template, items, members, number},
};

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "a webhook ends before its vendor stops waiting",
        check: webhook_timeouts,
        mutations: slow_webhooks,
    },
    Law {
        name: "a function of the API ends before API Gateway stops waiting",
        check: api_timeouts,
        mutations: slow_api,
    },
    Law {
        name: "a parameter reserves concurrency for each function, and by default for none",
        check: concurrency,
        mutations: no_concurrency,
    },
    Law {
        name: "functions are traced",
        check: traced,
        mutations: untraced,
    },
    Law {
        name: "functions run natively on arm64",
        check: arm64,
        mutations: other_processors,
    },
    Law {
        name: "a function has 128 to 1024 MB, with the reason beside it",
        check: memory,
        mutations: other_memory,
    },
    Law {
        name: "logs are structured, and end",
        check: logs,
        mutations: endless_logs,
    },
    Law {
        name: "environments are encrypted with the stack's key",
        check: environment_key,
        mutations: other_keys,
    },
];

/// Udesk's limit; the others name none (vendors.md), so theirs is taken to be no longer.
const VENDOR_WAITS: i64 = 5;
/// The longest that an HTTP API waits for a function.
const GATEWAY_WAITS: i64 = 30;

fn webhook_timeouts(template: &Template) -> Vec<Breach> {
    let webhooks = template
        .functions()
        .filter(|function| function.name.starts_with("webhook-"));
    let slow = webhooks.filter(|function| {
        number(&function.properties["Timeout"]).is_none_or(|limit| limit >= VENDOR_WAITS)
    });
    slow.map(|function| format!("{} may take as long as its vendor waits", function.id))
        .collect()
}

fn slow_webhooks(mutate: &Mutate) -> Vec<Mutation> {
    let webhooks = mutate
        .0
        .functions()
        .filter(|function| function.name.starts_with("webhook-"));
    let each = webhooks.flat_map(|function| {
        let timeout = at(function.id, "Timeout");
        [
            mutate.without(&timeout),
            mutate.with(&timeout, VENDOR_WAITS),
            mutate.with(&timeout, 29),
        ]
    });
    each.collect()
}

/// The functions that routes of an HTTP API call.
fn behind_the_gateway(template: &Template) -> BTreeSet<&str> {
    let mut called = BTreeSet::new();
    for (_, api) in template.all("AWS::ApiGatewayV2::Api") {
        let methods = members(&api["Body"]["paths"]).flat_map(|(_, path)| members(path));
        for (_, operation) in methods {
            let uri = &operation["x-amazon-apigateway-integration"]["uri"];
            let uri = uri.as_str().unwrap_or_default();
            called.extend(
                template
                    .functions()
                    .filter(|function| uri.contains(&format!("${{{}.Arn}}", function.id)))
                    .map(|function| function.id),
            );
        }
    }
    called
}

fn api_timeouts(template: &Template) -> Vec<Breach> {
    let slow = behind_the_gateway(template).into_iter().filter(|id| {
        number(&template.resources[*id].properties["Timeout"])
            .is_none_or(|limit| limit >= GATEWAY_WAITS)
    });
    slow.map(|id| format!("{id} may go on after its caller was told 503"))
        .collect()
}

fn slow_api(mutate: &Mutate) -> Vec<Mutation> {
    let behind = behind_the_gateway(mutate.0);
    let each = behind
        .into_iter()
        .map(|id| mutate.with(&at(id, "Timeout"), GATEWAY_WAITS));
    each.collect()
}

const RESERVED: &str = "ReservedConcurrentExecutions";

fn concurrency(template: &Template) -> Vec<Breach> {
    // Another number for each, so that none can stand for another's.
    let wanted: BTreeMap<_, _> = template
        .functions()
        .zip(1001..)
        .map(|(function, number)| (function.id.to_owned(), number.to_string()))
        .collect();
    let given = wanted
        .iter()
        .map(|(id, number)| (format!("{id}Concurrency"), number.clone()));
    let reserving = Template::with_parameters(
        template.document.clone(),
        template.source.clone(),
        &given.collect(),
    );
    let mut breaches = Vec::new();
    for (id, wanted) in &wanted {
        let reserved = |template: &Template| template.resources[id].properties[RESERVED].clone();
        let by_default = reserved(template);
        if !by_default.is_null() {
            breaches.push(format!("{id} has {by_default} reserved by default"));
        }
        if reserved(&reserving) != json!(wanted) {
            breaches.push(format!("{id}Concurrency does not reserve for {id}"));
        }
        if template.document["Parameters"][format!("{id}Concurrency")]["Default"] != "" {
            breaches.push(format!(
                "{id}Concurrency is no parameter that may be left out"
            ));
        }
    }
    breaches
}

fn no_concurrency(mutate: &Mutate) -> Vec<Mutation> {
    let functions: Vec<_> = mutate.0.functions().map(|function| function.id).collect();
    let each = functions.iter().enumerate().flat_map(|(place, id)| {
        let reserved = at(id, RESERVED);
        let next = functions[(place + 1) % functions.len()];
        let nexts = mutate.0.document["Resources"][next]["Properties"][RESERVED].clone();
        [
            mutate.without(&reserved),
            mutate.with(&reserved, 10),
            mutate.with(&reserved, nexts),
            mutate.with(&format!("/Parameters/{id}Concurrency/Default"), "5"),
            mutate.without(&format!("/Parameters/{id}Concurrency")),
        ]
    });
    each.collect()
}

/// A breach for each function of which this does not hold.
fn each_has(template: &Template, lacking: &str, holds: impl Fn(&Value) -> bool) -> Vec<Breach> {
    let without = template
        .functions()
        .filter(|function| !holds(function.properties));
    without
        .map(|function| format!("{} {lacking}", function.id))
        .collect()
}

fn traced(template: &Template) -> Vec<Breach> {
    each_has(template, "is not traced", |function| {
        function["TracingConfig"]["Mode"] == "Active"
    })
}

fn untraced(mutate: &Mutate) -> Vec<Mutation> {
    let each = mutate
        .of_functions("TracingConfig")
        .into_iter()
        .flat_map(|tracing| {
            [
                mutate.without(&tracing),
                mutate.with(&format!("{tracing}/Mode"), "PassThrough"),
            ]
        });
    each.collect()
}

fn arm64(template: &Template) -> Vec<Breach> {
    each_has(template, "is no native function for arm64", |function| {
        function["Architectures"] == json!(["arm64"])
            && function["Runtime"] == "provided.al2023"
            && function["Handler"] == "bootstrap"
    })
}

fn other_processors(mutate: &Mutate) -> Vec<Mutation> {
    let each = mutate.0.functions().flat_map(|function| {
        let processors = at(function.id, "Architectures");
        [
            mutate.without(&processors),
            mutate.with(&processors, json!(["x86_64"])),
            mutate.with(&at(function.id, "Runtime"), "provided.al2"),
        ]
    });
    each.collect()
}

fn memory(template: &Template) -> Vec<Breach> {
    let mut breaches = each_has(template, "has no good size", |function| {
        number(&function["MemorySize"]).is_some_and(|size| (128..=1024).contains(&size))
    });
    let mut above = "";
    let mut said = BTreeSet::new();
    for (number, line) in (1..).zip(template.source.lines()) {
        if let Some((_, size)) = line.split_once("MemorySize:") {
            let (size, beside) = size.split_once('#').unwrap_or((size, ""));
            said.insert(size.trim().to_owned());
            let reason = if beside.is_empty() {
                above.trim().strip_prefix('#')
            } else {
                Some(beside)
            };
            if reason.is_none_or(|reason| reason.trim().len() < 15) {
                breaches.push(format!(
                    "infra/template.yaml:{number}: no reason beside {}",
                    line.trim()
                ));
            }
        }
        above = line;
    }
    for function in template.functions() {
        let size = &function.properties["MemorySize"];
        if !said.contains(&size.to_string()) {
            breaches.push(format!(
                "{} has {size} MB, which is written nowhere",
                function.id
            ));
        }
    }
    breaches
}

fn other_memory(mutate: &Mutate) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for size in mutate.of_functions("MemorySize") {
        mutations.extend([
            mutate.without(&size),
            mutate.with(&size, 127),
            mutate.with(&size, 1025),
        ]);
    }
    let lines: Vec<_> = mutate.0.source.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        if !line.contains("MemorySize:") {
            continue;
        }
        let mut bare = lines.clone();
        bare[number] = line.split('#').next().unwrap();
        if lines[number - 1].trim().starts_with('#') {
            bare[number - 1] = "";
        }
        mutations
            .push(mutate.rewritten(format!("no reason in line {}", number + 1), bare.join("\n")));
    }
    mutations
}

fn logs(template: &Template) -> Vec<Breach> {
    let mut breaches = each_has(
        template,
        "logs to no group of the template, in JSON",
        |function| {
            let logging = &function["LoggingConfig"];
            logging["LogFormat"] == "JSON"
                && template
                    .target("AWS::Logs::LogGroup", &logging["LogGroup"])
                    .is_some()
        },
    );
    for (id, group) in template.all("AWS::Logs::LogGroup") {
        // CloudWatch keeps for ever what nothing is said of.
        if number(&group["RetentionInDays"]).is_none_or(|days| !(1..=731).contains(&days)) {
            breaches.push(format!("{id} keeps logs for more than two years"));
        }
    }
    breaches
}

fn endless_logs(mutate: &Mutate) -> Vec<Mutation> {
    let groups = mutate.0.all("AWS::Logs::LogGroup").flat_map(|(id, _)| {
        let days = at(id, "RetentionInDays");
        [
            mutate.without(&days),
            mutate.with(&days, 3653),
            mutate.without("/Parameters/LogRetentionDays/Default"),
            mutate.without(&format!("/Resources/{id}")),
        ]
    });
    let groups: Vec<_> = groups.collect();
    let functions = mutate
        .of_functions("LoggingConfig")
        .into_iter()
        .flat_map(|logging| {
            [
                mutate.without(&logging),
                mutate.without(&format!("{logging}/LogGroup")),
                mutate.with(&format!("{logging}/LogGroup"), "/aws/lambda/other"),
                mutate.with(&format!("{logging}/LogFormat"), "Text"),
            ]
        });
    functions.chain(groups).collect()
}

const KEY: &str = "AWS::KMS::Key";

fn environment_key(template: &Template) -> Vec<Breach> {
    let mut breaches = each_has(
        template,
        "'s environment has no key of the stack",
        |function| template.target(KEY, &function["KmsKeyArn"]).is_some(),
    );
    for (id, key) in template.all(KEY) {
        if key["EnableKeyRotation"] != Value::Bool(true) {
            breaches.push(format!("{id} stays the same for ever"));
        }
        for statement in items(&key["KeyPolicy"]["Statement"]) {
            let ours = &statement["Principal"]["AWS"];
            let of_the_account = ours == "arn:${AWS::Partition}:iam::${AWS::AccountId}:root";
            let through_lambda = &statement["Condition"]["StringEquals"];
            let narrowed = through_lambda["kms:CallerAccount"] == "${AWS::AccountId}"
                && through_lambda["kms:ViaService"] == "lambda.${AWS::Region}.amazonaws.com";
            if !of_the_account && !narrowed {
                breaches.push(format!(
                    "{id} is open to others than this account's functions"
                ));
            }
        }
    }
    breaches
}

fn other_keys(mutate: &Mutate) -> Vec<Mutation> {
    let keys = mutate.0.all(KEY).flat_map(|(id, _)| {
        let condition = at(id, "KeyPolicy/Statement/1/Condition");
        [
            mutate.without(&format!("/Resources/{id}")),
            mutate.without(&at(id, "EnableKeyRotation")),
            mutate.with(&at(id, "EnableKeyRotation"), false),
            mutate.without(&condition),
            mutate.without(&format!("{condition}/StringEquals/kms:CallerAccount")),
            mutate.without(&format!("{condition}/StringEquals/kms:ViaService")),
            mutate.with(&at(id, "KeyPolicy/Statement/0/Principal/AWS"), "*"),
        ]
    });
    let keys: Vec<_> = keys.collect();
    let functions = mutate
        .of_functions("KmsKeyArn")
        .into_iter()
        .flat_map(|key| [mutate.without(&key), mutate.with(&key, "alias/aws/lambda")]);
    functions.chain(keys).collect()
}
