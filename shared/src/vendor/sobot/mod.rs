//! Sobot: its page and its pushes as values. Nothing here opens a connection.
//!
//! | file | Sobot's part |
//! |---|---|
//! | [`page_token`] | `POST /api/page/token` |
//! | [`link`], [`channel`] | the page that such a token opens |
//! | [`host`], [`account`], [`sign`] | address, account and signatures |
//! | [`code`], [`refusal`] | codes, and what a refusal means |
//!
//! Vendor page: <https://developer.sobot.io/en/pages/415168>

pub mod account;
pub mod channel;
pub mod code;
pub mod host;
pub mod link;
pub mod page_token;
pub mod refusal;
pub mod sign;

pub use account::Account;
pub use channel::Channel;
pub use code::Code;
pub use refusal::Refusal;
