//! Sobot: its page and its pushes as values. Nothing here opens a connection.
//!
//! What Sobot calls us with is read by [`push::Push::read`].
//!
//! | file | Sobot's part |
//! |---|---|
//! | [`page_token`] | `POST /api/page/token` |
//! | [`link`], [`channel`] | the page that such a token opens |
//! | [`push`], [`push_offline`], [`push_unread`], [`push_chat_list`] | the three message pushes |
//! | [`get_token`] | `GET /api/get_token` |
//! | [`live_chat`] | what the calls of the Live Chat API have in common |
//! | [`chat_connect`], [`chat_send`], [`comment`], [`out`] | those calls |
//! | [`host`], [`account`], [`sign`] | address, account and signatures |
//! | [`web`] | the Web-JS page: what an app may set on it, the deployment code, the links |
//! | [`code`], [`refusal`], [`answer`] | codes, what a refusal means, and where both stand in an answer |
//! | `id`, `time` | values that Sobot writes in more than one way |
//!
//! Vendor page: <https://developer.sobot.io/en/pages/415168>

pub mod account;
pub mod answer;
pub mod channel;
pub mod chat_connect;
pub mod chat_send;
pub mod code;
pub mod comment;
pub mod get_token;
pub mod host;
mod id;
pub mod link;
pub mod live_chat;
pub mod out;
pub mod page_token;
pub mod push;
pub mod push_chat_list;
pub mod push_offline;
pub mod push_unread;
pub mod refusal;
pub mod sign;
mod time;
pub mod web;

pub use account::Account;
pub use channel::Channel;
pub use code::Code;
pub use push::Push;
pub use refusal::Refusal;
