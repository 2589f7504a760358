//! `POST /v4/desk_http_svc/send_msg`: the desk says something to a user. It goes from a customer-service account to the
//! user, and never the other way.
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1229/68821>

use http::HeaderMap;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Account, Api, Element, Endpoint, Refusal, Unsendable, reply};

/// The largest `MsgBody`, in bytes of JSON. The page says 12K and not of what; this is the narrowest reading.
pub const LONGEST: usize = 12 * 1024;

/// One message of the desk's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Where it goes.
    pub destination: Destination<'a>,
    /// What Tencent knows a repeat by, for 120 s: the same over all attempts. See [`msg_random`].
    pub msg_random: u32,
    /// What is said; at most one custom element.
    pub elements: &'a [Element<'a>],
    /// Custom data that travels with it.
    pub cloud_custom_data: Option<&'a str>,
    /// Whether the countdown of "user reply timeout" goes on as if it had not been said.
    pub exclude_from_user_resp_timeout: bool,
}

/// Where a message goes: the page wants exactly one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination<'a> {
    /// Into the session that Desk knows under this identifier.
    Session(&'a str),
    /// From a customer-service account to a user.
    Accounts {
        /// The customer-service account.
        from: &'a str,
        /// The user.
        to: &'a str,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_account: Option<&'a str>,
    msg_random: u32,
    msg_body: &'a [Element<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_custom_data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclude_from_user_resp_timeout: Option<u8>,
}

/// A `MsgRandom` that hangs on a message's id: for one that none was drawn for.
#[must_use]
pub fn msg_random(message_id: &str) -> u32 {
    let digest = Sha256::digest(message_id);
    digest
        .iter()
        .take(4)
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// How many bytes `elements` have as `MsgBody`.
///
/// # Errors
/// [`Unsendable::TooLong`] when that is more than Tencent takes.
pub fn measure(elements: &[Element<'_>]) -> Result<usize, Unsendable> {
    let bytes = serde_json::to_vec(elements)
        .map_err(Unsendable::Body)?
        .len();
    if bytes > LONGEST {
        return Err(Unsendable::TooLong {
            bytes,
            limit: LONGEST,
        });
    }
    Ok(bytes)
}

impl Endpoint for Request<'_> {
    const API: Api = Api::SendMsg;

    type Response = ();

    /// # Errors
    /// [`Unsendable::TooLong`] when the elements are too long, [`Unsendable::Url`] when the base URL is none.
    fn to_http(&self, account: &Account<'_>) -> Result<http::Request<Vec<u8>>, Unsendable> {
        measure(self.elements)?;
        let (session_id, from_account, to_account) = match self.destination {
            Destination::Session(id) => (Some(id), None, None),
            Destination::Accounts { from, to } => (None, Some(from), Some(to)),
        };
        let body = Body {
            session_id,
            from_account,
            to_account,
            msg_random: self.msg_random,
            msg_body: self.elements,
            cloud_custom_data: self.cloud_custom_data,
            exclude_from_user_resp_timeout: self.exclude_from_user_resp_timeout.then_some(1),
        };
        let body = serde_json::to_vec(&body).map_err(Unsendable::Body)?;
        account.with_json(Self::API.command(), body)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        reply::read(status, headers, body).map(drop)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::vendor::tencent::{Card, account::tests::ACCOUNT};

    const SESSION: &str =
        include_str!("../../../../tests/fixtures/tencent/send_msg.session.request.json");
    const ACCOUNTS: &str =
        include_str!("../../../../tests/fixtures/tencent/send_msg.accounts.request.json");
    const CARD: &str =
        include_str!("../../../../tests/fixtures/tencent/send_msg.card.request.json");

    fn body(request: &Request<'_>) -> Value {
        serde_json::from_slice(request.to_http(&ACCOUNT).unwrap().body()).unwrap()
    }

    fn page(fixture: &str) -> Value {
        serde_json::from_str(fixture).unwrap()
    }

    #[test]
    fn by_session_as_on_the_page() {
        let request = Request {
            destination: Destination::Session("fd8a2e30-54de-4e40-bcaf-02718409c5cf"),
            msg_random: 8_436_874,
            elements: &[Element::Text(
                "Welcome to use smart customer service. Glad to serve you.",
            )],
            cloud_custom_data: Some("your cloud custom data"),
            exclude_from_user_resp_timeout: false,
        };
        assert_eq!(body(&request), page(SESSION));
    }

    const FROM_DESK: Destination<'static> = Destination::Accounts {
        from: "@customer_service_account",
        to: "user45",
    };

    #[test]
    fn by_accounts_as_on_the_page() {
        let text = "Welcome to register with xx mall. You can purchase the products you want herein. If you have any questions, contact our customer service.";
        let request = Request {
            destination: FROM_DESK,
            msg_random: 82_139,
            elements: &[Element::Text(text)],
            cloud_custom_data: Some("your cloud custom data"),
            exclude_from_user_resp_timeout: false,
        };
        assert_eq!(body(&request), page(ACCOUNTS));
    }

    /// Contradiction 1: the page shows `Data` escaped twice; it is JSON in a string, once.
    #[test]
    fn contradiction_1_a_card_as_on_the_page() {
        let card = Card {
            header: "card title",
            desc: "description",
            pic: "https://static.cloudcachetci.com/qcloud/portal/kit/images/presale.a4955999.jpeg",
            url: "https://www.qcloud.com/",
        };
        let request = Request {
            destination: FROM_DESK,
            msg_random: 82_139,
            elements: &[Element::Card(card)],
            cloud_custom_data: Some("your cloud custom data"),
            exclude_from_user_resp_timeout: false,
        };
        let inner = |message: &Value| -> Value {
            let data = &message["MsgBody"][0]["MsgContent"]["Data"];
            serde_json::from_str(data.as_str().unwrap()).unwrap()
        };
        let (mut ours, mut pages) = (body(&request), page(CARD));
        assert_eq!(inner(&ours), inner(&pages));
        for message in [&mut ours, &mut pages] {
            message["MsgBody"][0]["MsgContent"]["Data"] = Value::Null;
        }
        assert_eq!(ours, pages);
    }

    /// Contradiction 8: 12K of the serialised `MsgBody`, in bytes of UTF-8.
    #[test]
    fn contradiction_8_twelve_kilobytes_and_no_more() {
        let frame = r#"[{"MsgType":"TIMTextElem","MsgContent":{"Text":""}}]"#.len();
        let fits = "é".repeat((12_288 - frame) / 2);
        assert!(measure(&[Element::Text(&fits)]).is_ok());
        for more in ["x", "é"] {
            let too_long = format!("{fits}{more}");
            let error = measure(&[Element::Text(&too_long)]).unwrap_err();
            assert!(error.to_string().contains("at most 12288"), "{error}");
        }
    }

    /// Contradiction 3: Desk spells the accounts without the underscore of `openim/sendmsg`. Contradiction 5: one of the
    /// two forms of address, and nothing of the other.
    #[test]
    fn contradiction_5_one_form_of_address_and_contradiction_3_in_desks_spelling() {
        let names = |destination| {
            let request = Request {
                destination,
                msg_random: 1,
                elements: &[Element::Text("x")],
                cloud_custom_data: None,
                exclude_from_user_resp_timeout: false,
            };
            let body = body(&request);
            let mut names: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
            names.sort_unstable();
            names
        };
        assert_eq!(
            names(Destination::Session("a")),
            ["MsgBody", "MsgRandom", "SessionId"]
        );
        assert_eq!(
            names(FROM_DESK),
            ["FromAccount", "MsgBody", "MsgRandom", "ToAccount"]
        );
    }

    /// The page: "0 means timing, and 1 means no timing. The default is 0."
    #[test]
    fn what_needs_no_answer_is_marked_and_nothing_else_is() {
        let marked = |exclude_from_user_resp_timeout| {
            let request = Request {
                destination: FROM_DESK,
                msg_random: 1,
                elements: &[Element::Text("x")],
                cloud_custom_data: None,
                exclude_from_user_resp_timeout,
            };
            body(&request).get("ExcludeFromUserRespTimeout").cloned()
        };
        assert_eq!(marked(true), Some(Value::from(1)));
        assert_eq!(marked(false), None);
    }

    #[test]
    fn a_message_has_one_random_and_another_has_another() {
        assert_eq!(msg_random("msg_1"), msg_random("msg_1"));
        assert_ne!(msg_random("msg_1"), msg_random("msg_2"));
    }

    proptest! {
        /// Whatever a card says, it is read back as it was.
        #[test]
        fn a_card_survives(header in ".*", url in ".*") {
            let card = Card { header: &header, desc: "", pic: "", url: &url };
            let element = serde_json::to_value(Element::Card(card)).unwrap();
            let data: Value = serde_json::from_str(element["MsgContent"]["Data"].as_str().unwrap()).unwrap();
            prop_assert_eq!(data["content"]["header"].as_str(), Some(header.as_str()));
            prop_assert_eq!(data["content"]["url"].as_str(), Some(url.as_str()));
        }
    }
}
