use super::class::{Class, class};
use super::*;
use proptest::prelude::*;

/// Payload, what a one-line field shows.
const GOLDEN: &[(&str, &str)] = &[
    ("checkout", "checkout"),
    ("", ""),
    ("über", "über"),
    ("日本語", "日本語"),
    ("a\nb", "a / b"),
    ("a\r\nb", "a / b"),
    ("a\rb", "a^Mb"),
    ("a\r\r\nb", "a^M / b"),
    ("\ta", "    a"),
    ("a\tb", "a   b"),
    ("abcd\te", "abcd    e"),
    ("abc\td\te", "abc d   e"),
    ("\0", "^@"),
    ("\u{1}", "^A"),
    ("\u{7}", "^G"),
    ("\u{8}", "^H"),
    ("\u{b}", "^K"),
    ("\u{c}", "^L"),
    ("\u{e}", "^N"),
    ("\u{1b}[31mred", "^[[31mred"),
    ("\u{1b}]0;title\u{7}", "^[]0;title^G"),
    ("\u{1b}]52;c;aGk=\u{1b}\\", "^[]52;c;aGk=^[\\"),
    ("\u{1b}]8;;http://x\u{1b}\\y", "^[]8;;http://x^[\\y"),
    ("\u{1b}P$q\u{1b}\\", "^[P$q^[\\"),
    ("\u{1c}\u{1d}\u{1e}\u{1f}", "^\\^]^^^_"),
    ("\u{7f}", "^?"),
    ("\u{80}", "\\x80"),
    ("\u{85}", "\\x85"),
    ("\u{90}", "\\x90"),
    ("\u{9b}31m", "\\x9b31m"),
    ("\u{9d}0;t\u{9c}", "\\x9d0;t\\x9c"),
    ("\u{9f}", "\\x9f"),
    ("\u{a0}", "\u{a0}"),
    ("\u{61c}", "<U+061C>"),
    ("a\u{200e}b", "a<U+200E>b"),
    ("a\u{200f}b", "a<U+200F>b"),
    ("\u{202a}", "<U+202A>"),
    ("user\u{202e}txt.exe", "user<U+202E>txt.exe"),
    ("\u{2066}\u{2069}", "<U+2066><U+2069>"),
    ("pay\u{ad}ments", "pay<U+00AD>ments"),
    ("\u{34f}", "<U+034F>"),
    ("\u{115f}\u{1160}", "<U+115F><U+1160>"),
    ("\u{17b4}\u{17b5}", "<U+17B4><U+17B5>"),
    ("\u{180b}\u{180e}\u{180f}", "<U+180B><U+180E><U+180F>"),
    ("check\u{200b}out", "check<U+200B>out"),
    ("\u{200c}", "<U+200C>"),
    ("a\u{200d}b", "a<U+200D>b"),
    ("\u{1f468}\u{200d}\u{1f469}", "\u{1f468}\u{1f469}"),
    ("\u{2764}\u{fe0f}", "\u{2764}"),
    ("\u{2764}\u{fe0f}\u{200d}\u{1f525}", "\u{2764}\u{1f525}"),
    ("1\u{fe0f}\u{20e3}", "1\u{20e3}"),
    ("1\u{fe0f}2", "1<U+FE0F>2"),
    ("a\u{fe00}", "a<U+FE00>"),
    ("\u{2028}\u{2029}", "<U+2028><U+2029>"),
    ("\u{2060}\u{2064}", "<U+2060><U+2064>"),
    ("\u{2065}", "<U+2065>"),
    ("\u{206a}\u{206f}", "<U+206A><U+206F>"),
    ("\u{3164}", "<U+3164>"),
    ("\u{feff}bom", "<U+FEFF>bom"),
    ("\u{ffa0}", "<U+FFA0>"),
    ("\u{fff9}\u{fffb}", "<U+FFF9><U+FFFB>"),
    ("\u{fffd}", "\u{fffd}"),
    ("\u{1bca0}", "<U+1BCA0>"),
    ("\u{1d173}\u{1d17a}", "<U+1D173><U+1D17A>"),
    ("\u{e0001}\u{e007f}", "<U+E0001><U+E007F>"),
    ("\u{e01ef}", "<U+E01EF>"),
    ("\u{e0b0}", "<U+E0B0>"),
    ("\u{f8ff}", "<U+F8FF>"),
    ("\u{f0000}\u{10fffd}", "<U+F0000><U+10FFFD>"),
    ("\u{fdd0}\u{fdef}", "<U+FDD0><U+FDEF>"),
    ("\u{ffff}\u{1fffe}\u{10ffff}", "<U+FFFF><U+1FFFE><U+10FFFF>"),
    ("e\u{301}", "e\u{301}"),
    ("e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}f", "e\u{301}\u{301}\u{301}\u{301}f"),
    ("\u{1100}\u{1161}\u{1161}\u{1161}\u{1161}\u{1161}", "\u{1100}\u{1161}\u{1161}\u{1161}\u{1161}"),
    ("[red]x[/]", "[red]x[/]"),
    // One grapheme without end for a segmenter: no cell may carry it.
    ("\u{1f44d}\u{1f3fb}\u{1f3fb}\u{1f3fb}\u{1f3fb}\u{1f3fb}", "\u{1f44d}\u{1f3fb}\u{1f3fb}\u{1f3fb}"),
    ("\u{600}\u{600}x", "<U+0600><U+0600>x"),
    ("\u{1d400}\u{1d165}\u{1d165}\u{1d165}\u{1d165}", "\u{1d400}\u{1d165}\u{1d165}\u{1d165}"),
    ("<U+202E>", "<U+202E>"),
];

#[test]
fn every_payload_is_shown_as_the_table_says() {
    assert!(GOLDEN.len() >= 60);
    for (payload, expected) in GOLDEN {
        let shown = shown_line(payload, LINE_MAX);
        assert_eq!(shown.as_str(), *expected, "{payload:?}");
        assert!(is_clean(shown.as_str(), false), "{payload:?}");
    }
}

#[test]
fn what_was_changed_is_known() {
    let clean = shown_line("checkout", 100);
    assert!(!clean.is_altered());
    let dirty = shown_line("a\u{202e}\u{1b}e\u{301}\u{301}\u{301}\u{301}\u{301}", 100);
    assert_eq!((dirty.escaped(), dirty.dropped()), (2, 1));
    assert!(dirty.is_altered());
}

#[test]
fn a_list_marks_what_it_does_not_show_as_it_came() {
    assert_eq!(shown_line("checkout", 100).marked().as_str(), "checkout");
    assert_eq!(shown_line("check\u{200b}out", 100).marked().as_str(), "(^)check<U+200B>out");
    assert_eq!(shown_line("  a\u{7}", 100).marked().as_str(), "  (^)a^G");
    assert_eq!(shown_line("checkout", 5).marked().as_str(), "(^)check... (+3)");
    let short = shown_line("é\u{202e}é", 100).marked();
    assert_eq!(short.head(4).as_str(), "(^)", "no half of a character");
    assert!(short.head(4).is_altered());
}

#[test]
fn a_long_field_is_cut_between_escapes_and_says_how_much() {
    assert_eq!(shown_line("abcdef", 4).as_str(), "abcd... (+2)");
    assert_eq!(shown_line("abcdef", 6).as_str(), "abcdef");
    assert_eq!(shown_line("ab\u{202e}cd", 6).as_str(), "ab... (+3)");
    assert_eq!(shown_line("日本語", 4).as_str(), "日... (+2)");
    let flood = shown_line(&"e\u{301}".repeat(10_000), LINE_MAX);
    assert!(flood.as_str().len() < LINE_MAX + 20 && flood.cut() > 0);
}

#[test]
fn details_keep_their_lines_and_tabs_start_anew_on_each() {
    assert_eq!(shown_text("ab\tc\r\n\td\n", TEXT_MAX).as_str(), "ab  c\n    d\n");
}

#[test]
fn log_lines_lose_whole_sequences_and_keep_broken_ones() {
    for (log, expected, dropped) in [
        ("\u{1b}[31mred\u{1b}[0m", "red", 2),
        ("\u{1b}]0;title\u{7}x", "x", 1),
        ("\u{1b}]8;;http://x\u{1b}\\y\u{1b}]8;;\u{1b}\\", "y", 2),
        ("\u{9b}1;31mred", "red", 1),
        ("\u{90}q\u{9c}z", "z", 1),
        ("\u{1b}[31", "^[[31", 0),
        ("\u{1b}]0;open\nnext", "^[]0;open\nnext", 0),
        ("\u{1b}]0;a\u{1b}[31mred", "^[]0;ared", 1),
        ("\u{1b}c", "^[c", 0),
        ("\u{1b}[3\u{1b}[0mx", "^[[3x", 1),
        ("caf\u{e9}", "caf\u{e9}", 0),
    ] {
        let shown = shown_log(log, TEXT_MAX);
        assert_eq!((shown.as_str(), shown.dropped()), (expected, dropped), "{log:?}");
    }
}

#[test]
fn bad_bytes_become_replacement_characters() {
    let shown = shown_bytes(b"a\xff\xfeb\xed\xa0\x80", LINE_MAX);
    assert!(shown.as_str().starts_with("a\u{fffd}\u{fffd}b\u{fffd}"));
    assert!(shown.is_altered());
    assert!(!shown_bytes(b"ok", LINE_MAX).is_altered());
}

fn is_clean(s: &str, lines: bool) -> bool {
    s.chars().all(|c| match class(c) {
        Class::Plain | Class::Mark => true,
        Class::Break => lines,
        Class::Tab | Class::Control | Class::Joiner | Class::Hidden => false,
    })
}

#[test]
fn a_flood_of_open_sequences_costs_one_look_each() {
    for open in ["\u{1b}]", "\u{9d}", "\u{1b}[1;", "\u{9b}"] {
        let shown = shown_log(&open.repeat(50_000), 100);
        assert!(shown.cut() > 0 && is_clean(shown.as_str(), true));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_forbidden_survives(s in any::<String>(), max in 0usize..200) {
        prop_assert!(is_clean(shown_line(&s, max).as_str(), false));
        prop_assert!(is_clean(shown_text(&s, max).as_str(), true));
        prop_assert!(is_clean(shown_log(&s, max).as_str(), true));
        prop_assert!(shown_line(&s, max).as_str().len() <= max + 32);
    }

    #[test]
    fn nor_when_every_character_is_a_trap(
        s in proptest::collection::vec(
            prop_oneof![0u32..0xa0, 0x300u32..0x310, 0x2000u32..0x2070, 0xfe00u32..0xfe10, 0xfff0u32..0x10000,
                0xe000u32..0xe010, 0x1f460u32..0x1f470, 0xe0000u32..0xe0100],
            0..60,
        )
    ) {
        let s: String = s.into_iter().filter_map(char::from_u32).collect();
        prop_assert!(is_clean(shown_line(&s, LINE_MAX).as_str(), false));
        prop_assert!(is_clean(shown_log(&s, LINE_MAX).as_str(), true));
    }

    #[test]
    fn plain_text_passes_untouched(s in "[ -~\u{e0}-\u{ff}\u{4e00}-\u{4eff}]{0,80}") {
        let shown = shown_line(&s, LINE_MAX);
        prop_assert_eq!(shown.as_str(), s.as_str());
        prop_assert!(!shown.is_altered());
    }
}
