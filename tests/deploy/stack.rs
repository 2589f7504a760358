//! The stack: infra/template.yaml as SAM's tools package and deploy it, and remove it again.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use harness::binaries::root;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::process::Command;

use crate::{
    emulator::Emulator,
    tools::{self, REGION},
};

const NAME: &str = "deskbridge-test";
const BUCKET: &str = "artifacts";
/// The secret's name; no part of the stack.
const SECRET: &str = "deskbridge";

/// A deployed stack.
pub(crate) struct Stack {
    folder: PathBuf,
    url: String,
    template: PathBuf,
    outputs: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    output_key: String,
    output_value: String,
}

impl Stack {
    /// The bootstraps of target/lambda as zips in S3, and the template for the emulator that names
    /// them.
    pub(crate) async fn package(folder: &Path, emulator: &Emulator) -> PathBuf {
        let url = emulator.url();
        emulator.make_bucket(BUCKET).await;
        let (packaged, adapted) = (folder.join("packaged.yaml"), folder.join("adapted.json"));
        let mut package = sam(folder, &url, "package");
        package
            .args(["--s3-bucket", BUCKET, "--template-file"])
            .arg(root().join("infra/template.yaml"))
            .arg("--output-template-file")
            .arg(&packaged);
        tools::run(&mut package).await;
        let mut adapt = Command::new(tools::python());
        adapt.envs(tools::environment(folder, &url));
        adapt
            .arg(root().join("tests/deploy/adapt.py"))
            .args([&packaged, &adapted]);
        tools::run(&mut adapt).await;
        adapted
    }

    /// The stack of that template, with these secrets and parameters.
    pub(crate) async fn create(
        folder: &Path,
        emulator: &Emulator,
        template: PathBuf,
        secrets: &[(&str, &str)],
        parameters: &[(&str, String)],
    ) -> Self {
        let mut stack = Self {
            folder: folder.to_owned(),
            url: emulator.url(),
            template,
            outputs: BTreeMap::new(),
        };
        let secret = json!({"Name": SECRET, "SecretString": written(secrets)});
        let create = "secretsmanager.CreateSecret";
        let secret = emulator.json("secretsmanager", create, secret).await;
        let secret = secret["ARN"].as_str().expect("the secret's ARN");
        let named = [("SecretsArn", secret.to_owned())];
        stack.deploy(&[&named, parameters].concat()).await;
        let mut list = sam(folder, &stack.url, "list");
        list.args(["stack-outputs", "--stack-name", NAME, "--output", "json"]);
        let outputs = tools::run(&mut list).await;
        let outputs: Vec<Output> = serde_json::from_str(&outputs).expect("the outputs");
        stack.outputs = outputs
            .into_iter()
            .map(|output| (output.output_key, output.output_value))
            .collect();
        stack
    }

    /// Updates it, with other secrets and another parameter `RustLog`.
    pub(crate) async fn update(&self, emulator: &Emulator, secrets: &[(&str, &str)], log: &str) {
        let secret = json!({"SecretId": SECRET, "SecretString": written(secrets)});
        let put = "secretsmanager.PutSecretValue";
        emulator.json("secretsmanager", put, secret).await;
        // The emulator reads a secret again for what has changed in the template, not for a parameter.
        let template = std::fs::read(&self.template).expect("the template");
        let mut template: Value = serde_json::from_slice(&template).expect("JSON");
        let resources = template["Resources"].as_object_mut().expect("resources");
        for resource in resources.values_mut() {
            if resource["Type"] == "AWS::Lambda::Function" {
                resource["Properties"]["Environment"]["Variables"]["RUST_LOG"] = log.into();
            }
        }
        std::fs::write(&self.template, template.to_string()).expect("the template is written");
        self.deploy(&[("RustLog", log.to_owned())]).await;
    }

    async fn deploy(&self, parameters: &[(&str, String)]) {
        let mut deploy = sam(&self.folder, &self.url, "deploy");
        deploy
            .args(["--stack-name", NAME, "--s3-bucket", BUCKET])
            .args(["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset"])
            .args(["--no-progressbar", "--template-file"])
            .arg(&self.template)
            .arg("--parameter-overrides");
        for (name, value) in parameters {
            deploy.arg(format!("{name}={value}"));
        }
        tools::run(&mut deploy).await;
    }

    /// An output of the template.
    pub(crate) fn output(&self, key: &str) -> &str {
        self.outputs
            .get(key)
            .unwrap_or_else(|| panic!("the template has an output {key}"))
    }

    /// Removes it, without being asked whether it is meant.
    pub(crate) async fn remove(self) {
        let mut delete = sam(&self.folder, &self.url, "delete");
        delete
            .args(["--stack-name", NAME, "--s3-bucket", BUCKET])
            .args(["--no-prompts", "--region", REGION]);
        tools::run(&mut delete).await;
    }
}

/// As the template reads them.
fn written(secrets: &[(&str, &str)]) -> String {
    let secrets: Map<String, Value> = secrets
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).into()))
        .collect();
    Value::from(secrets).to_string()
}

fn sam(folder: &Path, url: &str, command: &str) -> Command {
    let mut sam = Command::new(tools::sam());
    // In a folder without a samconfig.toml: nothing is asked, nothing is taken from there.
    sam.arg(command)
        .envs(tools::environment(folder, url))
        .current_dir(folder);
    sam
}
