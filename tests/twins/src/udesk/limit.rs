//! The vendor's rate limit: so many calls per API path in any stretch of a minute.
//!
//! The page says "60 per minute per API" and no more. A sliding stretch is the strict reading: a
//! client that stays below it also stays below a limit by the clock's minute.

use std::collections::{HashMap, VecDeque};

use tokio::time::Instant;

use super::switches::RateLimit;

/// The calls let through lately, per API path.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    passed: HashMap<String, VecDeque<Instant>>,
}

impl Limiter {
    /// Whether a call of `api` may pass now; one that may is counted.
    pub(crate) fn pass(&mut self, api: &str, limit: Option<RateLimit>, now: Instant) -> bool {
        let Some(limit) = limit else { return true };
        let passed = self.passed.entry(api.to_owned()).or_default();
        while passed
            .front()
            .is_some_and(|first| now.duration_since(*first) >= limit.per)
        {
            passed.pop_front();
        }
        if passed.len() >= limit.calls {
            return false;
        }
        passed.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn sixty_in_any_minute_per_path() {
        let mut limiter = Limiter::default();
        let limit = Some(RateLimit::default());
        let start = Instant::now();
        for _ in 0..60 {
            assert!(limiter.pass("POST /im/messages", limit, start));
        }
        assert!(!limiter.pass(
            "POST /im/messages",
            limit,
            start + Duration::from_millis(59_999)
        ));
        assert!(limiter.pass("POST /im/sessions", limit, start));
        assert!(limiter.pass("POST /im/messages", limit, start + Duration::from_secs(60)));
    }
}
