//! Sobot's Web-JS page: what an app may set on it, and the snippet and links in which it says so.
//!
//! What may be set is one list, [`PARAMETERS`]: the vendor's name, what it takes, how it is written in the component's
//! `zc("config", …)` and in a link, and where it may stand. [`Parameters::read`] reads a request against that list,
//! [`rules`] looks at what hangs together, and everything that comes out is written from the list.
//!
//! | file | Sobot's part |
//! |---|---|
//! | [`parameter`], [`list`] | the parameters of the page, one row each |
//! | [`value`], `form`, [`goods`], [`route`] | what a parameter takes, and what is wrong with it |
//! | `written` | how a value stands in the component and in a link |
//! | [`parameters`], [`rules`] | those of one request |
//! | [`identity`] | who opens the page: open, by a sign, by a token |
//! | [`snippet`], [`call`], `script` | the deployment code, and the page's own calls |
//! | [`chat_link`], [`leave_message`], [`ticket`] | the links |
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>

pub mod call;
pub mod chat_link;
pub mod flaw;
mod form;
pub mod goods;
pub mod identity;
pub mod leave_message;
pub mod list;
pub mod parameter;
pub mod parameters;
pub mod route;
pub mod rules;
mod script;
pub mod snippet;
#[cfg(test)]
mod tests;
pub mod ticket;
pub mod value;
mod written;

pub use call::{Call, Name};
pub use flaw::Flaw;
pub use identity::Identity;
pub use list::PARAMETERS;
pub use parameter::{Parameter, Place};
pub use parameters::{Given, Parameters};
pub use snippet::Start;
