//! The tape: what goes in comes out, and a changed byte does not pass.

use super::scratch::{Scratch, at};
use super::tape::{Due, Gap, Mark, Ring, Tape};
use super::tape_read::{TapeError, TapeLine, TapeReader, segments};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Msg {
    Key(char),
    Tick,
    Text { of: String },
}

fn read(path: &Path) -> Vec<Result<TapeLine<Msg>, TapeError>> {
    TapeReader::open(path).expect("open").collect()
}

fn mark(s: &str) -> Mark {
    Mark { effects: s.into(), screen: s.into() }
}

fn short() -> (Scratch, std::path::PathBuf) {
    let dir = Scratch::new();
    let start = json!({"build": "0.1.0", "size": [80, 23]});
    let mut t = Tape::open(dir.path(), "s", Ring::default(), start, at(0)).expect("open");
    for (i, m) in [Msg::Key('a'), Msg::Tick, Msg::Text { of: "\u{7f}é\n\"}".into() }].iter().enumerate() {
        t.note(at(i as i64), m);
    }
    t.mark(at(3), &mark("m"));
    t.close(at(4), &mark("z"), LONG).expect("closed");
    let path = dir.path().join("s.1.tape");
    (dir, path)
}

#[test]
fn what_goes_in_comes_out() {
    let (_dir, path) = short();
    let lines: Vec<_> = read(&path).into_iter().map(|l| l.expect("whole")).collect();
    let TapeLine::Start { header, .. } = &lines[0] else {
        panic!("{lines:?}");
    };
    assert_eq!((header.segment, &header.start["build"]), (1, &json!("0.1.0")));
    assert_eq!(lines[1], TapeLine::Message { n: 2, at: at(0), message: Msg::Key('a') });
    let TapeLine::Message { message: Msg::Text { of }, .. } = &lines[3] else {
        panic!("{lines:?}");
    };
    assert_eq!(of, "\u{7f}é\n\"}");
    assert_eq!(
        lines[4..],
        [
            TapeLine::Mark { at: at(3), mark: mark("m") },
            TapeLine::Mark { at: at(4), mark: mark("z") },
            TapeLine::End { at: at(4) },
        ]
    );
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn any_changed_byte_any_removed_line_and_any_cut_fails() {
    let (_dir, path) = short();
    let bytes = std::fs::read(&path).expect("read");
    let fails = |b: &[u8]| TapeReader::<Msg, _>::new(b).find_map(Result::err);
    assert_eq!(fails(&bytes), None);
    let mut b = bytes.clone();
    for i in 0..b.len() {
        for bit in 0..8 {
            b[i] ^= 1 << bit;
            let e = fails(&b).unwrap_or_else(|| panic!("byte {i} bit {bit} passed"));
            assert!(!e.torn || i + 1 == b.len() || bytes[i] == b'\n' || b[i] == b'\n', "byte {i} bit {bit}: {e}");
            b[i] ^= 1 << bit;
        }
    }
    let lines: Vec<_> = bytes.split_inclusive(|c| *c == b'\n').collect();
    for i in 0..lines.len() - 1 {
        let mut l = lines.clone();
        l.remove(i);
        assert!(fails(&l.concat()).is_some(), "line {i} removed");
    }
    for n in 0..bytes.len() {
        if n > 0 && bytes[n - 1] != b'\n' {
            let e = fails(&bytes[..n]).expect("cut");
            assert!(e.torn, "{e}");
        }
    }
}

#[test]
fn a_new_segment_is_due_by_size_and_by_age_and_the_ring_is_bounded() {
    let dir = Scratch::new();
    let ring = Ring { segment_bytes: 10_000, segment_ms: 1000, bytes: 35_000, age: Duration::from_secs(3600) };
    let mut t = Tape::open(dir.path(), "s", ring, json!(0), at(0)).expect("open");
    assert_eq!((t.due(at(999)), t.due(at(1000))), (Due::No, Due::WhenQuiet));
    let mut rotations = 0;
    for i in 0..2000 {
        if t.due(at(0)) == Due::WhenQuiet && t.rotate(json!(i), at(0)) {
            rotations += 1;
            // The ring counts what is on disk.
            std::thread::sleep(Duration::from_millis(2));
        }
        t.note(at(0), &Msg::Text { of: "x".repeat(50) });
    }
    for _ in 0..200 {
        t.note(at(0), &Msg::Text { of: "x".repeat(80) });
    }
    assert_eq!(t.due(at(0)), Due::Now);
    t.close(at(1), &mark("z"), LONG).expect("closed");
    assert!(rotations > 10);
    let kept = segments(dir.path(), "s").expect("read");
    let total: u64 = kept[..kept.len() - 1].iter().map(|(_, p)| std::fs::metadata(p).expect("there").len()).sum();
    assert!(total <= 35_000, "{total}");
    assert_eq!(kept.last().map(|k| k.0), Some(rotations + 1));
    for (n, path) in kept {
        let lines = read(&path);
        assert!(lines.iter().all(Result::is_ok), "segment {n}");
        assert!(matches!(&lines[0], Ok(TapeLine::Start { header, .. }) if header.segment == n));
    }
}

#[test]
fn what_does_not_fit_is_a_gap_and_then_a_new_segment() {
    let dir = Scratch::new();
    let mut t = Tape::open(dir.path(), "s", Ring::default(), json!(0), at(0)).expect("open");
    t.note(at(1), &Msg::Tick);
    // No JSON, and more than may ever wait.
    t.note(at(2), &BTreeMap::from([((1, 2), 3)]));
    t.note(at(3), &Msg::Text { of: "x".repeat(17 << 20) });
    t.note(at(4), &Msg::Tick);
    while t.due(at(4)) == Due::No {
        std::thread::yield_now();
    }
    assert!(t.rotate(json!(1), at(5)));
    assert_eq!(t.due(at(5)), Due::No);
    t.note(at(6), &Msg::Key('k'));
    t.close(at(7), &mark("z"), LONG).expect("closed");
    let first: Vec<_> = read(&dir.path().join("s.1.tape")).into_iter().map(|l| l.expect("whole")).collect();
    let gaps: Vec<&Gap> = first
        .iter()
        .filter_map(|l| match l {
            TapeLine::Gap { gap, .. } => Some(gap),
            TapeLine::Start { .. } | TapeLine::Message { .. } | TapeLine::Mark { .. } | TapeLine::End { .. } => None,
        })
        .collect();
    assert_eq!(gaps.iter().map(|g| g.lost).sum::<u64>(), 2, "{first:?}");
    let second = read(&dir.path().join("s.2.tape"));
    assert!(matches!(&second[1], Ok(TapeLine::Message { message: Msg::Key('k'), .. })));
}

#[test]
fn numbers_come_back_to_the_last_bit() {
    let dir = Scratch::new();
    let mut t = Tape::open(dir.path(), "s", Ring::default(), json!(0), at(0)).expect("open");
    let mut bits = 88_172_645_463_325_252_u64;
    let numbers: Vec<f64> = std::iter::repeat_with(|| {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        f64::from_bits(bits)
    })
    .filter(|f| f.is_finite())
    .take(3000)
    .collect();
    t.note(at(1), &numbers);
    t.close(at(2), &mark("z"), LONG).expect("closed");
    let mut lines = TapeReader::<Vec<f64>>::open(&dir.path().join("s.1.tape")).expect("open");
    let Some(Ok(TapeLine::Message { message, .. })) = lines.nth(1) else {
        panic!("no message");
    };
    assert!(message.iter().zip(&numbers).all(|(a, b)| a.to_bits() == b.to_bits()));
}
