//! A scan minute by minute, which knows of a zone only what its clock shows each minute.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What a time on the wall clock must be to fit; `None`: anything.
#[derive(Debug)]
pub(crate) struct Fits {
    pub(crate) minutes: Option<Vec<u8>>,
    pub(crate) hours: Option<Vec<u8>>,
    pub(crate) dates: Option<Vec<u8>>,
    pub(crate) months: Option<Vec<u8>>,
    /// Sunday is 0.
    pub(crate) weekdays: Option<Vec<u8>>,
    /// Whether it is enough that one of two given days fits, as in cron.
    pub(crate) either_day: bool,
}

impl Fits {
    fn day(&self, days: i64) -> bool {
        let (month, date) = month_and_date(days);
        let weekday = u8::try_from((days + 4).rem_euclid(7)).unwrap();
        let has = |values: &Option<Vec<u8>>, value: u8| {
            values.as_ref().is_none_or(|values| values.contains(&value))
        };
        let by_date = has(&self.dates, date);
        let by_weekday = has(&self.weekdays, weekday);
        let both_given = self.dates.is_some() && self.weekdays.is_some();
        has(&self.months, month)
            && if both_given && self.either_day {
                by_date || by_weekday
            } else {
                by_date && by_weekday
            }
    }

    fn time(&self, minute: i64) -> bool {
        let minute = u16::try_from(minute.rem_euclid(1440)).unwrap();
        let has = |values: &Option<Vec<u8>>, value: u16| {
            values
                .as_ref()
                .is_none_or(|values| values.iter().any(|one| u16::from(*one) == value))
        };
        has(&self.hours, minute / 60) && has(&self.minutes, minute % 60)
    }
}

/// Month and day of a number of days since 1970.
fn month_and_date(days: i64) -> (u8, u8) {
    let mut year = 1970;
    let mut left = days;
    loop {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let lengths = [
            31,
            if is_leap { 29 } else { 28 },
            31,
            30,
            31,
            30,
            31,
            31,
            30,
            31,
            30,
            31,
        ];
        for (month, length) in lengths.into_iter().enumerate() {
            if left < length {
                return (
                    u8::try_from(month + 1).unwrap(),
                    u8::try_from(left + 1).unwrap(),
                );
            }
            left -= length;
        }
        year += 1;
    }
}

/// Two years of one zone.
pub(crate) struct Scan {
    first: i64,
    /// What the wall clock shows each minute, in minutes before or after UTC.
    offsets: Vec<i16>,
}

impl Scan {
    pub(crate) fn of(zone: &'static str) -> &'static Self {
        static SCANS: OnceLock<Mutex<HashMap<&str, &Scan>>> = OnceLock::new();
        let mut scans = SCANS.get_or_init(Mutex::default).lock().unwrap();
        scans.entry(zone).or_insert_with(|| {
            let zone = TimeZone::get(zone).unwrap();
            let start: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
            let first = start.as_second() / 60;
            let minutes = first..first + 2 * 365 * 1440;
            let offsets = minutes.map(|minute| {
                let at = Timestamp::from_second(minute * 60).unwrap();
                i16::try_from(zone.to_offset(at).seconds() / 60).unwrap()
            });
            Box::leak(Box::new(Self {
                first,
                offsets: offsets.collect(),
            }))
        })
    }

    pub(crate) fn first(&self) -> i64 {
        self.first
    }

    pub(crate) fn last(&self) -> i64 {
        self.first + i64::try_from(self.offsets.len()).unwrap() - 1
    }

    fn shown(&self) -> impl Iterator<Item = (i64, i64)> {
        let minutes = self.first..;
        minutes
            .zip(&self.offsets)
            .map(|(minute, offset)| (minute, minute + i64::from(*offset)))
    }

    /// The minutes at which the clock jumps.
    pub(crate) fn changes(&self) -> Vec<i64> {
        let pairs = self.offsets.windows(2).zip(self.first + 1..);
        pairs
            .filter(|(pair, _)| pair[0] != pair[1])
            .map(|(_, minute)| minute)
            .collect()
    }

    /// The minutes after the first at which something that fits so must run.
    pub(crate) fn expected(&self, fits: &Fits) -> Vec<i64> {
        let mut days: HashMap<i64, bool> = HashMap::new();
        let mut is_planned = |local: i64| {
            let day = local.div_euclid(1440);
            fits.time(local) && *days.entry(day).or_insert_with(|| fits.day(day))
        };
        let follows_clock = fits.hours.is_none();
        let mut expected = Vec::new();
        let mut shown = self.shown();
        let mut furthest = shown.next().unwrap().1;
        let mut before = furthest;
        for (minute, local) in shown {
            let runs = if follows_clock {
                is_planned(local)
            } else {
                // Every minute not shown before, those that were jumped over included.
                (furthest + 1..=local).any(&mut is_planned)
            };
            assert!((local - before).abs() <= 180, "a jump of hours");
            (before, furthest) = (local, furthest.max(local));
            if runs {
                expected.push(minute);
            }
        }
        expected
    }
}
