//! Tencent Cloud Desk: its REST interface as values. Nothing here opens a connection.
//!
//! | file | Tencent's part |
//! |---|---|
//! | [`send_msg`] | `POST /v4/desk_http_svc/send_msg` |
//! | [`get_session_state`] | `POST /v4/desk_http_svc/get_session_state` |
//! | [`end_session`] | `POST /v4/desk_http_svc/end_session` |
//! | [`transfer_to_human`] | `POST /v4/desk_http_svc/transfer_to_human` |
//! | [`describe_chat_messages`] | `POST /v4/desk_http_svc/describe_chat_messages` |
//! | [`user_send_msg`] | `POST /v4/openim/sendmsg` |
//! | [`event`], [`events`], [`callback_sign`] | the callback `Desk.SessionEventNotify`, what its events mean, its `Sign` |
//! | [`element`], [`custom_element`], [`said`] | what a message consists of, Desk's own elements, what comes in |
//! | [`application`], [`region`] | the application that the settings describe, and where it is |
//! | [`account`], [`user_sig`] | address and query of every call, and who a caller is |
//! | [`endpoint`], [`code`], [`reply`] | what can be asked, codes, and what a refusal means for the next attempt |
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1229/68821>

pub mod account;
pub mod application;
pub mod callback_sign;
pub mod code;
pub mod custom_element;
pub mod describe_chat_messages;
pub mod element;
pub mod end_session;
pub mod endpoint;
pub mod event;
pub mod events;
pub mod get_session_state;
pub mod region;
pub mod reply;
pub mod said;
pub mod send_msg;
pub mod transfer_to_human;
pub mod user_send_msg;
pub mod user_sig;

pub use account::{Account, Unsendable};
pub use application::Application;
pub use code::Code;
pub use custom_element::{Card, Order};
pub use element::{Element, Media};
pub use endpoint::{Api, Endpoint};
pub use reply::Refusal;
