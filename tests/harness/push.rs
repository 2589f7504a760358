//! Bodies as Udesk pushes them (vendor page, "Reply Message Notification" and "Send Customer Message
//! Read Status"), for what the twin's agent would never do.

use serde_json::{Value, json};

/// What an agent said or did to a customer, as one body.
pub fn reply(customer: &str, messages: &[Value]) -> String {
    json!({"customer_token": customer, "assign_type": "agent", "messages": messages}).to_string()
}

/// One element of such a body: of this `type`, under Udesk's ids, with this `data`.
pub fn message(kind: &str, message_id: &str, im_sub_session_id: i64, data: Value) -> Value {
    json!({
        "type": kind,
        "message_id": message_id,
        "agent_id": 3,
        "agent_name": "Tom",
        "agent_avatar": "https://123.com/1.png",
        "im_sub_session_id": im_sub_session_id,
        "message_created_at": "20170711 09:52:12",
        "data": data,
    })
}

/// The same, for a text.
pub fn text(message_id: &str, im_sub_session_id: i64, content: &str) -> Value {
    message(
        "message",
        message_id,
        im_sub_session_id,
        json!({"content": content}),
    )
}

/// Which of the customer's messages were read.
pub fn read(im_sub_session_id: i64, message_ids: &[&str]) -> String {
    json!({"session_id": im_sub_session_id, "message_ids": message_ids}).to_string()
}
