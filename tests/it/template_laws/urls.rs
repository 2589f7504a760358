//! What is open to the world.

use serde_json::{Value, json};

use super::{
    law::{Breach, Law, Mutate, Mutation, at},
    template::{Template, number},
};

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "a public function URL has both permissions that it needs",
        check: both_permissions,
        mutations: one_permission,
    },
    Law {
        name: "nothing is open but the webhooks and the card page",
        check: closed,
        mutations: opened,
    },
    Law {
        name: "the API takes no more than a parameter says",
        check: throttled,
        mutations: unthrottled,
    },
];

const URL: &str = "AWS::Lambda::Url";
const PERMISSION: &str = "AWS::Lambda::Permission";
const FUNCTION: &str = "AWS::Lambda::Function";

/// The function that a URL or a permission is for.
fn of<'a>(template: &'a Template, reference: &Value) -> Option<&'a str> {
    template.target(FUNCTION, reference).map(|(id, _)| id)
}

/// Since October 2025 AWS asks for both:
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>.
fn lets_the_world_in(permission: &Value) -> Option<&'static str> {
    let has = |name: &str, value: Value| permission[name] == value;
    if !has("Principal", json!("*")) {
        None
    } else if has("Action", json!("lambda:InvokeFunctionUrl"))
        && has("FunctionUrlAuthType", json!("NONE"))
    {
        Some("lambda:InvokeFunctionUrl")
    } else if has("Action", json!("lambda:InvokeFunction"))
        && has("InvokedViaFunctionUrl", json!(true))
    {
        Some("lambda:InvokeFunction")
    } else {
        None
    }
}

fn both_permissions(template: &Template) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (id, url) in template.all(URL) {
        let Some(function) = of(template, &url["TargetFunctionArn"]) else {
            breaches.push(format!("{id} is the URL of nothing"));
            continue;
        };
        let permissions = template.all(PERMISSION);
        let granted: Vec<_> = permissions
            .filter(|(_, permission)| of(template, &permission["FunctionName"]) == Some(function))
            .filter_map(|(_, permission)| lets_the_world_in(permission))
            .collect();
        for needed in ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"] {
            if !granted.contains(&needed) {
                breaches.push(format!(
                    "{function} answers 403 at its URL: nobody is allowed {needed}"
                ));
            }
        }
    }
    breaches
}

/// The permissions of functions that have a URL.
fn permissions_of_urls(template: &Template) -> Vec<&str> {
    let permissions = template.all(PERMISSION);
    permissions
        .filter(|(_, permission)| lets_the_world_in(permission).is_some())
        .map(|(id, _)| id)
        .collect()
}

fn one_permission(mutate: &Mutate) -> Vec<Mutation> {
    let each = permissions_of_urls(mutate.0).into_iter().flat_map(|id| {
        [
            mutate.without(&format!("/Resources/{id}")),
            mutate.with(&at(id, "Action"), "lambda:GetFunction"),
            mutate.with(&at(id, "Principal"), "apigateway.amazonaws.com"),
            mutate.with(&at(id, "FunctionName"), json!({"Ref": "Sweep"})),
        ]
    });
    each.collect()
}

fn closed(template: &Template) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (id, url) in template.all(URL) {
        let target = of(template, &url["TargetFunctionArn"]);
        let function = template
            .functions()
            .find(|function| Some(function.id) == target);
        let public = function.is_some_and(|function| {
            function.name.starts_with("webhook-") || function.name == "card-page"
        });
        if url["AuthType"] != if public { "NONE" } else { "AWS_IAM" } {
            breaches.push(format!(
                "{id}: AuthType {} is not for this function",
                url["AuthType"]
            ));
        }
    }
    let urls: Vec<_> = template
        .all(URL)
        .filter_map(|(_, url)| of(template, &url["TargetFunctionArn"]))
        .collect();
    for (id, permission) in template.all(PERMISSION) {
        let function = of(template, &permission["FunctionName"]);
        let of_url = function.is_some_and(|function| urls.contains(&function))
            && lets_the_world_in(permission).is_some();
        // One of the platform's services, for one source of this template.
        let platform = permission["Principal"]
            .as_str()
            .is_some_and(|principal| principal.ends_with(".amazonaws.com"));
        let source = permission["SourceArn"].as_str().unwrap_or_default();
        let ours = template.resources.keys().any(|id| {
            source.contains(&format!("${{{id}}}")) || source.contains(&format!("${{{id}.Arn}}"))
        });
        let let_in = of_url || (platform && ours);
        if !let_in {
            breaches.push(format!("{id} lets in whom it should not"));
        }
    }
    breaches
}

fn opened(mutate: &Mutate) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for (id, url) in mutate.0.all(URL) {
        mutations.extend([
            mutate.with(&at(id, "TargetFunctionArn"), json!({"Ref": "Sweep"})),
            mutate.with(&at(id, "AuthType"), "AWS_IAM"),
        ]);
        assert_eq!(url["AuthType"], "NONE");
    }
    let shut: Vec<_> = mutate
        .0
        .functions()
        .filter(|function| {
            let urls = mutate.0.all(URL);
            !urls
                .into_iter()
                .any(|(_, url)| of(mutate.0, &url["TargetFunctionArn"]) == Some(function.id))
        })
        .map(|function| function.id)
        .collect();
    for id in shut {
        let url = json!({"TargetFunctionArn": {"Ref": id}, "AuthType": "NONE"});
        let everyone = json!({
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": id},
            "Principal": "*",
        });
        for (kind, properties) in [(URL, url), (PERMISSION, everyone)] {
            let opened = json!({"Type": kind, "Properties": properties});
            mutations.push(mutate.with("/Resources/Opened", opened));
        }
    }
    for (id, permission) in mutate.0.all(PERMISSION) {
        mutations.extend(match lets_the_world_in(permission) {
            Some("lambda:InvokeFunctionUrl") => {
                vec![mutate.without(&at(id, "FunctionUrlAuthType"))]
            }
            // Without this, everyone may call past the URL.
            Some(_) => vec![
                mutate.without(&at(id, "InvokedViaFunctionUrl")),
                mutate.with(&at(id, "InvokedViaFunctionUrl"), false),
            ],
            None => vec![
                mutate.without(&at(id, "SourceArn")),
                mutate.with(&at(id, "Principal"), "*"),
            ],
        });
    }
    mutations
}

fn throttled(template: &Template) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (api, _) in template.all("AWS::ApiGatewayV2::Api") {
        let stages = template.all("AWS::ApiGatewayV2::Stage");
        let mut stages = stages
            .filter(|(_, stage)| stage["ApiId"] == format!("${{{api}}}"))
            .peekable();
        if stages.peek().is_none() {
            breaches.push(format!("{api} has no stage"));
        }
        for (id, stage) in stages {
            for limit in ["ThrottlingRateLimit", "ThrottlingBurstLimit"] {
                let set = number(&stage["DefaultRouteSettings"][limit]);
                if set.is_none_or(|limit| limit < 1) {
                    breaches.push(format!("{id} has no {limit}"));
                }
            }
            if !stage["RouteSettings"].is_null() {
                breaches.push(format!("{id}: a route has limits of its own"));
            }
        }
    }
    breaches
}

fn unthrottled(mutate: &Mutate) -> Vec<Mutation> {
    let each = mutate
        .0
        .all("AWS::ApiGatewayV2::Stage")
        .flat_map(|(id, _)| {
            let limit = |name: &str| at(id, &format!("DefaultRouteSettings/{name}"));
            [
                mutate.without(&at(id, "DefaultRouteSettings")),
                mutate.without(&limit("ThrottlingRateLimit")),
                mutate.without(&limit("ThrottlingBurstLimit")),
                mutate.with(&limit("ThrottlingBurstLimit"), 0),
                mutate.with(
                    &at(id, "RouteSettings"),
                    json!({"POST /tokens": {"ThrottlingRateLimit": 10_000}}),
                ),
                mutate.without(&format!("/Resources/{id}")),
            ]
        });
    each.collect()
}
