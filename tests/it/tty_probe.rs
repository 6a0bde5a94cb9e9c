//! The terminal layer alone, in a real terminal: a program that shows a counter, the last keys and its own longest
//! pause. It is this test binary started again, so it can never be older than the code it tests.
//!
//! `q` quits, `p` panics, Ctrl-Z suspends, `f` floods the screen, `s` stops flooding.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use andon::core::key::{Code, Key};
use andon::tty::guard::{install_panic_hook, restore_now};
use andon::tty::{Device, Flushed, Frame, Guard, Input, Locale, Output, input, now_ms};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use rustix::process::Signal;

use crate::pty::Pty;

const ARGS: [&str; 4] = ["--exact", "tty_probe::child", "--ignored", "--nocapture"];

fn probe(cols: u16, rows: u16) -> Pty {
    probe_with(&[], cols, rows)
}

fn probe_with(env: &[(&str, &str)], cols: u16, rows: u16) -> Pty {
    let me = std::env::current_exe().unwrap();
    let env = [&[("ANDON_PROBE", "1")], env].concat();
    Pty::spawn(me, &ARGS, &env, cols, rows)
}

#[derive(Default)]
struct Shown {
    count: u64,
    keys: Vec<String>,
    pastes: usize,
    gap: i64,
    flood: bool,
    flushed: Option<u64>,
}

impl Shown {
    fn frame(&self, (cols, rows): (u16, u16)) -> Frame {
        let mut buffer = Buffer::empty(Rect::new(0, 0, cols, rows));
        let lines = [
            format!("count {} size {cols}x{rows}", self.count),
            format!("keys {}", self.keys.join(" ")),
            format!("pastes {} gap {}", self.pastes, self.gap),
            format!("flushed {:?} done", self.flushed),
        ];
        for y in 0..rows {
            if let Some(line) = lines.get(usize::from(y)) {
                let style = if y == 1 { Style::new().reversed() } else { Style::new() };
                buffer.set_stringn(0, y, line, cols.into(), style);
            } else if self.flood {
                let c = char::from(b'a' + u8::try_from((self.count + u64::from(y)) % 26).unwrap());
                buffer.set_stringn(0, y, String::from(c).repeat(cols.into()), cols.into(), Style::new());
            }
        }
        Frame { buffer, cursor: Some((0, 0)), tag: Some(self.keys.len() as u64) }
    }
}

enum News {
    Input(Input),
    Flushed(Flushed),
}

#[test]
#[ignore = "the program itself; the tests below start it in a terminal"]
fn child() {
    if std::env::var_os("ANDON_PROBE").is_some() {
        std::process::exit(run());
    }
}

fn run() -> i32 {
    rustix::process::setrlimit(
        rustix::process::Resource::Core,
        rustix::process::Rlimit { current: Some(0), maximum: Some(0) },
    )
    .unwrap();
    install_panic_hook(|text| Some(format!("/nowhere/{}", text.len())));
    let locale = Locale::read();
    let device = Device::open().unwrap();
    let guard = Guard::enter(&device).unwrap();
    let (tx, rx) = channel();
    let tx2 = tx.clone();
    let _reader = input::start(&device, locale.ssh(), move |i| drop(tx.send(News::Input(i)))).unwrap();
    let output = Output::start(&device, locale.sync(), move |f| drop(tx2.send(News::Flushed(f)))).unwrap();
    let mut shown = Shown::default();
    let mut turn = now_ms();
    output.draw(shown.frame(device.size()));
    loop {
        let news = rx.recv_timeout(Duration::from_millis(10));
        shown.gap = shown.gap.max(now_ms() - turn);
        turn = now_ms();
        match news {
            Err(RecvTimeoutError::Disconnected) => return 1,
            Err(RecvTimeoutError::Timeout) => shown.count += u64::from(shown.flood),
            Ok(News::Flushed(f)) => {
                shown.flushed = f.tag;
                continue;
            }
            Ok(News::Input(Input::Key { key, .. })) => match key {
                k if k == Key::char('q') => {
                    guard.restore();
                    return 0;
                }
                k if k == Key::char('p') => panic!("probe \x1b]0;x\x07 fell"),
                k if k == Key::ctrl('z') => guard.suspend(),
                Key { code, ctrl, .. } => {
                    shown.flood = (shown.flood || code == Code::Char('f')) && code != Code::Char('s');
                    shown.keys.push(format!("{}{code:?}", if ctrl { "C-" } else { "" }));
                }
            },
            Ok(News::Input(Input::Paste { .. })) => shown.pastes += 1,
            Ok(News::Input(Input::Resize { .. } | Input::Mouse { .. })) => {}
            Ok(News::Input(Input::Gone { .. })) => return 129,
            Ok(News::Input(Input::End(ending))) => {
                restore_now();
                return ending.exit_code().into();
            }
            Ok(News::Input(Input::Stop)) => guard.suspend(),
            Ok(News::Input(Input::Continued)) => {
                let _ = guard.resume();
                output.repaint();
                turn = now_ms();
            }
        }
        output.draw(shown.frame(device.size()));
    }
}

#[test]
fn keys_arrive_whole_replies_do_not_and_quitting_restores() {
    let mut pty = probe(80, 23);
    pty.wait_for("count 0 size 80x23");
    assert!(pty.modes_restored().is_err(), "it does use the terminal");
    pty.keys("j Up");
    pty.wait_for("keys Char('j') Up");
    pty.send("\x1b[");
    pty.send("B\x1b]11;rgb:1e1e/");
    pty.send("1e1e/2e2e\x1b\\\x1b[?64;1c\x1b[200~Y\x1b[201~k");
    pty.wait_for("keys Char('j') Up Down Char('k')");
    pty.wait_for("pastes 1");
    pty.keys("Esc");
    pty.wait_for("Char('k') Esc");
    pty.wait_for("flushed Some(5)");
    assert_eq!(pty.look(|g| g.cursor()), Some((0, 0)));
    // Small frames are not worth the sixteen bytes of a synchronised update.
    assert_eq!(pty.look(|g| g.frames), 0);
    // Marks are put around a frame that is large enough to be seen half drawn.
    pty.keys("f");
    pty.wait_until("a synchronized frame", |g| g.contains("Char('f')") && g.frames > 0);
    pty.keys("s");
    pty.wait_for("Char('s')");
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(pty.modes_restored(), Ok(()));
    assert_eq!(pty.asked(), None);
}

#[test]
fn a_panic_restores_first_and_says_one_gated_line() {
    let mut pty = probe(120, 23);
    pty.wait_for("count");
    pty.keys("p");
    assert_eq!(pty.wait_exit(), 134);
    assert_eq!(pty.modes_restored(), Ok(()));
    let said: Vec<String> = pty.screen().into_iter().filter(|l| l.contains("internal error")).collect();
    assert_eq!(said.len(), 1, "{:?}", pty.screen());
    assert!(said[0].starts_with("andon: internal error: probe ^[]0;x^G fell at tests/it/tty_probe.rs:"), "{said:?}");
    assert!(pty.screen().join("").contains("report: /nowhere/"));
}

#[test]
fn a_hangup_ends_it() {
    let mut pty = probe(80, 23);
    pty.wait_for("count");
    let began = Instant::now();
    pty.hangup();
    assert_eq!(pty.wait_exit(), 129);
    // The bar is 500 ms; printed rather than asserted, because test machines are shared.
    println!("gone {} ms after the hang-up", began.elapsed().as_millis());
}

#[test]
fn signals_restore_and_give_their_code() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129), (Signal::QUIT, 131)] {
        let mut pty = probe(80, 23);
        pty.wait_for("count");
        pty.signal(signal);
        assert_eq!(pty.wait_exit(), code);
        assert_eq!(pty.modes_restored(), Ok(()), "{signal:?}");
    }
}

#[test]
fn stopping_gives_the_terminal_back_and_going_on_repaints() {
    let mut pty = probe(80, 23);
    pty.wait_for("count");
    for round in 0..4 {
        if round % 2 == 0 {
            pty.keys("C-z");
        } else {
            pty.signal(Signal::TSTP);
        }
        pty.wait_stopped();
        assert_eq!(pty.modes_restored(), Ok(()), "round {round}");
        let before = pty.bytes();
        pty.signal(Signal::CONT);
        pty.wait_until("the screen again", |g| g.alternate() && g.contains("count 0"));
        let repaint = String::from_utf8_lossy(&pty.raw()[before..]).into_owned();
        assert!(repaint.contains("\x1b[2J"), "{repaint:?}");
        pty.keys("j");
        pty.wait_for(&vec!["Char('j')"; round + 1].join(" "));
    }
    // Stopped without a chance to restore.
    pty.signal(Signal::STOP);
    pty.wait_stopped();
    let before = pty.bytes();
    pty.signal(Signal::CONT);
    pty.keys("x");
    pty.wait_for("Char('x')");
    assert!(String::from_utf8_lossy(&pty.raw()[before..]).contains("\x1b[?1049h"));
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(pty.modes_restored(), Ok(()));
}

#[test]
fn a_shell_with_job_control_gets_its_terminal_and_gives_it_again() {
    let mut pty = Pty::spawn("bash", &["--norc", "--noprofile", "-i"], &[("PS1", "ready> ")], 120, 23);
    pty.wait_for("ready>");
    let me = std::env::current_exe().unwrap();
    pty.send(format!("ANDON_PROBE=1 {} {}\r", me.display(), ARGS.join(" ")));
    pty.wait_until("the probe", |g| g.alternate() && g.contains("count 0"));
    for _ in 0..3 {
        pty.keys("C-z");
        pty.wait_until("the shell", |g| !g.alternate() && g.contains("Stopped"));
        pty.send("fg\r");
        pty.wait_until("the probe again", |g| g.alternate() && g.contains("count 0"));
    }
    pty.keys("j q");
    pty.wait_until("the shell", |g| g.left_behind().iter().all(|l| l == "mode 2004 is on"));
    pty.send("clear; echo code $?; exit\r");
    assert_eq!(pty.wait_exit(), 0);
}

#[test]
fn no_color_keeps_reverse_video_and_no_updates_are_synchronized_in_screen() {
    let mut pty = probe_with(&[("NO_COLOR", "1"), ("STY", "7.pts")], 80, 23);
    pty.wait_for("count");
    assert_eq!(pty.look(|g| g.reversed()), ["keys "]);
    let raw = String::from_utf8_lossy(&pty.raw()).into_owned();
    assert!(!raw.contains("\x1b[;m") && !raw.contains("2026h"), "{raw:?}");
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
}

#[test]
fn a_new_size_is_drawn() {
    let mut pty = probe(80, 23);
    pty.wait_for("size 80x23");
    pty.resize(100, 30);
    pty.wait_for("size 100x30");
    for n in 0..50 {
        pty.resize(20 + n, 5 + n % 7);
    }
    pty.wait_for("size 69x5");
}

/// A program whose terminal was not read for a second, and the longest its loop stood still, in milliseconds.
fn after_a_stall() -> (Pty, i64) {
    let mut pty = probe(200, 50);
    pty.wait_for("count");
    pty.keys("f");
    pty.wait_for("count 2");
    pty.stall(true);
    std::thread::sleep(Duration::from_secs(1));
    pty.keys("s");
    pty.stall(false);
    pty.wait_for("Char('f') Char('s')");
    let line = pty.screen().into_iter().find(|l| l.contains("gap ")).unwrap();
    let gap = line.rsplit(' ').next().unwrap().parse().unwrap();
    (pty, gap)
}

#[test]
fn a_terminal_that_does_not_read_stops_neither_the_loop_nor_the_end() {
    // A machine that stands still does not do so three times.
    let mut tries = (0..3).map(|_| after_a_stall());
    let quick = tries.find(|(_, gap)| *gap < 500);
    let (mut pty, _) = quick.expect("the loop stood still for 500 ms and more, three times");
    pty.keys("f");
    pty.stall(true);
    std::thread::sleep(Duration::from_millis(300));
    pty.signal(Signal::TERM);
    assert_eq!(pty.wait_exit(), 143);
    pty.stall(false);
    pty.wait_until("the main screen", |g| g.left_behind().is_empty());
    assert_eq!(pty.modes_restored(), Ok(()));
}
