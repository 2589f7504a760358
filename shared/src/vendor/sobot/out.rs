//! `POST {prefix}out`: a customer ends the chat, or leaves the queue.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/7dbd90>

use serde::Serialize;

use super::{
    Refusal,
    answer::Item,
    live_chat::{Call, Endpoint},
};
use crate::fate::Fate;

/// Who leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request<'a> {
    /// The customer.
    pub partnerid: &'a str,
}

impl Endpoint for Request<'_> {
    const CALL: Call = Call::Out;
    type Response = ();

    fn of_item(item: &Item) -> Result<(), Refusal> {
        match item.number("status") {
            // No page says what `item` holds here. What was granted is done: asking again would end whatever chat the
            // customer has by then.
            None | Some(1) => Ok(()),
            // What can't be ended is not there.
            Some(other) => Err(Refusal::of(
                Fate::SessionGone,
                format!("it answered with the status {other}: there was no chat to be ended"),
            )),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderMap;
    use serde_json::json;

    use super::*;
    use crate::vendor::sobot::{answer::tests::granted, live_chat::tests::body};

    #[test]
    fn names_the_customer_alone() {
        assert_eq!(
            body(&Request { partnerid: "DE" }),
            json!({"partnerid": "DE"})
        );
    }

    #[test]
    fn what_can_not_be_ended_has_ended() {
        let read = |item| Request::read(200, &HeaderMap::new(), &granted(&item));
        assert_eq!(read(json!({"status": 1})), Ok(()));
        let refusal = read(json!({"status": 0})).unwrap_err();
        assert_eq!(refusal.fate, Fate::SessionGone);
    }

    #[test]
    fn what_is_granted_without_a_status_has_ended() {
        for item in [json!(null), json!({}), json!({"cid": "c1"})] {
            let read = Request::read(200, &HeaderMap::new(), &granted(&item));
            assert_eq!(read, Ok(()), "{item}");
        }
        let bare = br#"{"ret_code":"000000","ret_msg":"success"}"#;
        assert_eq!(Request::read(200, &HeaderMap::new(), bare), Ok(()));
        let none = Request::read(200, &HeaderMap::new(), b"{}").unwrap_err();
        assert_eq!(none.fate, Fate::RetryMaybeArrived);
    }
}
