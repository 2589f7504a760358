//! Tencent Cloud Desk: its REST interface as values. Nothing here opens a connection.
//!
//! | file | Tencent's part |
//! |---|---|
//! | [`send_msg`] | `POST /v4/desk_http_svc/send_msg` |
//! | [`element`] | what a message consists of |
//! | [`application`] | the application that the settings describe |
//! | [`account`], [`user_sig`] | address and query of every call, and who a caller is |
//! | [`code`], [`reply`] | codes, and what a refusal means for the next attempt |
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1229/68821>

pub mod account;
pub mod application;
pub mod code;
pub mod element;
pub mod reply;
pub mod send_msg;
pub mod user_sig;

pub use account::{Account, Unsendable};
pub use application::Application;
pub use code::Code;
pub use element::{Card, Element};
pub use reply::Refusal;
