//! The command line as scripts see it: exit codes, stdout and stderr, JSON, what is in force and where from, and the pages
//! kept in `docs/`.

mod broken;
mod schema;

use crate::home::Home;
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Without a terminal, to its end.
pub fn run(home: &Home, args: &[&str], env: &[(&str, &str)]) -> Ran {
    let done = Command::new(env!("CARGO_BIN_EXE_andon"))
        .args(args)
        .env_clear()
        .env("HOME", home.path())
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("andon runs");
    let text = |b: Vec<u8>| String::from_utf8(b).expect("UTF-8");
    Ran { code: done.status.code().unwrap_or(-1), out: text(done.stdout), err: text(done.stderr) }
}

#[track_caller]
fn json(home: &Home, args: &[&str], env: &[(&str, &str)]) -> Value {
    let ran = run(home, args, env);
    assert!(ran.out.is_ascii() && ran.out.lines().count() == 1, "{}", ran.out);
    serde_json::from_str(&ran.out).expect("JSON")
}

#[test]
fn each_exit_code_that_exists_by_a_run() {
    let home = Home::new("codes");
    home.config("[environment.prod]\nsources = []\n");
    let bad = home.file("bad.toml", "nonsense = 1\n");
    let bad = bad.to_str().expect("UTF-8");
    let none = home.path().join("none");
    let none = none.to_str().expect("UTF-8");
    for (args, code) in [
        (vec!["version"], 0),
        (vec!["--help"], 0),
        (vec!["--version"], 0),
        (vec!["config", "check"], 0),
        (vec!["config", "show"], 0),
        (vec!["config", "schema"], 0),
        (vec!["completions", "bash"], 0),
        (vec!["man"], 0),
        (vec!["log", "tail", "--dir", none], 1),
        (vec!["log", "verify", none], 1),
        (vec!["replay", none], 1),
        (vec!["--nonsense"], 2),
        (vec!["nonsense"], 2),
        (vec!["man", "nonsense"], 2),
        (vec!["completions", "tcsh"], 2),
        (vec!["drill", "nonsense"], 2),
        (vec!["--color", "nonsense", "drill"], 2),
        // No terminal here.
        (vec!["drill"], 2),
        (vec!["--env", "nowhere"], 3),
        (vec!["config", "check", bad], 3),
        (vec!["config", "check", none], 3),
    ] {
        let ran = run(&home, &args, &[("TERM", "xterm-256color")]);
        assert_eq!(ran.code, code, "{args:?}: {}{}", ran.out, ran.err);
        // Data on stdout, messages on stderr, no colours where no terminal is.
        assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{args:?}");
        match code {
            0 => assert!(!ran.out.is_empty() && ran.err.is_empty(), "{args:?}: {}", ran.err),
            _ => assert!(!(ran.out.is_empty() && ran.err.is_empty()), "{args:?} ends with {code} and says nothing"),
        }
        if code == 2 {
            assert!(ran.out.is_empty() && !ran.err.is_empty(), "{args:?}: {}", ran.out);
        }
    }
    let ran = run(&home, &["config", "show"], &[("ANDON_CONFIG", bad)]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("1 errors in the config"), "{}", ran.err);
}

#[test]
fn each_signal_ends_with_its_code() {
    for (signal, code) in [(Signal::HUP, 129), (Signal::INT, 130), (Signal::TERM, 143)] {
        let home = Home::new("signal");
        let mut pty = home.andon(&["drill", "calm"]);
        pty.wait_for("DRILL");
        pty.signal(signal);
        assert_eq!(pty.wait_exit(), code, "{signal:?}");
    }
}

#[test]
fn a_reader_that_leaves_ends_every_command_with_141_and_no_message() {
    let home = Home::new("pipe");
    for args in [
        vec!["version"],
        vec!["version", "--json"],
        vec!["config", "show"],
        vec!["config", "show", "--json"],
        vec!["config", "schema"],
        vec!["config", "check"],
        vec!["completions", "zsh"],
        vec!["man"],
        vec!["log", "tail"],
        vec!["--help"],
    ] {
        let (read, write) = std::io::pipe().expect("a pipe");
        drop(read);
        let mut child = Command::new(env!("CARGO_BIN_EXE_andon"))
            .args(&args)
            .env_clear()
            .env("HOME", home.path())
            .stdout(write)
            .stderr(Stdio::piped())
            .spawn()
            .expect("andon runs");
        let mut err = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut err).expect("UTF-8");
        let code = child.wait().expect("ends").code();
        assert_eq!((code, err.as_str()), (Some(141), ""), "{args:?}");
    }
}

#[test]
fn version_says_what_it_was_built_from() {
    let home = Home::new("version");
    let v = json(&home, &["version", "--json"], &[]);
    assert_eq!(v["schema"], "andon.version/1");
    assert_eq!(v["version"], env!("CARGO_PKG_VERSION"));
    assert!(v["target"].as_str().is_some_and(|t| t.contains('-')), "{v}");
    assert!(v["git"].is_string() && v["features"].is_array(), "{v}");
    assert!(run(&home, &["version"], &[]).out.starts_with(&format!("andon {} (git ", env!("CARGO_PKG_VERSION"))));
}

/// Key to (value, origin).
fn shown(home: &Home, args: &[&str], env: &[(&str, &str)]) -> BTreeMap<String, (Value, Value)> {
    let args = [args, &["config", "show", "--json"]].concat();
    let v = json(home, &args, env);
    assert_eq!(v["schema"], "andon.config/1");
    let all = v["values"].as_array().expect("values").iter();
    all.map(|v| (v["key"].as_str().expect("key").to_owned(), (v["value"].clone(), v.clone()))).collect()
}

#[test]
fn flag_over_variable_over_user_over_default_each_named_as_the_origin() {
    let home = Home::new("levels");
    let file =
        home.file(".config/andon/config.toml", "# mine\nas = \"from-file\"\ntape = false\n[limits]\narm_minutes = 7\n");
    let at = |v: &(Value, Value)| (v.0.clone(), v.1["origin"].as_str().map(str::to_owned).expect("origin"));
    let is = |value: Value, origin: &str| (value, origin.to_owned());
    let all = shown(&home, &[], &[]);
    assert_eq!(at(&all["as"]), is("from-file".into(), "user"));
    assert_eq!((&all["as"].1["file"], &all["as"].1["line"]), (&file.to_str().into(), &2.into()));
    assert_eq!(at(&all["tape"]), is(false.into(), "user"));
    assert_eq!(at(&all["limits.arm_minutes"]), is(7.into(), "user"));
    assert_eq!(at(&all["limits.confirm_delay"]), is("700ms".into(), "default"));
    assert_eq!(at(&all["keymap"]), is("default".into(), "default"));
    let env = [("ANDON_AS", "from-variable"), ("ANDON_ARM_MINUTES", "3")];
    let all = shown(&home, &[], &env);
    assert_eq!(at(&all["as"]), is("from-variable".into(), "variable"));
    assert_eq!(all["as"].1["name"], "ANDON_AS");
    assert_eq!(at(&all["limits.arm_minutes"]), is(3.into(), "variable"));
    let all = shown(&home, &["--as", "from-flag", "--read-only"], &env);
    assert_eq!(at(&all["as"]), is("from-flag".into(), "flag"));
    assert_eq!(at(&all["read_only"]), is(true.into(), "flag"));
    // XDG says where the user's file is.
    home.file("elsewhere/andon/config.toml", "as = \"from-xdg\"\n");
    let xdg = home.path().join("elsewhere");
    let xdg = xdg.to_str().expect("UTF-8");
    assert_eq!(shown(&home, &[], &[("XDG_CONFIG_HOME", xdg)])["as"].0, "from-xdg");
    let lines = run(&home, &["config", "show", "--origin"], &[]).out;
    assert!(lines.contains("tape = false   # user ") && lines.contains("config.toml:3\n"), "{lines}");
    assert!(lines.contains("limits.confirm_delay = \"700ms\"   # default\n"), "{lines}");
    let lines = run(&home, &["config", "show"], &[]).out;
    assert!(!lines.contains("   # ") && lines.contains("# default_environment is not set\n"), "{lines}");
}

/// The system's file is at a fixed place a test may not write: its level is held by the loader.
#[test]
fn user_over_system() {
    use andon::config::{Paths, load, origin};
    let home = Home::new("system");
    let system = home.file("etc/config.toml", "as = \"system\"\ntape = false\n");
    let user = home.file("user/config.toml", "as = \"user\"\n");
    let paths = Paths { system: Some(system), user: Some(user), named: false, dir: None };
    let env = BTreeMap::new();
    let (config, problems) = load::load(&paths, &env);
    assert_eq!(problems, []);
    let all = origin::values(&config, &load::origins(&paths, &env));
    let of = |key: &str| all.iter().find(|v| v.key == key).map(|v| (v.value.clone(), v.origin.to_string()));
    assert!(of("as").is_some_and(|(v, o)| v == "user" && o.starts_with("user ") && o.ends_with("config.toml:1")));
    assert!(of("tape").is_some_and(|(v, o)| v == false && o.starts_with("system ") && o.ends_with("config.toml:2")));
}

#[test]
fn config_show_holds_no_secret_however_it_was_written_down() {
    let home = Home::new("secret");
    const CANARY: &str = "canary-7d1c-config";
    let p = "type = \"prometheus\"\nurl = \"http://127.0.0.1:1\"\n";
    home.config(&format!(
        "password = \"{CANARY}\"\n[source.a]\n{p}token = \"{CANARY}\"\n[source.b]\n{p}token = {{ command = [\"pass\", \"{CANARY}\"] }}\n\
         [source.c]\ntype = \"prometheus\"\nurl = \"http://u:{CANARY}@h/\"\n[source.d]\n{p}password = \"{CANARY}\"\nheaders = {{ x = \"{CANARY}\" }}\n\
         [source.e]\n{p}secret = \"{CANARY}\"\n[source.f]\n{p}token = {{ file = \"/run/token\" }}\n"
    ));
    for args in [
        vec!["config", "show"],
        vec!["config", "show", "--origin"],
        vec!["config", "show", "--json"],
        vec!["config", "check"],
    ] {
        let ran = run(&home, &args, &[("SECRET", CANARY)]);
        assert_eq!(ran.code, 3);
        assert!(!ran.out.contains(CANARY) && !ran.err.contains(CANARY), "{args:?}: {}{}", ran.out, ran.err);
    }
    let all = run(&home, &["config", "show"], &[]).out;
    assert!(all.contains("source.f.token.file = \"/run/token\"\n"), "{all}");
    assert!(all.contains("source.b.token.command = \"pass and 1 words, not shown\"\n"), "{all}");
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// `ANDON_BLESS=1 cargo test --test it kept_pages` writes them anew.
#[test]
fn the_kept_pages_are_what_the_program_makes() {
    let bless = std::env::var_os("ANDON_BLESS").is_some();
    let mut stale = Vec::new();
    let mut known = Vec::new();
    for (name, text) in andon::cli::pages::kept().expect("pages") {
        let path = docs().join(&name);
        if bless {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(&path, &text).expect("written");
        }
        if std::fs::read(&path).ok().as_ref() != Some(&text) {
            stale.push(name.clone());
        }
        known.push(path);
    }
    for folder in ["man", "completions"] {
        for file in std::fs::read_dir(docs().join(folder)).expect("the folder").flatten().map(|f| f.path()) {
            if !known.contains(&file) && bless {
                std::fs::remove_file(&file).expect("removed");
            } else if !known.contains(&file) {
                stale.push(format!("{} is of no command", file.display()));
            }
        }
    }
    assert_eq!(stale, Vec::<String>::new(), "run with ANDON_BLESS=1");
}

#[test]
fn every_flag_and_command_is_in_the_manual_and_bash_takes_the_script() {
    let all: String = andon::cli::pages::manual()
        .expect("pages")
        .into_iter()
        .map(|(_, t)| String::from_utf8(t).expect("UTF-8").replace("\\-", "-"))
        .collect();
    for word in ["--read-only", "--context", "log-tail", "config-show", "--origin", "drill", "replay", "completions"] {
        assert!(all.contains(word), "{word}");
    }
    let home = Home::new("bash");
    let script = String::from_utf8(andon::cli::pages::completions(clap_complete::Shell::Bash)).expect("UTF-8");
    let file = home.file("andon.bash", &script);
    let ran = Command::new("bash").arg("-n").arg(&file).status();
    assert!(ran.is_ok_and(|s| s.success()), "bash -n {}", file.display());
}
