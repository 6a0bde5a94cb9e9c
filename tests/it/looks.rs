//! Themes measured: contrast, and how far apart the badges stay, for whom; the report under `snapshots/looks/`, made of
//! the same numbers. And what holds for every look: ASCII where asked for, nothing said by colour alone, no motion.
//!
//! `ANDON_BLESS=1 cargo test --test it snapshots` rewrites the report and its pictures.

use andon::config::theme::{self, Role};
use andon::testkit::colour::{self, Rgb, VGA, Vision, apart, contrast, luminance};
use andon::testkit::picture::{probe, text};
use andon::testkit::states::pictures;
use andon::testkit::svg::{Terminal, rgb, svg};
use andon::testkit::{World, stories};
use andon::ui::{Colours, Look};
use ratatui::style::{Color, Modifier};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const DEPTHS: [(Colours, &str); 3] = [(Colours::True, "true"), (Colours::TwoFiftySix, "256"), (Colours::Sixteen, "16")];
/// Themes that name colours of their own and a background.
const OWN: [&str; 3] = ["light", "high-contrast", "colour-blind"];
/// What must not be taken for each other.
const BADGES: [Role; 4] = [Role::Bad, Role::Warn, Role::Blind, Role::Better];

/// Least contrast of a text (WCAG 2.1, 1.4.3), in every theme that names its colours, at every depth.
const READABLE: f64 = 4.5;
/// The same in `high-contrast`, as the theme names it (1.4.6).
const HIGH: f64 = 7.0;
/// Least CIEDE2000 between two badges, for every vision, as the theme names them and out of the 256.
const APART: f64 = 12.0;
/// And out of xterm's sixteen, of which there are not enough to choose from.
const APART_16: f64 = 10.0;

fn look(name: &str, colours: Colours) -> Look {
    Look::new(theme::shipped(name).expect("it ships"), colours, true)
}

/// Text on background as seen: reversed where the style says so. `None`: at least one is the terminal's own.
fn seen(look: &Look, role: Role, value: impl Fn(Color) -> Option<Rgb>) -> Option<(Rgb, Rgb)> {
    let s = look.style(role);
    let (fg, bg) = (value(s.fg?)?, value(s.bg?)?);
    Some(if s.add_modifier.contains(Modifier::REVERSED) { (bg, fg) } else { (fg, bg) })
}

/// What the Linux console shows: VGA's table, and a bright background is drawn as the plain one.
fn vga(c: Color) -> Option<Rgb> {
    Some(VGA[sixteenth(c)?])
}

fn sixteenth(c: Color) -> Option<usize> {
    if matches!(c, Color::Rgb(..) | Color::Indexed(_) | Color::Reset) {
        return None;
    }
    colour::XTERM.iter().position(|x| Some(*x) == rgb(c))
}

/// The least contrast of a role: as sent, and as drawn by a terminal that brightens what is bold.
fn readability(look: &Look, role: Role, table: &[Rgb; 16], value: impl Fn(Color) -> Option<Rgb>) -> Option<f64> {
    let (fg, bg) = seen(look, role, &value)?;
    let s = look.style(role);
    let plain = contrast(fg, bg);
    let bright = s.fg.and_then(sixteenth).filter(|n| *n < 8 && s.add_modifier.contains(Modifier::BOLD));
    let Some(n) = bright else { return Some(plain) };
    let field = if s.add_modifier.contains(Modifier::REVERSED) { fg } else { bg };
    Some(plain.min(contrast(table[n + 8], field)))
}

fn pairs() -> Vec<(Role, Role)> {
    let mut all = Vec::new();
    for (i, a) in BADGES.iter().enumerate() {
        all.extend(BADGES[i + 1..].iter().map(|b| (*a, *b)));
    }
    all
}

/// The fields of two badges, as far apart as they are for somebody.
fn distance(look: &Look, (a, b): (Role, Role), vision: Vision) -> Option<f64> {
    Some(apart(seen(look, a, rgb)?.1, seen(look, b, rgb)?.1, vision))
}

fn least(look: &Look) -> Option<f64> {
    let all = pairs().into_iter().flat_map(|p| Vision::ALL.map(|v| distance(look, p, v)));
    all.collect::<Option<Vec<f64>>>()?.into_iter().min_by(f64::total_cmp)
}

#[test]
fn every_text_whose_colours_a_theme_names_can_be_read_at_every_depth() {
    for (name, _) in theme::SHIPPED {
        let mut named = 0;
        for (colours, depth) in DEPTHS {
            let look = look(name, colours);
            for role in Role::ALL {
                let Some(found) = readability(&look, *role, &colour::XTERM, rgb) else { continue };
                named += 1;
                let need = if name == "high-contrast" && colours == Colours::True { HIGH } else { READABLE };
                assert!(found >= need, "{name} {} at {depth}: {found:.2}:1", role.name());
            }
        }
        // Nothing measured is nothing shown.
        let all = Role::ALL.len() * DEPTHS.len();
        let expected = if OWN.contains(&name) {
            all
        } else if name == "mono" {
            0
        } else {
            5 * DEPTHS.len()
        };
        assert_eq!(named, expected, "{name}");
    }
}

#[test]
fn badges_stay_apart_for_everybody() {
    for name in OWN {
        for (colours, depth) in DEPTHS {
            let look = look(name, colours);
            let bound = if colours == Colours::Sixteen { APART_16 } else { APART };
            for pair in pairs() {
                for vision in Vision::ALL {
                    let found = distance(&look, pair, vision).expect("all four name their background");
                    assert!(found >= bound, "{name} at {depth}, {pair:?}, {}: {found:.1}", vision.name());
                }
            }
        }
    }
}

#[test]
fn in_grey_no_two_badges_have_one_lightness() {
    for name in OWN {
        let look = look(name, Colours::True);
        for (a, b) in pairs() {
            let of = |r| luminance(seen(&look, r, rgb).expect("named").1);
            let (a, b) = (of(a), of(b));
            assert!((a.max(b) + 0.05) / (a.min(b) + 0.05) >= 1.25, "{name} {a:.3} {b:.3}");
        }
    }
}

#[test]
fn on_the_linux_console_everything_can_be_read_as_well() {
    for (name, _) in theme::SHIPPED {
        let look = look(name, Colours::Console);
        for role in Role::ALL {
            let Some(found) = readability(&look, *role, &VGA, vga) else { continue };
            assert!(found >= READABLE, "{name} {}: {found:.2}:1", role.name());
            let bg = look.style(*role).bg.and_then(sixteenth);
            assert!(bg.is_none_or(|n| n < 8), "{name} {}: it has no bright backgrounds", role.name());
        }
    }
    // The check can fail: what xterm is sent would be black on brown there.
    let xterm = readability(&look("default", Colours::Sixteen), Role::Warn, &VGA, vga);
    assert!(xterm.is_some_and(|c| c < READABLE));
}

#[test]
fn badges_have_four_fields_on_the_linux_console_and_none_is_the_paper() {
    for name in OWN {
        let look = look(name, Colours::Console);
        let fields: Vec<Option<Color>> = BADGES.iter().chain(&[Role::Text]).map(|r| look.style(*r).bg).collect();
        for (i, a) in fields.iter().enumerate() {
            assert!(!fields[i + 1..].contains(a), "{name}: {fields:?}");
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/looks")
}

/// What is in the file is what is made now; with ANDON_BLESS it is written.
fn held(file: &str, now: &str) {
    let path = folder().join(file);
    if std::env::var_os("ANDON_BLESS").is_some() {
        std::fs::create_dir_all(folder()).expect("the folder can be made");
        std::fs::write(&path, now).expect("the file can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == now, "snapshots/looks/{file} is not what is made now: run with ANDON_BLESS=1 and look at it");
}

fn hex((r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

macro_rules! put { ($out:expr, $($arg:tt)*) => { writeln!($out, $($arg)*).expect("a String takes all") } }

fn contrasts(out: &mut String, name: &str) {
    put!(out, "| role | text on background | true | 256 | 16 | Linux console |\n|---|---|---|---|---|---|");
    for role in Role::ALL {
        let Some((fg, bg)) = seen(&look(name, Colours::True), *role, rgb) else { continue };
        let words = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v:.2}"));
        let ratio = |c| words(readability(&look(name, c), *role, &colour::XTERM, rgb));
        let all = DEPTHS.map(|(c, _)| ratio(c)).join(" | ");
        let console = words(readability(&look(name, Colours::Console), *role, &VGA, vga));
        put!(out, "| `{}` | {} on {} | {all} | {console} |", role.name(), hex(fg), hex(bg));
    }
}

fn distances(out: &mut String, name: &str) {
    let heads = Vision::ALL.map(Vision::name).join(" | ");
    put!(out, "\n| badges | {heads} |\n|---|---|---|---|---|---|");
    let true_colours = look(name, Colours::True);
    for pair in pairs() {
        let all = Vision::ALL.map(|v| format!("{:.1}", distance(&true_colours, pair, v).expect("named")));
        put!(out, "| `{}` and `{}` | {} |", pair.0.name(), pair.1.name(), all.join(" | "));
    }
    for (colours, depth) in DEPTHS {
        let l = look(name, colours);
        let of = |v| pairs().into_iter().filter_map(|p| distance(&l, p, v)).min_by(f64::total_cmp);
        let all = Vision::ALL.map(|v| format!("{:.1}", of(v).expect("named")));
        put!(out, "| **least, {depth}** | {} |", all.join(" | "));
    }
}

fn report() -> String {
    let mut out = String::from(
        "# Looks, measured\n\nMade by a test from the shipped themes and from what the program sends at each depth; \
         `ANDON_BLESS=1 cargo test --test it snapshots`\nrewrites it. The pictures show the Verdict screen and the Board.\n\n\
         - **Contrast** is WCAG 2.1's ratio of text to background. 256 and 16: out of xterm's tables, after the colours \
         came down to them.\n  Bound: 4.5 everywhere, 7 in `high-contrast` as named. The suite holds it. With 16, bold text is measured as \
         drawn by terminals\n  that brighten what is bold, too. The Linux console has VGA's sixteen, whose yellow is brown, and eight \
         backgrounds: it gets\n  colours of its own.\n\
         - **Distance** is CIEDE2000 between the backgrounds of two badges. Protanopia, deuteranopia and tritanopia are \
         simulated after\n  Machado, Oliveira and Fernandes (2009), severity 1.0, in linear RGB; grey is luminance \
         alone. Bound in `light`, `high-contrast` and\n  `colour-blind`: 12 with true colours and 256, 10 with 16. The \
         suite holds it. About 1 can just be told apart side by side.\n\
         - The word stands beside every badge in every theme; `mono` has nothing else.\n",
    );
    put!(out, "\n| theme | least contrast: true, 256, 16 | least distance: true, 256, 16 |\n|---|---|---|");
    for (name, _) in theme::SHIPPED {
        let of = |c| {
            let l = look(name, c);
            let all = Role::ALL.iter().filter_map(|r| readability(&l, *r, &colour::XTERM, rgb));
            all.min_by(f64::total_cmp)
        };
        let words = |v: Option<f64>, n: usize| v.map_or("names no colour".to_owned(), |v| format!("{v:.n$}"));
        let (contrasts, distances) =
            (DEPTHS.map(|(c, _)| words(of(c), 2)), DEPTHS.map(|(c, _)| words(least(&look(name, c)), 1)));
        let short =
            |all: [String; 3]| if all[0] == all[1] && all[1] == all[2] { all[0].clone() } else { all.join(", ") };
        put!(out, "| `{name}` | {} | {} |", short(contrasts), short(distances));
    }
    for (name, _) in theme::SHIPPED {
        put!(out, "\n## {name}\n");
        put!(out, "![Verdict in {name}]({name}-verdict.svg)\n\n![Board in {name}]({name}-board.svg)\n");
        match name {
            "mono" => put!(out, "Bold, reverse and underline. It names no colour, so there is nothing to measure."),
            "default" => {
                put!(
                    out,
                    "The terminal's own sixteen and its own background, here as xterm has them. Texts that name no"
                );
                put!(
                    out,
                    "colour have the terminal's. Badges are not measured against the bound: whoever cannot tell them"
                );
                put!(out, "apart reads the word, or takes `colour-blind`.\n");
                contrasts(&mut out, name);
                distances(&mut out, name);
            }
            _ => {
                contrasts(&mut out, name);
                distances(&mut out, name);
            }
        }
    }
    out
}

#[test]
fn snapshots_the_report_on_looks_is_what_is_measured() {
    held("README.md", &report());
}

#[test]
fn snapshots_of_the_screens_in_each_theme_are_what_is_drawn() {
    for (name, _) in theme::SHIPPED {
        // As xterm shows what a theme leaves to the terminal; `mono` as on paper.
        let terminal = match name {
            "mono" => Terminal { text: (0, 0, 0), background: (255, 255, 255) },
            _ => Terminal { text: (229, 229, 229), background: (0, 0, 0) },
        };
        let depth = if name == "mono" { Colours::None } else { Colours::True };
        for (screen, make) in [("verdict", stories::worse as fn() -> World), ("board", board)] {
            let (buf, _) = make().drawn(80, 23, &look(name, depth));
            held(&format!("{name}-{screen}.svg"), &svg(&buf, terminal));
        }
    }
}

fn board() -> World {
    stories::worse_on(andon::core::model::Place::Prod, "b")
}

#[test]
fn a_theme_with_a_background_leaves_no_cell_without_it() {
    let light = look("light", Colours::True);
    for p in pictures() {
        let (buf, _) = (p.make)().drawn(p.size.0, p.size.1, &light);
        assert!(buf.content.iter().all(|c| c.bg != Color::Reset && c.fg != Color::Reset), "{}", p.path);
    }
    let (small, _) = stories::worse().drawn(20, 5, &look("light", Colours::True));
    assert!(small.content.iter().all(|c| c.bg != Color::Reset));
}

#[test]
fn every_state_is_ascii_on_a_terminal_without_utf8_whatever_foreign_text_says() {
    let look = Look::new(theme::default_theme(), Colours::Sixteen, false);
    let mut questioned = 0;
    for p in pictures() {
        let mut w = (p.make)();
        for t in w.model.world.targets.values_mut() {
            t.message = "\u{fc}ber \u{65e5}\u{672c}\u{8a9e} \u{1f600}".into();
            for r in &mut t.revisions {
                r.version = "v\u{e9}\u{4f60}1".into();
            }
        }
        let all = text(&w.drawn(p.size.0, p.size.1, &look).0);
        assert!(all.is_ascii(), "{}:\n{all}", p.path);
        questioned += usize::from(all.contains('?') && all.contains("v???1"));
    }
    assert!(questioned > 10, "foreign text is drawn as ? in {questioned} pictures only");
}

#[test]
fn a_question_mark_is_as_wide_as_what_it_stands_for() {
    let look = |utf8| Look::new(theme::default_theme(), Colours::Sixteen, utf8);
    let mut w = board();
    w.target_with("checkout", |t| t.revisions[0].version = "v\u{4f60}2".into());
    let edge = |utf8| {
        let (buf, _) = w.drawn(80, 23, &look(utf8));
        (0..23).find_map(|y| {
            let at = |x: u16| buf[(x, y)].symbol().to_owned();
            (0..75).find(|x| (0..5).map(|i| at(x + i)).collect::<String>() == "WORSE").map(|x| (x, y))
        })
    };
    assert!(edge(true).is_some());
    assert_eq!(edge(true), edge(false));
}

/// Whatever colour or emphasis says, words say as well: the same words never come in two looks.
#[test]
fn nothing_is_said_by_colour_alone() {
    let mut known: BTreeMap<String, (Vec<Color>, &str)> = BTreeMap::new();
    let mut lines = 0;
    for p in pictures() {
        let (buf, _) = (p.make)().drawn(p.size.0, p.size.1, &probe());
        for row in buf.content.chunks(usize::from(p.size.0)) {
            let words: String = row.iter().map(|c| c.symbol()).collect();
            let roles: Vec<Color> = row.iter().map(|c| c.fg).collect();
            if words.trim().is_empty() {
                continue;
            }
            lines += 1;
            let first = known.entry(words.clone()).or_insert_with(|| (roles.clone(), p.path));
            assert!(first.0 == roles, "{} and {} look different and read the same:\n{words}", p.path, first.1);
        }
    }
    assert!(lines > 500);
}

/// How often the screen changes by itself in these seconds of an act under way, when nothing comes in.
fn changes(reduced: bool, seconds: usize) -> usize {
    let mut w = stories::rolling_back().given(|m| m.settings.reduced_motion = reduced);
    let mut last = text(&w.wait(0).draw(80, 23));
    let mut n = 0;
    for _ in 0..seconds {
        let now = text(&w.wait(1_000).draw(80, 23));
        n += usize::from(now != last);
        last = now;
    }
    n
}

#[test]
fn with_reduced_motion_the_screen_moves_at_most_every_five_seconds() {
    assert!(changes(false, 20) >= 18, "the clock moves: {}", changes(false, 20));
    // Ages and the act's own clock began at different moments: each moves once in five seconds.
    let n = changes(true, 20);
    assert!((1..=12).contains(&n), "{n} changes in 20 s");
    let w = stories::worse().given(|m| m.settings.reduced_motion = true);
    let all = text(&w.draw(80, 23));
    assert!(all.contains("03:14Z") && all.contains("for 4m") && all.contains("5s old"), "{all}");
}
