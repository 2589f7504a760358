//! Tencent Cloud Desk: its REST interface as values. Nothing here opens a connection.
//!
//! | file | Tencent's part |
//! |---|---|
//! | [`user_sig`] | UserSig: who a caller is |
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1229/68821>

pub mod user_sig;
