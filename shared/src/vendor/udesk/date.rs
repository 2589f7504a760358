//! Udesk's dates. The page prints `20170711 09:52:11` and `2018-01-01 00:00:00`, neither with a zone, and for other
//! fields `2018-01-23T10:55:20.000+08:00`.

use jiff::{Timestamp, civil::DateTime, tz::Offset};

use crate::clock::Millis;

/// The moment that `text` names; `offset` is that of dates without a zone (a setting, since no page states it).
/// `None` when it is no date. Order messages by their receipt, not by this.
pub fn read(text: &str, offset: Offset) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp);
    }
    let civil = DateTime::strptime("%Y%m%d %H:%M:%S", text)
        .or_else(|_| DateTime::strptime("%Y-%m-%d %H:%M:%S", text))
        .ok()?;
    offset.to_timestamp(civil).ok()
}

/// `at` as Udesk's queries take it: `2022-05-19 19:50:33`, in the zone of `offset`. What is less than a second is
/// dropped.
pub fn write(at: Millis, offset: Offset) -> String {
    let civil = offset.to_datetime(Timestamp::from_millisecond(at).unwrap_or_default());
    civil.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn iso(text: &str) -> String {
        read(text, Offset::constant(8)).unwrap().to_string()
    }

    // Contradiction 25.
    #[test]
    fn contradiction_25_reads_both_dates_without_a_zone() {
        assert_eq!(iso("20170711 09:52:11"), "2017-07-11T01:52:11Z");
        assert_eq!(iso("2018-01-01 00:00:00"), "2017-12-31T16:00:00Z");
        let utc = read("2018-01-01 00:00:00", Offset::UTC).unwrap();
        assert_eq!(utc.to_string(), "2018-01-01T00:00:00Z");
    }

    #[test]
    fn writes_a_query_s_time_in_udesks_zone() {
        let at: Timestamp = "2022-05-19T11:50:33.999Z".parse().unwrap();
        assert_eq!(
            write(at.as_millisecond(), Offset::constant(8)),
            "2022-05-19 19:50:33"
        );
        assert_eq!(
            write(at.as_millisecond(), Offset::UTC),
            "2022-05-19 11:50:33"
        );
        assert_eq!(
            read("2022-05-19 19:50:33", Offset::constant(8))
                .unwrap()
                .as_second(),
            at.as_second()
        );
    }

    #[test]
    fn a_zone_of_its_own_wins() {
        assert_eq!(iso("2018-01-23T10:55:20.000+09:00"), "2018-01-23T01:55:20Z");
    }

    #[test]
    fn nonsense_is_none() {
        for text in [
            "",
            "now",
            "1499737931",
            "20171311 09:52:11",
            "2018-01-01 25:00:00",
        ] {
            assert_eq!(read(text, Offset::UTC), None, "{text}");
        }
    }
}
