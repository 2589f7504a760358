//! Who opens the page: whoever says so, whoever the company's sign names, or the holder of a token.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>, "PC/H5 security verification"

use std::fmt;

use crate::vendor::sobot::{Account, page_token::is_partnerid, sign};

/// Who opens the page.
#[derive(Clone, PartialEq, Eq)]
pub enum Identity {
    /// A visitor whom nobody names.
    Nobody,
    /// Whom the page's address names. Anybody can write it.
    Open {
        /// The customer.
        partnerid: String,
    },
    /// Whom the company's sign names.
    Sign {
        /// The customer.
        partnerid: String,
        /// MD5 of sysnum, key and partnerid. It opens the page for good.
        sign: String,
    },
    /// The holder of a token of Sobot's.
    Token {
        /// The token. It opens the page until it ends.
        token: String,
    },
}

/// A customer whose sign would be good for something else as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsignable {
    /// Not named as the page's signatures can bear.
    #[error("at Sobot's page a customer is named by 1 to 300 letters, digits and - _ . @ : +")]
    Name,
    /// A name that ends as a time does.
    #[error(
        "a sign can't be made for a customer whose name ends in ten digits and has more before them: Sobot runs the \
         values together, and it would be good for a token of the name before the digits; use mode token"
    )]
    EndsAsATime,
}

impl Identity {
    /// The customer, signed for.
    ///
    /// # Errors
    /// Where the sign would be good for something else as well: the sign of a token runs the customer and the ten digits of
    /// its end together, and a customer of ours gets to see this one.
    pub fn signed(account: &Account<'_>, partnerid: &str) -> Result<Self, Unsignable> {
        if !is_partnerid(partnerid) {
            return Err(Unsignable::Name);
        }
        let digits = partnerid
            .bytes()
            .rev()
            .take_while(u8::is_ascii_digit)
            .count();
        if digits >= 10 && partnerid.len() > 10 {
            return Err(Unsignable::EndsAsATime);
        }
        Ok(Self::Sign {
            sign: sign::page(account.sysnum, account.key, partnerid),
            partnerid: partnerid.to_owned(),
        })
    }

    /// The names and values that say it, in the component and in a link.
    pub(super) fn pairs(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Nobody => Vec::new(),
            Self::Open { partnerid } => vec![("partnerid", partnerid)],
            Self::Sign { partnerid, sign } => vec![("partnerid", partnerid), ("sign", sign)],
            Self::Token { token } => vec![("token", token)],
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "Nobody",
            Self::Open { .. } => "Open",
            Self::Sign { .. } => "Sign",
            Self::Token { .. } => "Token",
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::vendor::sobot::account::tests::ACCOUNT;

    #[test]
    fn equals_vector_s4() {
        let signed = Identity::signed(&ACCOUNT, "DE").unwrap();
        let sign = "0381a071f55b73b69ec670b76767af6c";
        assert_eq!(signed.pairs(), [("partnerid", "DE"), ("sign", sign)]);
        assert!(!format!("{signed:?}").contains(sign));
    }

    #[test]
    fn no_sign_is_good_for_another_customers_token() {
        // What a customer called DE1569397773 would be given is what opens DE's page until then.
        let page = sign::page(ACCOUNT.sysnum, ACCOUNT.key, "DE1569397773");
        let token = sign::page_token(ACCOUNT.sysnum, ACCOUNT.key, "DE", "1569397773", None);
        assert_eq!(page, token);
        for name in ["DE1569397773", "DE91569397773", "11569397773"] {
            let refused = Identity::signed(&ACCOUNT, name).unwrap_err();
            assert_eq!(refused, Unsignable::EndsAsATime, "{name}");
        }
        // No customer has an empty name.
        for name in ["1569397773", "DE156939777", "1569397773DE"] {
            assert!(Identity::signed(&ACCOUNT, name).is_ok(), "{name}");
        }
        for name in ["", "D E", "D{", "é"] {
            let refused = Identity::signed(&ACCOUNT, name).unwrap_err();
            assert_eq!(refused, Unsignable::Name, "{name}");
        }
    }
}
