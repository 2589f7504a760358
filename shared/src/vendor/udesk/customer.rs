//! A customer as Udesk's list of customers holds them. The page prints one inside an abandoned queue; what creates or
//! finds a customer answers with the same object.
//!
//! Vendor pages: <https://www.udeskglobal.com/doc/apiv2/im>, "Abandoned Queue Inquiry"; <https://www.udesk.cn/doc/apiv2/webhook/>

use serde_json::Value;

use super::{Id, id, robot_answer::each, text};

/// A customer. Of the many fields those that somebody needs who wants to reach them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Udesk's own number.
    pub id: Option<Id>,
    /// The app's id, `open_api_token`: only customers of the interface have one.
    pub customer_token: Option<String>,
    /// `nick_name`
    pub name: Option<String>,
    /// `email`
    pub email: Option<String>,
    /// `cellphone`, or the first of `cellphones`.
    pub phone: Option<String>,
}

impl Customer {
    /// Reads the object; a text is a name. `None` where it says nothing.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let filled = |name| value.get(name).and_then(text::filled);
        let cellphones = || each(value.get("cellphones"));
        let customer = Self {
            id: value.get("id").and_then(id::integer).map(Id),
            customer_token: filled("open_api_token"),
            name: filled("nick_name").or_else(|| text::filled(value)),
            email: filled("email"),
            phone: filled("cellphone")
                .or_else(|| cellphones().find_map(|phone| text::filled(phone.get("content")?))),
        };
        let nobody = Self {
            id: None,
            customer_token: None,
            name: None,
            email: None,
            phone: None,
        };
        (customer != nobody).then_some(customer)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_the_webhook_page_prints() {
        let customer = Customer::of(&json!({
            "id": "12", "nick_name": "Xiao Ya", "open_api_token": "DE", "email": "de@example.com",
            "cellphones": [{"id": 1, "content": "13800000000"}, {"id": 2, "content": "13900000000"}],
        }));
        assert_eq!(
            customer.unwrap(),
            Customer {
                id: Some(Id(12)),
                customer_token: Some("DE".into()),
                name: Some("Xiao Ya".into()),
                email: Some("de@example.com".into()),
                phone: Some("13800000000".into()),
            }
        );
    }

    #[test]
    fn an_object_that_says_nothing_is_nobody() {
        for nobody in [
            json!({}),
            json!(null),
            json!(""),
            json!([]),
            json!({"nick_name": " ", "open_api_token": null}),
        ] {
            assert_eq!(Customer::of(&nobody), None, "{nobody}");
        }
    }
}
