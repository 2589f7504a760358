//! The desk: the tokens given, the visitors, what agents said to them and what they wrote. This is the twin's whole
//! state, and what the state file keeps.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids;

/// The kind of page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// `/chat/pc/…`, `source` 0.
    Pc,
    /// `/chat/h5/…`, `source` 4.
    H5,
}

impl Channel {
    /// By its part of the path.
    pub(crate) fn of_path(part: &str) -> Option<Self> {
        match part {
            "pc" => Some(Self::Pc),
            "h5" => Some(Self::H5),
            _ => None,
        }
    }

    /// By its number as a `source`.
    pub(crate) fn of_source(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Pc),
            4 => Some(Self::H5),
            _ => None,
        }
    }
}

/// A page token that was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Issued {
    /// The token.
    pub token: String,
    /// `partnerid`
    pub partner_id: String,
    /// `ts`: when it ends, in Unix seconds.
    pub expires_at: i64,
    /// `customized_fields`, the text as it was sent.
    pub customized_fields: Option<String>,
    /// `source`
    pub channel: Option<Channel>,
    /// `channel_flag`
    pub channel_flag: Option<i64>,
}

/// What a message is: `msgType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MsgKind {
    /// A text; may hold HTML.
    Text,
    /// A picture: the content is its address.
    Image,
    /// A file: the content is its address.
    File,
    /// A voice message: the content is its address.
    Voice,
    /// A video: the content is its address.
    Video,
}

impl MsgKind {
    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::File => "file",
            Self::Voice => "voice",
            Self::Video => "video",
        }
    }

    /// `lastMsgType`: "0: text; 1: image; 2: voice; other: rich text".
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Text => 0,
            Self::Image => 1,
            Self::Voice => 2,
            Self::File | Self::Video => 3,
        }
    }
}

/// Something that an agent said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// `msgId`
    pub msg_id: String,
    /// `cid`: the chat it was said in.
    pub cid: String,
    /// `msgType`
    pub kind: MsgKind,
    /// `content`
    pub content: String,
    /// When: `ts`.
    #[serde(with = "crate::instant")]
    pub at: Timestamp,
    /// How many messages were unread with it: `unReadNum`.
    pub unread: u32,
}

/// A look at the customer's page that was let in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Which page.
    pub channel: Channel,
    /// When.
    #[serde(with = "crate::instant")]
    pub at: Timestamp,
    /// The token that opened it, if one did.
    pub token: Option<String>,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visitor {
    /// `partnerId`
    pub partner_id: String,
    /// `uid`: Sobot's own id of the customer.
    pub uid: String,
    /// `visitorId`
    pub visitor_id: String,
    /// `cid`: the chat under way, or the last one.
    pub cid: String,
    /// `createChatTime`: when that chat began.
    #[serde(with = "crate::instant")]
    pub chat_began: Timestamp,
    /// The page's sub-channel: `channelFlag`.
    pub channel_flag: i64,
    /// The looks at the page, oldest first.
    pub visits: Vec<Visit>,
    /// What agents said, oldest first.
    pub said: Vec<Said>,
    /// How many of those the customer has not seen on the page.
    pub unread: u32,
    /// How far the customer has come through the Live Chat API.
    #[serde(default)]
    pub standing: Standing,
    /// The chats that an agent had with the customer through that API, oldest first.
    #[serde(default)]
    pub chats: Vec<String>,
    /// What the customer wrote through it, oldest first.
    #[serde(default)]
    pub wrote: Vec<Wrote>,
    /// How the customer rated those chats.
    #[serde(default)]
    pub ratings: Vec<Rating>,
}

/// How far a customer has come through the Live Chat API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not connected.
    #[default]
    Away,
    /// In the queue, at this place.
    Waiting(i64),
    /// With an agent.
    Connected,
}

/// Something that a customer wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wrote {
    /// `msg_type`
    pub kind: MsgKind,
    /// `content`
    pub content: String,
    /// The chat that it was written in.
    pub cid: String,
    /// When.
    #[serde(with = "crate::instant")]
    pub at: Timestamp,
}

/// A rating of a chat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    /// Which chat.
    pub cid: String,
    /// `score`
    pub score: i64,
    /// `solved`
    pub solved: Option<i64>,
    /// `tag`
    pub tag: Option<String>,
    /// `remark`
    pub remark: Option<String>,
    /// `comment_type`
    pub comment_type: Option<i64>,
}

/// A token of the open API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AppToken {
    pub(crate) token: String,
    /// In Unix milliseconds of the vendor's clock.
    pub(crate) ends_at: i64,
}

/// Tokens, visitors and counters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Desk {
    pub(crate) tokens: BTreeMap<String, Issued>,
    /// The open API's, oldest first.
    #[serde(default)]
    pub(crate) app_tokens: Vec<AppToken>,
    pub(crate) visitors: BTreeMap<String, Visitor>,
    next: u64,
    seed: String,
}

/// The sub-channel of a visitor whose token names none: the page's example.
const CHANNEL_FLAG: i64 = 1;

impl Desk {
    /// An empty desk. Ids hang on the clock, so that two twins that follow each other never give
    /// the same id, as one vendor never does.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            tokens: BTreeMap::new(),
            app_tokens: Vec::new(),
            visitors: BTreeMap::new(),
            next: 1,
            seed: now.as_nanosecond().to_string(),
        }
    }

    /// A new id of 32 hexadecimal digits, as the page's token is.
    pub(crate) fn id(&mut self) -> String {
        let id = ids::hex(&format!("{}/{}", self.seed, self.next));
        self.next += 1;
        id
    }

    /// The visitor; an unknown one is created.
    pub(crate) fn visitor(&mut self, partner_id: &str, now: Timestamp) -> &mut Visitor {
        let [uid, visitor_id, cid] = [self.id(), self.id(), self.id()];
        self.visitors
            .entry(partner_id.to_owned())
            .or_insert_with(|| Visitor {
                partner_id: partner_id.to_owned(),
                uid,
                visitor_id,
                cid,
                chat_began: now,
                channel_flag: CHANNEL_FLAG,
                visits: Vec::new(),
                said: Vec::new(),
                unread: 0,
                standing: Standing::Away,
                chats: Vec::new(),
                wrote: Vec::new(),
                ratings: Vec::new(),
            })
    }

    /// The next message is in another chat.
    pub(crate) fn begin_chat(&mut self, partner_id: &str, now: Timestamp) {
        let cid = self.id();
        let visitor = self.visitor(partner_id, now);
        visitor.cid = cid;
        visitor.chat_began = now;
        visitor.standing = Standing::Away;
    }

    /// An agent takes the customer, in a chat of its own; gives the chat.
    pub(crate) fn connect(&mut self, partner_id: &str, now: Timestamp) -> String {
        self.begin_chat(partner_id, now);
        let visitor = self.visitor(partner_id, now);
        visitor.standing = Standing::Connected;
        visitor.chats.push(visitor.cid.clone());
        visitor.cid.clone()
    }

    /// An agent says something.
    pub(crate) fn say(
        &mut self,
        partner_id: &str,
        kind: MsgKind,
        content: &str,
        now: Timestamp,
    ) -> Said {
        let msg_id = self.id();
        let visitor = self.visitor(partner_id, now);
        visitor.unread += 1;
        let said = Said {
            msg_id,
            cid: visitor.cid.clone(),
            kind,
            content: content.to_owned(),
            at: now,
            unread: visitor.unread,
        };
        visitor.said.push(said.clone());
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_of_the_pages_token_and_never_repeat() {
        let mut desk = Desk::new(Timestamp::now());
        let (first, second) = (desk.id(), desk.id());
        assert_eq!(first.len(), "59a3d022993e4632bafd4f59a0f13604".len());
        assert_ne!(first, second);
    }
}
