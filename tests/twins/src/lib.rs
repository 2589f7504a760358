//! Strict offline stand-ins ("twins") for the vendors, made from the vendors' own pages.
//!
//! A twin refuses what its vendor would refuse. It shares no code with the `deskbridge` crate: if
//! both sides read the vendor's page wrongly in the same way, a test that joins them proves nothing,
//! so each side is checked against the page by itself.
//!
//! | module | vendor | made from |
//! |---|---|---|
//! | [`sobot`] | Sobot's page token, customer's page and pushes | <https://developer.sobot.io/en/pages/6cc489/>, <https://developer.sobot.io/en/pages/415168> |
//! | [`tencent`] | Tencent Cloud Desk's `send_msg` and UserSig | <https://www.tencentcloud.com/document/product/1229/68821> |
//! | [`udesk`] | Udesk instant messaging, `/open_api_v1/im/…` | <https://www.udesk.cn/doc/apiv2/im/> |

//! What has nothing of a vendor in it stands beside them: `server` (connections that can be cut),
//! `life` (running until stopped), `faults` and `calls` (what goes wrong, and what came), `push`
//! (what a vendor sends us), `pages` (who may open a page), `store` (state files), `ids`, `instant`.

mod ids;
mod instant;
mod life;
mod pages;
mod server;
mod store;

pub mod calls;
pub mod faults;
pub mod push;
pub mod sobot;
pub mod tencent;
pub mod udesk;
