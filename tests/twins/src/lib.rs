//! Strict offline stand-ins ("twins") for the vendors, made from the vendors' own pages.
//!
//! A twin refuses what its vendor would refuse. It shares no code with the `deskbridge` crate: if
//! both sides read the vendor's page wrongly in the same way, a test that joins them proves nothing,
//! so each side is checked against the page by itself.
//!
//! | module | vendor | made from |
//! |---|---|---|
//! | [`udesk`] | Udesk instant messaging, `/open_api_v1/im/…` | <https://www.udesk.cn/doc/apiv2/im/> |

pub mod udesk;
