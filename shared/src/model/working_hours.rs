//! Working hours of an employee, channel or account: spans of time on days of the week, in a time zone (B4, F6).

use crate::base::clock::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span as Period, Zoned};
use serde::{Deserialize, Serialize};

/// Maximum number of spans in one schedule.
pub const MAX_SPANS: usize = 50;

/// A weekly schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkingHours {
    /// IANA name of the time zone, as `Europe/Moscow`.
    pub zone: String,
    /// The spans when it is open; in any order, and they may overlap.
    pub spans: Vec<Span>,
}

/// The same hours on some days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The days on which it begins.
    pub days: Vec<Day>,
    /// When it begins, as `09:00`.
    pub from: String,
    /// When it ends, as `18:00`; `24:00` is the end of the day. A time before `from` means the next day.
    pub to: String,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// What is wrong with a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {why}")]
pub struct BadHours {
    /// The field at fault, as `spans[1].from`.
    pub path: String,
    /// What is wrong, and what to do.
    pub why: String,
}

impl WorkingHours {
    /// Checks a schedule that a person entered.
    ///
    /// # Errors
    /// The first error found.
    pub fn check(&self) -> Result<(), BadHours> {
        let bad = |path: String, why: &str| Err(BadHours { path, why: why.to_owned() });
        if self.zone.len() > 64 || TimeZone::get(&self.zone).is_err() {
            return bad("zone".into(), "no such time zone; give an IANA name, as Europe/Moscow");
        }
        if self.spans.is_empty() || self.spans.len() > MAX_SPANS {
            return bad("spans".into(), "1 to 50 of them");
        }
        for (index, span) in self.spans.iter().enumerate() {
            if span.days.is_empty() || span.days.len() > 7 {
                return bad(format!("spans[{index}].days"), "1 to 7 days");
            }
            let Some(from) = minutes(&span.from).filter(|from| *from < DAY) else {
                return bad(format!("spans[{index}].from"), "a time of day from 00:00 to 23:59");
            };
            let Some(to) = minutes(&span.to) else {
                return bad(format!("spans[{index}].to"), "a time of day from 00:00 to 24:00");
            };
            if from == to {
                return bad(
                    format!("spans[{index}].to"),
                    "not the same as from; 00:00 to 24:00 is a whole day",
                );
            }
        }
        Ok(())
    }

    /// Whether it is open at a moment. A schedule that cannot be read is always open, so that no client waits for it
    /// forever.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let Some(local) = self.local(at) else { return true };
        // A span may have begun the day before.
        [local.date(), day_after(local.date(), -1)]
            .into_iter()
            .any(|day| self.openings(day).any(|(from, to)| from <= at && at < to))
    }

    /// When it opens next after a moment; `None` when it never does.
    pub fn next_opening(&self, at: Timestamp) -> Option<Timestamp> {
        let local = self.local(at)?;
        // Days are added to the local date, so a day of 23 or 25 hours does not shift the opening.
        (0..=7)
            .flat_map(|days| self.openings(day_after(local.date(), days)))
            .map(|(from, _)| from)
            .filter(|from| *from > at)
            .min()
    }

    fn local(&self, at: Timestamp) -> Option<Zoned> {
        let zone = TimeZone::get(&self.zone).ok()?;
        Some(jiff::Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(zone))
    }

    /// The spans that begin on a day.
    fn openings(&self, day: Date) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let zone = TimeZone::get(&self.zone).ok();
        let of_day =
            self.spans.iter().filter(move |span| span.days.iter().any(|of| of.weekday() == day.weekday()));
        of_day.filter_map(move |span| {
            let (from, to) = (minutes(&span.from)?, minutes(&span.to)?);
            let ends_on = if to <= from { day_after(day, 1) } else { day };
            let zone = zone.clone()?;
            Some((moment(day, from, &zone)?, moment(ends_on, to, &zone)?))
        })
    }
}

impl Day {
    fn weekday(self) -> Weekday {
        match self {
            Self::Monday => Weekday::Monday,
            Self::Tuesday => Weekday::Tuesday,
            Self::Wednesday => Weekday::Wednesday,
            Self::Thursday => Weekday::Thursday,
            Self::Friday => Weekday::Friday,
            Self::Saturday => Weekday::Saturday,
            Self::Sunday => Weekday::Sunday,
        }
    }
}

/// Minutes in a day.
const DAY: i16 = 24 * 60;

/// `09:30` as minutes since midnight; `24:00` is the end of the day.
fn minutes(text: &str) -> Option<i16> {
    if text == "24:00" {
        return Some(DAY);
    }
    if text.len() != 5 || text.as_bytes()[2] != b':' {
        return None;
    }
    let time = Time::strptime("%H:%M", text).ok()?;
    Some(i16::from(time.hour()) * 60 + i16::from(time.minute()))
}

fn day_after(day: Date, days: i64) -> Date {
    day.checked_add(Period::new().days(days)).unwrap_or(day)
}

/// The moment of a local time. A time that a change of clocks skips becomes the first moment after the gap; a time that
/// occurs twice means the first occurrence.
fn moment(day: Date, minutes: i16, zone: &TimeZone) -> Option<Timestamp> {
    let (day, minutes) = if minutes == DAY { (day_after(day, 1), 0) } else { (day, minutes) };
    let time = Time::new(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0).ok()?;
    let zoned = zone.to_zoned(day.to_datetime(time)).ok()?;
    Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WEEK: [Day; 5] = [Day::Monday, Day::Tuesday, Day::Wednesday, Day::Thursday, Day::Friday];

    fn hours(zone: &str, days: &[Day], from: &str, to: &str) -> WorkingHours {
        let span = Span { days: days.to_vec(), from: from.into(), to: to.into() };
        WorkingHours { zone: zone.into(), spans: vec![span] }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_working_day_in_its_own_zone() {
        let office = hours("Europe/Moscow", &WEEK, "09:00", "18:00");
        // 2026-11-20 is a Friday.
        for (moment, open) in [
            ("2026-11-20T08:59:59+03:00", false),
            ("2026-11-20T09:00:00+03:00", true),
            ("2026-11-20T17:59:59+03:00", true),
            ("2026-11-20T18:00:00+03:00", false),
            ("2026-11-21T12:00:00+03:00", false),
        ] {
            assert_eq!(office.is_open(at(moment)), open, "{moment}");
        }
        assert_eq!(
            office.next_opening(at("2026-11-20T09:00:00+03:00")),
            Some(at("2026-11-23T09:00:00+03:00"))
        );
        assert_eq!(
            office.next_opening(at("2026-11-20T08:00:00+03:00")),
            Some(at("2026-11-20T09:00:00+03:00"))
        );
    }

    #[test]
    fn a_night_goes_on_into_the_next_day() {
        let night = hours("Asia/Vladivostok", &[Day::Friday], "22:00", "06:00");
        assert!(night.is_open(at("2026-11-20T23:00:00+10:00")));
        assert!(night.is_open(at("2026-11-21T05:59:59+10:00")));
        assert!(!night.is_open(at("2026-11-21T06:00:00+10:00")));
        assert!(!night.is_open(at("2026-11-20T05:00:00+10:00")), "Thursday's night is free");
        let whole = hours("UTC", &[Day::Friday], "00:00", "24:00");
        assert!(whole.is_open(at("2026-11-20T23:59:59Z")) && !whole.is_open(at("2026-11-21T00:00:00Z")));
    }

    #[test]
    fn a_change_of_clocks_moves_no_opening() {
        let office = hours("Europe/Berlin", &[Day::Saturday, Day::Sunday, Day::Monday], "02:30", "18:00");
        // On 2026-03-29 the clocks go from 02:00 to 03:00.
        assert_eq!(
            office.next_opening(at("2026-03-28T20:00:00+01:00")),
            Some(at("2026-03-29T03:30:00+02:00"))
        );
        assert_eq!(
            office.next_opening(at("2026-03-29T20:00:00+02:00")),
            Some(at("2026-03-30T02:30:00+02:00"))
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = hours("Europe/Moscow", &WEEK, "09:00", "18:00");
        assert_eq!(good.check(), Ok(()));
        for (bad, path) in [
            (hours("Europe/Nowhere", &WEEK, "09:00", "18:00"), "zone"),
            (WorkingHours { spans: Vec::new(), ..good.clone() }, "spans"),
            (hours("UTC", &[], "09:00", "18:00"), "spans[0].days"),
            (hours("UTC", &WEEK, "9:00", "18:00"), "spans[0].from"),
            (hours("UTC", &WEEK, "24:00", "18:00"), "spans[0].from"),
            (hours("UTC", &WEEK, "09:00", "18:60"), "spans[0].to"),
            (hours("UTC", &WEEK, "09:00", "09:00"), "spans[0].to"),
        ] {
            assert_eq!(bad.check().unwrap_err().path, path);
        }
    }

    proptest! {
        #[test]
        fn it_is_open_when_it_opens_and_was_not_open_before(
            from in 0i16..DAY, length in 1i16..DAY, day in 0usize..5, start in 1_700_000_000_000i64..1_800_000_000_000,
        ) {
            let clock = |minutes: i16| format!("{:02}:{:02}", minutes % DAY / 60, minutes % 60);
            let office = hours("Europe/Berlin", &WEEK[day..=day], &clock(from), &clock(from + length));
            prop_assert_eq!(office.check(), Ok(()));
            let now = Timestamp::from_millis(start);
            let opening = office.next_opening(now).unwrap();
            prop_assert!(opening > now && opening.since(now).as_secs() <= 8 * 24 * 3600);
            prop_assert!(office.is_open(opening));
        }
    }
}
