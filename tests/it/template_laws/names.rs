//! Two stacks live in one account.

use serde_json::{Value, json};

use super::{
    law::{Breach, Law, Mutate, Mutation, at},
    template::{Template, members},
};

pub(super) const LAWS: &[Law] = &[Law {
    name: "nothing has a name that a second stack would want too",
    check: free,
    mutations: named,
}];

/// Where kinds of resources take their physical name. One that has none is asked for it: see [`NAMELESS`].
const NAMES: [(&str, &str); 9] = [
    ("AWS::CloudWatch::Alarm", "AlarmName"),
    ("AWS::DynamoDB::Table", "TableName"),
    ("AWS::Events::Rule", "Name"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::Lambda::Function", "FunctionName"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::SNS::Topic", "TopicName"),
    ("AWS::SQS::Queue", "QueueName"),
    // Names of APIs may be equal; it is only told apart by it.
    ("AWS::ApiGatewayV2::Api", "Name"),
];

/// Kinds that have no physical name, or one within another resource.
const NAMELESS: [&str; 6] = [
    "AWS::ApiGatewayV2::Stage",
    "AWS::KMS::Key",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
];

/// A name is free if CloudFormation makes it, or the stack's name is in it.
fn is_free(name: &Value) -> bool {
    name.as_str()
        .map_or(name.is_null(), |name| name.contains("${AWS::StackName}"))
}

fn free(template: &Template) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (id, resource) in &template.resources {
        match NAMES.iter().find(|(kind, _)| *kind == resource.kind) {
            Some((_, property)) if !is_free(&resource.properties[*property]) => {
                breaches.push(format!(
                    "{id} has the {property} {}",
                    resource.properties[*property]
                ));
            }
            None if !NAMELESS.contains(&resource.kind.as_str()) => {
                breaches.push(format!(
                    "{id}: say in {} how a {} is named",
                    file!(),
                    resource.kind
                ));
            }
            _ => {}
        }
    }
    for (name, output) in members(&template.outputs) {
        if !is_free(&output["Export"]["Name"]) {
            breaches.push(format!(
                "the output {name} is exported as {}",
                output["Export"]["Name"]
            ));
        }
    }
    breaches
}

fn named(mutate: &Mutate) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for (id, resource) in &mutate.0.resources {
        if let Some((_, property)) = NAMES.iter().find(|(kind, _)| *kind == resource.kind) {
            mutations.push(mutate.with(&at(id, property), "deskbridge"));
            let in_region = json!({"Fn::Sub": "deskbridge-${AWS::Region}"});
            mutations.push(mutate.with(&at(id, property), in_region));
        }
    }
    for (name, _) in members(&mutate.0.document["Outputs"]) {
        let export = format!("/Outputs/{name}/Export");
        mutations.push(mutate.with(&export, json!({"Name": name})));
    }
    let bucket = json!({"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "deskbridge"}});
    mutations.push(mutate.with("/Resources/Unknown", bucket));
    mutations
}
