//! When things happen: time tables and windows, by the clock of a zone.

use std::fmt;
use std::str::FromStr as _;

use croner::Cron;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};
use skep_compiler::cron;
use skep_schema::daemon::{self, Day, Times};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::event::Timestamp;
use skep_schema::lang::nearest;
use skep_schema::span::At;
use skep_schema::spec::Scalar;

use super::check::Found;

/// Times that come again and again.
#[derive(Clone)]
pub(crate) struct Schedule {
    cron: Cron,
    zone: TimeZone,
}

/// When a stack may be changed: always, or in one of these.
#[derive(Clone, Debug, Default)]
pub(crate) struct Windows(Vec<Window>);

#[derive(Clone)]
struct Window {
    times: Times,
    zone: TimeZone,
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.cron.as_str(), name_of(&self.zone))
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.times, name_of(&self.zone))
    }
}

fn name_of(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

impl Schedule {
    pub(super) fn read(schedule: &daemon::Schedule, found: &mut Found) -> Option<Self> {
        let daemon::Schedule {
            span: _,
            times,
            zone,
        } = schedule;
        let zone = self::zone(zone.as_ref(), found);
        if let Some(refused) = cron::refused(times) {
            found.push(refused);
            return None;
        }
        match Cron::from_str(&times.value.0) {
            Ok(cron) => Some(Self { cron, zone: zone? }),
            Err(error) => {
                let message = format!("`{}` is no time table: {error}", times.value.0);
                found.push(Diagnostic::new(Code::BadCron, times.span, message));
                None
            }
        }
    }

    /// The next of its times. One that a clock change leaves out comes when the clock goes on, and one
    /// that it repeats comes once, unless it is one of many in an hour.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = zoned(after, &self.zone)?;
        let next = self.cron.find_next_occurrence(&after, false).ok()?;
        stamp(&next)
    }
}

impl Windows {
    pub(super) fn read(windows: &[daemon::Window], found: &mut Found) -> Self {
        let all = windows.iter().filter_map(|window| {
            Some(Window {
                times: window.times.value.clone(),
                zone: zone(window.zone.as_ref(), found)?,
            })
        });
        Self(all.collect())
    }

    /// Whether the stack may be changed now.
    pub(crate) fn is_open(&self, now: Timestamp) -> bool {
        self.0.is_empty() || self.0.iter().any(|window| window.is_open(now))
    }

    /// When that will be otherwise; nothing where it stays so.
    pub(crate) fn turns(&self, now: Timestamp) -> Option<Timestamp> {
        let is_open = self.is_open(now);
        let mut edges: Vec<Timestamp> = self.0.iter().flat_map(|w| w.edges(now)).collect();
        edges.sort_unstable();
        let later = edges.into_iter().filter(|edge| *edge > now);
        later
            .into_iter()
            .find(|edge| self.is_open(*edge) != is_open)
    }
}

impl Window {
    fn is_open(&self, now: Timestamp) -> bool {
        zoned(now, &self.zone).is_some_and(|now| {
            let number = |part: i8| u16::from(part.unsigned_abs());
            let minute = number(now.hour()) * 60 + number(now.minute());
            self.times.holds(day(now.weekday()), minute)
        })
    }

    /// Times at which it can begin or end, for a week and a day: by its own clock, and where that clock
    /// is changed.
    fn edges(&self, now: Timestamp) -> Vec<Timestamp> {
        let Some(now) = zoned(now, &self.zone) else {
            return Vec::new();
        };
        let mut edges: Vec<Timestamp> = Vec::new();
        let days = now.date().series(jiff::Span::new().days(1)).take(9);
        for (date, minute) in days.flat_map(|date| self.times.edges().map(|minute| (date, minute)))
        {
            let number = |part: u16| i8::try_from(part).expect("a day has 24 hours");
            let time = date.at(number(minute / 60), number(minute % 60), 0, 0);
            let both = self.zone.to_ambiguous_timestamp(time);
            edges.extend(both.earlier().ok().and_then(of_jiff));
            edges.extend(both.later().ok().and_then(of_jiff));
        }
        let changes = self.zone.following(now.timestamp()).take(2);
        edges.extend(changes.filter_map(|change| of_jiff(change.timestamp())));
        edges
    }
}

/// A time zone by its name.
fn zone(name: Option<&At<Scalar>>, found: &mut Found) -> Option<TimeZone> {
    let Some(name) = name else {
        return Some(TimeZone::UTC);
    };
    let text = &name.value.0;
    if let Ok(zone) = TimeZone::get(text) {
        return Some(zone);
    }
    let message = format!("there is no time zone `{text}`");
    let diagnostic = Diagnostic::new(Code::BadValue, name.span, message);
    let known: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .collect();
    found.push(match nearest(text, known.iter().map(String::as_str)) {
        Some(near) => diagnostic.meant(near),
        None => diagnostic.help("write it as Europe/Berlin or UTC"),
    });
    None
}

const fn day(day: Weekday) -> Day {
    match day {
        Weekday::Monday => Day::Mon,
        Weekday::Tuesday => Day::Tue,
        Weekday::Wednesday => Day::Wed,
        Weekday::Thursday => Day::Thu,
        Weekday::Friday => Day::Fri,
        Weekday::Saturday => Day::Sat,
        Weekday::Sunday => Day::Sun,
    }
}

fn zoned(at: Timestamp, zone: &TimeZone) -> Option<Zoned> {
    let since = SignedDuration::from_millis(i64::try_from(at.0).ok()?);
    let at = jiff::Timestamp::from_duration(since).ok()?;
    Some(at.to_zoned(zone.clone()))
}

fn stamp(at: &Zoned) -> Option<Timestamp> {
    of_jiff(at.timestamp())
}

fn of_jiff(at: jiff::Timestamp) -> Option<Timestamp> {
    u64::try_from(at.as_millisecond()).ok().map(Timestamp)
}
