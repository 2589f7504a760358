//! Second opinions on UserSigs: the official `tls-sig-api-v2` packages of PyPI and of npm.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{node, python};

/// A UserSig, and what it was made of.
#[derive(Clone, Debug, Serialize)]
pub struct Made {
    /// The application.
    pub sdk_app_id: u64,
    /// Its key.
    pub key: String,
    /// Whose it is.
    pub identifier: String,
    /// When it was made, in Unix seconds.
    pub time: i64,
    /// Its life in seconds.
    pub expire: i64,
    /// What came of it.
    pub user_sig: String,
}

/// What the package says of one.
#[derive(Clone, Debug, Deserialize)]
pub struct Verdict {
    /// What it reads in it.
    pub inside: Value,
    /// The one that it makes itself of the same values.
    pub own: String,
}

/// Has the official Python package read these and make its own, one verdict for each.
///
/// # Panics
/// Where there is no Python 3, or the package can't be installed.
pub async fn verify_with_python(user_sigs: &[Made]) -> Vec<Verdict> {
    let given = serde_json::json!({ "user_sigs": user_sigs });
    let verdicts = python::run("verify_user_sig.py", given).await;
    serde_json::from_value(verdicts).expect("verdicts")
}

/// Has the official package of npm make its own of the same values, one for each.
///
/// # Panics
/// Where there is no Node, or the package can't be installed.
pub async fn made_by_npm(user_sigs: &[Made]) -> Vec<String> {
    let given = serde_json::json!({ "user_sigs": user_sigs });
    let own = node::run("verify_user_sig.js", given).await;
    serde_json::from_value(own).expect("UserSigs")
}
