//! `POST /v4/openim/sendmsg`: something said between two accounts; here by a user, to a customer-service account. No
//! page of Desk's says that this reaches the desk, so that it is a setting's to say.
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1047/34919>

use http::HeaderMap;
use serde::Serialize;

use super::{Account, Api, Element, Endpoint, Refusal, Unsendable, reply, send_msg::measure};

/// One message of a user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The user.
    pub from: &'a str,
    /// The customer-service account.
    pub to: &'a str,
    /// What Tencent knows a repeat by, for 120 s: the same over all attempts.
    pub msg_random: u32,
    /// What is said.
    pub elements: &'a [Element<'a>],
    /// Custom data that travels with it.
    pub cloud_custom_data: Option<&'a str>,
    /// Whether it is kept nowhere.
    pub online_only: bool,
}

/// The names have underscores here, and none in Desk's own calls.
#[derive(Serialize)]
struct Body<'a> {
    /// 1: the user's own clients show it, too.
    #[serde(rename = "SyncOtherMachine")]
    sync_other_machine: u8,
    #[serde(rename = "From_Account")]
    from_account: &'a str,
    #[serde(rename = "To_Account")]
    to_account: &'a str,
    #[serde(rename = "MsgRandom")]
    msg_random: u32,
    #[serde(rename = "OnlineOnlyFlag", skip_serializing_if = "Option::is_none")]
    online_only_flag: Option<u8>,
    #[serde(rename = "MsgBody")]
    msg_body: &'a [Element<'a>],
    #[serde(rename = "CloudCustomData", skip_serializing_if = "Option::is_none")]
    cloud_custom_data: Option<&'a str>,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::UserSendMsg;

    type Response = ();

    fn to_http(&self, account: &Account<'_>) -> Result<http::Request<Vec<u8>>, Unsendable> {
        measure(self.elements)?;
        let body = Body {
            sync_other_machine: 1,
            from_account: self.from,
            to_account: self.to,
            msg_random: self.msg_random,
            online_only_flag: self.online_only.then_some(1),
            msg_body: self.elements,
            cloud_custom_data: self.cloud_custom_data,
        };
        let body = serde_json::to_vec(&body).map_err(Unsendable::Body)?;
        account.with_json(Self::API.command(), body)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        reply::read(status, headers, body).map(drop)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::account::tests::ACCOUNT, *};

    /// Contradiction 3: here the accounts have underscores.
    #[test]
    fn contradiction_3_the_accounts_have_underscores() {
        let mut request = Request {
            from: "user45",
            to: "@customer_service_account",
            msg_random: 82_139,
            elements: &[Element::Text("hello")],
            cloud_custom_data: None,
            online_only: false,
        };
        let body = |request: &Request<'_>| -> Value {
            serde_json::from_slice(request.to_http(&ACCOUNT).unwrap().body()).unwrap()
        };
        let text = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]);
        assert_eq!(
            body(&request),
            json!({"SyncOtherMachine": 1, "From_Account": "user45",
                "To_Account": "@customer_service_account", "MsgRandom": 82_139, "MsgBody": text})
        );
        request.online_only = true;
        assert_eq!(body(&request).get("OnlineOnlyFlag"), Some(&json!(1)));
    }
}
