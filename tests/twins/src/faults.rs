//! Faults on command: what a test wants to go wrong, on which calls and how often.

use std::time::Duration;

use tokio::time::sleep;

use crate::life::Life;

/// What goes wrong with a call. `C` is how the vendor writes its codes. Whatever it is, what the
/// call may use once (Udesk's nonce) is used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault<C> {
    /// Waits, then takes effect and answers. A client that has given up by then causes the effect
    /// all the same.
    Slow(Duration),
    /// No effect; answers with this HTTP status and a page of HTML, as a gateway would.
    Status(u16),
    /// No effect; HTTP 200 with this code.
    Code {
        /// The vendor's code.
        code: C,
        /// The vendor's text.
        message: String,
    },
    /// No effect; answers as over the rate limit.
    Limited,
    /// No effect; cuts the connection.
    CutBefore,
    /// Takes effect at once and answers late.
    AnswerLate(Duration),
    /// Takes effect at once and never answers.
    NeverAnswer,
    /// Takes effect, then cuts the connection without an answer.
    CutAfter,
    /// Waits for the twin's `release`, then takes effect and answers.
    Hang,
}

/// What a call is answered that a fault keeps from taking effect.
pub(crate) enum Instead<C> {
    Status(u16),
    Code { code: C, message: String },
    Limited,
    Cut,
}

impl<C: Clone> Fault<C> {
    /// A code with a text, for `Fault::Code`.
    pub fn code(code: impl Into<C>, message: impl Into<String>) -> Self {
        Self::Code {
            code: code.into(),
            message: message.into(),
        }
    }

    /// What comes before the effect; with an answer the call ends there.
    pub(crate) async fn before(&self, life: &Life) -> Option<Instead<C>> {
        match self {
            Self::Slow(time) => sleep(*time).await,
            Self::Hang => life.hang().await,
            Self::Status(status) => return Some(Instead::Status(*status)),
            Self::Code { code, message } => {
                return Some(Instead::Code {
                    code: code.clone(),
                    message: message.clone(),
                });
            }
            Self::Limited => return Some(Instead::Limited),
            Self::CutBefore => return Some(Instead::Cut),
            Self::AnswerLate(_) | Self::NeverAnswer | Self::CutAfter => {}
        }
        None
    }

    /// What comes between the effect and the answer; false: the connection is cut instead.
    pub(crate) async fn answers(&self, life: &Life) -> bool {
        match self {
            Self::AnswerLate(time) => sleep(*time).await,
            Self::NeverAnswer => {
                life.stopped().await;
                return false;
            }
            Self::CutAfter => return false,
            Self::Slow(_)
            | Self::Hang
            | Self::Status(_)
            | Self::Code { .. }
            | Self::Limited
            | Self::CutBefore => {}
        }
        true
    }
}

#[derive(Debug)]
struct Order<C> {
    pattern: String,
    fault: Fault<C>,
    left: Option<u32>,
}

/// The faults ordered, oldest first.
#[derive(Debug)]
pub(crate) struct Faults<C> {
    orders: Vec<Order<C>>,
}

impl<C: Clone> Faults<C> {
    pub(crate) fn new() -> Self {
        Self { orders: Vec::new() }
    }

    pub(crate) fn add(&mut self, pattern: &str, fault: Fault<C>, times: Option<u32>) {
        self.orders.push(Order {
            pattern: pattern.to_owned(),
            fault,
            left: times,
        });
    }

    pub(crate) fn clear(&mut self) {
        self.orders.clear();
    }

    /// The oldest fault ordered for this call, counted down.
    pub(crate) fn take(&mut self, method: &str, path: &str) -> Option<Fault<C>> {
        let order = self
            .orders
            .iter_mut()
            .find(|order| order.left != Some(0) && matches(&order.pattern, method, path))?;
        order.left = order.left.map(|left| left - 1);
        Some(order.fault.clone())
    }
}

/// `[METHOD ]path`, where a `*` stands for anything.
fn matches(pattern: &str, method: &str, path: &str) -> bool {
    let wanted = match pattern.split_once(' ') {
        Some((wanted, _)) if wanted != method => return false,
        Some((_, wanted)) => wanted,
        None => pattern,
    };
    let Some((start, rest)) = wanted.split_once('*') else {
        return wanted == path;
    };
    let Some(mut left) = path.strip_prefix(start) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_method_and_path() {
        for (pattern, method, path, expected) in [
            ("/im/messages", "POST", "/im/messages", true),
            ("POST /im/messages", "POST", "/im/messages", true),
            ("GET /im/messages", "POST", "/im/messages", false),
            ("DELETE /im/sessions/*", "DELETE", "/im/sessions/12", true),
            ("/im/sessions/*", "POST", "/im/sessions", false),
            ("*", "GET", "/im/queue_status", true),
            ("/im/*/12", "DELETE", "/im/sessions/12", true),
            ("/im/*/12", "DELETE", "/im/sessions/13", false),
        ] {
            assert_eq!(matches(pattern, method, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn counted_faults_end_and_the_next_one_follows() {
        let mut faults = Faults::<i64>::new();
        faults.add("*", Fault::Status(502), Some(1));
        faults.add("*", Fault::Limited, None);
        assert_eq!(faults.take("GET", "/x"), Some(Fault::Status(502)));
        assert_eq!(faults.take("GET", "/x"), Some(Fault::Limited));
        assert_eq!(faults.take("GET", "/x"), Some(Fault::Limited));
        faults.clear();
        assert_eq!(faults.take("GET", "/x"), None);
    }
}
