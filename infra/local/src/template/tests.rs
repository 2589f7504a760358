#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use super::*;

const TEMPLATE: &str = r#"
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Parameters:
  Schedule: {Type: String, Default: "1,5,15"}
  BaseUrl: {Type: String, Default: ""}
  Needed: {Type: String}
Conditions:
  HasUrl: !Not [!Equals [!Ref BaseUrl, ""]]
Globals:
  Function:
    Timeout: 10
    MemorySize: 256
    Environment:
      Variables:
        RUST_LOG: info
        RETRY_SCHEDULE_SECONDS: !Ref Schedule
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: sk, AttributeType: S}
      KeySchema:
        - {AttributeName: pk, KeyType: HASH}
        - {AttributeName: sk, KeyType: RANGE}
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
  DeliveriesDead:
    Type: AWS::SQS::Queue
  Deliveries:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 180
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt DeliveriesDead.Arn
        maxReceiveCount: 5
  Api:
    Type: AWS::Serverless::HttpApi
  SendMessage:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../target/lambda/send-message/
      Timeout: 29
      Environment:
        Variables:
          TABLE_NAME: !Ref Table
          DELIVERIES_QUEUE_URL: !Ref Deliveries
          UDESK_BASE_URL: !If [HasUrl, !Ref BaseUrl, !Ref AWS::NoValue]
          SOBOT_KEY: '{{resolve:secretsmanager:deskbridge:SecretString:sobot_key}}'
          ODD: !FindInMap [A, B, C]
          TEXT: !Sub "${AWS::StackName}/${Table}/${!Kept}"
      Events:
        Send: {Type: HttpApi, Properties: {Path: "/sessions/{id}/messages", Method: post, ApiId: !Ref Api}}
  Drain:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../target/lambda/drain-deliveries/
      FunctionUrlConfig: {AuthType: NONE}
      Events:
        Nudge:
          Type: SQS
          Properties: {Queue: !GetAtt Deliveries.Arn, BatchSize: 5, FunctionResponseTypes: [ReportBatchItemFailures], ScalingConfig: {MaximumConcurrency: 3}}
        Tick: {Type: Schedule, Properties: {Schedule: rate(1 minute)}}
  Gone:
    Type: AWS::Serverless::Function
    Condition: HasUrl
    Properties: {CodeUri: ../target/lambda/gone/}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties: {Threshold: !FindInMap [X, Y, Z]}
"#;

fn read() -> Template {
    Template::parse(TEMPLATE, &BTreeMap::new()).unwrap()
}

fn error(text: &str) -> String {
    Template::parse(text, &BTreeMap::new())
        .unwrap_err()
        .to_string()
}

#[test]
fn functions_with_their_events() {
    let template = read();
    assert_eq!(
        template.functions().keys().collect::<Vec<_>>(),
        ["drain-deliveries", "send-message"]
    );
    let send = &template.functions()["send-message"];
    assert_eq!(
        (send.timeout.as_secs(), send.memory_mb, send.url),
        (29, 256, false)
    );
    assert_eq!(
        send.routes,
        [Route {
            method: "POST".into(),
            path: "/sessions/{id}/messages".into()
        }]
    );
    let drain = &template.functions()["drain-deliveries"];
    assert_eq!((drain.timeout.as_secs(), drain.url), (10, true));
    assert_eq!(
        drain.queues,
        [QueueSource {
            queue: "Deliveries".into(),
            batch_size: 5,
            partial_failures: true,
            max_concurrency: Some(3)
        }]
    );
    assert_eq!(
        drain.schedules,
        [Schedule {
            name: "Tick".into(),
            every: Duration::from_secs(60)
        }]
    );
}

#[test]
fn tables_and_queues() {
    let template = read();
    let table = &template.tables()["Table"];
    assert_eq!(
        (table.name.as_str(), table.ttl_attribute.as_deref()),
        ("local-Table", Some("ttl"))
    );
    assert_eq!(table.request["KeySchema"][1]["AttributeName"], "sk");
    let attributes = &template.queues()["Deliveries"].attributes;
    assert_eq!(attributes["VisibilityTimeout"], "180");
    let redrive: Value = serde_json::from_str(&attributes["RedrivePolicy"]).unwrap();
    assert_eq!(
        redrive,
        serde_json::json!({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:local-DeliveriesDead", "maxReceiveCount": 5})
    );
}

#[test]
fn settings_from_outside_are_those_not_made_of_resources() {
    let names = read().outside_settings();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "ODD",
            "RETRY_SCHEDULE_SECONDS",
            "RUST_LOG",
            "SOBOT_KEY",
            "UDESK_BASE_URL"
        ]
    );
}

const WITH_ORIGINS: &str = r#"
Parameters:
  CorsOrigins: {Type: String, Default: ""}
Conditions:
  BrowserClients: !Not [!Equals [!Ref CorsOrigins, ""]]
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: !If
        - BrowserClients
        - {AllowOrigins: !Split [",", !Ref CorsOrigins], AllowMethods: [GET], AllowHeaders: [authorization], MaxAge: 600}
        - !Ref AWS::NoValue
"#;

#[test]
fn origins_come_from_the_parameter_or_the_setting_that_stands_for_it() {
    let template = Template::parse(WITH_ORIGINS, &BTreeMap::new()).unwrap();
    assert_eq!(template.cors(None).unwrap(), None);
    let cors = template.cors(Some("https://a.example,https://b.example"));
    let cors = cors.unwrap().unwrap();
    assert_eq!(cors.origins, ["https://a.example", "https://b.example"]);
    assert_eq!(
        (cors.methods, cors.headers),
        (vec!["GET".to_owned()], vec!["authorization".to_owned()])
    );
    assert_eq!((cors.exposed, cors.max_age), (vec![], Some(600)));
    assert_eq!(
        template.outside_settings(),
        BTreeSet::from(["CORS_ORIGINS".to_owned()])
    );

    let given = BTreeMap::from([("CorsOrigins".to_owned(), "https://c.example".to_owned())]);
    let template = Template::parse(WITH_ORIGINS, &given).unwrap();
    let cors = template.cors(None).unwrap().unwrap();
    assert_eq!(cors.origins, ["https://c.example"]);

    let wrong = WITH_ORIGINS.replace("MaxAge: 600", "AllowCredentials: true");
    let given = BTreeMap::from([("CorsOrigins".to_owned(), "https://c.example".to_owned())]);
    let error = Template::parse(&wrong, &given).unwrap_err().to_string();
    assert_eq!(
        error,
        "template, Resources.Api.Properties.CorsConfiguration.AllowCredentials: isn't played here"
    );
}

#[test]
fn a_condition_brings_its_resource() {
    let given = BTreeMap::from([("BaseUrl".to_owned(), "http://desk".to_owned())]);
    let template = Template::parse(TEMPLATE, &given).unwrap();
    assert!(template.functions().contains_key("gone"));
}

#[test]
fn what_is_not_understood_is_named_with_its_place() {
    let function = "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: x/f/\n";
    assert_eq!(
        error(&format!("{function}      Timeout: !FindInMap [A, B, C]\n")),
        "template, Resources.F.Properties.Timeout: Fn::FindInMap isn't understood here: Ref, GetAtt, Sub, Join, Split, If, Equals, Not, And, Or are"
    );
    assert_eq!(
        error(&format!(
            "{function}      Events: {{E: {{Type: Kinesis}}}}\n"
        )),
        "template, Resources.F.Properties.Events.E.Type: Kinesis events can't be played: HttpApi, SQS and Schedule can"
    );
    assert_eq!(
        error(&format!(
            "{function}      Events: {{E: {{Type: Schedule, Properties: {{Schedule: cron(0 1 * * ? *)}}}}}}\n"
        )),
        "template, Resources.F.Properties.Events.E.Schedule: \"cron(0 1 * * ? *)\" can't be played: use rate(<n> minutes|hours|days)"
    );
    assert_eq!(
        error(&format!("{function}      MemorySize: !Ref Nowhere\n")),
        "template, Resources.F.Properties.MemorySize: there is no parameter or resource Nowhere"
    );
    assert!(
        error("Resources: {F: {Type: AWS::Lambda::Function}}")
            .starts_with("template, Resources.F.Type: AWS::Lambda::Function can't be run locally")
    );
    let unknown = Template::parse(
        "Resources: {}",
        &BTreeMap::from([("X".to_owned(), String::new())]),
    )
    .unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "template, Parameters: there is no parameter X"
    );
}
