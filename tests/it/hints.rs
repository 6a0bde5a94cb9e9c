//! What the screen says a key does, pressed: the hints of the last rows, the act menu and help, under every shipped
//! keymap. A hint that lies fails here.

use andon::config::chord::{chord, key};
use andon::config::keymap::{SHIPPED, shipped};
use andon::config::theme::Role;
use andon::core::act::dialog::DialogKind;
use andon::core::act::plan::Verb;
use andon::core::effect::{Choice, Effect};
use andon::core::here::{self, HelpLine};
use andon::core::intent::{Context, Intent};
use andon::core::key::Key;
use andon::core::keymap::{Found, Keymap, falls_through};
use andon::core::model::{Model, Place};
use andon::core::msg::Msg;
use andon::core::nav::{Browser, Nav, Overlay, Screen};
use andon::core::time::{Person, Stamp, World as WorldTime};
use andon::core::update::update;
use andon::testkit::picture::probe;
use andon::testkit::stories;
use andon::ui;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

/// Keys by name, a hand's pause apart: the model after them and what they asked for.
fn press(model: &Model, keys: &[Key]) -> (Model, Vec<Effect>) {
    let mut model = model.clone();
    let mut out = Vec::new();
    for key in keys {
        let now = model.now;
        let at = Stamp { person: Person(now.person.0 + 400), world: WorldTime(now.world.0 + 400), ..now };
        out.extend(update(&mut model, at, Msg::Key(*key)));
    }
    (model, out)
}

fn named(model: &Model, names: &str) -> Model {
    names.split(' ').filter(|n| !n.is_empty()).fold(model.clone(), |m, n| press(&m, &[key(n).unwrap()]).0)
}

/// Every place that has hints, by name.
fn places(map: &Keymap) -> Vec<(&'static str, Model)> {
    let with = |mut w: andon::testkit::world::World| {
        w.model.keymap = map.clone();
        w.model
    };
    let board = with(stories::worse_on(Place::Drill, "b"));
    let go = |m: &Model, i: Intent| press(m, map.chord(i).unwrap()).0;
    let mut all = vec![
        ("first list", with(stories::choosing())),
        ("verdict", with(stories::worse())),
        ("runbook", go(&board, Intent::ScreenRunbook)),
        ("sources", go(&board, Intent::ScreenSources)),
        ("armed", with(stories::armed())),
        ("why", go(&board, Intent::Open)),
        ("help", go(&board, Intent::Help)),
        ("note", named(&go(&board, Intent::Note), "x")),
    ];
    let mut told = stories::worse_on(Place::Drill, "b");
    andon::testkit::states_log::incident(&mut told, true);
    let incident = go(&go(&with(told), Intent::ScreenIncident), Intent::NextRow);
    let mut log = incident.clone();
    let chosen = incident.nav.record.clone();
    assert!(chosen.is_some());
    log.nav.overlay = Some(Overlay::Log(Browser { chosen, open: None }));
    let record = go(&log, Intent::Open);
    all.extend([("incident", incident), ("log", log), ("record", record)]);
    all.extend(andon::testkit::states_looked::places().into_iter().map(|(name, w)| (name, with(w))));
    all.push(("strip", go(&board, Intent::PaneNext)));
    // In the middle of the list, so that both directions are there.
    all.push(("board", go(&board, Intent::NextRow)));
    all
}

fn drawn(model: &Model, w: u16, h: u16) -> Buffer {
    let mut model = model.clone();
    (model.width, model.height) = (w, h);
    let area = Rect::new(0, 0, w, h);
    let mut buf = Buffer::empty(area);
    ui::draw(&model, &probe(), area, &mut buf);
    buf
}

/// A row in pieces: what is drawn as a key, and what is not.
fn pieces(buf: &Buffer, y: u16) -> Vec<(bool, String)> {
    let nth = Role::ALL.iter().position(|r| *r == Role::Key).unwrap();
    let is_key = Color::Indexed(100 + u8::try_from(nth).unwrap());
    let mut out: Vec<(bool, String)> = Vec::new();
    for x in 0..buf.area.width {
        let cell = &buf[(x, y)];
        let key = cell.fg == is_key;
        match out.last_mut() {
            Some((k, text)) if *k == key => text.push_str(cell.symbol()),
            _ => out.push((key, cell.symbol().to_owned())),
        }
    }
    out
}

/// `j/k choose  enter why` as keys and words.
fn hints(buf: &Buffer, y: u16) -> Vec<(Vec<String>, String)> {
    let mut out: Vec<(Vec<String>, String)> = Vec::new();
    for (key, text) in pieces(buf, y) {
        match out.last_mut() {
            // `j` / `k`: one word for both.
            Some((keys, word)) if key && word == "/" => {
                keys.push(text);
                word.clear();
            }
            _ if key => out.push((vec![text], String::new())),
            Some((_, word)) => *word = if text == "/" { text } else { text.trim().to_owned() },
            None => {}
        }
    }
    out
}

/// What a word of the hints promises.
fn kept(word: &str, was: &Model, now: &Model, out: &[Effect]) -> bool {
    let nav =
        |n: &Nav| (n.selected.clone(), n.source_row, n.step_row, n.choose_row, n.record.clone(), n.overlay.clone());
    let log = |n: &Nav| if let Some(Overlay::Log(b)) = &n.overlay { Some(b.open.is_some()) } else { None };
    let screen = |s| now.nav.screen == s && now.nav.overlay.is_none();
    match word {
        "choose" if was.nav.screen == Screen::Evidence => was.looked.chosen != now.looked.chosen,
        "choose" | "other" => nav(&was.nav) != nav(&now.nav),
        "logs" => matches!(now.nav.overlay, Some(Overlay::Lines(_))),
        "raw" => matches!(now.nav.overlay, Some(Overlay::Raw { .. })),
        "beside stable" | "one pod" | "before restart" | "running one" | "since deploy" | "last lines" => {
            let of = |n: &Nav| if let Some(Overlay::Lines(l)) = &n.overlay { Some(l.of.clone()) } else { None };
            of(&was.nav) != of(&now.nav) && of(&now.nav).is_some()
        }
        "scroll" if was.nav.overlay.is_none() => now.nav.verdict_row != was.nav.verdict_row,
        "scroll" => was.nav.overlay != now.nav.overlay,
        "figure" => now.nav.figure.is_some() && now.nav.figure != was.nav.figure,
        "next figure" => now.nav.figure != was.nav.figure && now.nav.overlay.is_some(),
        "why" => matches!(now.nav.overlay, Some(Overlay::Explain { .. })),
        "help" => matches!(now.nav.overlay, Some(Overlay::Help { .. })),
        "note" => matches!(now.nav.overlay, Some(Overlay::Note(_))),
        "next pane" => now.nav.focus() != was.nav.focus(),
        "this pane alone" | "side by side" => now.nav.zoomed != was.nav.zoomed,
        // Gone to already, it stays.
        "board" => screen(Screen::Board),
        "verdict" => screen(Screen::Verdict),
        "runbook" => screen(Screen::Runbook),
        "sources" => screen(Screen::Sources),
        "incident" => screen(Screen::Incident),
        "alerts" => screen(Screen::Alerts),
        "timeline" => screen(Screen::Timeline),
        "in full" => log(&now.nav) == Some(true),
        "along" => now.nav.overlay != was.nav.overlay || now.notice.is_some(),
        "its intent" => log(&now.nav) == Some(true),
        "copy" => out.iter().any(|e| matches!(e, Effect::Copy(_))),
        "browse the log" => log(&now.nav) == Some(false),
        "leave the log" => was.nav.strip && !now.nav.strip,
        "back" if log(&was.nav) == Some(true) => log(&now.nav) == Some(false),
        "back" if was.nav.strip => !now.nav.strip,
        "back" => was.nav.overlay.is_some() && now.nav.overlay.is_none() || was.nav.screen != now.nav.screen,
        "leave" => out.contains(&Effect::Quit(0)) || now.quit_asked.is_some(),
        "speed" => out.iter().any(|e| matches!(e, Effect::Speed(_))),
        "run check" => out.iter().any(|e| matches!(e, Effect::Ask { .. })),
        "tick" => now.notice.is_some() || now.progress != was.progress,
        "skip" => matches!(now.nav.overlay, Some(Overlay::SkipReason { .. })),
        "drill" => out.contains(&Effect::Choose(Choice::Drill)),
        "or its digit: look at it, look-only" => out.iter().any(|e| matches!(e, Effect::Choose(Choice::Context(_)))),
        "keep it in the log" => out.iter().any(|e| matches!(e, Effect::Append { .. })),
        "leave a draft" => now.draft.is_some() && now.nav.overlay.is_none(),
        "nothing; any other key closes the menu" | "nothing; so does any other key" => {
            now.nav.pending.is_empty() && now.dialog.is_none() && now.nav.screen == was.nav.screen
        }
        "filter" => now.nav.filter.as_ref().is_some_and(|f| f.typing),
        "cmd" => matches!(now.nav.overlay, Some(Overlay::Palette(_))),
        other => panic!("a hint that no test knows: {other:?}"),
    }
}

#[test]
fn the_last_rows_tell_the_truth_under_every_keymap() {
    for (name, _) in SHIPPED {
        let map = shipped(name).unwrap();
        for (place, model) in places(&map) {
            for (w, h) in [(200, 50), (80, 23), (60, 15)] {
                let mut model = model.clone();
                (model.width, model.height) = (w, h);
                let buf = drawn(&model, w, h);
                let found = hints(&buf, h - 2);
                assert!(found.len() >= 2, "{name}, {place} at {w}x{h}: {found:?}");
                let helps = found.iter().any(|(_, word)| word == "help");
                assert!(helps || matches!(place, "help" | "note"), "{name}, {place} at {w}x{h} hides help: {found:?}");
                for (keys, word) in found {
                    let done = |k: &String| {
                        let chord = chord(k).unwrap_or_else(|e| panic!("{name}, {place}: {k:?} is no key: {e:?}"));
                        let (now, out) = press(&model, &chord);
                        kept(&word, &model, &now, &out)
                    };
                    // At the top of a list, up does nothing: one of the two must.
                    let good = keys.iter().filter(|k| done(k)).count();
                    assert!(good > 0, "{name}, {place} at {w}x{h}: {keys:?} does not {word:?}");
                }
                acts_on(name, place, &model, &buf, h - 1);
            }
        }
    }
}

/// `a acts on CHECKOUT eu-1: r roll back  h hold`
fn acts_on(name: &str, place: &str, model: &Model, buf: &Buffer, y: u16) {
    let mut found = hints(buf, y).into_iter();
    let Some((leader, said)) = found.next() else { return };
    for (keys, word) in found {
        let both = chord(&format!("{} {}", leader[0], keys[0])).unwrap();
        let (now, _) = press(model, &both);
        assert!(opened(&now, &word, &said), "{name}, {place}: {both:?} does not {word}: {:?}", now.dialog);
    }
}

fn opened(now: &Model, word: &str, said: &str) -> bool {
    let on = |name: &str, source: &str| said.contains(&format!("{} {source}", name.to_uppercase()));
    match now.dialog.as_ref().map(|d| &d.kind) {
        Some(DialogKind::Act(a)) => {
            let verb = match word {
                "roll back" => Verb::RollBack,
                "hold" => Verb::Hold,
                "resume" => Verb::Resume,
                "promote" => Verb::Promote,
                _ => return false,
            };
            let t = &a.operation.target;
            a.operation.verb == verb && on(&t.name, t.source.as_str())
        }
        Some(DialogKind::Many(m)) => m.whole.word() == word,
        Some(DialogKind::Acknowledge(t)) => word == "acknowledge" && on(&t.name, t.source.as_str()),
        Some(DialogKind::Arm) => word == "arm",
        Some(DialogKind::Disarm) => word == "disarm",
        Some(DialogKind::Sheet(_) | DialogKind::Run(_)) | None => false,
    }
}

#[test]
fn the_act_menu_lists_every_act_and_each_row_does_what_it_says() {
    let mut held = stories::judged(1_200, (900.0, 0.2), (2_700.0, 0.6));
    held.target_with("checkout", |t| t.held = true);
    let mut aborted = stories::armed();
    aborted.target_with("checkout", |t| t.aborted = true);
    let mut none = andon::testkit::world::world();
    none.sources().wait(3_100).keys("b");
    let states = [stories::worse(), stories::armed(), held, aborted, stories::calm(), none].map(|w| w.model);
    for (name, _) in SHIPPED {
        for model in &states {
            let mut model = model.clone();
            model.keymap = shipped(name).unwrap();
            let open = named(&model, "a");
            let all: Vec<String> = here::after(&open, &open.nav.pending).iter().map(|(k, _)| letter(k)).collect();
            assert!(all.len() >= 16, "{all:?}");
            for (w, h) in [(200, 50), (120, 40), (80, 23), (60, 15), (40, 10)] {
                let mut open = open.clone();
                (open.width, open.height) = (w, h);
                let buf = drawn(&open, w, h);
                let mut listed = rows_of_menu(&buf, h);
                if open.nav.menu_target.is_none() {
                    // Only the console itself; what the rest would act on is not there.
                    assert!(listed.len() >= 2, "{listed:?}");
                    listed.retain(|l| !l.2.starts_with("more"));
                } else {
                    let mut letters: Vec<String> = listed.iter().map(|l| l.0.clone()).collect();
                    letters.sort();
                    let mut want = all.clone();
                    want.sort();
                    assert_eq!(letters, want, "{name} at {w}x{h}: every act stands there");
                }
                for (letter, live, text) in listed {
                    let (now, out) = press(&open, &[Key::char(letter.chars().next().unwrap())]);
                    if live {
                        does(&open, &now, &text, &format!("{name} {w}x{h}: {letter} {text}"));
                    } else {
                        let sent = |out: &[Effect]| {
                            out.iter().any(|e| matches!(e, Effect::Perform { .. } | Effect::SidePerform { .. }))
                        };
                        let (_, more) = press(&now, &[Key::char('Y')]);
                        assert!(!sent(&out) && !sent(&more), "{letter} {text} is said not to work");
                    }
                }
                // A letter that is none of them closes it and does nothing else.
                let (now, out) = press(&open, &[Key::char('0')]);
                assert!(now.dialog.is_none() && now.nav.pending.is_empty() && out.is_empty());
                assert_eq!(now.nav.screen, open.nav.screen);
            }
        }
    }
}

/// A row that stands there as a key opens the dialog, or the list, that it speaks of.
fn does(open: &Model, now: &Model, text: &str, at: &str) {
    if let Some(Overlay::Pick(p)) = &now.nav.overlay {
        assert_eq!(Some(p.target()), open.nav.menu_target.as_ref(), "{at}");
        assert!(text.starts_with("roll back to") || text.starts_with("retry, or"), "{at}");
        return;
    }
    if text.starts_with("freeze") || text.starts_with("thaw") {
        return;
    }
    let d = now.dialog.as_ref().unwrap_or_else(|| panic!("{at}"));
    if let DialogKind::Act(a) = &d.kind {
        assert_eq!(Some(&a.operation.target), open.nav.menu_target.as_ref());
        let verb = match a.operation.verb {
            Verb::RollBack => "roll back|undo to",
            Verb::Hold => "hold",
            Verb::Resume => "resume",
            Verb::Promote if a.operation.emergency => "emergency",
            Verb::Promote => "promote",
            other => other.word(),
        };
        assert!(verb.split('|').any(|v| text.starts_with(v)), "{at}");
    }
}

fn letter(keys: &[Key]) -> String {
    andon::core::keymap::chord_name(keys)
}

/// Letter, whether it is drawn as a key, the text: rows between the head and the last two, one act or two in each; then
/// what stands in a row by its letter alone.
fn rows_of_menu(buf: &Buffer, h: u16) -> Vec<(String, bool, String)> {
    let text = |y: u16| pieces(buf, y).into_iter().map(|p| p.1).collect::<String>();
    let head = (0..h).find(|y| text(*y).starts_with("ACT ON")).expect("the menu");
    let mut out = Vec::new();
    let mut also = false;
    for y in head + 1..h - 2 {
        let line = text(y);
        if let Some(more) = line.trim().strip_prefix("more: ").or_else(|| line.trim().strip_prefix("not now: ")) {
            // No room for what it does; still a letter that works, or says why not.
            out.extend(more.split(' ').map(|l| (l.to_owned(), false, format!("more {l}"))));
            continue;
        }
        let cells = pieces(buf, y);
        also |= line.starts_with(" also:");
        if also {
            let mut at = cells.iter();
            while let Some((key, text)) = at.next() {
                if *key {
                    let word = at.next().map(|p| p.1.trim().to_owned()).unwrap_or_default();
                    out.push((text.trim().to_owned(), true, if word == "incident" { "open".into() } else { word }));
                }
            }
            continue;
        }
        let live = |l: &str| cells.iter().any(|(k, t)| *k && t.trim() == l);
        let mut one = |cell: &str| {
            let l = cell[1..2].to_owned();
            out.push((l.clone(), live(&l), cell[2..].trim().to_owned()));
        };
        match second(&line) {
            Some(at) => {
                one(&line[..at]);
                one(&line[at..]);
            }
            None => one(&line),
        }
    }
    out
}

/// Where the second act of a row begins: after two blanks, its letter and a blank.
fn second(line: &str) -> Option<usize> {
    let b = line.as_bytes();
    let begins = |at: &usize| {
        let letter = b.get(at + 2).is_some_and(u8::is_ascii_lowercase);
        letter && b[*at..].starts_with(b"  ") && b.get(at + 3) == Some(&b' ')
    };
    (40..b.len()).find(begins).filter(|_| line.is_ascii()).map(|at| at + 1)
}

#[test]
fn half_a_chord_shows_what_it_can_go_on_to() {
    for (name, keys, want) in [
        ("vim", "g", vec!["g First"]),
        ("vim", "ctrl-w", vec!["w Next pane", "W Previous pane", "o The focused pane alone"]),
        ("emacs", "ctrl-x", vec!["ctrl-c Leave", "b Board"]),
    ] {
        let mut model = stories::worse().model;
        model.keymap = shipped(name).unwrap();
        let begun = named(&model, keys);
        for (w, h) in [(80, 23), (60, 15)] {
            let buf = drawn(&begun, w, h);
            let lines: Vec<String> = (0..h)
                .map(|y| pieces(&buf, y).into_iter().map(|p| p.1).collect::<String>())
                .map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
            assert!(lines.iter().any(|l| l.starts_with(&format!("KEYS AFTER {keys}"))), "{lines:#?}");
            for line in &want {
                assert!(lines.iter().any(|l| l.starts_with(line)), "{name} {keys}: {line}\n{lines:#?}");
            }
        }
        // What is no continuation does nothing at all, not even what it means alone.
        let (now, out) = press(&begun, &[Key::char('v')]);
        assert_eq!((now.nav.screen, now.nav.pending.len(), out.len()), (model.nav.screen, 0, 0));
        // Over help it waits in the same way, and the page stays.
        let (help, _) = press(&model, model.keymap.chord(Intent::Help).unwrap());
        let half = named(&help, keys);
        assert_eq!(half.nav.overlay, help.nav.overlay);
        let (esc, _) = press(&half, &[key("esc").unwrap()]);
        assert_eq!((&esc.nav.overlay, esc.nav.pending.len()), (&help.nav.overlay, 0));
    }
    let mut model = stories::worse().model;
    model.keymap = shipped("vim").unwrap();
    let down = named(&named(&model, "?"), "ctrl-d j");
    assert_eq!(named(&down, "g g").nav.overlay, Some(Overlay::Help { scroll: 0 }));
}

/// Help lines that go on below, put together.
fn help_lines(model: &Model) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for line in here::help(model, 240) {
        match line {
            HelpLine::Keys(keys, text) if text.is_empty() => {
                let last = out.last_mut().unwrap();
                last.0 = format!("{} {keys}", last.0);
            }
            HelpLine::Keys(keys, text) => out.push((keys, text)),
            HelpLine::Title(_) | HelpLine::Text(_) => {}
        }
    }
    out
}

/// Not drawn, not decided by: what every key leaves behind.
fn settled(m: &Model) -> (Nav, String) {
    let nav = Nav { keys_at: [Person(0); 3], resting: None, strip: false, ..m.nav.clone() };
    let looked = (&m.looked.chosen, m.looked.unfolded);
    (nav, format!("{:?} {:?} {:?} {looked:?}", m.dialog.is_some(), m.progress, m.quit_asked.is_some()))
}

#[test]
fn help_lists_what_works_here_and_nothing_else() {
    for (name, _) in SHIPPED {
        let map = shipped(name).unwrap();
        for (place, model) in places(&map) {
            if matches!(place, "note" | "why" | "help" | "log" | "record" | "lines" | "line" | "raw") {
                continue;
            }
            let lines = help_lines(&model);
            let contexts = here::contexts(&model);
            for (keys, text) in &lines {
                for k in keys.split(", ") {
                    let chord = chord(k).unwrap_or_else(|e| panic!("{name} {place}: {k:?}: {e:?}"));
                    match here::lookup(&model, &chord) {
                        Found::Intent(i) => assert_eq!(i.help(), text, "{name} {place}: {k}"),
                        Found::Prefix | Found::Nothing => assert_eq!(k, "Y", "{name} {place}: {k} {text}"),
                    }
                }
            }
            for b in &map.bindings {
                let here = contexts.contains(&b.context)
                    && (b.context != Context::Global || falls_through(contexts[0], b.intent));
                let works = here && here::works(&model, b.intent);
                // `Down` is said of more than one list.
                if !here {
                    continue;
                }
                let listed = lines.iter().any(|(_, text)| *text == b.intent.help());
                assert_eq!(works, listed, "{name} {place}: {:?}", b.intent);
                let (now, out) = press(&model, &b.chord);
                let did = settled(&now) != settled(&model) || !out.is_empty() || now.notice.is_some();
                let strip = matches!(b.intent, Intent::PaneNext | Intent::PanePrevious | Intent::Back);
                let did = did || (strip && now.nav.strip != model.nav.strip);
                let edge = matches!(
                    b.intent,
                    Intent::PreviousRow | Intent::FirstRow | Intent::HalfPageUp | Intent::StepPrevious
                ) || matches!(b.intent, Intent::ChoosePrevious | Intent::StepTick | Intent::ScreenVerdict)
                    || here::works(&model, b.intent) && model.nav.screen == screen_of(b.intent);
                if works {
                    assert!(did || edge, "{name} {place}: help says {:?} works", b.intent);
                } else {
                    assert!(settled(&now) == settled(&model) && out.is_empty(), "{name} {place}: {:?} works", b.intent);
                }
            }
        }
    }
}

/// Where a screen's own key has nothing to do.
fn screen_of(i: Intent) -> Screen {
    match i {
        Intent::ScreenBoard => Screen::Board,
        Intent::ScreenRunbook => Screen::Runbook,
        Intent::ScreenSources => Screen::Sources,
        Intent::ScreenIncident => Screen::Incident,
        Intent::ScreenEvidence => Screen::Evidence,
        Intent::ScreenAlerts => Screen::Alerts,
        Intent::ScreenTimeline => Screen::Timeline,
        _ => Screen::Waking,
    }
}

#[test]
fn every_intent_of_the_screens_stands_on_some_help_page_under_every_map() {
    for (name, _) in SHIPPED {
        let mut said: Vec<String> = Vec::new();
        for (_, mut model) in places(&shipped(name).unwrap()) {
            (model.width, model.height) = (200, 50);
            model.nav.searched = "checkout".into();
            model.problems.push("something".into());
            said.extend(help_lines(&model).into_iter().map(|l| l.1));
        }
        // A log played again says its own keys (log_replay.rs).
        let own = [Context::Note, Context::Field, Context::Dialog, Context::Sheet, Context::Replay];
        for i in Intent::ALL.iter().filter(|i| !own.contains(&i.context()) && !i.is_by_name_only()) {
            assert!(said.iter().any(|s| s == i.help()), "{name}: {i:?} is in no help");
        }
    }
}

#[test]
fn help_ends_where_its_page_ends_comes_back_to_what_it_lay_over_and_fits_everywhere() {
    let mut model = stories::worse().model;
    model.keymap.own = "/home/mira/.config/andon/keymaps/default.toml".into();
    for (w, h) in [(200, 50), (80, 23), (60, 15), (40, 10), (39, 9), (20, 4), (1, 1)] {
        (model.width, model.height) = (w, h);
        let down = named(&model, "? G G ctrl-d ctrl-d");
        let text: String = drawn(&down, w, h).content.iter().map(|c| c.symbol()).collect();
        if w >= 39 {
            assert!(text.contains(".toml"), "{w}x{h}: the last line is in sight: {text}");
        }
        // One step up moves at once: no dead keys behind the end.
        assert_ne!(named(&down, "k").nav.overlay, down.nav.overlay, "{w}x{h}");
        assert_eq!(named(&down, "esc").nav.overlay, None);
    }
    // Under 40x10 the words say which keys, and help works.
    (model.width, model.height) = (39, 9);
    let words: String = drawn(&model, 39, 9).content.iter().map(|c| c.symbol()).collect();
    assert!(words.contains("q leaves, ? help"), "{words}");
    let help: String = drawn(&named(&model, "?"), 39, 9).content.iter().map(|c| c.symbol()).collect();
    assert!(help.contains("HELP") && help.contains("ACTS"), "{help}");
    // Over the page that explains, help speaks of that page and gives it back.
    (model.width, model.height) = (80, 23);
    let why = named(&model, "enter j");
    let over = named(&why, "?");
    let text: String = drawn(&over, 80, 23).content.iter().map(|c| c.symbol()).collect();
    assert!(text.contains("the page that explains"), "{text}");
    assert_eq!(named(&over, "esc").nav.overlay, why.nav.overlay);
    assert_eq!(named(&over, "?").nav.overlay, why.nav.overlay);
    // In a dialog `?` is no key of its own: it closes it.
    let dialog = named(&model, "a a");
    assert!(dialog.dialog.is_some());
    let closed = named(&dialog, "?");
    assert!(closed.dialog.is_none() && closed.nav.overlay.is_none());
}

#[test]
fn any_other_key_cancels_a_first_q() {
    let model = stories::armed().model;
    let once = named(&model, "q");
    assert!(once.quit_asked.is_some());
    assert_eq!(press(&once, &[Key::char('q')]).1, [Effect::Quit(0)]);
    for other in ["j", "0", "esc", "ctrl-x", "v", "?"] {
        let between = named(&once, other);
        assert_eq!(between.quit_asked, None, "{other}");
        assert_eq!(press(&between, &[Key::char('q')]).1, [], "{other}");
    }
    // Of a chord that leaves, the first half is no other key.
    let mut vim = model.clone();
    vim.keymap = shipped("vim").unwrap();
    let once = named(&vim, "Z Z");
    assert_eq!(&*once.notice.as_ref().unwrap().0, "this console is armed: q again within 3 s leaves");
    assert_eq!(press(&once, &[Key::char('Z'), Key::char('Z')]).1, [Effect::Quit(0)]);
    assert_eq!(press(&named(&once, "Z x"), &[Key::char('Z'), Key::char('Z')]).1, []);
}

/// The tables of docs/keys.md, from the maps themselves.
fn tables() -> String {
    use std::fmt::Write;
    let mut out = String::new();
    let map = shipped("default").unwrap();
    for context in Context::ALL {
        writeln!(out, "\n### [{}]\n\n| keys | intent | |\n|---|---|---|", context.section()).unwrap();
        for i in Intent::ALL.iter().filter(|i| i.context() == context) {
            let keys: Vec<String> = map.bindings.iter().filter(|b| b.intent == *i).map(|b| letter(&b.chord)).collect();
            let keys = keys.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(" ");
            let keys = keys.replace('|', "\\|");
            let keys = if keys.is_empty() && i.is_by_name_only() { format!("`:{}`", i.name()) } else { keys };
            writeln!(out, "| {keys} | `{}` | {} |", i.name(), i.help()).unwrap();
        }
    }
    for (name, _) in SHIPPED.iter().skip(1) {
        writeln!(out, "\n### {name}: what differs\n\n| keys | section | intent |\n|---|---|---|").unwrap();
        let other = shipped(name).unwrap();
        for b in other.bindings.iter().filter(|b| !map.bindings.contains(b)) {
            let keys = letter(&b.chord).replace('|', "\\|");
            writeln!(out, "| `{keys}` | {} | `{}` |", b.context.section(), b.intent.name()).unwrap();
        }
        for b in map.bindings.iter().filter(|b| other.find(b.context, &b.chord) == Found::Nothing) {
            writeln!(out, "| `{}` | {} | nothing |", letter(&b.chord), b.context.section()).unwrap();
        }
    }
    out
}

#[test]
fn the_page_of_keys_is_that_of_the_shipped_maps() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
    let page = std::fs::read_to_string(path).expect("docs/keys.md");
    let mark = "<!-- made by a test from here on: ANDON_BLESS=1 cargo test --test it hints -->\n";
    let (words, kept) = page.split_once(mark).expect("the mark");
    let now = tables();
    if std::env::var_os("ANDON_BLESS").is_some() {
        std::fs::write(path, format!("{words}{mark}{now}")).unwrap();
        return;
    }
    assert!(kept == now, "docs/keys.md is not what is shipped: run with ANDON_BLESS=1 and look at it");
}
