//! `cargo local` refuses what it can't do with one clear line, before it builds anything.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use deskbridge_local::Servers;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The flags that take a port.
const PORTS: [&str; 5] = [
    "--port",
    "--udesk-port",
    "--app-port",
    "--sobot-port",
    "--tencent-port",
];

/// The only line that it writes, when it fails.
fn refusal(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    for name in [
        "UDESK_BASE_URL",
        "UDESK_EMAIL",
        "UDESK_API_TOKEN",
        "SOBOT_BASE_URL",
        "SOBOT_REGION",
        "SOBOT_SYSNUM",
        "SOBOT_KEY",
        "SOBOT_APP_ID",
        "SOBOT_APP_KEY",
        "TENCENT_BASE_URL",
        "TENCENT_REGION",
        "TENCENT_SDK_APP_ID",
        "TENCENT_SECRET_KEY",
        "TENCENT_ADMIN",
        "TENCENT_SERVICE_ACCOUNT",
    ] {
        command.env_remove(name);
    }
    let output = command
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr)
        .unwrap()
        .trim_end()
        .to_owned()
}

fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[test]
fn an_unknown_flag() {
    assert_eq!(
        refusal(&["--prot", "1"], &[]),
        "cargo local: --prot isn't known; see --help"
    );
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let data = folder("taken");
    for flag in PORTS {
        let mut arguments = vec!["--data", data.to_str().unwrap()];
        for other in PORTS {
            arguments.extend([other, if other == flag { port.as_str() } else { "0" }]);
        }
        let line = refusal(&arguments, &[]);
        assert!(
            line.starts_with(&format!("cargo local: can't listen on 127.0.0.1:{port} (")),
            "{line}"
        );
        assert!(
            line.ends_with(&format!("choose another {flag}, or end what uses it")),
            "{line}"
        );
    }
}

#[tokio::test]
async fn a_folder_that_is_in_use() {
    let data = folder("in-use");
    let _servers = Servers::start(Some(&data)).await.unwrap();
    let path = data.to_str().unwrap();
    for more in [&[][..], &["--fresh"]] {
        let mut arguments = vec!["--data", path];
        arguments.extend(PORTS.iter().flat_map(|flag| [*flag, "0"]));
        arguments.extend(more);
        let line = refusal(&arguments, &[]);
        assert_eq!(
            line,
            format!(
                "cargo local: {path} is in use by another process: end that one, or choose another data folder"
            )
        );
    }
}

#[test]
fn half_an_account() {
    let data = folder("half");
    let mut arguments = vec!["--data", data.to_str().unwrap()];
    arguments.extend(PORTS.iter().flat_map(|flag| [*flag, "0"]));
    for (name, value, missing) in [
        ("UDESK_EMAIL", "x@y", "UDESK_BASE_URL and UDESK_API_TOKEN"),
        (
            "TENCENT_SDK_APP_ID",
            "1400000000",
            "TENCENT_SECRET_KEY and TENCENT_ADMIN and TENCENT_SERVICE_ACCOUNT",
        ),
        (
            "SOBOT_SYSNUM",
            "ABC",
            "SOBOT_REGION or SOBOT_BASE_URL and SOBOT_KEY",
        ),
    ] {
        let line = refusal(&arguments, &[(name, value)]);
        let start = format!("cargo local: {missing} missing: give all of");
        assert!(line.starts_with(&start), "{line}");
    }
}

#[test]
fn an_env_file_that_is_not_there() {
    let line = refusal(&["--env-file", "nowhere.env"], &[]);
    assert!(line.starts_with("cargo local: nowhere.env: "), "{line}");
}
