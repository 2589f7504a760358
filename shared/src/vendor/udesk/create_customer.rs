//! `POST /customers`: tell Udesk of a customer before they come. Without it Udesk makes one of its own, or refuses the
//! session: its page says both.
//!
//! Of the vendor's page only an older form is at hand, from which names and forms are taken. That `open_api_token` is
//! the app's id, and stands in `customer`, is what the IM page says of it and where Udesk's own objects have it.
//!
//! Vendor page: <https://www.udesk.cn/doc/apiv2/customers/#_10>

use std::collections::BTreeMap;

use http::{HeaderMap, Method};
use serde::Serialize;

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable, id,
    reply::{self, Api},
};
use crate::profile::{Field, Level, Profile};

/// A customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The app's id of the customer.
    pub customer_token: &'a str,
    /// Who they are.
    pub profile: &'a Profile,
}

/// The customer is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// Udesk's own number, where it tells.
    pub id: Option<Id>,
}

#[derive(Serialize)]
struct Body<'a> {
    customer: Customer<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<String>,
}

#[derive(Serialize)]
struct Customer<'a> {
    open_api_token: &'a str,
    nick_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    /// An entry's own number, which a new one has not, and the number to call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cellphones: Vec<(Option<Id>, &'a str)>,
    #[serde(skip_serializing_if = "is_empty")]
    custom_fields: &'a BTreeMap<String, Field>,
}

fn is_empty(fields: &&BTreeMap<String, Field>) -> bool {
    fields.is_empty()
}

impl Endpoint for Request<'_> {
    const API: Api = Api::CreateCustomer;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let Profile {
            name,
            email,
            phones,
            level,
            description,
            tags,
            custom_fields,
        } = self.profile;
        let body = Body {
            customer: Customer {
                open_api_token: self.customer_token,
                // Agents see something that they can look up.
                nick_name: name.as_deref().unwrap_or(self.customer_token),
                email: email.as_deref(),
                description: description.as_deref(),
                level: *level,
                cellphones: phones.iter().map(|phone| (None, phone.as_str())).collect(),
                custom_fields,
            },
            tags: (!tags.is_empty()).then(|| tags.join(",")),
        };
        account.with_json(stamp, Method::POST, "/customers", &body)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let answer = reply::read(Self::API, status, headers, body)?.body;
        let number = answer.pointer("/customer/id").and_then(id::integer);
        Ok(Response { id: number.map(Id) })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::vendor::udesk::{
        Code, Fate,
        account::tests::{ACCOUNT, STAMP, unsigned},
    };

    fn asked(profile: Value) -> Value {
        let profile = serde_json::from_value(profile).unwrap();
        let request = Request {
            customer_token: "DE",
            profile: &profile,
        };
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::POST);
        assert_eq!(http.uri().path(), "/open_api_v1/customers");
        assert!(unsigned(&http).is_empty());
        serde_json::from_slice(http.body()).unwrap()
    }

    // The forms are those of vendors.md, section 1.5.
    #[test]
    fn tells_all_that_is_known() {
        let profile = json!({
            "name": "Xiao Ya", "email": "de@example.com", "phones": ["13800000000", "13900000000"],
            "level": "vip", "description": "came by the shop", "tags": ["a", "b"],
            "custom_fields": {"TextField_1": "blue", "SelectField_2": ["0"]},
        });
        assert_eq!(
            asked(profile),
            json!({
                "customer": {
                    "open_api_token": "DE", "nick_name": "Xiao Ya", "email": "de@example.com",
                    "description": "came by the shop", "level": "vip",
                    "cellphones": [[null, "13800000000"], [null, "13900000000"]],
                    "custom_fields": {"TextField_1": "blue", "SelectField_2": ["0"]},
                },
                "tags": "a,b",
            })
        );
    }

    #[test]
    fn a_customer_of_whom_nothing_is_known_is_called_by_their_id() {
        assert_eq!(
            asked(json!({})),
            json!({"customer": {"open_api_token": "DE", "nick_name": "DE"}})
        );
    }

    #[test]
    fn reads_answers() {
        let read = |body: &str| Request::read(200, &HeaderMap::new(), body.as_bytes());
        for (body, id) in [
            (
                r#"{"code":1000,"customer":{"id":5855308,"open_api_token":"DE"}}"#,
                Some(Id(5_855_308)),
            ),
            (r#"{"code":1000,"customer":{"id":"7"}}"#, Some(Id(7))),
            (r#"{"code":1000}"#, None),
        ] {
            assert_eq!(read(body), Ok(Response { id }), "{body}");
        }
        let taken = read(r#"{"code":2005,"message":"taken"}"#).unwrap_err();
        assert_eq!(
            (taken.fate, taken.code),
            (Fate::Refused, Some(Code::InvalidParameter))
        );
    }
}
