//! Links, read.

use percent_encoding::percent_decode_str;

/// The names and values of a link's query, decoded once.
pub(super) fn query(link: &str) -> Vec<(String, String)> {
    let (_, query) = link.split_once('?').unwrap();
    assert!(
        !query.contains(['?', '#', ' ', '"', '<']) || link.contains("[{"),
        "{link}"
    );
    let pairs = query.split('&').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap();
        let value = percent_decode_str(value).decode_utf8().unwrap();
        (name.to_owned(), value.into_owned())
    });
    pairs.collect()
}

/// Where a link leads, without its query.
pub(super) fn page(link: &str) -> &str {
    link.split_once('?').unwrap().0
}
