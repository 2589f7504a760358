//! Sobot: its page and its pushes as values. Nothing here opens a connection.
//!
//! | file | Sobot's part |
//! |---|---|
//!
//! Vendor page: <https://developer.sobot.io/en/pages/415168>
