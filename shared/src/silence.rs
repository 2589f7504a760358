//! When a conversation is too quiet to be believed. Vendors push what agents say, lose a push now and then, and say
//! nothing of it: so a conversation that should be live, and of which nothing was heard for a while, is looked after.
//!
//! What is known of the looking after stands in an item of its own beside the session ([`Watch`]): nobody but
//! `heal-session` and `sweep` reads it, and what is said in the conversation does not write it. Only what begins or
//! ends a conversation, or breaks a silence, sets it anew, in the transaction that is written anyway.

use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    config::{ConfigError, HEAL_SCHEDULE_SECONDS, Settings},
};

const DEFAULT_SECONDS: [Millis; 5] = [45, 120, 240, 480, 900];

/// How long silences may last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    first: Millis,
    further: Vec<Millis>,
}

impl Silence {
    /// As the settings say.
    ///
    /// # Errors
    /// Where it is no list of whole seconds.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let given = settings.list(&HEAL_SCHEDULE_SECONDS);
        let mut pauses = Vec::new();
        for pause in &given {
            let malformed = |why: &dyn std::fmt::Display| {
                HEAL_SCHEDULE_SECONDS.malformed(&format!("{pause:?}: {why}"))
            };
            let seconds: u32 = pause.parse().map_err(|error| malformed(&error))?;
            if seconds == 0 {
                return Err(malformed(&"a pause has a second at least"));
            }
            pauses.push(Millis::from(seconds) * 1_000);
        }
        if pauses.is_empty() {
            pauses = DEFAULT_SECONDS.map(|seconds| seconds * 1_000).into();
        }
        let first = pauses.remove(0);
        Ok(Self {
            first,
            further: pauses,
        })
    }

    /// How long a conversation may be silent before its vendor is asked.
    #[must_use]
    pub fn first(&self) -> Millis {
        self.first
    }

    /// The pause after so many questions in one silence. The last one is repeated.
    #[must_use]
    pub fn pause(&self, asked: u32) -> Millis {
        let place = usize::try_from(asked).unwrap_or(usize::MAX);
        let further = place.checked_sub(1).and_then(|place| {
            let last = self.further.len().checked_sub(1)?;
            self.further.get(place.min(last))
        });
        further.copied().unwrap_or(self.first)
    }

    /// After how many questions in vain one is given up.
    #[must_use]
    pub fn most(&self) -> u32 {
        u32::try_from(self.further.len() + 6).unwrap_or(u32::MAX)
    }
}

/// What is known of looking after a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Changes with every write.
    pub stamp: String,
    /// When it is to be looked at; `None` when no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Millis>,
    /// Whether it must be looked at, silent or not: a silence was broken, or a session left, and something may lie
    /// there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must: bool,
    /// The vendor's session that the conversation was in before the present one, if that is news.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// When the vendor was last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Millis>,
    /// How often it was asked in this silence, and had nothing.
    #[serde(default)]
    pub quiet: u32,
    /// How often asking failed since it last did not.
    #[serde(default)]
    pub failed: u32,
    /// Before when asking makes no sense: the vendor's rate budget is used up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Millis>,
    /// Since when nothing is known of what the vendor had to tell: when the conversation was last heard of before
    /// the silence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Millis>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn silence(value: &'static str) -> Result<Silence, ConfigError> {
        Silence::from_settings(&Settings::new(move |_| Some(value.to_owned())))
    }

    #[test]
    fn pauses_grow_and_the_last_one_stays() {
        let silence = silence("1,2,4").unwrap();
        assert_eq!(silence.first(), 1_000);
        let pauses: Vec<_> = (0..5).map(|asked| silence.pause(asked)).collect();
        assert_eq!(pauses, [1_000, 2_000, 4_000, 4_000, 4_000]);
    }

    #[test]
    fn one_pause_does() {
        let silence = silence("3").unwrap();
        assert_eq!((silence.first(), silence.pause(9)), (3_000, 3_000));
    }

    #[test]
    fn within_a_minute_where_nothing_is_set_and_never_at_once() {
        assert_eq!(silence("").unwrap().first(), 45_000);
        for bad in ["0", "1,0", "x", "-1"] {
            assert!(silence(bad).is_err(), "{bad}");
        }
    }
}
