//! The calendar file: change windows by weekday and hour, freezes, shifts, each in a time zone. Takes text, reads no file;
//! worked out ahead into plain UTC intervals, so that nobody else needs to know a zone.

use crate::config::problem::Told;
use crate::config::table::{Got, Table, parse};
use crate::core::time::Utc;
use crate::core::world::calendar::{Calendar as Plain, Shift, Span};
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use std::fmt;
use std::sync::Arc;
use toml::de::DeValue;

/// Days worked out from the opening on; a console that stays open longer says that it does not know.
const AHEAD_DAYS: i64 = 60;
/// And back, for who is on now.
const BACK_DAYS: i64 = 8;

/// A zone by its name. What a name means is asked of `zones`: the system's files, or a test's.
pub type Zones<'z> = &'z dyn Fn(&str) -> Option<TimeZone>;

#[derive(Clone, PartialEq, Eq)]
struct Window {
    days: Vec<Weekday>,
    from: Time,
    to: Time,
    zone: TimeZone,
}

#[derive(Clone, PartialEq, Eq)]
struct Freeze {
    from: DateTime,
    to: DateTime,
    reason: Arc<str>,
    zone: TimeZone,
}

#[derive(Clone, PartialEq, Eq)]
struct Turn {
    days: Vec<Weekday>,
    at: Time,
    who: Arc<str>,
    zone: TimeZone,
}

/// A calendar as written.
#[derive(Clone, PartialEq, Eq)]
pub struct Calendar {
    file: Arc<str>,
    windows: Vec<Window>,
    freezes: Vec<Freeze>,
    turns: Vec<Turn>,
}

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (w, z, t) = (self.windows.len(), self.freezes.len(), self.turns.len());
        write!(f, "Calendar({}: {w} windows, {z} freezes, {t} shifts)", self.file)
    }
}

/// Reads a calendar. `None`: something in it is wrong (told); half a calendar would say "open" where it is not.
pub fn calendar(name: &str, told: &mut Told<'_>, zones: Zones<'_>) -> Option<Calendar> {
    let (map, faults) = parse(told);
    let mut file = Table::new(&map, "", 0..0);
    let mut good = faults.is_empty();
    let zone = zone(&mut file, told, zones, &TimeZone::UTC);
    good &= zone.is_some();
    let zone = zone.unwrap_or(TimeZone::UTC);
    let mut c = Calendar { file: name.into(), windows: Vec::new(), freezes: Vec::new(), turns: Vec::new() };
    good &= each(&mut file, told, "window", |t, told| {
        let zone = self::zone(t, told, zones, &zone);
        let (days, from, to) = (days(t, told), time(t, told, "from"), time(t, told, "to"));
        c.windows.push(Window { days: days?, from: from?, to: to?, zone: zone? });
        Some(())
    });
    good &= each(&mut file, told, "freeze", |t, told| {
        let zone = self::zone(t, told, zones, &zone);
        let (from, to) = (moment(t, told, "from"), moment(t, told, "to"));
        let reason = must(t, told, "reason").map(Arc::from);
        let (from, to) = (from?, to?);
        if to <= from {
            let span = t.span().clone();
            told.error(&span, "this freeze ends before it begins".to_owned(), None);
            return None;
        }
        c.freezes.push(Freeze { from, to, reason: reason?, zone: zone? });
        Some(())
    });
    good &= each(&mut file, told, "shift", |t, told| {
        let zone = self::zone(t, told, zones, &zone);
        let (days, at, who) = (days(t, told), time(t, told, "at"), must(t, told, "who").map(Arc::from));
        c.turns.push(Turn { days: days?, at: at?, who: who?, zone: zone? });
        Some(())
    });
    good &= file.finish(told);
    good.then_some(c)
}

/// Every table of a list, `[[window]]`. False: one of them is wrong.
fn each(
    file: &mut Table<'_, '_>,
    told: &mut Told<'_>,
    key: &'static str,
    mut one: impl FnMut(&mut Table<'_, '_>, &mut Told<'_>) -> Option<()>,
) -> bool {
    let Some((value, span)) = file.raw(key) else { return true };
    let DeValue::Array(items) = value else {
        told.error(&span, format!("\"{key}\" is a list of tables, [[{key}]]"), None);
        return false;
    };
    let mut good = true;
    for item in items.iter() {
        let DeValue::Table(map) = item.get_ref() else {
            told.error(&item.span(), format!("\"{key}\" is a list of tables, [[{key}]]"), None);
            good = false;
            continue;
        };
        let mut t = Table::new(map, format!("[[{key}]]"), item.span());
        good &= one(&mut t, told).is_some();
        good &= t.finish(told);
    }
    good
}

fn must<'a>(t: &mut Table<'a, '_>, told: &mut Told<'_>, key: &'static str) -> Option<&'a str> {
    match t.text(told, key) {
        Got::Is(s, _) if !s.trim().is_empty() => Some(s),
        Got::Is(_, at) => {
            told.error(&at, format!("\"{key}\" is empty"), None);
            None
        }
        Got::Absent => {
            let span = t.span().clone();
            told.error(&span, format!("{} has no \"{key}\"", t.name()), None);
            None
        }
        Got::Wrong => None,
    }
}

fn zone(t: &mut Table<'_, '_>, told: &mut Told<'_>, zones: Zones<'_>, above: &TimeZone) -> Option<TimeZone> {
    match t.text(told, "zone") {
        Got::Absent => Some(above.clone()),
        Got::Wrong => None,
        Got::Is(name, at) => {
            let zone = if name == "UTC" { Some(TimeZone::UTC) } else { zones(name) };
            if zone.is_none() {
                let hint = Some("a name such as \"Europe/Berlin\" that this system knows, or \"UTC\"".to_owned());
                told.error(&at, format!("unknown time zone \"{name}\""), hint);
            }
            zone
        }
    }
}

fn time(t: &mut Table<'_, '_>, told: &mut Told<'_>, key: &'static str) -> Option<Time> {
    let text = must(t, told, key)?;
    // The end of a day is the beginning of the next.
    let read = if text == "24:00" { Some(Time::midnight()) } else { clock(text) };
    if read.is_none() {
        let at = t.place_of_text(key).unwrap_or_else(|| t.span().clone());
        told.error(&at, format!("\"{text}\" is no time of day"), Some("write \"09:00\"".to_owned()));
    }
    read
}

fn clock(text: &str) -> Option<Time> {
    let (h, m) = text.split_once(':')?;
    let digits = |s: &str| s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit());
    let good = digits(h) && digits(m);
    good.then(|| Time::new(h.parse().ok()?, m.parse().ok()?, 0, 0).ok()).flatten()
}

fn moment(t: &mut Table<'_, '_>, told: &mut Told<'_>, key: &'static str) -> Option<DateTime> {
    let text = must(t, told, key)?;
    let (date, rest) = text.split_once(' ').unwrap_or((text, "00:00"));
    let read = date.parse::<Date>().ok().zip(clock(rest)).map(|(d, t)| d.to_datetime(t));
    if read.is_none() {
        let at = t.place_of_text(key).unwrap_or_else(|| t.span().clone());
        let hint = Some("write \"2026-12-20\" or \"2026-12-20 18:00\"".to_owned());
        told.error(&at, format!("\"{text}\" is no day"), hint);
    }
    read
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// All days where nothing is written.
fn days(t: &mut Table<'_, '_>, told: &mut Told<'_>) -> Option<Vec<Weekday>> {
    match t.texts(told, "days") {
        Got::Absent => Some(DAYS.map(|d| d.1).to_vec()),
        Got::Wrong => None,
        Got::Is(names, _) => {
            let mut out = Vec::new();
            let mut good = true;
            for (name, at) in names {
                match DAYS.iter().find(|d| d.0 == name) {
                    Some((_, day)) => out.push(*day),
                    None => {
                        let hint = Some(format!("one of {}", DAYS.map(|d| d.0).join(", ")));
                        told.error(&at, format!("\"{name}\" is no day"), hint);
                        good = false;
                    }
                }
            }
            good.then_some(out)
        }
    }
}

impl Calendar {
    /// Worked out from a week ago to two months ahead of `now`.
    pub fn plain(&self, now: Utc) -> Plain {
        let today = jiff::Timestamp::from_millisecond(now.0).map(|t| t.to_zoned(TimeZone::UTC).date());
        let Ok(today) = today else { return Plain { file: self.file.clone(), ..Plain::default() } };
        let dates: Vec<Date> = (-BACK_DAYS..=AHEAD_DAYS).filter_map(|n| day_after(today, n)).collect();
        let mut windows: Vec<Span> = self.windows.iter().flat_map(|w| dates.iter().filter_map(|d| w.on(*d))).collect();
        windows.sort_by_key(|s| (s.from, s.until));
        let mut freezes: Vec<Span> = self.freezes.iter().filter_map(Freeze::span).collect();
        freezes.sort_by_key(|s| s.from);
        let mut shifts: Vec<Shift> = self.turns.iter().flat_map(|t| dates.iter().filter_map(|d| t.on(*d))).collect();
        shifts.sort_by(|a, b| (a.at, &a.who).cmp(&(b.at, &b.who)));
        Plain {
            windows: (!self.windows.is_empty()).then(|| merged(windows)),
            freezes,
            shifts,
            // A day short: what is worked out in another zone may begin later.
            until: Utc(now.0 + (AHEAD_DAYS - 1) * 86_400_000),
            file: self.file.clone(),
        }
    }
}

fn day_after(day: Date, n: i64) -> Option<Date> {
    day.checked_add(jiff::Span::new().days(n)).ok()
}

fn utc(at: DateTime, zone: &TimeZone) -> Option<Utc> {
    // In the hour that does not exist in spring the later reading counts, in the one that exists twice the first.
    zone.to_ambiguous_timestamp(at).compatible().ok().map(|t| Utc(t.as_millisecond()))
}

impl Window {
    fn on(&self, day: Date) -> Option<Span> {
        if !self.days.contains(&day.weekday()) {
            return None;
        }
        // Past midnight it ends on the next day.
        let end = if self.to > self.from { day } else { day_after(day, 1)? };
        let (from, until) = (utc(day.to_datetime(self.from), &self.zone)?, utc(end.to_datetime(self.to), &self.zone)?);
        Some(Span { from, until, says: "".into() })
    }
}

impl Freeze {
    fn span(&self) -> Option<Span> {
        Some(Span { from: utc(self.from, &self.zone)?, until: utc(self.to, &self.zone)?, says: self.reason.clone() })
    }
}

impl Turn {
    fn on(&self, day: Date) -> Option<Shift> {
        let at = utc(day.to_datetime(self.at), &self.zone).filter(|_| self.days.contains(&day.weekday()))?;
        Some(Shift { at, who: self.who.clone() })
    }
}

/// What touches or overlaps is one.
fn merged(spans: Vec<Span>) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for s in spans {
        match out.last_mut() {
            Some(last) if s.from <= last.until => last.until = last.until.max(s.until),
            Some(_) | None => out.push(s),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::world::calendar::Standing;

    /// Central European time as a rule, so that no file of the system is needed.
    fn zones(name: &str) -> Option<TimeZone> {
        (name == "Europe/Berlin").then(|| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").ok()).flatten()
    }

    fn read(text: &str) -> (Option<Calendar>, Vec<String>) {
        let mut told = Told::new("calendar.toml", text);
        let c = calendar("calendar.toml", &mut told, &zones);
        (c, told.into_problems().iter().map(ToString::to_string).collect())
    }

    const TEXT: &str = r#"
zone = "Europe/Berlin"
[[window]]
days = ["mon", "tue", "wed", "thu"]
from = "09:00"
to = "17:00"
[[window]]
days = ["fri"]
from = "22:00"
to = "02:00"
[[freeze]]
from = "2026-12-20"
to = "2027-01-02 12:00"
reason = "year's end"
[[shift]]
at = "08:00"
who = "ito"
[[shift]]
at = "20:00"
who = "mira"
zone = "UTC"
"#;

    #[test]
    fn hours_of_a_zone_become_moments() {
        let (c, problems) = read(TEXT);
        assert_eq!(problems, Vec::<String>::new());
        let c = c.expect("good");
        let at = |t: &str| Utc::read(t).expect("a time");
        // A Monday in November: one hour before UTC's.
        let plain = c.plain(at("2026-11-21T03:00:00Z"));
        let stands = |t: &str| plain.standing(at(t));
        assert_eq!(stands("2026-11-21T03:00:00Z"), Standing::Closed { opens: Some(at("2026-11-23T08:00:00Z")) });
        assert_eq!(stands("2026-11-23T08:00:00Z"), Standing::Open { until: Some(at("2026-11-23T16:00:00Z")) });
        assert_eq!(
            stands("2026-11-28T00:30:00Z"),
            Standing::Open { until: Some(at("2026-11-28T01:00:00Z")) },
            "past midnight"
        );
        assert!(matches!(stands("2026-12-21T09:00:00Z"), Standing::Frozen(f) if f.until == at("2027-01-02T11:00:00Z")));
        let next = plain.next_shift(at("2026-11-21T03:00:00Z")).expect("one");
        assert_eq!((next.at, &*next.who), (at("2026-11-21T07:00:00Z"), "ito"));
        assert_eq!(plain.on_now(at("2026-11-21T03:00:00Z")).map(|s| &*s.who), Some("mira"));
        // In summer the same hours are another hour of UTC.
        let summer = c.plain(at("2026-07-06T00:00:00Z"));
        assert_eq!(
            summer.standing(at("2026-07-06T07:00:00Z")),
            Standing::Open { until: Some(at("2026-07-06T15:00:00Z")) }
        );
        assert_eq!(summer.standing(at("2027-07-06T07:00:00Z")), Standing::Unknown, "too far ahead");
    }

    #[test]
    fn what_is_wrong_is_told_and_half_a_calendar_is_none() {
        for (text, says) in [
            ("[[window]]\nfrom = \"9\"\nto = \"17:00\"", "is no time of day"),
            ("[[window]]\nfrom = \"09:00\"", "has no \"to\""),
            ("[[window]]\ndays = [\"monday\"]\nfrom = \"09:00\"\nto = \"10:00\"", "is no day"),
            ("zone = \"Mars/Olympus\"", "unknown time zone"),
            ("[[freeze]]\nfrom = \"2026-12-20\"\nto = \"2026-12-19\"\nreason = \"x\"", "ends before it begins"),
            ("[[freeze]]\nfrom = \"2026-12-20\"\nto = \"2026-12-21\"", "has no \"reason\""),
            ("[[shift]]\nat = \"08:00\"", "has no \"who\""),
            ("[[windows]]\nfrom = \"09:00\"", "windows"),
            ("window = 3", "list of tables"),
        ] {
            let (c, problems) = read(text);
            assert!(c.is_none(), "{text}");
            assert!(problems.iter().any(|p| p.contains(says)), "{text}: {problems:?}");
        }
        let (c, problems) = read("");
        assert!(c.is_some() && problems.is_empty(), "an empty one says nothing");
    }
}
