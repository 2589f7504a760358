//! Secrets come from Secrets Manager at deployment, and stand nowhere else.

use serde_json::{Value, json};

use super::{
    law::{Breach, Law, Mutate, Mutation, at},
    template::{Template, members},
};

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "a setting that is a secret is a reference to the one that the parameter names",
        check: references,
        mutations: plain_texts,
    },
    Law {
        name: "a setting that is no secret is a parameter or a part of the stack",
        check: parameters,
        mutations: fixed,
    },
    Law {
        name: "CloudFormation resolves at most 60 references in a template",
        check: few_enough,
        mutations: too_many,
    },
    Law {
        name: "no parameter and no output holds a secret",
        check: nowhere_else,
        mutations: elsewhere,
    },
];

/// What the name of a secret ends with.
const ENDINGS: [&str; 4] = ["_KEYS", "_SECRETS", "_KEY", "_TOKEN"];

fn is_secret(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// `UDESK_BASE_URL` as a parameter: `UdeskBaseUrl`.
fn parameter(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_owned() + &rest.to_lowercase()
    });
    words.collect()
}

/// `CaseLikeThis` as a setting: `CASE_LIKE_THIS`.
fn setting(name: &str) -> String {
    let mut setting = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !setting.is_empty() {
            setting.push('_');
        }
        setting.extend(letter.to_uppercase());
    }
    setting
}

/// Every setting of every function: the function, the name, the value as the template writes it, and
/// the value that it comes to.
fn settings(template: &Template) -> Vec<(&str, &str, &Value, &Value)> {
    let each = template.functions().flat_map(|function| {
        let written =
            &template.document["Resources"][function.id]["Properties"]["Environment"]["Variables"];
        members(&function.properties["Environment"]["Variables"])
            .map(move |(name, value)| (function.id, name.as_str(), &written[name], value))
    });
    each.collect()
}

fn place(function: &str, name: &str) -> String {
    at(function, &format!("Environment/Variables/{name}"))
}

fn reference(name: &str) -> String {
    format!("{{{{resolve:secretsmanager:${{SecretsArn}}:SecretString:{name}}}}}")
}

fn references(template: &Template) -> Vec<Breach> {
    let secrets = settings(template)
        .into_iter()
        .filter(|(_, name, ..)| is_secret(name));
    let others = secrets.filter(|(_, name, _, value)| **value != json!(reference(name)));
    others
        .map(|(function, name, ..)| format!("{function}: {name} is not {}", reference(name)))
        .collect()
}

fn plain_texts(mutate: &Mutate) -> Vec<Mutation> {
    let secrets = settings(mutate.0)
        .into_iter()
        .filter(|(_, name, ..)| is_secret(name));
    let each = secrets.flat_map(|(function, name, ..)| {
        let place = place(function, name);
        [
            mutate.with(&place, "hunter2"),
            mutate.with(&place, json!({"Ref": "SecretsArn"})),
            mutate.with(&place, json!({"Fn::Sub": reference("ANOTHER")})),
            mutate.with(
                &place,
                json!({"Fn::Sub": reference(name).replace("secretsmanager", "ssm")}),
            ),
        ]
    });
    each.collect()
}

/// Whether a value is a reference to a parameter of the setting's name or to a resource, or is named after the stack.
fn comes_from_the_stack(template: &Template, name: &str, written: &Value) -> bool {
    let Some(target) = written["Ref"].as_str() else {
        let made = written["Fn::Sub"].as_str();
        return made.is_some_and(|made| made.contains("${AWS::StackName}"));
    };
    target == parameter(name) || template.resources.contains_key(target)
}

fn parameters(template: &Template) -> Vec<Breach> {
    let open = settings(template)
        .into_iter()
        .filter(|(_, name, ..)| !is_secret(name));
    let others =
        open.filter(|(_, name, written, _)| !comes_from_the_stack(template, name, written));
    let mut breaches: Vec<_> = others
        .map(|(function, name, written, _)| {
            format!("{function}: {name} is {written}, not {}", parameter(name))
        })
        .collect();
    for (name, parameter) in members(&template.document["Parameters"]) {
        if parameter["Description"]
            .as_str()
            .is_none_or(|text| text.len() < 15)
        {
            breaches.push(format!("the parameter {name} does not say what it is for"));
        }
    }
    breaches
}

fn fixed(mutate: &Mutate) -> Vec<Mutation> {
    let open = settings(mutate.0)
        .into_iter()
        .filter(|(_, name, ..)| !is_secret(name));
    let each = open.flat_map(|(function, name, ..)| {
        let place = place(function, name);
        [
            mutate.with(&place, "https://demo.udesk.cn"),
            mutate.with(&place, json!({"Ref": "LogRetentionDays"})),
        ]
    });
    let descriptions = members(&mutate.0.document["Parameters"])
        .map(|(name, _)| mutate.without(&format!("/Parameters/{name}/Description")));
    each.chain(descriptions).collect()
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>
const MOST_REFERENCES: usize = 60;

fn few_enough(template: &Template) -> Vec<Breach> {
    let of = |text: &&str| text.matches("{{resolve:").count();
    let count: usize = texts(&template.document).iter().map(of).sum();
    (count > MOST_REFERENCES)
        .then(|| format!("{count} dynamic references"))
        .into_iter()
        .collect()
}

fn too_many(mutate: &Mutate) -> Vec<Mutation> {
    let more = vec![json!({"Fn::Sub": reference("SOBOT_KEY")}); MOST_REFERENCES];
    // As many in one text, too.
    let joined = reference("SOBOT_KEY").repeat(MOST_REFERENCES);
    vec![
        mutate.with("/Resources/Table/Metadata", json!({"more": more})),
        mutate.with("/Resources/Table/Metadata", json!({"more": joined})),
    ]
}

/// The texts in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(object) => object.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Whether CloudFormation would put a secret in place of this.
fn resolves(text: &str) -> bool {
    text.contains("{{resolve:")
}

fn nowhere_else(template: &Template) -> Vec<Breach> {
    let mut breaches = Vec::new();
    // Whoever may describe the stack reads its parameters.
    for (name, _) in members(&template.document["Parameters"]) {
        if is_secret(&setting(name)) {
            breaches.push(format!("the parameter {name} would hold a secret"));
        }
    }
    for part in [
        "Parameters",
        "Conditions",
        "Mappings",
        "Metadata",
        "Outputs",
    ] {
        if texts(&template.document[part]).into_iter().any(resolves) {
            breaches.push(format!("{part} hold a secret"));
        }
    }
    for (id, resource) in &template.resources {
        let mut properties = resource.properties.clone();
        if resource.kind == "AWS::Lambda::Function" {
            properties["Environment"] = Value::Null;
        }
        if texts(&properties).into_iter().any(resolves) {
            breaches.push(format!("{id} shows a secret outside of an environment"));
        }
    }
    // An output that shows a setting or an environment.
    for text in texts(&template.outputs) {
        let of_function = template.functions().any(|function| {
            text.contains(&format!("${{{}.", function.id))
                || text == format!("${{{}}}", function.id)
        });
        if text.contains("${SecretsArn}") || of_function {
            breaches.push(format!("Outputs show {text}"));
        }
    }
    breaches
}

fn elsewhere(mutate: &Mutate) -> Vec<Mutation> {
    let secret = json!({"Fn::Sub": reference("SOBOT_KEY")});
    let mut mutations = vec![
        mutate.with("/Outputs/Key", json!({"Value": secret})),
        mutate.with("/Outputs/Arn", json!({"Value": {"Ref": "SecretsArn"}})),
        mutate.with("/Metadata", json!({"key": reference("SOBOT_KEY")})),
    ];
    for name in [
        "ApiKeys",
        "UdeskApiToken",
        "SobotKey",
        "TencentWebhookSecrets",
    ] {
        let parameter =
            json!({"Type": "String", "NoEcho": true, "Description": "A secret that was typed in"});
        mutations.push(mutate.with(&format!("/Parameters/{name}"), parameter));
    }
    for function in mutate.0.functions() {
        mutations.push(mutate.with(&at(function.id, "Description"), secret.clone()));
    }
    for (name, _) in members(&mutate.0.document["Outputs"]) {
        mutations.push(mutate.with(&format!("/Outputs/{name}/Value"), secret.clone()));
    }
    mutations
}
