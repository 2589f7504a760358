//! What functions may do. That it is what they do, `aws_actions.rs` checks.

use serde_json::{Value, json};

use super::{
    law::{Breach, Law, Mutate, Mutation, at},
    template::{Template, items},
};

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "a function may do named things to resources of the stack",
        check: narrow,
        mutations: widened,
    },
    Law {
        name: "a function has a role of its own, for Lambda alone",
        check: own_role,
        mutations: shared_role,
    },
];

const ROLE: &str = "AWS::IAM::Role";

/// What SAM adds: for logs, for traces, and for a queue that wakes the function.
const FOR_LOGS: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
const FOR_TRACES: &str = "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess";
const FOR_QUEUES: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole";

fn statements(role: &Value) -> impl Iterator<Item = &Value> {
    let policies = items(&role["Policies"]).iter();
    policies.flat_map(|policy| items(&policy["PolicyDocument"]["Statement"]))
}

/// `${Table.Arn}`, or `${Table.Arn}/index/due`.
fn is_exact(template: &Template, resource: &Value) -> bool {
    let Some((arn, behind)) = resource.as_str().and_then(|text| text.split_once('}')) else {
        return false;
    };
    let id = arn
        .strip_prefix("${")
        .and_then(|arn| arn.strip_suffix(".Arn"));
    id.is_some_and(|id| template.resources.contains_key(id))
        && !behind.contains('*')
        && (behind.is_empty() || behind.starts_with("/index/"))
}

fn narrow(template: &Template) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (id, role) in template.all(ROLE) {
        for statement in statements(role) {
            if statement["Effect"] != "Allow"
                || !statement["NotAction"].is_null()
                || !statement["NotResource"].is_null()
            {
                breaches.push(format!("{id}: a statement says what is not allowed"));
            }
            let actions = items(&statement["Action"]);
            let named = |action: &Value| action.as_str().is_some_and(|name| !name.contains('*'));
            if actions.is_empty() || !actions.iter().all(named) {
                breaches.push(format!("{id} allows {}", statement["Action"]));
            }
            let resources = items(&statement["Resource"]);
            if resources.is_empty() || !resources.iter().all(|one| is_exact(template, one)) {
                breaches.push(format!("{id} allows it on {}", statement["Resource"]));
            }
        }
        let wakes = |waking: &super::template::Waking| {
            waking.function.1["Role"] == format!("${{{id}.Arn}}")
        };
        let mut platform = vec![FOR_LOGS, FOR_TRACES];
        if template.wakings().iter().any(wakes) {
            platform.push(FOR_QUEUES);
        }
        if role["ManagedPolicyArns"] != json!(platform) {
            breaches.push(format!(
                "{id} has {}, not {platform:?}",
                role["ManagedPolicyArns"]
            ));
        }
    }
    breaches
}

fn widened(mutate: &Mutate) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for (id, role) in mutate.0.all(ROLE) {
        let managed = at(id, "ManagedPolicyArns");
        let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
        mutations.push(mutate.with(&format!("{managed}/-"), administrator));
        mutations.push(mutate.with(
            &format!("{managed}/-"),
            "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess",
        ));
        for policy in 0..items(&role["Policies"]).len() {
            let document = at(id, &format!("Policies/{policy}/PolicyDocument"));
            let count = items(&role["Policies"][policy]["PolicyDocument"]["Statement"]).len();
            for statement in 0..count {
                let of = |name: &str| format!("{document}/Statement/{statement}/{name}");
                mutations.extend([
                    mutate.with(&of("Resource"), "*"),
                    mutate.with(
                        &of("Resource"),
                        json!([{"Fn::GetAtt": ["Table", "Arn"]}, "*"]),
                    ),
                    mutate.with(&of("Resource"), json!({"Fn::Sub": "${Table.Arn}/*"})),
                    mutate.with(
                        &of("Resource"),
                        json!({"Fn::Sub": "arn:aws:sqs:*:${AWS::AccountId}:*"}),
                    ),
                    mutate.without(&of("Resource")),
                    mutate.with(&of("Action"), "dynamodb:*"),
                    mutate.with(&of("Action"), json!(["sqs:SendMessage", "*"])),
                    mutate.without(&of("Action")),
                    mutate.with(&of("NotAction"), "iam:*"),
                    mutate.with(&of("Effect"), "Deny"),
                ]);
            }
        }
    }
    mutations
}

fn own_role(template: &Template) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut taken = std::collections::BTreeSet::new();
    for function in template.functions() {
        let role = template.target(ROLE, &function.properties["Role"]);
        if !role.is_some_and(|(role, _)| taken.insert(role)) {
            breaches.push(format!("{} has no role of its own", function.id));
        }
    }
    for (id, role) in template.all(ROLE) {
        for statement in items(&role["AssumeRolePolicyDocument"]["Statement"]) {
            if statement["Principal"] != json!({"Service": ["lambda.amazonaws.com"]}) {
                breaches.push(format!("{id} may be taken by {}", statement["Principal"]));
            }
        }
    }
    breaches
}

fn shared_role(mutate: &Mutate) -> Vec<Mutation> {
    let functions: Vec<_> = mutate.0.functions().collect();
    let mut mutations = Vec::new();
    for (place, function) in functions.iter().enumerate() {
        let next = &functions[(place + 1) % functions.len()];
        let nexts = mutate.0.document["Resources"][next.id]["Properties"]["Role"].clone();
        mutations.push(mutate.with(&at(function.id, "Role"), nexts));
    }
    for (id, _) in mutate.0.all(ROLE) {
        let principal = at(id, "AssumeRolePolicyDocument/Statement/0/Principal");
        mutations.push(mutate.with(&principal, "*"));
        mutations.push(mutate.with(
            &principal,
            json!({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}),
        ));
    }
    mutations
}
