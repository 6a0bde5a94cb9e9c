use super::*;
use crate::core::keymap::Found;

fn told(text: &str) -> Vec<String> {
    let (_, problems) = keymap("keymaps/mine.toml", text);
    problems.iter().map(Problem::to_string).collect()
}

#[test]
fn the_shipped_maps_have_no_fault_and_bind_every_intent() {
    for (name, text) in SHIPPED {
        let file = format!("keymaps/{name}.toml");
        let mut told = Told::new(&file, text);
        let bindings = layer(&mut told, (name != "default").then_some("default"));
        assert_eq!(told.into_problems(), [], "{name}");
        for intent in Intent::ALL {
            let bound = bindings.iter().any(|b| b.intent == *intent);
            assert_eq!(bound, !intent.is_by_name_only(), "{name}: {intent:?}");
        }
    }
}

/// Terminal rules 2.5, on every binding of every shipped map, said again here and not by the code that refuses.
#[test]
fn no_shipped_map_binds_a_forbidden_key() {
    for (name, _) in SHIPPED {
        for b in shipped(name).unwrap().bindings {
            let keys = format!("{name}: {} = {}", chord_name(&b.chord), b.intent.name());
            for k in &b.chord {
                let never = k.ctrl && matches!(k.code, Code::Char('s' | 'q' | 'a' | 'b'));
                assert!(!never, "{keys}");
            }
            if b.intent.is_act() {
                let [a, second] = b.chord.as_slice() else { panic!("{keys}") };
                assert_eq!(*a, Key::char('a'), "{keys}");
                let letter = matches!(second.code, Code::Char(c) if c.is_ascii_lowercase());
                assert!(letter && !second.ctrl && !second.alt, "{keys}");
            }
            if b.chord.contains(&Key::plain(Code::Esc)) {
                assert!(b.chord.len() == 1, "{keys}");
                assert!(matches!(b.intent, Intent::Back | Intent::NoteLeave | Intent::FieldLeave), "{keys}");
            }
            assert!(b.intent != Intent::Confirm || b.chord == [Key::char('Y')], "{keys}");
        }
    }
}

#[test]
fn the_same_letters_act_and_confirm_under_every_map() {
    let acts = |map: &Keymap| {
        let acts = map.bindings.iter().filter(|b| b.intent.is_act() || b.intent == Intent::Confirm);
        acts.map(|b| (chord_name(&b.chord), b.intent)).collect::<Vec<_>>()
    };
    let same = acts(&default_keymap());
    assert!(same.len() >= 8);
    for (name, _) in SHIPPED {
        assert_eq!(acts(&shipped(name).unwrap()), same, "{name}");
    }
}

#[test]
fn the_shipped_keys_are_those_of_the_product() {
    let map = default_keymap();
    for (intent, keys) in [
        (Intent::RollBack, "a r"),
        (Intent::Hold, "a h"),
        (Intent::Resume, "a u"),
        (Intent::Promote, "a p"),
        (Intent::Arm, "a a"),
        (Intent::Disarm, "a x"),
        (Intent::Acknowledge, "a k"),
        (Intent::ScreenVerdict, "v"),
        (Intent::StepTick, "space"),
        (Intent::Confirm, "Y"),
        (Intent::NoteKeep, "ctrl-o"),
        (Intent::FieldTake, "enter"),
    ] {
        assert_eq!(map.shown(intent).as_deref(), Some(keys));
    }
    assert_eq!(map.find(Context::Global, &[Key::char('a')]), Found::Prefix);
    assert_eq!(map.find(Context::Global, &[Key::char('9')]), Found::Intent(Intent::ScreenSources));
}

#[test]
fn each_map_is_what_its_people_are_used_to() {
    for (name, keys, context, intent) in [
        ("vim", "g g", Context::List, Some(Intent::FirstRow)),
        ("vim", "G", Context::List, Some(Intent::LastRow)),
        ("vim", "n", Context::Global, Some(Intent::MatchNext)),
        ("vim", "N", Context::Global, Some(Intent::MatchPrevious)),
        ("vim", "/", Context::Global, Some(Intent::Filter)),
        ("vim", "h", Context::Global, Some(Intent::Back)),
        ("vim", "l", Context::Global, Some(Intent::Open)),
        ("vim", "ctrl-d", Context::List, Some(Intent::HalfPageDown)),
        ("vim", "y y", Context::Global, Some(Intent::Copy)),
        ("vim", "Z Z", Context::Global, Some(Intent::Quit)),
        ("vim", ":", Context::Global, Some(Intent::Palette)),
        ("emacs", "ctrl-n", Context::List, Some(Intent::NextRow)),
        ("emacs", "ctrl-p", Context::Runbook, Some(Intent::StepPrevious)),
        ("emacs", "ctrl-v", Context::List, Some(Intent::HalfPageDown)),
        ("emacs", "alt-x", Context::Global, Some(Intent::Palette)),
        ("emacs", "ctrl-g", Context::Global, Some(Intent::Back)),
        ("emacs", "ctrl-g", Context::Field, Some(Intent::FieldLeave)),
        ("emacs", "ctrl-x ctrl-c", Context::Global, Some(Intent::Quit)),
        ("k9s", "d", Context::Global, Some(Intent::Open)),
        ("k9s", "c", Context::Global, Some(Intent::Copy)),
        ("k9s", ":", Context::Global, Some(Intent::Palette)),
        // It deletes there.
        ("k9s", "ctrl-d", Context::List, None),
        ("k9s", "ctrl-k", Context::Global, None),
    ] {
        let map = shipped(name).unwrap();
        let found = map.find(context, &chord::chord(keys).unwrap());
        assert_eq!(found, intent.map_or(Found::Nothing, Found::Intent), "{name} {keys}");
    }
}

#[test]
fn a_file_changes_single_keys_and_its_own_are_shown() {
    let text = "[list]\n\"g\" = \"none\"\n\"g g\" = \"first-row\"\n[global]\n\"ctrl-g\" = \"help\"\n";
    let (map, problems) = keymap("mine.toml", text);
    assert_eq!(problems, []);
    assert_eq!((&*map.name, &*map.own), ("mine", "mine.toml"));
    assert_eq!(map.shown(Intent::FirstRow).as_deref(), Some("g g"));
    assert_eq!(map.shown(Intent::Help).as_deref(), Some("ctrl-g"));
    assert_eq!(map.find(Context::Global, &[Key::char('?')]), Found::Intent(Intent::Help));
    assert_eq!(map.find(Context::List, &[Key::char('g')]), Found::Prefix);
}

#[test]
fn a_file_builds_on_the_map_it_names_or_on_nothing() {
    let (map, problems) = keymap("mine.toml", "inherits = \"vim\"\n[global]\n\"M\" = \"note\"\n");
    assert_eq!(problems, []);
    assert_eq!(map.shown(Intent::Note).as_deref(), Some("M"));
    assert_eq!(map.shown(Intent::FirstRow).as_deref(), Some("g g"));
    // From scratch: what must be reachable is put back, loudly; the rest is the writer's.
    let (map, problems) = keymap("mine.toml", "inherits = \"none\"\n[list]\n\"j\" = \"next-row\"\n");
    assert_eq!(map.find(Context::List, &[Key::char('k')]), Found::Nothing);
    assert_eq!(map.shown(Intent::NextRow).as_deref(), Some("j"));
    for needed in [Intent::RollBack, Intent::Confirm, Intent::Back, Intent::Help, Intent::Quit, Intent::FieldLeave] {
        assert_eq!(map.shown(needed), default_keymap().shown(needed));
        let what = format!("\"{}\" is left without a key", needed.name());
        assert!(problems.iter().any(|p| p.what == what), "{what}");
    }
}

/// Broken files, the place and the words that must be told. The shipped map stands in every case.
const BROKEN: &[(&str, &str)] = &[
    ("[global]\n\n\"a r\" = \"rolback\"", "3:9   unknown intent \"rolback\" - did you mean \"roll-back\"?"),
    ("[list]\n\"J\" = \"nextrow\"", "2:7   unknown intent \"nextrow\" - did you mean \"next-row\"?"),
    ("[global]\n\"w\" = \"zzzzzz\"", "2:7   unknown intent \"zzzzzz\" - allowed: roll-back, "),
    ("[globl]\n\"w\" = \"help\"", "1:2   unknown section \"globl\" - did you mean \"global\"?"),
    ("[feild]\n\"ctrl-n\" = \"field-next\"", "1:2   unknown section \"feild\" - did you mean \"field\"?"),
    ("inherit = \"vim\"", "1:1   unknown section \"inherit\" - did you mean \"inherits\"?"),
    ("inherits = \"vi\"", "1:12   unknown keymap \"vi\" - did you mean \"vim\"?"),
    ("inherits = 7", "1:12   \"inherits\" is a whole number - it must be a keymap's name in quotes"),
    ("global = 3", "1:1   \"global\" is a whole number - write [global]"),
    ("[global]\n\"entre\" = \"help\"", "2:1   unknown key \"entre\" in \"entre\" - did you mean \"enter\"?"),
    ("[global]\n\"C-g\" = \"back\"", "2:1   unknown key \"C-g\" - write \"ctrl-g\""),
    ("[global]\n\"<C-g>\" = \"back\"", "2:1   unknown key \"<C-g>\" - write \"ctrl-g\""),
    ("[global]\n\"M-x\" = \"palette\"", "2:1   unknown key \"M-x\" - write \"alt-x\""),
    ("[global]\n\"PgUp\" = \"help\"", "2:1   unknown key \"PgUp\" - write \"page-up\""),
    ("[global]\n\"shift-w\" = \"help\"", "2:1   \"shift-w\" is not a chord - shift is in the character: write \"W\""),
    ("[global]\n\"w w w\" = \"help\"", "2:1   \"w w w\" is not a chord - a chord has one key or two"),
    ("[global]\n\"\" = \"help\"", "2:1   \"\" is not a chord - a key such as"),
    ("[global]\n\"ctrl-h\" = \"help\"", "2:1   \"ctrl-h\" is not a chord - terminals send it as \"backspace\""),
    ("[global]\n\"f13\" = \"help\"", "2:1   unknown key \"f13\""),
    ("[global]\n\"w\" = 3", "2:7   \"w\" is a whole number - it must be an intent's name in quotes, or \"none\""),
    ("[list]\n\"w\" = \"roll-back\"", "2:1   \"roll-back\" does not belong in [list] - move it to [global]"),
    ("[global]\n\"w\" = \"next-row\"", "2:1   \"next-row\" does not belong in [global] - move it to [list]"),
    (
        "[list]\n\"g g\" = \"first-row\"",
        "2:1   \"g g\" and \"g\" (first-row) in [list] begin with the same key - \"g\" = \"none\" in [list] frees it",
    ),
    (
        "[global]\n\"ctrl-alt-x\" = \"help\"\n\"alt-ctrl-x\" = \"note\"",
        "3:1   \"ctrl-alt-x\" is bound twice in [global]: \"help\" and \"note\"",
    ),
    (
        "[list]\n\"n\" = \"next-row\"",
        "2:1   \"n\" is \"note\" in [global] and would be \"next-row\" in [list] - \"n\" = \"none\" in [global] frees it",
    ),
    ("[global]\n\"j\" = \"help\"", "2:1   \"j\" is \"next-row\" in [list] and would be \"help\" in [global]"),
    ("[runbook]\n\"q\" = \"step-run\"", "2:1   \"q\" is \"quit\" in [global] and would be \"step-run\" in [runbook]"),
    (
        "[runbook]\n\"n n\" = \"step-next\"",
        "2:1   \"n n\" in [runbook] and \"n\" (note) in [global] begin with the same key",
    ),
    ("[choose]\n\"?\" = \"choose-drill\"", "2:1   \"?\" is \"help\" in [global] and would be \"choose-drill\" in"),
    ("[choose]\n\"g g\" = \"choose-next\"", "2:1   \"g g\" has two keys, and [choose] takes one"),
    ("[note]\n\"ctrl-x ctrl-o\" = \"note-keep\"", "2:1   \"ctrl-x ctrl-o\" has two keys, and [note] takes one"),
    (
        "[global]\n\"R\" = \"roll-back\"",
        "2:1   \"roll-back\" is an act and \"R\" would start it - acts are a plain key",
    ),
    ("[global]\n\"p\" = \"promote\"", "2:1   \"promote\" is an act"),
    ("[global]\n\"ctrl-d\" = \"roll-back\"", "2:1   \"roll-back\" is an act"),
    ("[global]\n\"ctrl-k\" = \"hold\"", "2:1   \"hold\" is an act"),
    ("[global]\n\"alt-p\" = \"promote\"", "2:1   \"promote\" is an act"),
    ("[global]\n\"delete\" = \"promote\"", "2:1   \"promote\" is an act"),
    ("[global]\n\"a backspace\" = \"promote\"", "2:1   \"promote\" is an act"),
    ("[global]\n\"a space\" = \"promote\"", "2:1   \"promote\" is an act"),
    ("[global]\n\"a ctrl-p\" = \"promote\"", "2:1   \"promote\" is an act"),
    ("[global]\n\"w p\" = \"promote\"", "2:1   \"promote\" is an act and \"w p\" would start it"),
    ("[global]\n\"a Y\" = \"promote\"", "2:1   \"a Y\" ends with the key that confirms"),
    ("[global]\n\"a\" = \"help\"", "2:1   \"a\" is the leader of every act, and of nothing else"),
    ("[global]\n\"a n\" = \"note\"", "2:1   \"a\" is the leader of every act, and of nothing else"),
    ("[list]\n\"a\" = \"next-row\"", "2:1   \"a\" hides the acts behind \"a\""),
    ("[list]\n\"a\" = \"none\"", "2:1   \"a\" hides the acts behind \"a\""),
    ("[runbook]\n\"a r\" = \"step-run\"", "2:1   \"a r\" hides the acts behind \"a\""),
    ("[dialog]\n\"enter\" = \"confirm\"", "2:1   \"enter\" cannot confirm - only \"Y\" does"),
    ("[dialog]\n\"y\" = \"confirm\"", "2:1   \"y\" cannot confirm"),
    ("[dialog]\n\"Y\" = \"copy-requests\"", "2:1   \"Y\" is the confirmation in every dialog"),
    ("[dialog]\n\"Y\" = \"none\"", "2:1   \"Y\" is the confirmation in every dialog"),
    ("[global]\n\"ctrl-s\" = \"filter\"", "2:1   \"ctrl-s\" cannot be bound"),
    ("[global]\n\"ctrl-a\" = \"help\"", "2:1   \"ctrl-a\" cannot be bound - terminals and multiplexers keep"),
    ("[global]\n\"ctrl-b n\" = \"note\"", "2:1   \"ctrl-b\" cannot be bound"),
    ("[dialog]\n\"esc\" = \"copy-requests\"", "2:1   \"esc\" is always no"),
    ("[global]\n\"esc\" = \"none\"", "2:1   \"esc\" is always no"),
    ("[global]\n\"esc esc\" = \"back\"", "2:1   \"esc\" is always no"),
    ("[note]\n\"k\" = \"note-keep\"", "2:1   \"k\" is text where a note is written"),
    ("[field]\n\"space\" = \"field-take\"", "2:1   \"space\" is text where a line is written"),
    ("[global]\n\"a h\" = \"none\"", "2:1   \"hold\" is left without a key - \"a h\" keeps it"),
    ("[global]\n\"q\" = \"none\"", "2:1   \"quit\" is left without a key - \"q\" keeps it"),
    ("[note]\n\"ctrl-o\" = \"none\"", "2:1   \"note-keep\" is left without a key - \"ctrl-o\" keeps it"),
    ("[field]\n\"enter\" = \"none\"", "2:1   \"field-take\" is left without a key - \"enter\" keeps it"),
];

#[test]
fn faults_name_their_place_and_the_shipped_key_stays() {
    assert!(BROKEN.len() >= 30);
    for (text, expected) in BROKEN {
        let problems = told(text);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        let good = problems[0].starts_with(&format!("keymaps/mine.toml:{expected}"));
        assert!(good, "{text}:\n  {}\n  {expected}", problems[0]);
        let mut map = keymap("m", text).0.bindings;
        // A second name of a key that stays is no fault.
        map.retain(|b| chord_name(&b.chord) != "ctrl-alt-x");
        let sorted = |mut v: Vec<Binding>| {
            v.sort_by_key(|b| (b.context, b.intent, b.chord.clone()));
            v
        };
        assert_eq!(sorted(map), sorted(default_keymap().bindings), "{text}");
    }
}

#[test]
fn a_line_at_fault_takes_nothing_with_it() {
    // The key it names was something else before: that stays.
    let text = "[list]\n\"j\" = \"last-row\"\n\"j j\" = \"next-row\"\n\"G\" = \"none\"\n";
    let (map, problems) = keymap("m", text);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(map.find(Context::List, &[Key::char('j')]), Found::Intent(Intent::LastRow));
    let (map, _) = keymap("m", "[global]\n\"j\" = \"help\"\n\"?\" = \"none\"\n");
    assert_eq!(map.find(Context::List, &[Key::char('j')]), Found::Intent(Intent::NextRow));
    assert_eq!(map.shown(Intent::Help).as_deref(), Some("?"), "it keeps the key it would have lost");
}

#[test]
fn the_way_back_cannot_be_unbound() {
    let (map, problems) = keymap("m", "[global]\n\"a r\" = \"none\"\n\"a h\" = \"roll-back\"\n\"q\" = \"none\"\n");
    for word in ["hold", "quit", "roll-back"] {
        let what = format!("\"{word}\" is left without a key");
        assert!(problems.iter().any(|p| p.what == what), "{problems:?}");
    }
    assert_eq!(map.shown(Intent::Hold).as_deref(), Some("a h"));
    assert_eq!(map.shown(Intent::Quit).as_deref(), Some("q"));
    assert!(map.chord(Intent::RollBack).is_some());
}

#[test]
fn not_toml_at_all_leaves_the_shipped_keys() {
    let (map, problems) = keymap("m", "{ this is = not [ toml");
    assert!(!problems.is_empty());
    assert_eq!(map.bindings, default_keymap().bindings);
    let twice = told("[list]\n\"J\" = \"next-row\"\n\"J\" = \"last-row\"\n");
    assert!(twice[0].starts_with("keymaps/mine.toml:3:1   "), "{twice:?}");
}
