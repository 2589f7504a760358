//! The stack: infra/template.yaml as SAM's tools package and deploy it, and remove it again.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use harness::{aws, binaries::root, http_client};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::process::Command;

use crate::{
    emulator::{Emulator, REGION},
    tools,
};

const NAME: &str = "deskbridge-test";
const BUCKET: &str = "artifacts";

/// A deployed stack.
pub(crate) struct Stack {
    folder: PathBuf,
    url: String,
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
        let bucket = http_client().put(format!("{url}/{BUCKET}"));
        let bucket = bucket.header("authorization", aws::SIGNED).send().await;
        let status = bucket.expect("S3 answers").status();
        assert!(status.is_success(), "{status}");
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
        template: &Path,
        secrets: &[(&str, &str)],
        parameters: &[(&str, String)],
    ) -> Self {
        let url = emulator.url();
        let secrets: Map<String, Value> = secrets
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        let secret = json!({"Name": "deskbridge", "SecretString": Value::from(secrets).to_string(),
            "ClientRequestToken": "01234567-89ab-cdef-0123-456789abcdef"});
        let secret = aws::secrets_manager(&url, "CreateSecret", secret).await;
        let secret = secret["ARN"].as_str().expect("the secret's ARN");
        let mut deploy = sam(folder, &url, "deploy");
        deploy
            .args(["--stack-name", NAME, "--s3-bucket", BUCKET])
            .args(["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset"])
            .args(["--no-progressbar", "--template-file"])
            .arg(template)
            .arg("--parameter-overrides")
            .arg(format!("SecretsArn={secret}"));
        for (name, value) in parameters {
            deploy.arg(format!("{name}={value}"));
        }
        tools::run(&mut deploy).await;
        let mut list = sam(folder, &url, "list");
        list.args(["stack-outputs", "--stack-name", NAME, "--output", "json"]);
        let listed = tools::run(&mut list).await;
        let outputs: Vec<Output> = serde_json::from_str(&listed).expect("the outputs");
        Self {
            folder: folder.to_owned(),
            url,
            outputs: outputs
                .into_iter()
                .map(|output| (output.output_key, output.output_value))
                .collect(),
        }
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

fn sam(folder: &Path, url: &str, command: &str) -> Command {
    let mut sam = Command::new(tools::sam());
    // In a folder without a samconfig.toml: nothing is asked, nothing is taken from there.
    sam.arg(command)
        .envs(tools::environment(folder, url))
        .current_dir(folder);
    sam
}
