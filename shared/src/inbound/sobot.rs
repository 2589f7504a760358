//! What Sobot's pushes mean for a session.
//!
//! A customer meets the desk on Sobot's own page, so the first push of a chat is how we learn of it; it
//! leads to the customer's open session, or opens one.

use super::{
    Record, Recorded,
    conversation::{Saying, follow, serve, start},
    hash,
    lately::Lately,
    pieces::{Piece, record_pieces},
    set_aside,
};
use crate::{
    change::{Change, Mark},
    clock::{self, Millis},
    config::{ConfigError, SOBOT_SYSNUM, SOBOT_WEBHOOK_SECRETS, Setting, Settings},
    event::Fact,
    ids::CustomerId,
    message::{Author, Excerpt, Kind},
    session::{Agent, State},
    table::{Sighting, Table, TableError},
    vendor::{
        Vendor,
        sobot::{
            Push,
            push_chat_list::{ChatListPush, LastMsgType},
            push_offline::{MsgType, OfflinePush},
            push_unread::{Chat, UnreadPush},
        },
    },
};

const VENDOR: Vendor = Vendor::Sobot;

/// Records Sobot's pushes. Made once at init.
#[derive(Debug)]
pub struct Recorder {
    table: Table,
    lately: Lately,
    /// Ours; where it is not set, nobody's is another's.
    sysnum: Option<String>,
}

impl Record for Recorder {
    const VENDOR: Vendor = VENDOR;
    const SECRETS: &'static Setting = &SOBOT_WEBHOOK_SECRETS;

    fn from_settings(settings: &Settings, table: &Table) -> Result<Self, ConfigError> {
        Ok(Self {
            table: table.clone(),
            lately: Lately::of(VENDOR),
            sysnum: settings.optional(&SOBOT_SYSNUM),
        })
    }

    async fn record(&self, body: &[u8]) -> Result<Recorded, TableError> {
        let (customer, piece) = match self.read(body) {
            Ok(told) => told,
            Err(because) => {
                set_aside(&self.table, VENDOR, body, because, clock::now()).await?;
                return Ok(Recorded::default());
            }
        };
        record_pieces(&self.table, &self.lately, &customer, vec![piece]).await
    }
}

impl Recorder {
    /// What a push tells, and whom it is about; or why nothing is made of it, in words that give away
    /// nothing of it.
    fn read(&self, body: &[u8]) -> Result<(CustomerId, Told), String> {
        let push = Push::read(body).map_err(|error| error.to_string())?;
        let (sys_num, partner_id) = match &push {
            Push::Offline(push) => (None, &push.partner_id),
            Push::Unread(push) => (push.chat.sys_num.as_ref(), &push.message.partner_id),
            Push::ChatList(push) => (push.sys_num.as_ref(), &push.partner_id),
            Push::Unknown => return Err("it is of no documented kind".to_owned()),
        };
        if let (Some(theirs), Some(ours)) = (sys_num, &self.sysnum)
            && theirs != ours
        {
            return Err("its sysNum is not SOBOT_SYSNUM".to_owned());
        }
        let customer = partner_id.as_deref().and_then(CustomerId::parse);
        let customer = customer.ok_or("it names no customer that can be ours")?;
        let told = match push {
            Push::Offline(push) => Told::said(push, None, body),
            Push::Unread(push) => {
                let UnreadPush { message, chat } = *push;
                Told::said(message, Some(chat), body)
            }
            Push::ChatList(push) => Some(Told::unread(push, body)),
            Push::Unknown => None,
        };
        let told = told.ok_or("its msgType is none of the documented ones")?;
        Ok((customer, told))
    }
}

/// What one push tells.
struct Told {
    /// What it is known by: Sobot's id of the message, at whichever URL it comes, or a hash.
    key: String,
    /// As it came.
    body: String,
    /// Sobot's id of the chat.
    cid: Option<String>,
    /// Sobot's time.
    at: Option<Millis>,
    what: What,
}

enum What {
    /// An agent said something.
    Said {
        kind: Kind,
        content: String,
        agent: Option<Agent>,
        custom: Option<String>,
    },
    /// So much is unread, and this is the last of it.
    Unread { count: u64, last: Option<Excerpt> },
}

impl Told {
    /// `None` where it is of no documented kind.
    fn said(push: OfflinePush, chat: Option<Chat>, body: &[u8]) -> Option<Self> {
        let kind = match push.msg_type {
            MsgType::Text => Kind::Text,
            MsgType::Image => Kind::Image,
            MsgType::File => Kind::File,
            MsgType::Voice => Kind::Audio,
            MsgType::Video => Kind::Video,
            MsgType::Unknown => return None,
        };
        let (aid, ts, cid) = match chat {
            Some(chat) => (chat.aid, chat.ts, chat.cid),
            None => (None, None, None),
        };
        let agent = Agent {
            id: aid,
            name: push.aname,
            avatar: push.aface,
        };
        let is_somebody = agent.id.is_some() || agent.name.is_some();
        let what = What::Said {
            kind,
            content: push.content,
            agent: is_somebody.then_some(agent),
            custom: push.params,
        };
        Some(Self::of(push.msg_id, cid, ts, what, body))
    }

    fn unread(push: ChatListPush, body: &[u8]) -> Self {
        let at = push.last_msg_time;
        let last = push.last_msg.map(|last| {
            let kind = match last.kind {
                LastMsgType::Text => Kind::Text,
                LastMsgType::Image => Kind::Image,
                LastMsgType::Voice => Kind::Audio,
                LastMsgType::Rich => Kind::Rich,
            };
            Excerpt::new(kind, last.content, at)
        });
        let what = What::Unread {
            count: push.unread_num,
            last,
        };
        // The page gives it no id of its own; if it had a message's, it would stand in that one's way.
        Self::of(None, push.last_cid, at, what, body)
    }

    fn of(
        id: Option<String>,
        cid: Option<String>,
        at: Option<Millis>,
        what: What,
        body: &[u8],
    ) -> Self {
        Self {
            key: id.unwrap_or_else(|| format!("sha256-{}", hash(body))),
            body: String::from_utf8_lossy(body).into_owned(),
            cid,
            at,
            what,
        }
    }
}

impl Piece for Told {
    fn key(&self) -> &str {
        &self.key
    }

    fn body(&self) -> &str {
        &self.body
    }

    fn vendor_session(&self) -> Option<String> {
        self.cid.clone()
    }

    /// Where nothing is unread, nobody has begun to speak.
    fn opens(&self) -> bool {
        !matches!(self.what, What::Unread { count: 0, .. })
    }

    fn ends(&self) -> bool {
        false
    }

    fn apply(&self, change: &mut Change, sighting: &Sighting) {
        change.mark(Mark::Seen {
            vendor: VENDOR,
            key: self.key.clone(),
        });
        if let Some(cid) = &self.cid {
            follow(change, cid, sighting);
        }
        let occurred_at = self.at.unwrap_or(change.now());
        match &self.what {
            What::Said {
                kind,
                content,
                agent,
                custom,
            } => {
                began(change, agent.clone(), occurred_at);
                self.attend(change, agent.as_ref());
                let saying = Saying {
                    from: Author::Agent,
                    kind: *kind,
                    content: content.clone(),
                    file: None,
                    agent: agent.clone(),
                    custom: custom.clone(),
                    vendor_id: self.key.clone(),
                    said_at: self.at,
                    vendor_session: None,
                };
                saying.receive(change);
            }
            What::Unread { count, last } => {
                if self.opens() {
                    began(change, None, occurred_at);
                }
                let fact = Fact::CustomerUnread {
                    count: *count,
                    last: last.as_ref(),
                };
                change.tell(&fact, occurred_at);
            }
        }
    }
}

/// An agent has the customer. What the customer wrote meanwhile has waited for that.
fn began(change: &mut Change, agent: Option<Agent>, occurred_at: Millis) {
    let before = change.session.state;
    start(change, agent, occurred_at);
    if before != change.session.state {
        change.session.unconnected = matches!(before, State::Opening | State::Offline);
        change.session.sends.hurry();
    }
}

impl Told {
    /// Sobot tells of no transfer: whoever speaks in the present chat serves the customer. An offline
    /// message names its agent less well than an unread one has, and what comes late from an earlier
    /// chat is nobody's turn.
    fn attend(&self, change: &mut Change, agent: Option<&Agent>) {
        let session = &change.session;
        let is_present = self.cid.is_none() || self.cid == session.vendor_session;
        let is_better = agent.is_some_and(|agent| agent.id.is_some()) || session.assignee.is_none();
        if session.is_open() && is_present && is_better {
            serve(change, agent.cloned());
        }
    }
}
