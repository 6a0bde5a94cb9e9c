//! What the world does to a console that nobody looks at: a terminal that is not read, a pipe that nobody reads, a
//! system clock that is set.

use crate::console_pty::{awake, leave};
use crate::home::Home;
use crate::process::{cpu_ticks, resident};
use andon::core::act::flight::State;
use andon::core::effect::Effect;
use andon::core::msg::Msg;
use andon::core::time::Utc;
use andon::core::update::update;
use andon::core::world::fact::Fact;
use andon::journal::tape_read::{TapeLine, TapeReader};
use andon::testkit::drill::Run;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long the terminal is not read: 30 s where `.ci/run` says so, 5 s in the suite.
fn stall() -> Duration {
    Duration::from_secs(if std::env::var_os("ANDON_LONG").is_some() { 30 } else { 5 })
}

#[test]
fn a_terminal_that_is_not_read_stops_nothing() {
    let home = Home::new("stalled");
    // 30 world seconds a second: a telemetry poll every half second, and a large screen that changes with each.
    let mut pty = home.andon_with(&["drill", "f1", "--speed", "30"], &[], 200, 50);
    awake(&mut pty);
    let (memory, ticks) = (resident(pty.pid()), cpu_ticks(pty.pid()));
    pty.stall(true);
    // Fill what the kernel holds, so that the drawing thread really waits.
    for _ in 0..30 {
        pty.keys("C-l");
    }
    std::thread::sleep(Duration::from_secs(1));
    let from = andon::tty::now_ms();
    std::thread::sleep(stall());
    let to = andon::tty::now_ms();
    let grown = resident(pty.pid()).saturating_sub(memory);
    let used = cpu_ticks(pty.pid()) - ticks;
    pty.stall(false);
    // It answers at once, with the newest state and not with all that was missed.
    pty.keys("o");
    pty.wait_for("CALLS/MIN");
    leave(&mut pty);
    assert_eq!(pty.modes_restored(), Ok(()));

    let tape = home.only("tape");
    let (mut facts, mut gap, mut last) = (0, 0, from);
    for line in TapeReader::<Msg>::open(&tape).unwrap() {
        let Ok(TapeLine::Message { at, message, .. }) = line else { continue };
        if (from..to).contains(&at.person.0) {
            facts += usize::from(matches!(message, Msg::Fact { .. }));
            gap = gap.max(at.person.0 - last);
            last = at.person.0;
        }
    }
    gap = gap.max(to - last);
    let secs = (to - from) / 1_000;
    println!("{secs} s not read: {facts} facts, longest pause {gap} ms, +{grown} KiB, {used} ticks of 10 ms");
    assert!(i64::try_from(facts).unwrap() >= secs, "{facts} facts in {secs} s: the polls stood still");
    // A poll is due every 500 ms and the world is looked at every 50 ms or more; 250 ms more is the bar.
    let bar = if std::env::var_os("ANDON_LONG").is_some() { 750 + 50 } else { 4_000 };
    assert!(gap <= bar, "nothing happened for {gap} ms");
    assert!(grown < 8 * 1024, "memory grew by {grown} KiB");
}

/// Runs andon with an output that nobody reads: exit code and stderr.
fn unread(home: &Home, args: &[&str]) -> (i32, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let done = Command::new(env!("CARGO_BIN_EXE_andon"))
        .args(args)
        .env_clear()
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let signal = std::os::unix::process::ExitStatusExt::signal(&done.status).map(|s| 128 + s);
    let code = done.status.code().or(signal).unwrap_or(-1);
    (code, String::from_utf8_lossy(&done.stderr).into_owned())
}

#[test]
fn an_output_that_nobody_reads_ends_quietly_with_141() {
    let home = Home::new("pipe");
    let mut pty = home.andon(&["drill", "calm"]);
    awake(&mut pty);
    // Leaving does not wait for a slow disk to give the tape a file.
    let begun = Instant::now();
    while !home.files().iter().any(|f| f.extension().is_some_and(|e| e == "tape")) {
        assert!(begun.elapsed() < Duration::from_secs(20), "no tape: {:?}", home.files());
        std::thread::sleep(Duration::from_millis(20));
    }
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    let text = |p: &Path| p.to_str().unwrap().to_owned();
    let (log, tape) = (text(&home.only("jsonl")), text(&home.only("tape")));
    let dir = text(Path::new(&log).parent().unwrap());
    for args in [
        &["--help"][..],
        &["--version"],
        &["log", "tail", "--dir", &dir],
        &["log", "verify", &log],
        &["replay", &tape],
        &["config", "check"],
    ] {
        let (code, said) = unread(&home, args);
        assert_eq!((code, said.as_str()), (141, ""), "{args:?}");
    }
    // As it is typed.
    let script = format!("'{}' log tail -n 1000 --dir '{dir}' | head -1", env!("CARGO_BIN_EXE_andon"));
    let done = Command::new("bash").args(["-c", &script]).env("HOME", home.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stderr), "");
    assert_eq!(String::from_utf8_lossy(&done.stdout).lines().count(), 1);
}

/// What a person's clock may do in the middle of things: an hour on, an hour back, and what daylight saving would be if
/// anything read local time.
const STEPS: [i64; 4] = [3_600_000, -3_600_000, 2 * 3_600_000, -10 * 60_000];

#[test]
fn a_system_clock_that_is_set_moves_no_deadline_and_no_delay() {
    let mut run = Run::new("f1", 3);
    run.wait(200_000);
    run.keys("b");
    run.act("a a");
    assert!(run.model.is_armed());
    run.choose("checkout");
    run.act("a r");
    run.wait(20_000);
    assert_eq!(run.sent.len(), 1);
    run.keys("esc o b v");
    run.wait(11 * 60_000);
    assert!(!run.model.is_armed(), "the arming ended by time");

    let states = |m: &andon::core::model::Model| {
        m.acts.values().map(|a| (a.id, std::mem::discriminant(&a.state))).collect::<Vec<_>>()
    };
    let kind = |e: &Effect| match e {
        Effect::Append { entry, .. } | Effect::AppendLate { entry, .. } => format!("{:?}", entry.kind),
        Effect::Ask { .. } => String::new(),
        other => format!("{:?}", std::mem::discriminant(other)),
    };
    // The same messages with the same moments, once as they were and once with the clock set in the middle.
    let play = |step: i64, after: usize| {
        let mut model = Run::new("f1", 3).model;
        let skip = Run::new("f1", 3).tape.len();
        let mut all = Vec::new();
        for (n, (at, msg)) in run.tape.iter().enumerate().skip(skip) {
            let (mut at, mut msg) = (*at, msg.clone());
            if n >= after {
                at.utc = Utc(at.utc.0 + step);
                // What is read is stamped by the same clock.
                if let Msg::Fact { fact, .. } = &mut msg
                    && let Fact::Target(t) = &mut **fact
                {
                    t.read_at = Utc(t.read_at.0 + step);
                }
            }
            for e in update(&mut model, at, msg) {
                let told = kind(&e);
                // Records of what is seen speak of ages and may differ; acts, arming and requests may not.
                let ours = ["Armed", "Disarmed", "Intent", "Sent", "Accepted", "Seen", "Settled", "Stuck"];
                if ours.contains(&told.as_str()) || matches!(e, Effect::Perform { .. } | Effect::Plan { .. }) {
                    all.push((at.person, told));
                }
            }
        }
        (all, states(&model), model.is_armed())
    };
    let as_it_was = play(0, usize::MAX);
    assert!(
        as_it_was.0.iter().any(|(_, k)| k == "Settled") || run.model.acts.values().all(|a| a.state != State::Sending)
    );
    assert!(as_it_was.0.len() >= 5, "{as_it_was:?}");
    // Just armed, just sent, long after.
    let armed = run.tape.iter().position(|(_, m)| matches!(m, Msg::Answered { .. })).expect("an answer");
    for (n, step) in STEPS.into_iter().enumerate() {
        let after = [armed.saturating_sub(400), armed + 1, armed + 200][n % 3];
        assert_eq!(play(step, after), as_it_was, "the clock set by {step} ms at message {after}");
    }
}

#[test]
fn only_main_ends_the_process() {
    fn files(dir: &Path, out: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path, out) } else { out.push(path) }
        }
    }
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    assert!(all.len() > 50);
    for file in all {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.to_string_lossy().into_owned();
        assert!(!text.contains("process::exit("), "{name}");
        // The panic hook is the one other end.
        assert!(!text.contains("process::abort(") || name.ends_with("tty/guard.rs"), "{name}");
    }
}

#[test]
fn within_the_last_words_a_second_signal_changes_nothing() {
    let home = Home::new("twice");
    let mut pty = home.andon(&["drill", "calm"]);
    awake(&mut pty);
    let began = Instant::now();
    for _ in 0..5 {
        pty.signal(rustix::process::Signal::INT);
    }
    assert_eq!(pty.wait_exit(), 130);
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!(pty.modes_restored(), Ok(()));
}
