//! Names for what has none of its own, made of what it says: SHA-256, in hexadecimal digits.

use sha2::{Digest, Sha256};

/// The whole of it: 64 digits.
pub fn whole(content: impl AsRef<[u8]>) -> String {
    hex::encode(Sha256::digest(content))
}

/// As much of it as two texts of one deployment can't share by chance: 32 digits, 128 bits.
pub fn half(content: impl AsRef<[u8]>) -> String {
    let mut digits = whole(content);
    digits.truncate(32);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST's example for SHA-256.
    #[test]
    fn digits_are_those_of_the_standard() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(whole("abc"), abc);
        assert_eq!(half("abc"), "ba7816bf8f01cfea414140de5dae2223");
    }
}
