//! The desks that deskbridge speaks to, a folder each. A vendor's own spellings stay in its folder.

pub mod udesk;
