//! Bodies as vendors push them, for what their twins would never do: Udesk's (vendor page, "Reply
//! Message Notification" and "Send Customer Message Read Status") and Sobot's ("Message Push").

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

/// Sobot's "Customer Unread Message": a text of an agent's, under Sobot's ids of message and chat.
pub fn sobot_text(customer: &str, msg_id: &str, cid: &str, content: &str) -> String {
    json!({
        "type": 202,
        "partnerId": customer,
        "msgId": msg_id,
        "params": "",
        "content": content,
        "msgType": "text",
        "aname": "Tom",
        "aface": "https://img.sobot.io/tom.png",
        "sysNum": "ABC",
        "createChatTime": 1_608_192_372_781_i64,
        "channelFlag": 1,
        "appName": "Shop",
        "aid": "agent_3",
        "ts": 1_608_192_578_781_i64,
        "cid": cid,
        "uid": "sobot_customer_7",
    })
    .to_string()
}

/// Sobot's "Offline Message": the same without a chat.
pub fn sobot_offline(customer: &str, msg_id: &str, content: &str) -> String {
    json!({
        "type": 202,
        "partnerId": customer,
        "msgId": msg_id,
        "content": content,
        "msgType": "text",
        "aname": "Tom",
        "aface": "https://img.sobot.io/tom.png",
        "params": "",
    })
    .to_string()
}

/// Sobot's "Merchant Chat List Message": so much is unread in a chat.
pub fn sobot_chat_list(customer: &str, cid: &str, count: u32, content: &str) -> String {
    json!({
        "sysNum": "ABC",
        "visitorId": "visitor_7",
        "partnerId": customer,
        "lastCid": cid,
        "lastMsgContent": content,
        "lastMsgTime": 1_608_198_322_000_i64,
        "lastMsgType": 0,
        "unReadNum": count,
    })
    .to_string()
}
