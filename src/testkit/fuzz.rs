//! What the fuzzers run: one function for each reader of bytes from outside, which must neither panic nor let through
//! what the gate forbids. `fuzz/` calls these with what libFuzzer finds, the suite with random bytes and changed seeds.

use super::hostile::forbidden;
use crate::config::file::{Known, layer};
use crate::config::origin::{Origin, Origins};
use crate::config::problem::Told;
use crate::config::{Problem, keymap, runbook, theme};
use crate::core::keymap::key_name;
use crate::core::record::Record;
use crate::core::shown::{LINE_MAX, TEXT_MAX, evidence, shown_bytes, shown_line, shown_log, shown_text};
use crate::journal::lines::{Forwards, Piece};
use crate::journal::{chain, index, link, places, words};
use crate::ui::Look;
use crate::ui::parts::line::Line;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A target: takes any bytes, panics when a rule is broken.
pub type Target = fn(&[u8]);

/// Name, function. The names are those of the files in `fuzz/fuzz_targets` and of the folders in `fuzz/corpus`.
pub const TARGETS: [(&str, Target); 10] = [
    ("shown", shown),
    ("decoder", decoder),
    ("log", log),
    ("log_index", log_index),
    ("config", config),
    ("keymap", keymap_file),
    ("theme", theme_file),
    ("runbook", runbook_file),
    ("kubernetes", kubernetes),
    ("prometheus", prometheus),
];

#[track_caller]
fn clean(s: &str, lines: bool) {
    let bad = s.chars().find(|c| forbidden(*c) && !(lines && *c == '\n'));
    assert_eq!(bad, None, "{s:?}");
}

/// The gate, and a line drawn of what it gives.
pub fn shown(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let line = shown_line(&text, LINE_MAX);
    clean(line.as_str(), false);
    // A second time it changes nothing, so that two gates in a row do no harm.
    assert_eq!(shown_line(line.as_str(), usize::MAX).as_str(), line.as_str());
    clean(shown_bytes(bytes, LINE_MAX).as_str(), false);
    clean(shown_text(&text, TEXT_MAX).as_str(), true);
    clean(shown_log(&text, TEXT_MAX).as_str(), true);
    clean(evidence(&text).as_str(), false);
    let area = Rect::new(0, 0, 40, 1);
    let mut buf = Buffer::empty(area);
    let look = Look::shipped();
    let drawn = Line::new().left(crate::config::theme::Role::Text, &*text, 30).text("|");
    drawn.draw(&look, area, 0, &mut buf);
    assert_eq!(buf[(30, 0)].symbol(), "|", "a text moved its neighbour");
    let size: usize = buf.content.iter().map(|c| c.symbol().len()).sum();
    assert!(size <= 16 * buf.content.len(), "{size} bytes in {} cells", buf.content.len());
    buf.content.iter().for_each(|c| clean(c.symbol(), false));
}

/// Keys out of bytes, wherever the reads are cut. Every cut is tried, so the work grows with the square.
pub fn decoder(bytes: &[u8]) {
    if bytes.len() <= 512 {
        super::stray::decodes_alike(bytes);
    }
}

/// A log file: its lines as a person sees them, and its chain.
pub fn log(bytes: &[u8]) {
    let mut lines = Forwards::with_bound(bytes, 4_096);
    while let Ok(Some(piece)) = lines.next_piece() {
        match piece {
            Piece::Line(l) | Piece::Unfinished(l) => {
                let record = Record::read("session", l);
                clean(&words::line(&record), false);
                let _target = record.target_id();
            }
            Piece::TooLong => break,
        }
    }
    if let Ok(v) = chain::verify(bytes, |_| {}) {
        // Nobody chains by chance: what passes was a seed, whole or cut at a line.
        assert!(v.records == 0 || bytes.windows(6).any(|w| w == b"\"prev\""));
    }
    for line in bytes.split(|b| *b == b'\n') {
        // The quick way takes nothing that serde_json refuses, and reads the same.
        if let Some(found) = link::quick(line) {
            assert_eq!(serde_json::from_slice::<link::Link<'_>>(line).ok(), Some(found));
        }
        let _head = link::head(line);
    }
}

/// A month folder's index: what its lines say is only believed where their hash holds.
pub fn log_index(bytes: &[u8]) {
    let (rows, whole) = index::read(bytes);
    assert!(rows.is_empty() || bytes.windows(8).any(|w| w == b"\"hash\":\""), "a row without a hash");
    assert!(rows.keys().all(|name| places::is_log(name) && !name.contains('/')), "a name that is a path");
    let again: Vec<u8> = rows.values().flat_map(|row| row.line().unwrap_or_default()).collect();
    assert!(!whole || index::read(&again[..]).0 == rows, "it reads otherwise when written again");
    let name = String::from_utf8_lossy(bytes);
    if let Some(month) = places::month_of(&name) {
        assert!(places::is_month(&month), "{month:?}");
    }
}

fn told(problems: &[Problem]) {
    problems.iter().for_each(|p| clean(&p.to_string(), false));
}

/// A config file, and where its settings come from.
pub fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut t = Told::new("config.toml", &text);
    let read = layer(&mut t, &Known::default());
    told(&t.into_problems());
    let debug = format!("{read:?}");
    assert!(!debug.contains("\"canary-token\""), "a secret is in Debug");
    Origins::default().file(&text, |line| Origin::User("config.toml".into(), line));
}

/// A keymap file.
pub fn keymap_file(bytes: &[u8]) {
    let (map, problems) = keymap::keymap("mine.toml", &String::from_utf8_lossy(bytes));
    told(&problems);
    for b in &map.bindings {
        assert!(!b.chord.is_empty(), "a binding without a key");
        b.chord.iter().for_each(|k| clean(&shown_line(&key_name(k), LINE_MAX).into_string(), false));
    }
}

/// A theme file.
pub fn theme_file(bytes: &[u8]) {
    let (read, problems) = theme::theme("mine.toml", &String::from_utf8_lossy(bytes));
    told(&problems);
    assert_eq!(read.roles.len(), theme::default_theme().roles.len(), "a role is lost");
}

/// A runbook.
pub fn runbook_file(bytes: &[u8]) {
    let (read, problems) = runbook::runbook("mine", "mine.md", &String::from_utf8_lossy(bytes));
    told(&problems);
    assert!(read.steps.iter().zip(1..).all(|(s, n)| s.number == n), "steps are numbered");
}

/// An API server's answer.
pub fn kubernetes(bytes: &[u8]) {
    for state in crate::backends::kubernetes::read_anything(bytes) {
        assert!(!state.id.name.is_empty());
        assert!(state.weight_real.is_none_or(|w| w <= 100) && state.weight_wanted <= 100, "a share above 100 %");
    }
}

/// A Prometheus' answer.
pub fn prometheus(bytes: &[u8]) {
    for counts in crate::backends::prometheus::read_anything(bytes) {
        let sound = |n: f64| n.is_finite() && n >= 0.0;
        assert!(sound(counts.total) && sound(counts.failed), "{counts:?}");
    }
}
