//! When a failed attempt is made again.

use crate::{
    clock::Millis,
    config::{ConfigError, RETRY_SCHEDULE_SECONDS, Settings},
};

const DEFAULT_SECONDS: [Millis; 9] = [1, 5, 15, 60, 300, 900, 1_800, 3_600, 7_200];

/// The longest wait that another side may ask for: a day.
const LONGEST_WAIT: Millis = 24 * 3_600 * 1_000;

/// The pauses between attempts. Their number is the number of retries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<Millis>);

impl Schedule {
    /// The schedule that the settings give.
    ///
    /// # Errors
    /// Where it is not a list of whole seconds.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let given = settings.list(&RETRY_SCHEDULE_SECONDS);
        if given.is_empty() {
            return Ok(Self(DEFAULT_SECONDS.map(|pause| pause * 1_000).into()));
        }
        let pauses = given.iter().map(|pause| {
            pause
                .parse::<u32>()
                .map(|seconds| Millis::from(seconds) * 1_000)
                .map_err(|error| RETRY_SCHEDULE_SECONDS.malformed(&format!("{pause:?}: {error}")))
        });
        Ok(Self(pauses.collect::<Result<_, _>>()?))
    }

    /// How long all attempts together take.
    #[must_use]
    pub fn length(&self) -> Millis {
        self.0.iter().sum()
    }

    /// How long to wait at most where nothing has failed.
    #[must_use]
    pub fn longest(&self) -> Millis {
        self.0.iter().copied().max().unwrap_or_default()
    }

    /// When to try again after `failed` attempts of which the last ended at `now`; `None` when it is
    /// time to give up. `wished` is the wait that the other side asked for, kept where it is longer.
    /// The pause varies by a fifth either way, so that what failed together does not return together.
    #[must_use]
    pub fn next(&self, failed: u32, wished: Option<Millis>, now: Millis) -> Option<Millis> {
        let place = usize::try_from(failed).ok()?.checked_sub(1)?;
        let pause = *self.0.get(place)?;
        let mut byte = [128];
        // No randomness means no jitter, nothing worse.
        let _ = getrandom::fill(&mut byte);
        let [byte] = byte;
        let jitter = pause * (Millis::from(byte) - 128) / 640;
        let wished = wished.unwrap_or_default().clamp(0, LONGEST_WAIT);
        Some(now + (pause + jitter).max(wished))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn schedule(value: &'static str) -> Result<Schedule, ConfigError> {
        Schedule::from_settings(&Settings::new(move |_| Some(value.to_owned())))
    }

    #[test]
    fn retries_end() {
        let schedule = schedule("1, 10").unwrap();
        for _ in 0..100 {
            assert!((800..=1_200).contains(&schedule.next(1, None, 0).unwrap()));
            assert!((8_000..=12_000).contains(&schedule.next(2, None, 0).unwrap()));
        }
        assert_eq!(schedule.next(3, None, 0), None);
        assert_eq!((schedule.length(), schedule.longest()), (11_000, 10_000));
    }

    #[test]
    fn the_wait_that_the_other_side_asked_for_is_kept() {
        assert_eq!(
            schedule("1").unwrap().next(1, Some(30_000), 5),
            Some(30_005)
        );
        let (far, day) = (Some(i64::MAX), 24 * 3_600 * 1_000);
        assert_eq!(schedule("1").unwrap().next(1, far, 5), Some(day + 5));
    }

    #[test]
    fn a_schedule_that_is_no_list_of_seconds_is_named() {
        let error = schedule("1,soon").unwrap_err().to_string();
        assert!(
            error.contains("RETRY_SCHEDULE_SECONDS") && error.contains("soon"),
            "{error}"
        );
    }
}
