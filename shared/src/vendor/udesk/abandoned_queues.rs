//! `GET /im/im_queues`: who left a queue before an agent came, page by page.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Abandoned Queue Inquiry"

use http::{HeaderMap, Method};
use jiff::{Timestamp, tz::Offset};
use serde_json::Value;

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable,
    customer::Customer,
    date, id,
    reply::{self, Api},
    text,
};

/// How many one page may hold.
pub const LARGEST_PAGE: u32 = 100;

/// Which ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// From this time on, as Udesk writes times: see [`date::write`]. The page's example names a day alone.
    pub start_time: &'a str,
    /// Until then.
    pub end_time: &'a str,
    /// The page, from 1; Udesk gives the first where there is none.
    pub page: Option<u32>,
    /// How many a page holds, at most [`LARGEST_PAGE`]; Udesk gives 30 where there is none.
    pub per_page: Option<u32>,
}

/// A page of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// In Udesk's order.
    pub abandoned: Vec<Abandoned>,
    /// This page's number.
    pub page: Option<u32>,
    /// How many there are. An answer may not say.
    pub pages: Option<u32>,
}

/// Somebody waited, and left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abandoned {
    /// Udesk's number of it.
    pub id: Option<Id>,
    /// Who, as far as Udesk tells.
    pub customer: Option<Customer>,
    /// Udesk's number of the customer.
    pub customer_id: Option<Id>,
    /// Where they came from, such as `web`, `wechat`, `ios`, `android`, `weibo`, `api` or `mchat`.
    pub channel: Option<String>,
    /// When they began to wait. Udesk writes the zone.
    pub since: Option<Timestamp>,
    /// How long, in seconds.
    pub seconds: Option<u64>,
    /// Name of the queue.
    pub queue: Option<String>,
    /// What the customer chose from the menu in front of it.
    pub menu: Option<String>,
}

impl Endpoint for Request<'_> {
    const API: Api = Api::AbandonedQueues;
    type Response = Response;

    /// Without a Content-Type, with which this endpoint fails.
    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        let page = self.page.map(|page| page.to_string());
        let per_page = self.per_page.map(|most| most.to_string());
        let mut query = vec![("start_time", self.start_time), ("end_time", self.end_time)];
        query.extend(page.iter().map(|page| ("page", page.as_str())));
        query.extend(per_page.iter().map(|most| ("per_page", most.as_str())));
        account.bare(stamp, Method::GET, "/im/im_queues", &query)
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let answer = reply::read(Self::API, status, headers, body)?.body;
        let queues = reply::list(&answer, "shut_queues")?;
        let meta = |name| {
            // The page's table lists them among the elements' fields; the sample has them beside.
            let number = answer.get("meta").and_then(|meta| meta.get(name));
            let number = number.and_then(id::integer)?;
            u32::try_from(number).ok()
        };
        Ok(Response {
            abandoned: queues.iter().filter_map(abandoned).collect(),
            page: meta("current_page"),
            pages: meta("total_pages"),
        })
    }
}

fn abandoned(value: &Value) -> Option<Abandoned> {
    let filled = |name| value.get(name).and_then(text::filled);
    let number = |name| value.get(name).and_then(id::integer).map(Id);
    let seconds = value.get("queue_seconds").and_then(id::integer);
    let read = Abandoned {
        id: number("id"),
        customer: value.get("customer_name").and_then(Customer::of),
        customer_id: number("customer_id"),
        channel: filled("channel"),
        since: filled("queue_start_time").and_then(|text| date::read(&text, Offset::constant(8))),
        seconds: seconds.and_then(|seconds| u64::try_from(seconds).ok()),
        queue: filled("queue_name"),
        menu: filled("menu_names"),
    };
    (read.id.is_some() || read.customer_id.is_some() || read.customer.is_some()).then_some(read)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vendor::udesk::account::tests::{ACCOUNT, STAMP, printed, unsigned};

    const PAGE: &str =
        include_str!("../../../../tests/fixtures/udesk/abandoned_queues.answer.json");

    fn read(body: &str) -> Response {
        Request::read(200, &HeaderMap::new(), body.as_bytes()).unwrap()
    }

    #[test]
    fn asks_as_the_page_does_without_a_content_type() {
        let request = Request {
            start_time: "2019-02-10",
            end_time: "2019-02-15",
            page: None,
            per_page: None,
        };
        let http = request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::GET);
        let (path, query) = printed(include_str!(
            "../../../../tests/fixtures/udesk/abandoned_queues.request.url"
        ));
        assert!(http.headers().is_empty() && http.body().is_empty());
        assert_eq!((http.uri().path(), unsigned(&http)), (path.as_str(), query));
        let next = Request {
            page: Some(2),
            per_page: Some(LARGEST_PAGE),
            ..request
        };
        let query = unsigned(&next.to_http(&ACCOUNT, STAMP).unwrap());
        assert_eq!(query["page"], "2");
        assert_eq!(query["per_page"], "100");
    }

    #[test]
    fn reads_the_page() {
        let page = read(PAGE);
        assert_eq!((page.page, page.pages), (Some(1), Some(1)));
        assert_eq!(
            page.abandoned,
            [Abandoned {
                id: Some(Id(123)),
                customer: Some(Customer {
                    id: Some(Id(12345)),
                    customer_token: None,
                    name: Some("xxx".into()),
                    email: Some("123.123.123.123@temp.com".into()),
                    phone: None,
                }),
                customer_id: Some(Id(1234)),
                channel: Some("web".into()),
                since: Some("2022-03-25T07:55:20Z".parse().unwrap()),
                seconds: Some(27),
                queue: Some("xxx".into()),
                menu: Some("xxx".into()),
            }]
        );
    }

    #[test]
    fn contradiction_31_a_name_is_a_text_or_the_whole_customer_and_seconds_are_either() {
        for (name, seconds) in [
            (json!("Xiao Ya"), json!("27")),
            (json!({"nick_name": "Xiao Ya"}), json!(27)),
        ] {
            let body = json!({"code": 1000, "shut_queues": [{
                "customer_id": "1234", "customer_name": name, "queue_seconds": seconds,
            }]});
            let page = read(&body.to_string());
            let abandoned = &page.abandoned[0];
            let customer = abandoned.customer.as_ref().unwrap();
            assert_eq!(customer.name.as_deref(), Some("Xiao Ya"));
            assert_eq!(abandoned.seconds, Some(27));
            assert_eq!(abandoned.customer_id, Some(Id(1234)));
            // Without `meta` nothing says whether there is more.
            assert_eq!((page.page, page.pages), (None, None));
        }
    }

    #[test]
    fn nobody_is_left_out_and_no_list_is_no_answer() {
        let empty = json!({"code": 1000, "shut_queues": [{}, null], "meta": {"total_pages": "0"}});
        let page = read(&empty.to_string());
        assert_eq!((page.abandoned, page.pages), (Vec::new(), Some(0)));
        assert!(Request::read(200, &HeaderMap::new(), br#"{"code":1000}"#).is_err());
    }
}
