//! Tencent Cloud Desk: its REST interface as values. Nothing here opens a connection.
//!
//! | file | Tencent's part |
//! |---|---|
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1229/68821>
