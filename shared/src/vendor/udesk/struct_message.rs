//! `POST /im/sessions/struct_messages`: sends a card to a customer who has Udesk's own web or SDK client. Customers
//! who were made through the API can't be sent one. Udesk takes one in two seconds.
//!
//! It is signed in a way of its own ([`super::struct_sign`]), and its answer holds `status` where others hold `code`.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Send IM Structured Message"

use http::{HeaderMap, Method, header};
use serde::Serialize;

use super::{
    Api, Id, Refusal, Unsendable,
    card::Card,
    reply,
    struct_sign::{self, Signed},
};

/// Who is sent which card.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The session that the agent and the customer are in.
    pub im_sub_session_id: Id,
    /// The customer, by Udesk's number.
    pub customer_id: Id,
    /// The agent in whose name it is sent.
    pub agent_id: Id,
    /// The SDK's own name of where the customer is, as Udesk told it.
    pub jid_resource: Option<&'a str>,
    /// The card.
    pub card: &'a Card,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    jid_resource: Option<&'a str>,
    data: &'a Card,
}

impl Request<'_> {
    /// Which endpoint it is.
    pub const API: Api = Api::StructMessages;

    /// The request, signed with the "Structured Message KEY" at this time in Unix seconds.
    ///
    /// # Errors
    /// [`Unsendable::Url`] when the base URL is none, [`Unsendable::Body`] when the body can't be written.
    pub fn to_http(
        &self,
        base_url: &str,
        key: &str,
        timestamp: i64,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let signed = Signed {
            im_sub_session_id: &self.im_sub_session_id.to_string(),
            customer_id: &self.customer_id.to_string(),
            agent_id: &self.agent_id.to_string(),
            timestamp: &timestamp.to_string(),
        };
        let url = format!(
            "{}/open_api_v1/im/sessions/struct_messages?{}&sign={}",
            base_url.trim_end_matches('/'),
            signed.query(),
            struct_sign::sign(signed, key),
        );
        let body = Body {
            jid_resource: self.jid_resource,
            data: self.card,
        };
        http::Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(serde_json::to_vec(&body).map_err(Unsendable::Body)?)
            .map_err(Unsendable::Url)
    }
}

/// Udesk has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Udesk's words.
    pub message: String,
}

/// Reads Udesk's answer.
///
/// # Errors
/// A [`Refusal`] that says what to do about it.
pub fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
    let answer = reply::read(Api::StructMessages, status, headers, body)?;
    Ok(Response {
        message: answer.message,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::vendor::udesk::{Code, Fate, card::tests::of_the_page};

    const BASE_URL: &str = "https://demo.udesk.cn";
    const KEY: &str = "708ff6dc-41d5-4med-9ebc-0388zz9d76f1";

    fn request(card: &Card) -> Request<'_> {
        Request {
            im_sub_session_id: Id(1),
            customer_id: Id(1),
            agent_id: Id(1),
            jid_resource: None,
            card,
        }
    }

    #[test]
    fn sends_as_the_page_does() {
        let card = of_the_page();
        let http = request(&card)
            .to_http(BASE_URL, KEY, 1_484_272_693)
            .unwrap();
        assert_eq!(http.method(), Method::POST);
        // The page's order; the sign is the one that it prints for these values (vector U5).
        assert_eq!(
            http.uri(),
            "https://demo.udesk.cn/open_api_v1/im/sessions/struct_messages?im_sub_session_id=1&customer_id=1\
             &agent_id=1&timestamp=1484272693&sign=4666293b3dfe91aa97179dc701be7afc"
        );
        let content_type = http.headers().get(header::CONTENT_TYPE).unwrap();
        assert_eq!(content_type, "application/json");
        let page: Value = serde_json::from_str(include_str!(
            "../../../../tests/fixtures/udesk/struct_messages.request.json"
        ))
        .unwrap();
        let sent: Value = serde_json::from_slice(http.body()).unwrap();
        assert_eq!(sent, page);
    }

    #[test]
    fn carries_the_sdks_resource_beside_the_card_and_unsigned() {
        let card = of_the_page();
        let with = Request {
            jid_resource: Some("12dsafdaslj129das-12fds912-12dsa"),
            ..request(&card)
        };
        let http = with.to_http(BASE_URL, KEY, 1_484_272_693).unwrap();
        let sent: Value = serde_json::from_slice(http.body()).unwrap();
        assert_eq!(
            sent.get("jid_resource").unwrap(),
            "12dsafdaslj129das-12fds912-12dsa"
        );
        let without = request(&card)
            .to_http(BASE_URL, KEY, 1_484_272_693)
            .unwrap();
        assert_eq!(http.uri(), without.uri());
    }

    #[test]
    fn contradiction_26_the_answer_holds_status_in_place_of_code() {
        let page = include_bytes!("../../../../tests/fixtures/udesk/struct_messages.answer.json");
        let granted = read(200, &HeaderMap::new(), page).unwrap();
        assert_eq!(granted.message, "Send Success");
        let answer = |body: &str| read(200, &HeaderMap::new(), body.as_bytes());
        let refused = answer(r#"{"status":2005,"message":"no"}"#).unwrap_err();
        assert_eq!(refused.code, Some(Code::InvalidParameter));
        assert_eq!(
            (refused.fate, refused.message),
            (Fate::Refused, "no".into())
        );
        let limited = answer(r#"{"status":4711,"message":"too many requests"}"#).unwrap_err();
        assert_eq!(limited.fate, Fate::Retry { after: None });
        // What stands before Udesk's endpoints may answer in the envelope of all the others.
        let unsigned = answer(r#"{"code":2059,"message":"sign"}"#).unwrap_err();
        assert_eq!(unsigned.code, Some(Code::WrongSignature));
    }
}
