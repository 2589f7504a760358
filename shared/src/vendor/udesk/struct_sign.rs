//! The signature of structured messages: of the call that sends one, and of the link that Udesk's console opens
//! ([`super::struct_link`]). MD5 over the query as it is written, `&`, and the "Structured Message KEY".
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Custom IM Structured Messages List Page"

use md5::{Digest, Md5};

/// What is signed. The values are digits, so that the query can be read in one way only.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// `im_sub_session_id`
    pub im_sub_session_id: &'a str,
    /// `customer_id`
    pub customer_id: &'a str,
    /// `agent_id`
    pub agent_id: &'a str,
    /// `timestamp`, in Unix seconds
    pub timestamp: &'a str,
}

impl Signed<'_> {
    /// The query, in the one order that is signed.
    pub fn query(self) -> String {
        let Self {
            im_sub_session_id,
            customer_id,
            agent_id,
            timestamp,
        } = self;
        format!(
            "im_sub_session_id={im_sub_session_id}&customer_id={customer_id}&agent_id={agent_id}&timestamp={timestamp}"
        )
    }
}

/// Lower-case hex MD5 of the query, `&` and the key.
pub fn sign(signed: Signed<'_>, key: &str) -> String {
    hex::encode(Md5::digest(format!("{}&{key}", signed.query())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Signed<'static> = Signed {
        im_sub_session_id: "1",
        customer_id: "1",
        agent_id: "1",
        timestamp: "1484272693",
    };
    // An opaque text: it looks like hex, and holds `m` and `z`.
    const KEY: &str = "708ff6dc-41d5-4med-9ebc-0388zz9d76f1";

    // Vector U5. Contradiction 1: the page's `×tamp` is a damaged `&timestamp`; contradiction 27: four parameters, and
    // not `jid_resource`.
    #[test]
    fn contradictions_1_and_27_equals_vector_u5() {
        assert_eq!(sign(PAGE, KEY), "4666293b3dfe91aa97179dc701be7afc");
    }

    // Vector U6: the same scheme as that of Udesk's first API, by another page's digest.
    #[test]
    fn is_the_scheme_of_vector_u6() {
        let digest = Md5::digest("page=1&per_page=10&99d80d18b0b9a994a8d0283e830e5099");
        assert_eq!(hex::encode(digest), "b48d4134e7d13839b09b5423e300c352");
    }

    #[test]
    fn every_value_and_its_place_count() {
        let two = "2";
        let all = [
            sign(PAGE, KEY),
            sign(PAGE, "another"),
            sign(
                Signed {
                    im_sub_session_id: two,
                    ..PAGE
                },
                KEY,
            ),
            sign(
                Signed {
                    customer_id: two,
                    ..PAGE
                },
                KEY,
            ),
            sign(
                Signed {
                    agent_id: two,
                    ..PAGE
                },
                KEY,
            ),
            sign(
                Signed {
                    timestamp: "1484272694",
                    ..PAGE
                },
                KEY,
            ),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
