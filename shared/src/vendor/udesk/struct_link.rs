//! `GET <embedded link>?…`: Udesk's console opens our list of cards in an iframe, beside the conversation that an agent
//! is in. The query says which one, and is signed.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Custom IM Structured Messages List Page"

use percent_encoding::percent_decode_str;

use super::{
    Id,
    struct_sign::{self, Signed},
};
use crate::secret::Secret;

/// How old a link may be, in seconds. The sign names no end, so whoever finds a link in a proxy's log could use it for
/// ever. No page says whether Udesk signs when the agent clicks or when the conversation is opened, hence not minutes.
const OLDEST: i64 = 60 * 60;
/// How far ahead of ours Udesk's clock may be, in seconds: what it allows us the other way round.
const AHEAD: i64 = 5 * 60;
/// The longest `jid_resource`, in bytes: that of any resource of a JID (RFC 7622, section 3.4).
const LONGEST_RESOURCE: usize = 1023;

/// What a link that is good says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The session that the agent and the customer are in.
    pub im_sub_session_id: Id,
    /// The customer, by Udesk's number.
    pub customer_id: Id,
    /// The agent.
    pub agent_id: Id,
    /// When Udesk signed it, in Unix seconds.
    pub timestamp: i64,
    /// The SDK's own name of where the customer is. Not signed: anybody may have written it.
    pub jid_resource: Option<String>,
}

impl Link {
    /// Reads the query of a link and checks its sign at `now`, in Unix seconds. `None` where anything is wrong with it;
    /// whoever made it is told no more.
    ///
    /// What else Udesk may put into the query is passed over.
    #[must_use]
    pub fn read(query: &str, key: &Secret, now: i64) -> Option<Self> {
        let mut named = Named::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(place) = named.place(&decoded(name)?) else {
                continue;
            };
            // Of two, the one that is checked may not be the one that is used.
            if place.replace(decoded(value)?).is_some() {
                return None;
            }
        }
        let signed = Signed {
            im_sub_session_id: named.im_sub_session_id.as_deref()?,
            customer_id: named.customer_id.as_deref()?,
            agent_id: named.agent_id.as_deref()?,
            timestamp: named.timestamp.as_deref()?,
        };
        let sign = Secret::new(struct_sign::sign(signed, key.expose()));
        if !sign.matches(named.sign.as_deref()?) {
            return None;
        }
        let timestamp = number(signed.timestamp)?;
        if !(now - OLDEST..=now + AHEAD).contains(&timestamp) {
            return None;
        }
        let jid_resource = named.jid_resource.filter(|resource| !resource.is_empty());
        let resource = jid_resource.as_deref().unwrap_or_default();
        if resource.len() > LONGEST_RESOURCE || resource.contains(char::is_control) {
            return None;
        }
        Some(Self {
            im_sub_session_id: Id(number(signed.im_sub_session_id)?),
            customer_id: Id(number(signed.customer_id)?),
            agent_id: Id(number(signed.agent_id)?),
            timestamp,
            jid_resource,
        })
    }
}

#[derive(Default)]
struct Named {
    im_sub_session_id: Option<String>,
    customer_id: Option<String>,
    agent_id: Option<String>,
    timestamp: Option<String>,
    jid_resource: Option<String>,
    sign: Option<String>,
}

impl Named {
    fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "im_sub_session_id" => &mut self.im_sub_session_id,
            "customer_id" => &mut self.customer_id,
            "agent_id" => &mut self.agent_id,
            "timestamp" => &mut self.timestamp,
            "jid_resource" => &mut self.jid_resource,
            "sign" => &mut self.sign,
            _ => return None,
        })
    }
}

/// A name or a value of a query.
fn decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    let text = percent_decode_str(&text).decode_utf8().ok()?;
    Some(text.into_owned())
}

/// A number as Udesk writes it, and in no other way: another spelling of it would be another text to sign.
fn number(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const KEY: &str = "708ff6dc-41d5-4med-9ebc-0388zz9d76f1";
    // The page's own link, its `×tamp` mended.
    const PAGE: &str = "im_sub_session_id=1&customer_id=1&agent_id=1&jid_resource=12dsafdaslj129das-12fds912-12dsa\
                        &timestamp=1484272693&sign=4666293b3dfe91aa97179dc701be7afc";
    const TIME: i64 = 1_484_272_693;

    fn read(query: &str, now: i64) -> Option<Link> {
        Link::read(query, &Secret::new(KEY), now)
    }

    fn signed(im_sub_session_id: &str, customer_id: &str, agent_id: &str, at: &str) -> String {
        let values = Signed {
            im_sub_session_id,
            customer_id,
            agent_id,
            timestamp: at,
        };
        let sign = struct_sign::sign(values, KEY);
        format!("{}&sign={sign}", values.query())
    }

    #[test]
    fn reads_the_pages_link() {
        let link = Link {
            im_sub_session_id: Id(1),
            customer_id: Id(1),
            agent_id: Id(1),
            timestamp: TIME,
            jid_resource: Some("12dsafdaslj129das-12fds912-12dsa".to_owned()),
        };
        assert_eq!(read(PAGE, TIME), Some(link));
    }

    // Contradiction 27: what is not signed may be anything, and is not in the sign.
    #[test]
    fn contradiction_27_verifies_exactly_the_four() {
        let other = PAGE.replace("12dsafdaslj129das", "another");
        let link = read(&other, TIME).unwrap();
        assert_eq!(link.jid_resource.as_deref(), Some("another-12fds912-12dsa"));
        let without = PAGE.replace("&jid_resource=12dsafdaslj129das-12fds912-12dsa", "");
        assert_eq!(read(&without, TIME).unwrap().jid_resource, None);
        let order = "sign=4666293b3dfe91aa97179dc701be7afc&timestamp=1484272693&agent_id=1&customer_id=1\
                     &im_sub_session_id=1&lang=zh";
        assert!(read(order, TIME).is_some());
    }

    #[test]
    fn a_link_lives_for_an_hour() {
        for (now, good) in [
            (TIME + 3600, true),
            (TIME + 3601, false),
            (TIME - 300, true),
            (TIME - 301, false),
            (0, false),
            (i64::MAX / 2, false),
        ] {
            assert_eq!(read(PAGE, now).is_some(), good, "{now}");
        }
    }

    #[test]
    fn what_is_wrong_opens_nothing() {
        for (from, to) in [
            ("im_sub_session_id=1", "im_sub_session_id=2"),
            ("customer_id=1", "customer_id=2"),
            ("agent_id=1", "agent_id=2"),
            ("timestamp=1484272693", "timestamp=1484272694"),
            ("afc", "afd"),
            ("4666293b3dfe91aa97179dc701be7afc", ""),
            (
                "4666293b3dfe91aa97179dc701be7afc",
                "4666293B3DFE91AA97179DC701BE7AFC",
            ),
            ("&sign=4666293b3dfe91aa97179dc701be7afc", ""),
            ("im_sub_session_id=1&", ""),
            ("customer_id=1", "customer_id=01"),
            ("agent_id=1", "agent_id=%201"),
            ("agent_id=1", "agent_id=1&agent_id=1"),
            ("agent_id=1", "agent_id=1&%61gent_id=2"),
            ("&sign=", "&sign=0&sign="),
            ("&timestamp=", "&timestamp=1484272693&timestamp="),
            ("jid_resource=", "jid_resource=a&jid_resource="),
            ("jid_resource=", "jid_resource=%00"),
            ("jid_resource=", "jid_resource=%ff"),
        ] {
            let query = PAGE.replace(from, to);
            assert_ne!(query, PAGE, "{from}");
            assert_eq!(read(&query, TIME), None, "{query}");
        }
        assert_eq!(read("", TIME), None);
        let long = "x".repeat(LONGEST_RESOURCE + 1);
        let query = format!(
            "{}&jid_resource={long}",
            signed("1", "1", "1", "1484272693")
        );
        assert_eq!(read(&query, TIME), None);
        assert!(read(query.trim_end_matches('x'), TIME).is_some());
    }

    // The signature alone does not tell `a=1&b=2` from a value that holds `&b=2`.
    #[test]
    fn what_is_signed_is_digits() {
        for value in [
            "1%26customer_id%3D2",
            "-1",
            "0",
            "+1",
            "1.0",
            "99999999999999999999",
        ] {
            let plain = decoded(value).unwrap();
            let query = signed(&plain, "1", "1", "1484272693").replacen(&plain, value, 1);
            assert_eq!(read(&query, TIME), None, "{value}");
        }
    }
}
