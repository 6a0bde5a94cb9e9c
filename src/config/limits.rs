//! The numbers of limits.md section 4 a person may change, each within bounds that never make an act easier than its
//! own level. Knows no file but the `[limits]` table.

use crate::config::problem::Told;
use crate::config::table::{Got, Table, wrong_value};
use crate::core::judge::burn::Lines;
use crate::core::model;
use std::ops::RangeInclusive;

const CONFIRM: RangeInclusive<u64> = 300..=2_000;
const ARM: RangeInclusive<i64> = 1..=60;
const SAME_ACT: RangeInclusive<u64> = 5_000..=60_000;
const REQUEST: RangeInclusive<u64> = 1_000..=30_000;
const SEEN: RangeInclusive<u64> = 5_000..=120_000;
const BURN: RangeInclusive<f64> = 0.1..=1_000.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Milliseconds after a dialog was flushed before `Y` counts: 300 to 2000.
    pub confirm_delay_ms: u64,
    /// Minutes an arming lasts: 1 to 60.
    pub arm_minutes: u32,
    /// Milliseconds in which the same act on the same target asks again: 5000 to 60,000.
    pub same_act_ms: u64,
    /// Milliseconds a request may take in all: 1000 to 30,000.
    pub request_timeout_ms: u64,
    /// Milliseconds after which an act not seen is stuck: 5000 to 120,000.
    pub seen_ms: u64,
    /// Burn rates above which somebody hears of it.
    pub burn: Lines,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            confirm_delay_ms: 700,
            arm_minutes: 10,
            same_act_ms: 5_000,
            request_timeout_ms: 5_000,
            seen_ms: 15_000,
            burn: Lines::default(),
        }
    }
}

impl Limits {
    /// As update decides by them; what no file may change keeps its number.
    pub fn of_update(&self) -> model::Limits {
        let ms = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        model::Limits {
            confirm_delay: ms(self.confirm_delay_ms),
            arm: i64::from(self.arm_minutes) * 60_000,
            same_act: ms(self.same_act_ms),
            seen: ms(self.seen_ms),
            burn: self.burn,
            ..model::Limits::default()
        }
    }
}

/// What one file, or the environment, says about them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LimitsLayer {
    pub confirm_delay_ms: Option<u64>,
    pub arm_minutes: Option<u32>,
    pub same_act_ms: Option<u64>,
    pub request_timeout_ms: Option<u64>,
    pub seen_ms: Option<u64>,
    pub burn: BurnLayer,
}

/// What one file says about the lines of burn, each for a period of 30 days.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BurnLayer {
    pub line: Option<f64>,
    pub page: [Option<f64>; 2],
    pub ticket: [Option<f64>; 2],
}

impl BurnLayer {
    /// `self` where it speaks, else what the lower layer says.
    pub fn or(self, below: BurnLayer) -> BurnLayer {
        let two = |a: [Option<f64>; 2], b: [Option<f64>; 2]| [a[0].or(b[0]), a[1].or(b[1])];
        BurnLayer {
            line: self.line.or(below.line),
            page: two(self.page, below.page),
            ticket: two(self.ticket, below.ticket),
        }
    }

    fn over(self, below: Lines) -> Lines {
        let two = |a: [Option<f64>; 2], b: [f64; 2]| [a[0].unwrap_or(b[0]), a[1].unwrap_or(b[1])];
        Lines {
            line: self.line.unwrap_or(below.line),
            page: two(self.page, below.page),
            ticket: two(self.ticket, below.ticket),
        }
    }
}

impl LimitsLayer {
    /// `self` where it speaks, else what lies below.
    pub fn over(self, below: Limits) -> Limits {
        Limits {
            confirm_delay_ms: self.confirm_delay_ms.unwrap_or(below.confirm_delay_ms),
            arm_minutes: self.arm_minutes.unwrap_or(below.arm_minutes),
            same_act_ms: self.same_act_ms.unwrap_or(below.same_act_ms),
            request_timeout_ms: self.request_timeout_ms.unwrap_or(below.request_timeout_ms),
            seen_ms: self.seen_ms.unwrap_or(below.seen_ms),
            burn: self.burn.over(below.burn),
        }
    }

    /// The strictest of all safety settings: for a `[limits]` that cannot be read at all.
    pub fn strictest() -> LimitsLayer {
        LimitsLayer {
            confirm_delay_ms: Some(*CONFIRM.end()),
            arm_minutes: Some(1),
            same_act_ms: Some(*SAME_ACT.end()),
            request_timeout_ms: None,
            seen_ms: None,
            burn: BurnLayer::default(),
        }
    }
}

/// Reads `[limits]`. The first three are safety settings: one that cannot be used falls to its strictest.
pub fn limits(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> LimitsLayer {
    let strictest = LimitsLayer::strictest();
    LimitsLayer {
        confirm_delay_ms: strict(table.time(told, "confirm_delay", CONFIRM), *CONFIRM.end()),
        arm_minutes: match table.whole(told, "arm_minutes", ARM) {
            Got::Absent => None,
            Got::Wrong => strictest.arm_minutes,
            Got::Is(n, _) => u32::try_from(n).ok(),
        },
        same_act_ms: strict(table.time(told, "same_act", SAME_ACT), *SAME_ACT.end()),
        request_timeout_ms: table.time(told, "request_timeout", REQUEST).ok(),
        seen_ms: table.time(told, "seen_deadline", SEEN).ok(),
        burn: match table.table(told, "burn") {
            Got::Is(t, _) => burn(t, told),
            Got::Absent | Got::Wrong => BurnLayer::default(),
        },
    }
}

/// Keys of `[limits.burn]`, with what they are when nobody speaks.
pub const BURN_KEYS: [&str; 5] = ["line", "page_1h", "page_6h", "ticket_1d", "ticket_3d"];

/// The line and the factors, in the order of the keys.
pub fn burn_values(lines: &Lines) -> [f64; 5] {
    [lines.line, lines.page[0], lines.page[1], lines.ticket[0], lines.ticket[1]]
}

/// Reads `[limits.burn]`. None of them makes an act easier: the gate's own line is 3x at most, whatever stands here.
fn burn(mut table: Table<'_, '_>, told: &mut Told<'_>) -> BurnLayer {
    let mut factor = |key: &'static str| match table.number(told, key) {
        Got::Is(n, _) if BURN.contains(&n) => Some(n),
        Got::Is(n, at) => {
            let _told: Got<()> = wrong_value(told, key, &n.to_string(), &at, "a burn rate from 0.1 to 1000");
            None
        }
        Got::Absent | Got::Wrong => None,
    };
    let [line, page_1h, page_6h, ticket_1d, ticket_3d] = BURN_KEYS.map(&mut factor);
    table.finish(told);
    BurnLayer { line, page: [page_1h, page_6h], ticket: [ticket_1d, ticket_3d] }
}

fn strict(got: Got<u64>, strictest: u64) -> Option<u64> {
    match got {
        Got::Absent => None,
        Got::Wrong => Some(strictest),
        Got::Is(v, _) => Some(v),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table::parse;

    fn read(text: &str) -> (Limits, usize) {
        let mut told = Told::new("c", text);
        let (map, _) = parse(&mut told);
        let mut table = Table::new(&map, "[limits]", 0..0);
        let layer = limits(&mut table, &mut told);
        table.finish(&mut told);
        (layer.over(Limits::default()), told.into_problems().len())
    }

    #[test]
    fn what_is_not_said_keeps_its_default() {
        assert_eq!(read(""), (Limits::default(), 0));
        let (limits, problems) = read("confirm_delay = \"300ms\"\narm_minutes = 5");
        assert_eq!(problems, 0);
        assert_eq!((limits.confirm_delay_ms, limits.arm_minutes), (300, 5));
    }

    #[test]
    fn the_lines_of_burn_may_be_moved_one_by_one() {
        let (limits, problems) = read("[burn]\nline = 2\npage_6h = 7.5");
        assert_eq!(problems, 0);
        assert_eq!(limits.burn, Lines { line: 2.0, page: [14.4, 7.5], ..Lines::default() });
        assert_eq!(limits.of_update().burn, limits.burn);
        let (limits, problems) = read("[burn]\nline = 0\nticket_1d = \"3\"\nlines = 3");
        assert_eq!((limits.burn, problems), (Lines::default(), 3));
    }

    #[test]
    fn the_defaults_are_those_of_update() {
        assert_eq!(Limits::default().of_update(), model::Limits::default());
    }

    #[test]
    fn a_bad_safety_setting_is_the_strictest_and_any_other_its_default() {
        for bad in ["\"299ms\"", "\"soon\"", "0", "true"] {
            let (limits, problems) = read(&format!("confirm_delay = {bad}"));
            assert_eq!((limits.confirm_delay_ms, problems), (2_000, 1), "{bad}");
        }
        for bad in ["0", "61", "\"10\"", "1.5", "99999999999999999999"] {
            let (limits, problems) = read(&format!("arm_minutes = {bad}"));
            assert_eq!((limits.arm_minutes, problems), (1, 1), "{bad}");
        }
        let (limits, problems) = read("request_timeout = \"31s\"");
        assert_eq!((limits.request_timeout_ms, problems), (5_000, 1));
    }
}
