//! The bodies of the three pushes, with every field of the vendor's page.

use serde_json::{Map, Value, json};

use super::desk::{Said, Visitor};
use super::switches::Switches;
use super::twin::Config;

/// The `type` of the offline and the unread push: "agent sending messages to customer".
const AGENT_TO_CUSTOMER: i64 = 202;

/// Which push tells of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PushKind {
    /// "Offline Message": the customer is offline.
    Offline,
    /// "Customer Unread Message": the customer has left the PC or H5 chat window.
    Unread,
    /// "Merchant Chat List Message": the customer is on the chat list page.
    ChatList,
}

impl PushKind {
    /// All three, in the page's order.
    pub const ALL: [Self; 3] = [Self::Offline, Self::Unread, Self::ChatList];

    /// Its name in the twin's JSON: `offline`, `unread`, `chat_list`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Unread => "unread",
            Self::ChatList => "chat_list",
        }
    }

    /// By that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The body that tells of `said` to `visitor`.
pub(crate) fn write(
    kind: PushKind,
    config: &Config,
    switches: &Switches,
    visitor: &Visitor,
    said: &Said,
) -> Value {
    let number = |number: i64| {
        if switches.numbers_as_text {
            json!(number.to_string())
        } else {
            json!(number)
        }
    };
    let offline = || {
        json!({
            "type": number(AGENT_TO_CUSTOMER),
            "partnerId": visitor.partner_id,
            "msgId": said.msg_id,
            "content": said.content,
            "msgType": said.kind.word(),
            "aname": config.agent.name,
            "aface": config.agent.face,
            "params": config.params,
        })
    };
    let unread = || {
        let mut body = offline();
        let more = json!({
            "sysNum": config.sysnum,
            "createChatTime": number(visitor.chat_began.as_millisecond()),
            "channelFlag": number(visitor.channel_flag),
            "appName": config.app_name,
            "aid": config.agent.id,
            "ts": number(said.at.as_millisecond()),
            "cid": said.cid,
            "uid": visitor.uid,
        });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend::<Map<String, Value>>(more);
        }
        body
    };
    match kind {
        PushKind::Offline if switches.offline_in_full => unread(),
        PushKind::Offline => offline(),
        PushKind::Unread => unread(),
        PushKind::ChatList => json!({
            "sysNum": config.sysnum,
            "visitorId": visitor.visitor_id,
            "partnerId": visitor.partner_id,
            "lastCid": said.cid,
            "lastMsgContent": said.content,
            "lastMsgTime": number(said.at.as_millisecond()),
            "lastMsgType": if switches.last_type_in_words {
                json!(said.kind.word())
            } else {
                number(said.kind.number())
            },
            "unReadNum": number(i64::from(said.unread)),
        }),
    }
}
