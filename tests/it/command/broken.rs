//! `config check` on files with one fault each: line, column, key and what is proposed. The place is where `@` stands in
//! the text here; the files do not hold it.

use super::run;
use crate::home::Home;

/// A file, and what its line must say behind the place.
const CONFIG: &[(&str, &str)] = &[
    ("@raed_only = true\n", "unknown key \"raed_only\" - did you mean \"read_only\"?"),
    ("tape = true\n  @tpae = false\n", "unknown key \"tpae\" - did you mean \"tape\"?"),
    ("@nonsense = 1\n", "unknown key \"nonsense\" - allowed: "),
    ("read_only = @\"yes\"\n", "\"read_only\" is a text - it must be true or false"),
    ("tape = @1\n", "\"tape\" is a whole number - it must be true or false"),
    ("as = @true\n", "\"as\" is true or false - it must be a text in quotes"),
    ("default_environment = @[\"prod\"]\n", "\"default_environment\" is a list - it must be a text in quotes"),
    ("keymap = @7\n", "\"keymap\" is a whole number - it must be a text in quotes"),
    ("keymap = @\"nowhere\"\n", "there is no keymap \"nowhere\""),
    ("theme = @\"nowhere\"\n", "there is no theme \"nowhere\""),
    ("tape = true\n@tape = false\n", "\"tape\" stands there twice"),
    ("limits = @3\n", "\"limits\" is a whole number - it must be a table"),
    (
        "[limits]\n@confirm_dely = \"1s\"\n",
        "unknown key \"confirm_dely\" in [limits] - did you mean \"confirm_delay\"?",
    ),
    (
        "[limits]\nconfirm_delay = @\"1ms\"\n",
        "\"confirm_delay\" cannot be 1ms - it must be a time such as \"15s\", from 300ms to 2s",
    ),
    ("[limits]\nconfirm_delay = @700\n", "\"confirm_delay\" is a whole number - it must be a text in quotes"),
    ("[limits]\narm_minutes = @0\n", "\"arm_minutes\" cannot be 0 - it must be a whole number from 1 to 60"),
    ("[limits]\narm_minutes = @\"ten\"\n", "\"arm_minutes\" is a text - it must be a whole number from 1 to 60"),
    ("[limits]\nsame_act = @\"2m\"\n", "\"same_act\" cannot be 2m"),
    ("[limits]\nrequest_timeout = @\"soon\"\n", "\"request_timeout\" cannot be soon"),
    ("[limits]\nseen_deadline = @1.5\n", "\"seen_deadline\" is a number"),
    ("[environment.@\"a b\"]\nsources = []\n", "\"a b\" is not a name"),
    ("[environment.@drill]\nsources = []\n", "environment \"drill\" would look like andon's own - take another name"),
    ("[environment.@prod]\n", "[environment.prod] has no \"sources\""),
    ("[environment.prod]\nsources = @\"eu-1\"\n", "\"sources\" is a text - it must be a list of texts"),
    ("[environment.prod]\nsources = [@7]\n", "\"sources\" is a whole number"),
    (
        "[source.eu-1]\ntype = \"kubernetes\"\n[environment.prod]\nsources = [\"eu-1\", @\"eu-2\"]\n",
        "unknown source \"eu-2\" - did you mean \"eu-1\"?",
    ),
    (
        "[environment.prod]\nsources = []\n@produktion = true\n",
        "unknown key \"produktion\" in [environment.prod] - did you mean \"production\"?",
    ),
    ("[environment.prod]\nsources = []\nproduction = @\"no\"\n", "\"production\" is a text"),
    ("[source.@a]\ncontext = \"x\"\n", "[source.a] has no \"type\""),
    ("[source.a]\ntype = @\"kuberntes\"\n", "unknown source type \"kuberntes\" - did you mean \"kubernetes\"?"),
    ("[source.a]\ntype = @7\n", "\"type\" is a whole number"),
    (
        "[source.a]\ntype = \"kubernetes\"\n@namespace = \"shop\"\n",
        "unknown key \"namespace\" in [source.a] - did you mean \"namespaces\"?",
    ),
    (
        "[source.a]\ntype = \"kubernetes\"\nkubeconfig = @\"kc\"\n",
        "\"kubeconfig\" cannot be \"kc\" - write the full path, from /",
    ),
    ("[source.@a]\ntype = \"prometheus\"\n", "[source.a] has no \"url\""),
    ("[source.a]\ntype = \"prometheus\"\nurl = @\"prom:9090\"\n", "the url does not begin with http:// or https://"),
    ("[source.a]\ntype = \"prometheus\"\nurl = @\"http://u:p@host\"\n", "the url holds a user or a password"),
    ("[source.a]\ntype = \"prometheus\"\nurl = @\"http://h/?q\"\n", "the url has a query"),
    (
        "[source.a]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1\"\ntoken = @\"abc\"\n",
        "a token does not stand in a config",
    ),
    ("[source.a]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1\"\ntoken = @{}\n", "a token has one origin"),
    (
        "[source.a]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1\"\npreset = @\"isto\"\n",
        "unknown preset \"isto\" - did you mean \"istio\"?",
    ),
    (
        "[source.a]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1\"\n[source.a.queries]\nservice = @\"a-b\"\n",
        "\"service\" is not a label's name",
    ),
    (
        "[source.a]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1\"\n[source.a.queries]\nscrape = @\"1h\"\n",
        "\"scrape\" cannot be 1h",
    ),
    ("[service.a]\ntier = @5\n", "\"tier\" cannot be 5 - it must be a whole number from 1 to 4"),
    ("[service.a]\n@teir = 1\n", "unknown key \"teir\" in [service.a] - did you mean \"tier\"?"),
    (
        "[service.a]\nrunbooks = [@\"checkout-5x\"]\n",
        "unknown runbook \"checkout-5x\" - did you mean \"checkout-5xx\"?",
    ),
    ("[service.a]\nslo = { objective = @0.999 }\n", "\"objective\" cannot be 0.999"),
    ("[service.a]\nslo = { objective = 99.9, window = @\"1h\" }\n", "\"window\" cannot be 1h"),
    ("service = @\"x\"\n", "\"service\" is a text - it must be a table"),
];

const KEYMAP: &[(&str, &str)] = &[
    ("[global]\n\"a r\" = @\"rolback\"\n", "unknown intent \"rolback\" - did you mean \"roll-back\"?"),
    ("[@globl]\n\"x\" = \"help\"\n", "unknown section \"globl\" - did you mean \"global\"?"),
];

const THEME: &[(&str, &str)] =
    &[("[roles]\n@bda = { fg = \"red\" }\n", "bda"), ("[roles]\nbad = { fg = @\"rde\" }\n", "rde")];

/// The text without its mark, and the place the mark stood at.
fn marked(text: &str) -> (String, String) {
    let at = text.find('@').expect("a mark");
    let line = text[..at].matches('\n').count() + 1;
    let col = text[..at].chars().rev().take_while(|c| *c != '\n').count() + 1;
    (text.replacen('@', "", 1), format!(":{line}:{col}   "))
}

#[track_caller]
fn told(said: &str, file: &str, place: &str, says: &str, text: &str) -> Option<String> {
    let wanted = format!("{file}{place}");
    let found = said.lines().any(|l| l.contains(&wanted) && l.contains(says));
    (!found).then(|| format!("{text:?} wants {wanted}{says}\n  but: {said}"))
}

#[test]
fn every_fault_is_told_at_its_place_with_what_was_meant() {
    assert!(CONFIG.len() + KEYMAP.len() + THEME.len() >= 40);
    let home = Home::new("broken-files");
    let mut wrong = Vec::new();
    for (i, (text, says)) in CONFIG.iter().enumerate() {
        let (clean, place) = marked(text);
        let name = format!("c{i}.toml");
        let file = home.file(&name, &clean);
        let ran = run(&home, &["config", "check", file.to_str().expect("UTF-8")], &[]);
        if ran.code != 3 {
            wrong.push(format!("{text:?} ends with {}", ran.code));
        }
        wrong.extend(told(&ran.out, &name, &place, says, text));
    }
    for (kind, cases) in [("keymap", KEYMAP), ("theme", THEME)] {
        for (i, (text, says)) in cases.iter().enumerate() {
            let (clean, place) = marked(text);
            home.file(&format!("{kind}s/m{i}.toml"), &clean);
            let file = home.file("config.toml", &format!("{kind} = \"m{i}\"\n"));
            let ran = run(&home, &["config", "check", file.to_str().expect("UTF-8")], &[]);
            wrong.extend(told(&ran.out, &format!("m{i}.toml"), &place, says, text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
