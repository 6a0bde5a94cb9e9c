//! Every way the real program can end, and the terminal afterwards: its modes as an emulator sees them, and termios.

use crate::console_pty::{arm, awake};
use crate::contract::kube::Kube;
use crate::home::Home;
use crate::process::{children, cpu_ticks, state};
use crate::pty::Pty;
use crate::together::{Case, case, timed, together};
use andon::testkit::fake_kube::Fault;
use rustix::process::{Pid, Signal, kill_process};
use std::time::{Duration, Instant};

const ANDON: &str = env!("CARGO_BIN_EXE_andon");

/// Bounds on time are asserted where `.ci/run` has the machine for itself, and printed elsewhere.
fn strict() -> bool {
    std::env::var_os("ANDON_LONG").is_some()
}

#[track_caller]
fn within(what: &str, took: Duration, bar_ms: u64) {
    println!("{what}: {} ms (bar {bar_ms})", took.as_millis());
    let bar = Duration::from_millis(if strict() { bar_ms } else { bar_ms * 20 });
    assert!(took <= bar, "{what} took {took:?}");
}

#[track_caller]
fn restored(mut pty: Pty, code: i32) -> Pty {
    assert_eq!(pty.wait_exit(), code, "{}", pty.screen().join("\n"));
    assert_eq!(pty.modes_restored(), Ok(()));
    assert_eq!(pty.asked(), None);
    pty
}

/// Starts the calm drill, does something to it, and wants this exit code and a restored terminal.
fn way(name: &'static str, code: i32, kill: impl Fn(&mut Pty) + Send + 'static) -> Case<'static> {
    way_with(name, &[], code, kill, |_, _| {})
}

fn way_with(
    name: &'static str,
    env: &'static [(&'static str, &'static str)],
    code: i32,
    kill: impl Fn(&mut Pty) + Send + 'static,
    after: impl Fn(&Home, &Pty) + Send + 'static,
) -> Case<'static> {
    case(name, move || ended(env, code, &kill, &after))
}

fn ended(env: &[(&str, &str)], code: i32, kill: &impl Fn(&mut Pty), after: &impl Fn(&Home, &Pty)) {
    let home = Home::new("end");
    let mut pty = home.andon_with(&["drill", "calm"], env, 100, 23);
    awake(&mut pty);
    assert!(pty.modes_restored().is_err(), "it does use the terminal");
    kill(&mut pty);
    after(&home, &restored(pty, code));
}

/// Asks for its end with `kill` while the terminal takes nothing.
fn stuffed(what: &str, bar_ms: u64, pty: &mut Pty, kill: impl Fn(&mut Pty)) {
    pty.stall(true);
    for _ in 0..40 {
        pty.keys("C-l");
    }
    let began = Instant::now();
    kill(pty);
    while pty.runs() {
        assert!(began.elapsed() < Duration::from_secs(20), "it hangs on a terminal that takes nothing");
        std::thread::sleep(Duration::from_millis(2));
    }
    within(what, began.elapsed(), bar_ms);
    pty.stall(false);
}

/// A panic on this thread: one gated line, and a report where it says.
fn fall(place: &'static str, env: &'static [(&'static str, &'static str)]) -> Case<'static> {
    let kill = move |pty: &mut Pty| match place {
        "engine" => {
            pty.keys("n");
            pty.wait_for("ctrl-o");
            pty.send("x");
        }
        _ => pty.keys("F12"),
    };
    way_with(place, env, 134, kill, move |home, pty| {
        let shown = pty.screen();
        let said = shown.iter().filter(|l| l.contains("internal error")).count();
        assert_eq!(said, 1, "{shown:?}");
        let all = shown.concat();
        assert!(all.contains(&format!("andon: internal error: test ^[]0;x^G fell in {place}")), "{shown:?}");
        let report = home.files().into_iter().find(|f| f.to_string_lossy().contains("panic-")).expect("a report");
        assert!(all.contains(&format!("report: {}", report.display())), "{shown:?}");
        assert!(std::fs::read_to_string(report).unwrap().contains("fell in"));
    })
}

#[test]
fn every_way_to_end_leaves_the_terminal_as_it_was() {
    together(vec![
        way("q", 0, |p| p.keys("q")),
        way("TERM", 143, |p| p.signal(Signal::TERM)),
        way("INT", 130, |p| p.signal(Signal::INT)),
        way("HUP from a hand, the terminal lives", 129, |p| p.signal(Signal::HUP)),
        way("QUIT", 131, |p| p.signal(Signal::QUIT)),
        way("INT in a dialog", 130, |p| {
            p.keys("a h");
            p.wait_for("HOLD");
            p.signal(Signal::INT);
        }),
        way("TERM while armed", 143, |p| {
            arm(p);
            p.signal(Signal::TERM);
        }),
        way("TERM in help, then again", 143, |p| {
            p.keys("?");
            p.wait_for("HELP");
            p.signal(Signal::TERM);
            p.signal(Signal::TERM);
        }),
        fall("engine", &[("ANDON_TEST_FALL", "engine")]),
        fall("draw", &[("ANDON_TEST_FALL", "draw")]),
        fall("input", &[("ANDON_TEST_FALL", "input")]),
        fall("task", &[("ANDON_TEST_FALL", "task")]),
        way("Ctrl-Z, then TERM as `kill %1` sends it", 143, |p| {
            p.keys("C-z");
            p.wait_stopped();
            assert_eq!(p.modes_restored(), Ok(()));
            p.signal(Signal::TERM);
            p.signal(Signal::CONT);
        }),
        way("STOP that nobody can foresee, then TERM", 143, |p| {
            p.signal(Signal::STOP);
            p.wait_stopped();
            p.signal(Signal::TERM);
            p.signal(Signal::CONT);
        }),
        timed("TERM while nothing is taken", || {
            let what = "gone from a terminal that takes nothing";
            ended(&[], 143, &|p| stuffed(what, 700, p, |p| p.signal(Signal::TERM)), &|_, _| {});
        }),
        timed("a panic while nothing is taken", || {
            let what = "fallen before a terminal that takes nothing";
            let told = |home: &Home| home.files().iter().any(|f| f.to_string_lossy().contains("panic-"));
            let kill = |p: &mut Pty| stuffed(what, 900, p, |p| p.keys("F12"));
            ended(&[("ANDON_TEST_FALL", "input")], 134, &kill, &|home, _| assert!(told(home)));
        }),
    ]);
}

#[test]
fn an_error_after_the_terminal_was_taken_gives_it_back() {
    let home = Home::new("few");
    let mut refused = 0;
    let cases = (3..22).map(|files| {
        let home = &home;
        // With so few descriptors something cannot be made: the terminal, its reader, the log, the sources.
        let script = format!("ulimit -n {files}; exec {ANDON} drill calm");
        move || {
            let mut pty = Pty::spawn("sh", &["-c", &script], &[("HOME", home.str())], 100, 23);
            pty.wait_until("the screen or the reason", |g| g.contains("DRILL") || g.contains("andon: "));
            pty.wait_until("the first screen, or the shell's", |g| !g.alternate() || g.contains("DRILL"));
            if pty.runs() {
                // It may have ended just now, or be without a reader; a signal that nobody hears ends it as well.
                std::thread::sleep(Duration::from_millis(100));
            }
            if pty.runs() && pty.look(|g| g.alternate()) {
                pty.keys("q");
            }
            let code = pty.wait_exit();
            assert_eq!(pty.modes_restored(), Ok(()), "{files} files");
            code
        }
    });
    let codes: Vec<i32> = std::thread::scope(|s| {
        let all: Vec<_> = cases.map(|c| s.spawn(c)).collect();
        all.into_iter().map(|t| t.join().expect("a case")).collect()
    });
    refused += codes.iter().filter(|c| **c == 2).count();
    println!("{codes:?}");
    assert!(refused > 0, "no limit was low enough: {codes:?}");
    assert!(codes.iter().all(|c| matches!(c, 0 | 2 | 134 | 127)), "{codes:?}");
    assert_eq!(codes.last(), Some(&0), "or nothing is proved");
}

#[test]
fn after_kill_9_reset_terminal_puts_everything_back() {
    let home = Home::new("kill");
    let script = format!("{ANDON} drill calm; read x; {ANDON} reset-terminal; echo code $?; read y");
    let mut pty = Pty::spawn("sh", &["-c", &script], &[("HOME", home.str())], 80, 23);
    awake(&mut pty);
    let pid = children(pty.pid())[0];
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
    while !matches!(state(pid), None | Some('Z')) {
        std::thread::sleep(Duration::from_millis(2));
    }
    let left = pty.modes_restored().unwrap_err();
    for what in ["alternate", "2004", "termios"] {
        assert!(left.contains(what), "{what} was not on: {left}");
    }
    // Whatever else may be on.
    pty.send("\n");
    pty.wait_for("code 0");
    assert_eq!(pty.modes_restored(), Ok(()));
    assert_eq!(pty.asked(), None);
    // On a terminal where nothing is wrong it changes nothing, the cursor included.
    let script = format!(r"printf 'a line\nab'; {ANDON} reset-terminal; printf cd; read y");
    let mut pty = Pty::spawn("sh", &["-c", &script], &[("HOME", home.str())], 80, 23);
    pty.wait_for("cd");
    assert_eq!(pty.screen()[..2], ["a line", "abcd"]);
    assert_eq!(pty.modes_restored(), Ok(()));
    // And it puts back what other things a console may have set.
    let on = r"\033[?1000h\033[?1002h\033[?1003h\033[?1006h\033[?1004h\033[?2026h\033[?25l\033[22;2t\033]2;t\007\033[7m\033[?7l\033]0;half";
    let script = format!("printf '{on}'; stty raw -echo; {ANDON} reset-terminal; echo code $?; read y");
    let mut pty = Pty::spawn("sh", &["-c", &script], &[("HOME", home.str())], 80, 23);
    pty.wait_for("code 0");
    assert_eq!(pty.modes_restored(), Ok(()));
    // Without a terminal it says so.
    let (code, said) = home.run(&["reset-terminal"]);
    assert_eq!(code, 2, "{said}");
}

/// Waits until the process has ended; the time since `began`, and its processor time since `ticks`.
#[track_caller]
fn gone(pid: u32, began: Instant, ticks: u64) -> (Duration, u64) {
    let mut last = ticks;
    loop {
        let state = state(pid);
        if state.is_some() {
            // Its parent may reap it between the two looks.
            last = crate::process::ticks(pid).unwrap_or(last);
        }
        if matches!(state, None | Some('Z')) {
            return (began.elapsed(), last - ticks);
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it lives on");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// 5 % of a processor while it was still there; a tick is 10 ms, and ending itself takes some.
#[track_caller]
fn little(what: &str, took: Duration, ticks: u64) {
    println!("{what}: {ticks} ticks of 10 ms in {} ms", took.as_millis());
    let allowed = 4 + u64::try_from(took.as_millis()).unwrap() / 200;
    assert!(ticks <= allowed, "{what}: {ticks} ticks of 10 ms in {took:?}: it spins");
}

fn signalled(home: &Home) -> Pty {
    let mut pty = home.andon(&["drill", "calm"]);
    awake(&mut pty);
    pty
}

#[test]
fn a_hang_up_ends_it_at_once_and_costs_nothing() {
    together(vec![
        timed("the terminal closes, with SIGHUP", || {
            let home = Home::new("hup");
            let mut pty = signalled(&home);
            let (pid, ticks) = (pty.pid(), cpu_ticks(pty.pid()));
            let began = Instant::now();
            pty.hangup();
            let (took, used) = gone(pid, began, ticks);
            assert_eq!(pty.wait_exit(), 129);
            within("gone after a hang-up with SIGHUP", took, 500);
            little("with SIGHUP", took, used);
        }),
        timed("the terminal closes, and no signal comes", || {
            let home = Home::new("nohup");
            let script = format!("trap '' HUP; {ANDON} drill calm; echo $? >$HOME/code");
            let mut pty = Pty::spawn("sh", &["-c", &script], &[("HOME", home.str())], 80, 23);
            awake(&mut pty);
            let pid = children(pty.pid())[0];
            let (began, ticks) = (Instant::now(), cpu_ticks(pid));
            pty.hangup();
            let (took, used) = gone(pid, began, ticks);
            pty.wait_exit();
            assert_eq!(std::fs::read_to_string(home.path().join("code")).unwrap().trim(), "129");
            within("gone after a hang-up without SIGHUP", took, 500);
            little("without SIGHUP", took, used);
        }),
        timed("the session's leader dies: SIGHUP, and a terminal that lives", || {
            let home = Home::new("leader");
            let script = format!("{ANDON} drill calm; :");
            let mut pty = Pty::spawn("sh", &["-c", &script], &[("HOME", home.str())], 80, 23);
            awake(&mut pty);
            let pid = children(pty.pid())[0];
            let (began, ticks) = (Instant::now(), cpu_ticks(pid));
            pty.signal(Signal::KILL);
            let (took, used) = gone(pid, began, ticks);
            within("gone after its session's leader", took, 500);
            little("leader dead", took, used);
            restored(pty, 137);
        }),
        timed("the terminal is hung up by the system: end of file", || {
            let home = Home::new("vhangup");
            let mut pty = home.andon(&["drill", "calm"]);
            awake(&mut pty);
            let (ticks, bytes) = (cpu_ticks(pty.pid()), pty.bytes());
            if !pty.vhangup() {
                println!("end of file not tried: only root may hang a terminal up");
                return;
            }
            let began = Instant::now();
            let (took, used) = gone(pty.pid(), began, ticks);
            assert_eq!(pty.wait_exit(), 129);
            within("gone after end of file", took, 500);
            little("end of file", took, used);
            let after = String::from_utf8_lossy(&pty.raw()[bytes..]).into_owned();
            assert!(!after.contains("?1049l"), "not a byte to a terminal that is somebody else's now: {after:?}");
        }),
    ]);
}

/// A console on a cluster that answers the patch as told, with a roll back confirmed and on its way.
fn in_flight<T>(name: &str, answer: Fault, then: impl FnOnce(&Home, Pty) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let kube = runtime.block_on(Kube::new());
    kube.server().fault("PATCH", "/rollouts/", answer);
    let home = Home::new(name);
    let config = kube.server().kubeconfig.to_str().unwrap().to_owned();
    let mut pty = home.andon_with(&["--context", "fake"], &[("KUBECONFIG", &config)], 100, 30);
    let chosen = |g: &crate::screen::Grid| g.contains("acts on CHECKOUT") && g.contains("NOT JUDGED");
    pty.wait_until("awake, checkout chosen", |g| chosen(g) && !g.contains("WAKING"));
    // Just after waking, keys only choose a screen; Esc takes its time.
    pty.keys("Esc a r");
    pty.wait_until("the dialog", |g| g.contains("Y roll back") || g.contains("type"));
    crate::console_pty::yes(&mut pty, |_| kube.server().writes() > 0);
    then(&home, pty)
}

fn kinds(home: &Home) -> Vec<String> {
    let text = std::fs::read_to_string(home.only("jsonl")).unwrap();
    let kind = |l: &str| serde_json::from_str::<serde_json::Value>(l).unwrap()["kind"].as_str().unwrap().to_owned();
    let acts = ["intent", "sent", "accepted", "refused", "unknown"];
    text.lines().map(kind).filter(|k| acts.contains(&k.as_str())).collect()
}

#[test]
fn outcomes_of_what_has_left_are_written_before_it_leaves() {
    together(vec![
        timed("TERM, answered after 1.2 s", || {
            in_flight("late", Fault::Late(1_200), |home, pty| {
                pty.signal(Signal::TERM);
                restored(pty, 143);
                assert_eq!(kinds(home), ["intent", "sent", "accepted"]);
                let (code, said) = home.run(&["log", "verify", home.only("jsonl").to_str().unwrap()]);
                assert_eq!(code, 0, "{said}");
            });
        }),
        timed("q asks first, a second one leaves, answered after 1.2 s", || {
            in_flight("again", Fault::Late(1_200), |home, mut pty| {
                pty.keys("Esc q");
                pty.wait_until("asked again, or answered already", |g| g.contains("q again") || !g.contains("sending"));
                pty.keys("q");
                restored(pty, 0);
                assert_eq!(kinds(home), ["intent", "sent", "accepted"]);
            });
        }),
        timed("TERM, never answered: two seconds, and no outcome is made up", || {
            in_flight("never", Fault::Stall, |home, pty| {
                let began = Instant::now();
                pty.signal(Signal::TERM);
                restored(pty, 143);
                within("gone with an act that is never answered", began.elapsed(), 2_600);
                assert_eq!(kinds(home)[..2], ["intent", "sent"]);
                assert!(!kinds(home).contains(&"accepted".to_owned()));
            });
        }),
        timed("hung up with an act in flight: waits, and costs nothing", || {
            in_flight("hung", Fault::Stall, |home, mut pty| {
                let (pid, ticks) = (pty.pid(), cpu_ticks(pty.pid()));
                let began = Instant::now();
                pty.hangup();
                let (took, used) = gone(pid, began, ticks);
                assert_eq!(pty.wait_exit(), 129);
                within("gone after a hang-up with an act in flight", took, 2_600);
                little("with an act in flight", took, used);
                assert_eq!(kinds(home)[..2], ["intent", "sent"]);
            });
        }),
    ]);
}

#[test]
fn twenty_stops_and_the_twenty_first_screen_is_whole() {
    let home = Home::new("stops");
    let mut pty = home.andon(&["drill", "calm"]);
    awake(&mut pty);
    for round in 0..20 {
        match round % 3 {
            0 => pty.keys("C-z"),
            _ => pty.signal(Signal::TSTP),
        }
        pty.wait_stopped();
        assert_eq!(pty.modes_restored(), Ok(()), "round {round}");
        pty.signal(Signal::CONT);
        pty.wait_until("the screen again", |g| g.alternate() && g.contains("DRILL") && g.contains("a acts on"));
    }
    pty.keys("q");
    restored(pty, 0);
}

#[test]
fn a_shell_stops_resumes_backgrounds_and_kills_it_as_any_job() {
    let home = Home::new("jobs");
    let env = [("HOME", home.str()), ("PS1", "ready> ")];
    let mut pty = Pty::spawn("bash", &["--norc", "--noprofile", "-i"], &env, 120, 30);
    pty.wait_for("ready>");
    let shell = |g: &crate::screen::Grid| !g.alternate() && g.contains("Stopped");
    let drill = |g: &crate::screen::Grid| g.alternate() && g.contains("DRILL") && g.contains("a acts on");
    pty.send(format!("{ANDON} drill calm\r"));
    pty.wait_until("the drill", drill);
    pty.keys("C-z");
    pty.wait_until("the shell", shell);
    // In the background it neither draws nor takes what is typed.
    pty.send("clear; bg\r");
    pty.wait_until("the shell", |g| g.contains("drill calm &"));
    pty.send("echo one$((1+1))three\r");
    pty.wait_for("one2three");
    pty.send("jobs\r");
    pty.wait_until("it runs", |g| !g.alternate() && g.lines().iter().any(|l| l.contains("Running")));
    pty.send("clear; fg\r");
    pty.wait_until("the drill", drill);
    pty.keys("C-z");
    pty.wait_until("the shell", shell);
    pty.send("clear; kill %1\r");
    pty.wait_for("log head");
    // The shell tells of it at its next prompt, and the process may take a moment more than its words.
    let end = Instant::now() + Duration::from_secs(20);
    while !pty.look(|g| g.contains("Exit 143")) {
        assert!(Instant::now() < end, "it never ended:\n{}", pty.screen().join("\n"));
        pty.send("\r");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(!pty.look(|g| g.alternate()));
    // Below a program that does not control jobs, as sudo or a script: all of the job stops.
    pty.send(format!("clear; sh -c '{ANDON} drill calm; echo so $?'\r"));
    pty.wait_until("the drill", drill);
    pty.keys("C-z");
    pty.wait_until("the shell", shell);
    pty.send("clear; fg\r");
    pty.wait_until("the drill", drill);
    pty.keys("q");
    pty.wait_for("so 0");
    pty.send("exit\r");
    assert_eq!(pty.wait_exit(), 0);
}
