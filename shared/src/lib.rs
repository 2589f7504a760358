//! What every deskbridge function shares.

pub mod html;
pub mod survey;
pub mod vendor;
