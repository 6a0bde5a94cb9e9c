//! What a line and a terminal can put before the real program: answers nobody asked for, whole, split, late and cut,
//! and a paste that never ends. No key comes out of them, nothing opens, and the next key works.

use crate::console_pty::awake;
use crate::home::Home;
use crate::pty::Pty;
use crate::together::{Case, case, thrice, together};
use std::time::Duration;

const REPLIES: [&str; 16] = [
    "\x1b[?64;1;2;6;22c",
    "\x1b[>41;354;0c",
    "\x1b[12;40R",
    "\x1b[0n",
    "\x1b[?2026;2$y",
    "\x1b[?1u",
    "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
    "\x1b]10;rgb:ffff/ffff/ffff\x07",
    "\x1bP>|xterm(390)\x1b\\",
    "\x1bP1+r544e=787465726d\x1b\\",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b[I",
    "\x1b[O",
    "\x1b[<0;10;5M",
    "\x1b[M !!",
    "\x1b[8;24;80t",
];

fn board(home: &Home) -> Pty {
    let mut pty = home.andon(&["--no-clock", "drill", "calm"]);
    awake(&mut pty);
    pty.keys("Esc b");
    pty.wait_for("SERVICE");
    pty
}

/// On the Board again, wherever an attempt has led.
fn back(pty: &mut Pty) {
    if !pty.look(|g| g.contains("SERVICE") && g.contains("a acts on")) {
        pty.keys("Esc Esc b");
        pty.wait_for("SERVICE");
    }
}

/// Still the Board, with nothing over it; and it answers.
#[track_caller]
fn unmoved(pty: &mut Pty, after: &str) {
    let lines = pty.screen();
    let all = lines.join("\n");
    assert!(all.contains("SERVICE") && all.contains("a acts on"), "after {after}:\n{all}");
    for other in ["HELP", "ACT ON", "HOLD", "ROLL BACK", "CALLS/MIN", "RUNBOOK  ", "ctrl-o", "q again"] {
        assert!(!all.contains(other), "{other} after {after}:\n{all}");
    }
}

#[track_caller]
fn leaves(mut pty: Pty) {
    pty.keys("o");
    pty.wait_for("CALLS/MIN");
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(pty.modes_restored(), Ok(()));
}

/// An ESC and its rest are told apart by time, of which a machine has its own share.
fn in_time<'a>(name: impl Into<String>, run: impl Fn() + Send + 'a) -> Case<'a> {
    case(name, move || thrice(&run))
}

#[test]
fn answers_nobody_asked_for_and_open_pastes_are_no_keys() {
    let cut = |start: &'static str| {
        in_time(format!("cut: the rest of {start:?} never comes"), move || {
            let home = Home::new("cut");
            let mut pty = board(&home);
            pty.send(start);
            // Two seconds, and what a busy machine needs to read it.
            std::thread::sleep(Duration::from_millis(3_500));
            unmoved(&mut pty, start);
            leaves(pty);
        })
    };
    let mut cases: Vec<_> =
        ["\x1b]11;rgb:1e", "\x1bP>|xt", "\x1b[?64;", "\x1bO", "\x1b[M"].into_iter().map(cut).collect();
    cases.extend([
        in_time("whole, and split at every byte", || {
            let home = Home::new("split");
            let mut pty = board(&home);
            for reply in REPLIES {
                for cut in 0..reply.len() {
                    pty.send(&reply[..cut]);
                    // Two writes are two reads when there is a moment between them.
                    std::thread::sleep(Duration::from_millis(1));
                    pty.send(&reply[cut..]);
                }
            }
            std::thread::sleep(Duration::from_millis(100));
            unmoved(&mut pty, "split replies");
            leaves(pty);
        }),
        in_time("late: the rest comes when the ESC is long decided", || {
            let home = Home::new("later");
            let mut pty = board(&home);
            for reply in REPLIES {
                thrice(|| {
                    back(&mut pty);
                    pty.send("\x1b");
                    std::thread::sleep(Duration::from_millis(120));
                    pty.send(&reply[1..]);
                    std::thread::sleep(Duration::from_millis(80));
                    unmoved(&mut pty, reply);
                });
            }
            leaves(pty);
        }),
        in_time("late: in the middle", || {
            let home = Home::new("middle");
            let mut pty = board(&home);
            for reply in REPLIES {
                let half = reply.len() / 2;
                thrice(|| {
                    back(&mut pty);
                    pty.send(&reply[..half.max(2)]);
                    std::thread::sleep(Duration::from_millis(150));
                    pty.send(&reply[half.max(2)..]);
                    unmoved(&mut pty, reply);
                });
            }
            leaves(pty);
        }),
        in_time("a paste that never ends", || {
            let home = Home::new("paste");
            let mut pty = board(&home);
            pty.send("\x1b[200~a r Y q q n ? a a Y\r\r");
            pty.wait_for("pasted text was ignored");
            unmoved(&mut pty, "an open paste");
            leaves(pty);
        }),
        in_time("a paste of a megabyte and more", || {
            let home = Home::new("large");
            let mut pty = board(&home);
            pty.send("\x1b[200~");
            for _ in 0..80 {
                pty.send(vec![b'Y'; 16 * 1024]);
            }
            pty.send("\x1b[201~");
            pty.wait_for("pasted text was ignored");
            unmoved(&mut pty, "a large paste");
            leaves(pty);
        }),
        in_time("Esc over ssh has its hundred milliseconds", || {
            let home = Home::new("ssh");
            let mut pty = home.andon_with(&["drill", "calm"], &[("SSH_CONNECTION", "::1 1 ::1 22")], 80, 23);
            awake(&mut pty);
            pty.keys("Esc ?");
            pty.wait_for("HELP");
            // Two halves of an arrow, further apart than one packet: still an arrow, and Help stays open.
            pty.send("\x1b");
            std::thread::sleep(Duration::from_millis(60));
            pty.send("[B");
            std::thread::sleep(Duration::from_millis(200));
            pty.wait_for("1 above");
            pty.keys("Esc");
            pty.wait_until("help closed", |g| !g.contains(" above"));
            pty.keys("q");
            assert_eq!(pty.wait_exit(), 0);
        }),
    ]);
    together(cases);
}
