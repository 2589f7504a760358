//! Who comes to the desk by other ways than the app's: on Udesk's web page, or through its SDK. Their
//! conversations are no business of the API's, but it can be asked about them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::twin::Twin;

/// A visitor of the page, or a user of the SDK.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Visitor {
    /// `customer_id`
    pub id: i64,
    /// `status_code` of the whole: 0 no session, 1 in session, 2 in queue.
    pub status: i64,
    /// `status_code` by `session_key` (web only).
    pub by_session_key: BTreeMap<String, i64>,
    /// `app_id` (SDK only), without which unread messages are not told.
    pub app_id: Option<String>,
    /// Unread messages by `im_sub_session_id`, in the shape of a push.
    pub unread: BTreeMap<i64, Vec<Value>>,
}

/// Every visitor, by token.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Visitors {
    pub(crate) web: BTreeMap<String, Visitor>,
    pub(crate) sdk: BTreeMap<String, Visitor>,
}

impl Visitors {
    pub(crate) fn by_id(&self, id: i64) -> Option<&Visitor> {
        let mut all = self.web.values().chain(self.sdk.values());
        all.find(|visitor| visitor.id == id)
    }
}

impl Twin {
    /// Somebody is on the web page.
    pub fn web_visitor(&self, web_token: &str, visitor: Visitor) {
        let mut shared = self.lock();
        shared
            .desk
            .visitors
            .web
            .insert(web_token.to_owned(), visitor);
        self.save(&shared);
    }

    /// Somebody uses the SDK.
    pub fn sdk_user(&self, sdk_token: &str, visitor: Visitor) {
        let mut shared = self.lock();
        shared
            .desk
            .visitors
            .sdk
            .insert(sdk_token.to_owned(), visitor);
        self.save(&shared);
    }
}
