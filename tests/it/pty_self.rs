//! The PTY harness tried on programs whose behaviour is known.

use crate::pty::Pty;

#[test]
fn a_shell_in_a_terminal_of_its_own() {
    let script = "echo $FOO $(tput cols 2>/dev/null; stty size </dev/tty); read x; echo got $x; exit 3";
    let mut pty = Pty::spawn("sh", &["-c", script], &[("FOO", "bar")], 50, 10);
    pty.wait_for("bar");
    pty.wait_for("10 50");
    let before = pty.bytes();
    pty.keys("h i Enter");
    pty.wait_for("got hi");
    assert_eq!(pty.wait_exit(), 3);
    assert!(pty.bytes() > before && pty.raw().ends_with(b"got hi\r\n"));
    assert_eq!(pty.modes_restored(), Ok(()));
    assert_eq!(pty.asked(), None);
}

#[test]
fn a_program_that_leaves_modes_on_is_found_out() {
    let script = r"printf '\033[?1049h\033[?25l\033[?2004h\033[6n'; stty raw -echo";
    let mut pty = Pty::spawn("sh", &["-c", script], &[], 80, 23);
    assert_eq!(pty.wait_exit(), 0);
    let left = pty.modes_restored().unwrap_err();
    for what in ["2004", "alternate", "cursor", "termios"] {
        assert!(left.contains(what), "{left}");
    }
    assert_eq!(pty.asked(), Some("\x1b[6n"));
}

#[test]
fn a_hangup_reaches_the_program() {
    // A shell cannot trap what was ignored when it began, and under nohup this signal is.
    let script = "trap 'exit 7' HUP; echo up; while :; do sleep 0.05; done";
    let mut pty = Pty::spawn("env", &["--default-signal=HUP", "sh", "-c", script], &[], 80, 23);
    pty.wait_for("up");
    assert!(pty.pid() > 0);
    pty.hangup();
    assert_eq!(pty.wait_exit(), 7);
}

#[test]
fn andon_itself_runs_in_it() {
    let mut pty = Pty::andon(&["--version"], &[]);
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(pty.modes_restored(), Ok(()));
}

#[test]
fn a_slow_line_takes_its_bytes_a_second() {
    let mut pty = Pty::spawn("sh", &["-c", "read x; printf '%0400d end' 1"], &[], 80, 23);
    pty.throttle(Some(1_000));
    let began = std::time::Instant::now();
    pty.keys("Enter");
    pty.wait_for("end");
    assert!(began.elapsed() >= std::time::Duration::from_millis(350), "{:?}", began.elapsed());
    let (last, all) = *pty.reads().last().expect("it was read");
    assert!(last > began && all == pty.bytes());
}
