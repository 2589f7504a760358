//! Whether a session is to be looked at now, and when next. Pure.

use deskbridge::{
    clock::Millis,
    session::Session,
    silence::{Silence, Watch},
};

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The vendor is asked.
    Ask,
    /// Not before then.
    At(Millis),
    /// No more: nobody at the desk has the conversation.
    Never,
    /// Nothing: somebody has just done it.
    Leave,
}

/// What is to be done about a session now.
pub(crate) fn next(session: &Session, watch: &Watch, silence: &Silence, now: Millis) -> Next {
    if watch.due.is_none() {
        return Next::Leave;
    }
    if let Some(at) = watch.not_before.filter(|at| *at > now) {
        return Next::At(at);
    }
    if watch.must {
        return Next::Ask;
    }
    if !session.is_watched() {
        return Next::Never;
    }
    let first = silence.first();
    let heard = session.heard_at.unwrap_or(session.created_at);
    if now - heard < first {
        return Next::At(heard + first);
    }
    // A nudge that came twice.
    if watch.asked_at.is_some_and(|at| now - at < first / 2) {
        return Next::Leave;
    }
    Next::Ask
}

/// How often the vendor was asked in vain in this silence, once it was asked again: whoever wrote meanwhile began
/// another.
pub(crate) fn quiet(session: &Session, watch: &Watch) -> u32 {
    match (session.stirred_at(), watch.asked_at) {
        (Some(stirred), Some(asked)) if stirred > asked => 1,
        (Some(_) | None, _) => watch.quiet + 1,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use deskbridge::{config::Settings, ids::CustomerId, session::State, vendor::Vendor};

    use super::*;

    fn silence() -> Silence {
        Silence::from_settings(&Settings::new(|_| Some("10,20".to_owned()))).unwrap()
    }

    fn session(state: State, heard_at: Option<Millis>) -> Session {
        let customer = CustomerId::parse("DE").unwrap();
        let mut session = Session::opening(Vendor::Udesk, customer, None, 0);
        session.state = state;
        session.heard_at = heard_at;
        session
    }

    fn due() -> Watch {
        Watch {
            due: Some(0),
            ..Watch::default()
        }
    }

    #[test]
    fn a_conversation_is_asked_about_when_it_is_silent_for_too_long() {
        let active = session(State::Active, Some(50_000));
        let at = |now| next(&active, &due(), &silence(), now);
        assert_eq!(at(59_999), Next::At(60_000));
        assert_eq!(at(60_000), Next::Ask);
        let unheard = session(State::Queued, None);
        assert_eq!(next(&unheard, &due(), &silence(), 9_999), Next::At(10_000));
    }

    #[test]
    fn a_broken_silence_and_an_end_are_asked_about_whatever_was_heard() {
        let must = Watch {
            must: true,
            ..due()
        };
        for state in [State::Active, State::Closed] {
            let session = session(state, Some(100));
            assert_eq!(next(&session, &must, &silence(), 100), Next::Ask);
            let put_off = Watch {
                not_before: Some(200),
                ..must.clone()
            };
            assert_eq!(next(&session, &put_off, &silence(), 100), Next::At(200));
        }
    }

    #[test]
    fn nobody_is_asked_about_robots_and_nobody_twice() {
        for state in [State::Robot, State::Urobot, State::Offline, State::Closed] {
            let session = session(state, None);
            assert_eq!(next(&session, &due(), &silence(), 100_000), Next::Never);
        }
        let asked = Watch {
            asked_at: Some(96_000),
            ..due()
        };
        let active = session(State::Active, None);
        assert_eq!(next(&active, &asked, &silence(), 100_000), Next::Leave);
        assert_eq!(next(&active, &asked, &silence(), 101_000), Next::Ask);
        let done = Watch::default();
        assert_eq!(next(&active, &done, &silence(), 100_000), Next::Leave);
    }

    #[test]
    fn whoever_writes_begins_another_silence() {
        let mut active = session(State::Active, Some(100));
        let asked = Watch {
            asked_at: Some(200),
            quiet: 3,
            ..due()
        };
        assert_eq!(quiet(&active, &asked), 4);
        active.spoke_at = Some(300);
        assert_eq!(quiet(&active, &asked), 1);
        assert_eq!(quiet(&active, &due()), 1);
    }
}
