//! What a function's process sees.

use crate::error::Error;
use crate::servers::REGION;
use crate::template::{Function, Scope};
use serde_json::Value;
use std::collections::BTreeMap;

/// The AWS access key id that a function signs with: servers and proxies can tell the functions apart by it.
pub fn access_key(function: &str) -> String {
    format!("local-{function}")
}

/// How many times as long as AWS the servers in its place may take, and as long as in AWS the functions.
pub(crate) const PATIENCE: &str = "AWS_ENDPOINT_PATIENCE";

/// Names that `settings` may set whether or not the template declares them: where the servers are and how slow, and the
/// log level.
const ALWAYS: [&str; 4] = [
    PATIENCE,
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_SQS",
    "RUST_LOG",
];

/// The environment of a function, but for `AWS_LAMBDA_RUNTIME_API`, which each process has of its own.
///
/// Lambda's own variables; the template's, resolved; over these `settings`, for names that the template declares for this
/// function: a setting that is missing in the template is missing here too.
pub(crate) fn environment(
    function: &Function,
    scope: &Scope,
    settings: &BTreeMap<String, String>,
    endpoints: [(&str, String); 2],
) -> Result<BTreeMap<String, String>, Error> {
    let name = &function.name;
    let mut environment: BTreeMap<String, String> = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            function.memory_mb.to_string(),
        ),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
        ("AWS_ACCESS_KEY_ID", access_key(name)),
        ("AWS_SECRET_ACCESS_KEY", "local-secret".to_owned()),
        ("AWS_SESSION_TOKEN", "local-session-token".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    if let Some(format) = &function.log_format {
        environment.insert("AWS_LAMBDA_LOG_FORMAT".to_owned(), format.clone());
    }
    for (name, value) in endpoints {
        environment.insert(name.to_owned(), value);
    }
    for (name, (at, value)) in &function.environment {
        if settings.contains_key(name) {
            continue;
        }
        // Only a deployment can look a secret up: here it is empty, and its ARN need not be known.
        if value.to_string().contains("{{resolve:") {
            environment.insert(name.clone(), String::new());
            continue;
        }
        match scope.resolve(value, at)? {
            Value::Null => {}
            value => {
                let value = crate::template::text(&value)
                    .ok_or_else(|| Error::template(at, "should be a text"))?;
                environment.insert(name.clone(), value);
            }
        }
    }
    for (name, value) in settings {
        if function.environment.contains_key(name) || ALWAYS.contains(&name.as_str()) {
            environment.insert(name.clone(), value.clone());
        }
    }
    Ok(environment)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::template::Template;

    const TEMPLATE: &str = r#"
Parameters: {Arn: {Type: String}}
Resources:
  Q: {Type: AWS::SQS::Queue}
  T: {Type: AWS::DynamoDB::Table}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../target/lambda/f/
      Environment:
        Variables:
          TABLE_NAME: !Ref T
          QUEUE_URL: !Ref Q
          SECRET: !Sub '{{resolve:secretsmanager:${Arn}:SecretString:KEY}}'
          ODD: !FindInMap [A, B, C]
          PLAIN: 7
"#;

    fn of(settings: &[(&str, &str)]) -> Result<BTreeMap<String, String>, Error> {
        let mut template = Template::parse(TEMPLATE, &BTreeMap::new()).unwrap();
        template
            .scope
            .queue_urls
            .insert("Q".into(), "http://q".into());
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let endpoints = [
            ("AWS_ENDPOINT_URL_DYNAMODB", "http://d".to_owned()),
            ("AWS_ENDPOINT_URL_SQS", "http://s".to_owned()),
        ];
        environment(
            &template.functions()["f"],
            &template.scope,
            &settings,
            endpoints,
        )
    }

    #[test]
    fn settings_win_for_declared_names_only() {
        let environment = of(&[
            ("ODD", "x"),
            ("UNDECLARED", "y"),
            ("AWS_ENDPOINT_URL_SQS", "http://proxy"),
            ("RUST_LOG", "debug"),
        ])
        .unwrap();
        let get = |name: &str| environment.get(name).map(String::as_str);
        assert_eq!((get("ODD"), get("UNDECLARED")), (Some("x"), None));
        assert_eq!(
            (
                get("TABLE_NAME"),
                get("QUEUE_URL"),
                get("SECRET"),
                get("PLAIN")
            ),
            (Some("local-T"), Some("http://q"), Some(""), Some("7"))
        );
        assert_eq!(
            (
                get("AWS_ENDPOINT_URL_DYNAMODB"),
                get("AWS_ENDPOINT_URL_SQS")
            ),
            (Some("http://d"), Some("http://proxy"))
        );
        assert_eq!(
            (get("AWS_ACCESS_KEY_ID"), get("RUST_LOG")),
            (Some("local-f"), Some("debug"))
        );
    }

    #[test]
    fn a_value_that_is_needed_and_not_understood_is_an_error() {
        let error = of(&[]).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "template, Resources.F.Properties.Environment.Variables.ODD: Fn::FindInMap"
            ),
            "{error}"
        );
    }
}
