//! Ids as vendors make them: unguessable to look at, the same for the same seed.

use sha2::{Digest, Sha256};

/// Bytes in lower-case hexadecimal digits.
pub(crate) fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 32 hexadecimal digits.
pub(crate) fn hex(seed: &str) -> String {
    let mut id = digits(&Sha256::digest(seed));
    id.truncate(32);
    id
}

/// The form of `f862f80d-89aa-4f31-92d9-ccd4fcacffcf`.
pub(crate) fn dashed(seed: &str) -> String {
    let mut id = String::with_capacity(36);
    for (position, digit) in hex(seed).chars().enumerate() {
        if matches!(position, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(digit);
    }
    id
}

#[cfg(test)]
mod tests {
    #[test]
    fn dashes_stand_where_they_do_in_the_vendors_example() {
        let places = |id: &str| -> Vec<usize> { id.match_indices('-').map(|(at, _)| at).collect() };
        let example = "f862f80d-89aa-4f31-92d9-ccd4fcacffcf";
        let made = super::dashed("1");
        assert_eq!(
            (made.len(), places(&made)),
            (example.len(), places(example))
        );
    }
}
