//! A login command with the terminal: started while the front is away, waited for on a thread, told to the inbox at its
//! end. What it prints on standard output is shown only where it is no credential.

use super::inbox::{FromTerminal, Inbox};
use crate::backends::Login;
use crate::core::id::SourceId;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::fs::{File, OpenOptions};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// The command that runs now; a session that ends takes it along.
#[derive(Clone, Default)]
pub struct Running(Arc<Mutex<Option<Pid>>>);

impl Running {
    fn set(&self, pid: Option<Pid>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = pid;
    }

    pub fn is_some(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub fn end(&self) {
        if let Some(pid) = *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

/// Runs the commands one after the other until one fails. Exactly one `FromTerminal::LoggedIn` follows.
pub fn start(source: SourceId, logins: Vec<Login>, running: Running, inbox: Inbox) {
    let (own, told) = (source.clone(), inbox.clone());
    let thread = std::thread::Builder::new().name("andon-login".into()).spawn(move || {
        let failed = logins.iter().find_map(|l| run(l, &running).err());
        running.set(None);
        inbox.terminal(FromTerminal::LoggedIn { source, failed: failed.map(Arc::from) });
    });
    if let Err(e) = thread {
        told.terminal(FromTerminal::LoggedIn { source: own, failed: Some(format!("no thread for it: {e}").into()) });
    }
}

fn run(login: &Login, running: &Running) -> Result<(), String> {
    let (program, args) = login.argv.split_first().ok_or("the login command names no program")?;
    // Opened anew: our own description does not wait, and a login must.
    let tty = || -> Result<File, String> {
        OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(|e| format!("no terminal for it: {e}"))
    };
    let out = if login.prints_secrets { Stdio::null() } else { tty()?.into() };
    let child = Command::new(program)
        .args(args)
        .envs(login.env.iter().map(|(k, v)| (k, v)))
        .stdin(tty()?)
        .stdout(out)
        .stderr(tty()?)
        .spawn()
        .map_err(|e| format!("{program} did not start: {}", e.kind()))?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or("it has no number")?;
    running.set(Some(pid));
    loop {
        match waitpid(Some(pid), WaitOptions::UNTRACED) {
            // Ctrl-Z: there is no shell here that could bring it back.
            Ok(Some((_, status))) if status.stopped() => {
                let _ = kill_process(pid, Signal::CONT);
            }
            Ok(Some((_, status))) => {
                return match (status.exit_status(), status.terminating_signal()) {
                    (Some(0), _) => Ok(()),
                    (Some(code), _) => Err(format!("{program} ended with {code}")),
                    (None, Some(signal)) => Err(format!("{program} was ended by signal {signal}")),
                    (None, None) => Err(format!("{program} ended")),
                };
            }
            Ok(None) => {}
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(format!("{program} could not be waited for: {e}")),
        }
    }
}
