//! A vendor's rate budget: so many calls of an API in any minute, held across all Lambdas. Pure; the counters
//! stand in the table, one for each API and window ([`crate::table::Table::take`]).
//!
//! A period is cut into windows of an eighth, and each window takes a tenth of the calls. Any stretch as long
//! as a period touches nine windows, and a call that was granted in the one before may be late by a window:
//! so the vendor never counts more than its limit, whatever the timing.
//!
//! Where a window is full, a place in a later one is kept for the caller: so `retry_at` is honest, and who
//! came first goes first.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;

/// In how many windows a period is cut.
const WINDOWS: Millis = 8;
/// How many windows' calls can fall into one period: one more by its edges, one by lateness.
const TOUCHED: u32 = 10;
/// How far ahead a place is kept: about two minutes of a minute's budget.
const AHEAD: Millis = 16;

/// What a call is for. Where all share one budget, what stands higher may use more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Questions that nobody waits for: what was missed.
    Look,
    /// What the customer types.
    Preview,
    /// What was read, who is there, and the questions of people.
    Read,
    /// Surveys and ratings.
    Survey,
    /// People's messages, and the sessions that carry them.
    Message,
}

/// So many calls in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    calls: u32,
    period: Millis,
}

/// Whether an API's calls are counted by themselves, or all of an account's together: Udesk's page can be
/// read both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Each API by itself.
    #[default]
    Api,
    /// All together.
    Account,
}

/// The rates of a vendor's APIs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    usual: Rate,
    of_api: HashMap<String, Rate>,
    scope: Scope,
}

/// A window of an API's budget: when it begins, and how many calls of a class it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// When it begins.
    pub begins: Millis,
    /// When it ends.
    pub ends: Millis,
    /// How many calls it may have counted before another of this class is let through.
    pub most: u32,
}

/// What became of the wish for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It may be made now.
    Now,
    /// A place is kept for it at this time.
    Kept(Millis),
    /// All places are taken until then, and none is kept: it has to be asked for again.
    Full(Millis),
}

/// A place in the budget of one API that is kept for an entry of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// When.
    pub at: Millis,
    /// Of which API.
    pub api: String,
}

/// Why a rate can't be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// No numbers.
    #[error("{0:?}: a rate is `calls`, or `calls/seconds`, or one of these behind `METHOD /path=`")]
    Form(String),
    /// Too few calls to be shared among windows.
    #[error("{0} calls: it takes 10 or more in a period of 1 to 3600 seconds")]
    Size(u32),
}

impl Rate {
    fn parse(text: &str) -> Result<Self, RateError> {
        let form = || RateError::Form(text.to_owned());
        let (calls, seconds) = text.split_once('/').unwrap_or((text, "60"));
        let calls: u32 = calls.trim().parse().map_err(|_| form())?;
        let seconds: Millis = seconds.trim().parse().map_err(|_| form())?;
        if calls < TOUCHED || !(1..=3_600).contains(&seconds) {
            return Err(RateError::Size(calls));
        }
        Ok(Self {
            calls,
            period: seconds * 1_000,
        })
    }

    fn window(self) -> Millis {
        (self.period / WINDOWS).max(1)
    }
}

impl Rates {
    /// The rates that a list says: the usual one first, then those of single APIs, such as
    /// `60`, `120/60` or `POST /im/messages=120`.
    ///
    /// # Errors
    /// Where an element is none.
    pub fn parse(list: &[String], usual: u32, scope: Scope) -> Result<Self, RateError> {
        let mut rates = Self {
            usual: Rate {
                calls: usual.max(TOUCHED),
                period: 60_000,
            },
            of_api: HashMap::new(),
            scope,
        };
        for element in list {
            match element.split_once('=') {
                Some((api, rate)) => {
                    let rate = Rate::parse(rate)?;
                    rates.of_api.insert(api.trim().to_owned(), rate);
                }
                None => rates.usual = Rate::parse(element)?,
            }
        }
        Ok(rates)
    }

    /// By what name `api`'s calls are counted.
    #[must_use]
    pub fn counted_as<'a>(&self, api: &'a str) -> &'a str {
        match self.scope {
            Scope::Account if !self.of_api.contains_key(api) => "*",
            Scope::Account | Scope::Api => api,
        }
    }

    /// Whether a place kept at `slot` is still good at `now`: in its window and the next.
    #[must_use]
    pub fn holds(&self, api: &str, slot: Millis, now: Millis) -> bool {
        let length = self.of(api).window();
        let late = now.div_euclid(length) - slot.div_euclid(length);
        (0..=1).contains(&late)
    }

    /// The windows in which a call of `class` may be made, from that of `now` on.
    pub fn windows(
        &self,
        api: &str,
        class: Class,
        now: Millis,
    ) -> impl Iterator<Item = Window> + use<> {
        let rate = self.of(api);
        let length = rate.window();
        let first = now.div_euclid(length);
        let whole = rate.calls / TOUCHED;
        // By itself, an API's calls are people's, but for a few that nobody waits for.
        let most = match (self.scope, class) {
            (Scope::Api, Class::Look) => whole * 2 / 3,
            (Scope::Api, _) | (_, Class::Message) => whole,
            (Scope::Account, Class::Survey) => whole * 3 / 4,
            (Scope::Account, Class::Read) => whole / 2,
            (Scope::Account, Class::Preview | Class::Look) => whole / 4,
        };
        (first..first + AHEAD).map(move |window| Window {
            begins: window * length,
            ends: (window + 1) * length,
            most: most.max(1),
        })
    }

    /// The least time between two calls of an API that has a rate of its own: for one that is kept by a pace, and not by
    /// windows.
    #[must_use]
    pub fn gap(&self, api: &str) -> Option<Millis> {
        let rate = self.of_api.get(api)?;
        Some((rate.period / Millis::from(rate.calls)).max(1))
    }

    fn of(&self, api: &str) -> Rate {
        self.of_api.get(api).copied().unwrap_or(self.usual)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn rates(list: &[&str], scope: Scope) -> Result<Rates, RateError> {
        let list: Vec<_> = list.iter().map(|&element| element.to_owned()).collect();
        Rates::parse(&list, 60, scope)
    }

    #[test]
    fn rates_are_read_and_nonsense_is_refused() {
        let given = rates(&["60", "POST /im/messages=120/30"], Scope::Api).unwrap();
        assert_eq!(given.of("x").calls, 60);
        assert_eq!(given.of("x").period, 60_000);
        assert_eq!(given.of("POST /im/messages").period, 30_000);
        assert_eq!(
            (given.gap("x"), given.gap("POST /im/messages")),
            (None, Some(250))
        );
        assert_eq!(rates(&[], Scope::Api).unwrap().of("x").calls, 60);
        for bad in [
            "", "x", "60/", "/60", "9", "60/0", "60/3601", "-60", "a=b=c", "a=1",
        ] {
            assert!(rates(&[bad], Scope::Api).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_account_is_counted_as_one_but_for_what_has_a_rate_of_its_own() {
        let given = rates(&["60", "POST /im/messages=120"], Scope::Account).unwrap();
        assert_eq!(given.counted_as("GET /im/urobots"), "*");
        assert_eq!(given.counted_as("POST /im/messages"), "POST /im/messages");
        let most = |class| given.windows("x", class, 0).next().unwrap().most;
        let shares = [Class::Preview, Class::Read, Class::Survey, Class::Message].map(most);
        assert!(shares.is_sorted() && shares.first() < shares.last());
        let given = rates(&["60"], Scope::Api).unwrap();
        assert_eq!(given.counted_as("GET /im/urobots"), "GET /im/urobots");
        // What nobody waits for leaves something to those who wait.
        let most = |class| given.windows("x", class, 0).next().unwrap().most;
        assert!(most(Class::Look) < most(Class::Preview));
        assert_eq!(most(Class::Preview), most(Class::Message));
    }

    #[test]
    fn a_kept_place_is_good_for_a_window_more() {
        let given = rates(&["60"], Scope::Api).unwrap();
        assert!(given.holds("x", 7_500, 7_500) && given.holds("x", 7_500, 22_499));
        assert!(!given.holds("x", 7_500, 22_500) && !given.holds("x", 7_500, 7_499));
    }

    proptest! {
        /// Whenever calls are wished for, and however late within a window the granted ones arrive: no
        /// stretch of a period sees more than its limit.
        #[test]
        fn no_stretch_of_a_period_sees_more_than_the_limit(
            wishes in proptest::collection::vec((0i64..200_000, 0i64..7_500), 1..600),
        ) {
            let rates = rates(&["60"], Scope::Api).unwrap();
            let mut counters: BTreeMap<Millis, u32> = BTreeMap::new();
            let mut arrivals = Vec::new();
            for (at, late) in wishes {
                let window = rates.windows("x", Class::Message, at).find(|window| {
                    let count = counters.entry(window.begins).or_default();
                    let free = *count < window.most;
                    *count += u32::from(free);
                    free
                });
                if let Some(window) = window {
                    arrivals.push(window.begins.max(at) + late);
                }
            }
            arrivals.sort_unstable();
            for (place, first) in arrivals.iter().enumerate() {
                let seen = arrivals.iter().skip(place).take_while(|at| *at - first < 60_000);
                prop_assert!(seen.count() <= 60);
            }
        }
    }
}
