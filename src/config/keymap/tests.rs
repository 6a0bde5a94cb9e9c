use super::*;
use crate::core::keymap::Found;

fn told(text: &str) -> Vec<String> {
    let (_, problems) = keymap("keymaps/mine.toml", text);
    problems.iter().map(Problem::to_string).collect()
}

#[test]
fn the_shipped_keys_have_no_fault_and_bind_every_intent() {
    let mut told = Told::new(DEFAULT_NAME, DEFAULT);
    let bindings = layer(&[], &mut told);
    assert_eq!(told.into_problems(), []);
    for intent in Intent::ALL {
        assert!(bindings.iter().any(|b| b.intent == *intent), "{intent:?}");
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
    ] {
        assert_eq!(map.shown(intent).as_deref(), Some(keys));
    }
    assert_eq!(map.find(Context::Global, &[Key::char('a')]), Found::Prefix);
    assert_eq!(map.find(Context::Global, &[Key::char('9')]), Found::Intent(Intent::ScreenSources));
}

#[test]
fn a_file_changes_single_keys_and_its_own_are_shown() {
    let text = "[list]\n\"g\" = \"none\"\n\"g g\" = \"first-row\"\n[global]\n\"ctrl-g\" = \"help\"\n";
    let (map, problems) = keymap("mine.toml", text);
    assert_eq!(problems, []);
    assert_eq!(map.shown(Intent::FirstRow).as_deref(), Some("g g"));
    assert_eq!(map.shown(Intent::Help).as_deref(), Some("ctrl-g"));
    assert_eq!(map.find(Context::Global, &[Key::char('?')]), Found::Intent(Intent::Help));
    assert_eq!(map.find(Context::List, &[Key::char('g')]), Found::Prefix);
}

#[test]
fn faults_name_their_place_and_the_shipped_key_stays() {
    for (text, expected) in [
        (
            "[global]\n\n\"a r\" = \"rolback\"",
            "keymaps/mine.toml:3:9   unknown intent \"rolback\" - did you mean \"roll-back\"?",
        ),
        ("[globl]\n\"z\" = \"help\"", "keymaps/mine.toml:1:2   unknown section \"globl\" - did you mean \"global\"?"),
        (
            "[global]\n\"entre\" = \"help\"",
            "keymaps/mine.toml:2:1   unknown key \"entre\" in \"entre\" - did you mean \"enter\"?",
        ),
        (
            "[global]\n\"z\" = 3",
            "keymaps/mine.toml:2:7   \"z\" is a whole number - it must be an intent's name in quotes, or \"none\"",
        ),
        (
            "[list]\n\"z\" = \"roll-back\"",
            "keymaps/mine.toml:2:1   \"roll-back\" does not belong in [list] - move it to [global]",
        ),
        (
            "[list]\n\"g g\" = \"first-row\"",
            "keymaps/mine.toml:2:1   \"g g\" and \"g\" (first-row) in [list] begin with the same key",
        ),
        (
            "[global]\n\"ctrl-alt-x\" = \"help\"\n\"alt-ctrl-x\" = \"note\"",
            "keymaps/mine.toml:3:1   \"ctrl-alt-x\" is bound twice in [global]: \"help\" and \"note\"",
        ),
        (
            "inherits = \"vi\"",
            "keymaps/mine.toml:1:1   unknown keymap \"vi\" - the only keymap to build on is \"default\"",
        ),
        ("global = 3", "keymaps/mine.toml:1:1   \"global\" is a whole number - write [global]"),
    ] {
        assert_eq!(told(text), [expected]);
        let (map, _) = keymap("m", text);
        assert_eq!(map.shown(Intent::RollBack).as_deref(), Some("a r"));
    }
}

#[test]
fn no_file_makes_an_act_easier() {
    for (text, what) in [
        ("[global]\n\"R\" = \"roll-back\"", "is an act"),
        ("[global]\n\"p\" = \"promote\"", "is an act"),
        ("[global]\n\"ctrl-p\" = \"promote\"", "is an act"),
        ("[global]\n\"alt-p\" = \"promote\"", "is an act"),
        ("[global]\n\"delete\" = \"promote\"", "is an act"),
        ("[global]\n\"a backspace\" = \"promote\"", "is an act"),
        ("[global]\n\"a ctrl-p\" = \"promote\"", "is an act"),
        ("[global]\n\"z p\" = \"promote\"", "is an act"),
        ("[global]\n\"a\" = \"help\"", "leader of every act"),
        ("[list]\n\"a\" = \"next-row\"", "hides the acts"),
        ("[list]\n\"a\" = \"none\"", "hides the acts"),
        ("[runbook]\n\"a r\" = \"step-run\"", "hides the acts"),
        ("[dialog]\n\"enter\" = \"confirm\"", "cannot confirm"),
        ("[dialog]\n\"Y\" = \"copy-requests\"", "is the confirmation"),
        ("[dialog]\n\"Y\" = \"none\"", "is the confirmation"),
        ("[global]\n\"ctrl-s\" = \"help\"", "cannot be bound"),
        ("[dialog]\n\"esc\" = \"copy-requests\"", "always no"),
        ("[global]\n\"esc\" = \"none\"", "always no"),
        ("[note]\n\"k\" = \"note-keep\"", "is text"),
    ] {
        let problems = told(text);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert!(problems[0].contains(what), "{problems:?}");
        assert_eq!(keymap("m", text).0, default_keymap(), "{text}");
    }
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
    assert_eq!(map, default_keymap());
}
