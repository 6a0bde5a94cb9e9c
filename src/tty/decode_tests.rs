//! What the decoder must make of real terminals' bytes, cut anywhere, early and late.

use proptest::prelude::*;

use super::*;
use crate::tty::paste::PASTE_BYTES;

fn key(code: Code) -> Event {
    Event::Key(Key::plain(code))
}

fn chars(s: &str) -> Vec<Event> {
    s.chars().map(|c| Event::Key(Key::char(c))).collect()
}

/// Everything at one instant, then the time-outs of a quiet terminal.
fn all(bytes: &[u8]) -> Vec<Event> {
    pieces(&[bytes])
}

fn pieces(parts: &[&[u8]]) -> Vec<Event> {
    let (mut d, mut out) = (Decoder::new(false), Vec::new());
    for part in parts {
        d.feed(part, 1_000, &mut out);
    }
    settle(&mut d, &mut out);
    out
}

fn settle(d: &mut Decoder, out: &mut Vec<Event>) {
    while let Some(at) = d.deadline() {
        d.timeout(at, out);
    }
}

#[test]
fn ordinary_keys() {
    assert_eq!(all(b"aY~"), chars("aY~"));
    assert_eq!(all("é漢🙂".as_bytes()), chars("é漢🙂"));
    assert_eq!(all(b"\r\t\x7f\x08"), [key(Code::Enter), key(Code::Tab), key(Code::Backspace), key(Code::Backspace)]);
    assert_eq!(all(b"\x0c\x1a\x00"), [Key::ctrl('l'), Key::ctrl('z'), Key::ctrl(' ')].map(Event::Key));
    assert_eq!(
        all(b"\x1b[A\x1bOB\x1b[5~\x1b[Z\x1bOP\x1b[[B"),
        [key(Code::Up), key(Code::Down), key(Code::PageUp), key(Code::BackTab), key(Code::F(1)), key(Code::F(2)),]
    );
    assert_eq!(
        all(b"\x1bx\x1b\x7f"),
        [Event::Key(Key { alt: true, ..Key::char('x') }), Event::Key(Key { alt: true, ..Key::plain(Code::Backspace) }),]
    );
}

/// What terminals send without being asked by us: answers to somebody else's questions, focus and mouse.
const REPLIES: [&str; 26] = [
    "\x1b[?64;1;2;6;22c",
    "\x1b[>41;354;0c",
    "\x1bP!|7E565445\x1b\\",
    "\x1b[12;40R",
    "\x1b[?12;40;1R",
    "\x1b[0n",
    "\x1b[?2026;2$y",
    "\x1b[4;1$y",
    "\x1b[?1u",
    "\x1b[?0u",
    "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
    "\x1b]10;rgb:ffff/ffff/ffff\x07",
    "\x1b]4;1;rgb:cd00/0000/0000\x1b\\",
    "\x1b]52;c;YSByIFkK\x07",
    "\x1bP>|xterm(390)\x1b\\",
    "\x1bP1+r544e=787465726d\x1b\\",
    "\x1bP1$r0m\x1b\\",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b[I",
    "\x1b[O",
    "\x1b[<0;10;5M",
    "\x1b[<64;10;5m",
    "\x1b[M !!",
    "\x1b[8;24;80t",
    "\x1b]lAandon\x1b\\",
    "\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21;22;23;24;25;26;27;28;29;30;31;32;33;34c",
];

#[test]
fn late_replies_never_become_keys() {
    for reply in REPLIES {
        for cut in 0..=reply.len() {
            let (a, b) = reply.as_bytes().split_at(cut);
            let got = pieces(&[b"j", a, b, b"k"]);
            assert_eq!(got, chars("jk"), "{reply:?} cut at {cut}");
        }
    }
}

#[test]
fn a_reply_whose_rest_comes_late_is_still_dropped_whole() {
    for reply in REPLIES {
        for cut in 1..reply.len() {
            for late in [60, 300, 900] {
                let (a, b) = reply.as_bytes().split_at(cut);
                let (mut d, mut out) = (Decoder::new(false), Vec::new());
                d.feed(a, 1_000, &mut out);
                while let Some(at) = d.deadline().filter(|at| *at < 1_000 + late) {
                    d.timeout(at, &mut out);
                }
                d.feed(b, 1_000 + late, &mut out);
                settle(&mut d, &mut out);
                // Cut behind its ESC, that was told as a key already; of the rest nothing is.
                let told = if cut == 1 { vec![key(Code::Esc)] } else { vec![] };
                // Cut inside the ST of a string, `\\` alone is left, which is no key either.
                assert_eq!(out, told, "{reply:?} cut at {cut}, {late} ms late");
            }
        }
    }
}

#[test]
fn every_real_sequence_may_be_cut_anywhere_twice() {
    let keys: [(&[u8], Event); 30] = [
        (b"\x1b[A", key(Code::Up)),
        (b"\x1bOA", key(Code::Up)),
        (b"\x1b[B", key(Code::Down)),
        (b"\x1b[C", key(Code::Right)),
        (b"\x1b[D", key(Code::Left)),
        (b"\x1b[H", key(Code::Home)),
        (b"\x1b[1~", key(Code::Home)),
        (b"\x1b[7~", key(Code::Home)),
        (b"\x1bOF", key(Code::End)),
        (b"\x1b[4~", key(Code::End)),
        (b"\x1b[2~", key(Code::Insert)),
        (b"\x1b[3~", key(Code::Delete)),
        (b"\x1b[5~", key(Code::PageUp)),
        (b"\x1b[6~", key(Code::PageDown)),
        (b"\x1b[Z", key(Code::BackTab)),
        (b"\x1bOP", key(Code::F(1))),
        (b"\x1b[11~", key(Code::F(1))),
        (b"\x1b[[A", key(Code::F(1))),
        (b"\x1bOR", key(Code::F(3))),
        (b"\x1b[[E", key(Code::F(5))),
        (b"\x1b[15~", key(Code::F(5))),
        (b"\x1b[24~", key(Code::F(12))),
        (b"\x1bOM", key(Code::Enter)),
        (b"\x1b[1;5C", Event::Key(Key { ctrl: true, ..Key::plain(Code::Right) })),
        (b"\x1b[1;3A", Event::Key(Key { alt: true, ..Key::plain(Code::Up) })),
        (b"\x1b[3;2~", Event::Key(Key { shift: true, ..Key::plain(Code::Delete) })),
        (b"\x1bx", Event::Key(Key { alt: true, ..Key::char('x') })),
        ("\u{1b}é".as_bytes(), Event::Key(Key { alt: true, ..Key::char('é') })),
        ("🙂".as_bytes(), Event::Key(Key::char('🙂'))),
        (b"\x1b[200~a r Y\rq\x1b[A\x1b[201~", Event::Paste("a r Y\nq\x1b[A".into())),
    ];
    for (bytes, event) in keys {
        let whole = [b"j", bytes, b"k"].concat();
        let wanted = [chars("j"), vec![event], chars("k")].concat();
        for one in 0..=whole.len() {
            for two in one..=whole.len() {
                let got = pieces(&[&whole[..one], &whole[one..two], &whole[two..]]);
                assert_eq!(got, wanted, "{bytes:?} cut at {one} and {two}");
            }
        }
    }
}

#[test]
fn a_string_that_never_ends_takes_two_seconds_of_keys_and_no_memory() {
    for open in ["\x1b]0;", "\x1bP", "\x1b_", "\x1b^", "\x1bX"] {
        let (mut d, mut out) = (Decoder::new(false), Vec::new());
        d.feed(open.as_bytes(), 0, &mut out);
        d.feed(&vec![b'Y'; 3 << 20], 1_000, &mut out);
        // Somebody types on.
        for at in (1_010..1_999).step_by(30) {
            d.feed(b"q", at, &mut out);
        }
        assert_eq!(out, [], "{open:?}");
        d.feed(b"q", 2_000, &mut out);
        assert_eq!(out, chars("q"), "{open:?}");
    }
}

#[test]
fn a_reply_cut_short_gives_the_keys_back_after_two_seconds() {
    for cut in ["\x1b]11;rgb:", "\x1bP>|", "\x1b[?64;", "\x1bO"] {
        let (mut d, mut out) = (Decoder::new(false), Vec::new());
        d.feed(cut.as_bytes(), 0, &mut out);
        d.timeout(1_999, &mut out);
        d.feed(b"q", 2_000, &mut out);
        assert_eq!(out, chars("q"), "{cut:?}");
    }
}

#[test]
fn a_lone_esc_is_decided_by_time() {
    for (ssh, ms) in [(false, 50), (true, 100)] {
        let (mut d, mut out) = (Decoder::new(ssh), Vec::new());
        d.feed(b"\x1b", 1_000, &mut out);
        assert_eq!(d.deadline(), Some(1_000 + ms));
        d.timeout(1_000 + ms - 1, &mut out);
        assert_eq!(out, []);
        d.timeout(1_000 + ms, &mut out);
        assert_eq!(out, [key(Code::Esc)]);
        assert_eq!(d.deadline(), None);
        d.feed(b"x", 1_200, &mut out);
        assert_eq!(out, [key(Code::Esc), Event::Key(Key::char('x'))], "not Alt-x");
    }
    assert_eq!(all(b"\x1b\x1b"), [key(Code::Esc), key(Code::Esc)]);
}

#[test]
fn what_follows_a_decided_esc_within_a_second_still_belongs_to_it() {
    let run = |late: i64, rest: &[u8]| {
        let (mut d, mut out) = (Decoder::new(false), Vec::new());
        d.feed(b"\x1b", 0, &mut out);
        d.timeout(50, &mut out);
        d.feed(rest, late, &mut out);
        settle(&mut d, &mut out);
        out.remove(0);
        out
    };
    assert_eq!(run(999, b"[A"), [key(Code::Up)]);
    assert_eq!(run(999, b"[12;40R"), []);
    assert_eq!(run(1_000, b"[A"), chars("[A"));
    assert_eq!(run(300, b"]11;rgb:1/2/3\x07"), [], "a late string is dropped whole");
    assert_eq!(run(300, b"P"), chars("P"), "a typed P is a key");
    // A reader that was held up past the 50 ms reads on as if it had not been.
    let (mut d, mut out) = (Decoder::new(false), Vec::new());
    d.feed(b"\x1b", 0, &mut out);
    d.feed(b"[B", 80, &mut out);
    d.feed(b"\x1b", 100, &mut out);
    d.feed(b"x", 180, &mut out);
    assert_eq!(out, [key(Code::Down), key(Code::Esc), Event::Key(Key::char('x'))]);
}

#[test]
fn a_paste_is_one_event_and_bounded() {
    assert_eq!(
        all(b"\x1b[200~a\r\nb\rY\x1b[A\xff\x1b[201~z"),
        [Event::Paste("a\nb\nY\x1b[A".into()), Event::Key(Key::char('z')),]
    );
    let mut long = b"\x1b[200~".to_vec();
    long.resize(PASTE_BYTES + 5_000, b'x');
    long.extend_from_slice(b"\x1b[201~q");
    let got = all(&long);
    assert!(matches!(&got[0], Event::Paste(p) if p.len() == PASTE_BYTES));
    assert_eq!(got[1..], chars("q"));
}

#[test]
fn an_open_paste_ends_after_two_seconds_but_never_spills() {
    let (mut d, mut out) = (Decoder::new(false), Vec::new());
    d.feed(b"\x1b[200~abc", 0, &mut out);
    assert_eq!(d.deadline(), Some(2_000));
    d.timeout(2_000, &mut out);
    d.feed(b"q", 2_100, &mut out);
    assert_eq!(out, [Event::Paste("abc".into()), Event::Key(Key::char('q'))]);
    // A slow one that is still coming at two seconds stays a paste.
    out.clear();
    d.feed(b"\x1b[200~", 10_000, &mut out);
    for at in (10_100..13_000).step_by(400) {
        d.feed(b"Y", at, &mut out);
    }
    assert_eq!(out, []);
    d.feed(b"\x1b[201~q", 13_100, &mut out);
    assert_eq!(out, [Event::Paste("Y".repeat(8)), Event::Key(Key::char('q'))]);
    // Somebody who leans on a key cannot keep an open one alive.
    out.clear();
    d.feed(b"\x1b[200~", 20_000, &mut out);
    for at in (20_030..30_100).step_by(30) {
        d.feed(b"j", at, &mut out);
    }
    assert_eq!(out.last(), Some(&Event::Key(Key::char('j'))));
}

#[test]
fn junk_is_dropped() {
    assert_eq!(all(b"\xff\xfe\xc3(\x80a"), chars("(a"));
    assert_eq!(all(b"\xc2\x9bA"), chars("A"), "C1 is no key");
    assert_eq!(all(b"\x1b[1\x03;5\x18q"), chars("q"), "CAN ends a sequence");
}

fn fragment() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..6),
        prop::sample::select(vec![
            &b"\x1b"[..],
            b"\x1b[",
            b"\x1bO",
            b"\x1b[A",
            b"\x1b[1;5C",
            b"\x1b[200~",
            b"\x1b[201~",
            b"\x1b]11;rgb:1/2/3",
            b"\x07",
            b"\x1b\\",
            b"\x1bP>|",
            b"\x1b[?1;2c",
            b"\x1b[M",
            b"\x1b[[A",
            "漢🙂".as_bytes(),
            b"aY\r",
            b"\x18",
        ])
        .prop_map(<[u8]>::to_vec),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn where_a_read_is_cut_never_matters(parts in prop::collection::vec(fragment(), 0..12)) {
        let bytes = parts.concat();
        let whole = all(&bytes);
        for at in 0..=bytes.len() {
            prop_assert_eq!(&pieces(&[&bytes[..at], &bytes[at..]]), &whole, "cut at {}", at);
        }
        let singles: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&pieces(&singles), &whole);
        let control = |e: &Event| matches!(e, Event::Key(Key { code: Code::Char(c), .. }) if c.is_control());
        prop_assert!(!whole.iter().any(control), "no key is a control character");
    }

    #[test]
    fn it_always_comes_back(parts in prop::collection::vec(fragment(), 0..12)) {
        let (mut d, mut out) = (Decoder::new(true), Vec::new());
        d.feed(&parts.concat(), 0, &mut out);
        settle(&mut d, &mut out);
        out.clear();
        d.feed(b"q", 20_000, &mut out);
        settle(&mut d, &mut out);
        prop_assert_eq!(out, chars("q"));
    }
}

#[test]
fn mouse_reports_are_dropped_unless_they_were_asked_for_wherever_they_are_cut() {
    let bytes = b"\x1b[<0;12;7Mj\x1b[<0;12;7m\x1b[<65;1;1M\x1b[<2;1;1M";
    let read = |mouse: bool, cut: usize| {
        let mut d = Decoder::new(false).with_mouse(mouse);
        let mut out = Vec::new();
        d.feed(&bytes[..cut], 0, &mut out);
        d.feed(&bytes[cut..], 10, &mut out);
        out
    };
    let j = Event::Key(Key::char('j'));
    for cut in 0..bytes.len() {
        assert_eq!(read(false, cut), std::slice::from_ref(&j), "{cut}");
        let heard = [Event::Mouse(Mouse::Press { x: 11, y: 6 }), j.clone(), Event::Mouse(Mouse::Wheel(1))];
        assert_eq!(read(true, cut), heard, "{cut}");
    }
}
