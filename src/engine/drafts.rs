//! The note being written, on disk for after a crash: `<dir>/draft.json`, 0600, locked while this console runs, so that
//! another one takes `draft-2.json` and nobody is offered what somebody still types. On a thread of its own: a disk that
//! hangs must not keep a key.

use super::inbox::Inbox;
use crate::core::case::note::Draft;
use crate::core::msg::Msg;
use crate::journal::lock::Locked;
use rustix::fs::{FlockOperation, OFlags, flock};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// Consoles of one person on one environment that keep a draft.
const MOST: usize = 8;
/// A draft file is no longer than a note can be, with its JSON around it. Bytes.
const LONGEST: u64 = 1 << 20;

pub struct Drafts {
    to: Option<Sender<Option<Draft>>>,
    done: Receiver<()>,
}

impl Drafts {
    /// Begins on a thread of its own; what an ended session left comes back as `Msg::Draft`.
    pub fn open(dir: &Path, inbox: Inbox) -> std::io::Result<Drafts> {
        let (to, from) = channel::<Option<Draft>>();
        let (ended, done) = channel();
        let dir = dir.to_owned();
        std::thread::Builder::new().name("andon-draft".into()).spawn(move || {
            let mut file = claim(&dir, false);
            if let Some(draft) = file.as_mut().and_then(|f| read(f)) {
                inbox.answer(Msg::Draft(Box::new(draft)));
            }
            while let Ok(mut last) = from.recv() {
                while let Ok(newer) = from.try_recv() {
                    last = newer;
                }
                if file.is_none() && last.is_some() {
                    file = claim(&dir, true);
                }
                if let Some(Err(e)) = file.as_mut().map(|f| write(f, last.as_ref())) {
                    tracing::warn!(error = %e, "draft");
                }
            }
            let _ = ended.send(());
        })?;
        Ok(Drafts { to: Some(to), done })
    }

    /// `None`: there is none any more. Never waits.
    pub fn keep(&self, draft: Option<Draft>) {
        if let Some(to) = &self.to {
            // The thread has ended: no disk, no draft.
            let _ = to.send(draft);
        }
    }
}

impl Drop for Drafts {
    fn drop(&mut self) {
        self.to = None;
        // What was typed last gets a moment, not more.
        let _ = self.done.recv_timeout(Duration::from_millis(500));
    }
}

/// The first draft file that no running console holds; a new one where there is none and one is wanted.
fn claim(dir: &Path, create: bool) -> Option<Locked> {
    if create {
        crate::journal::append::make_dir(dir).ok()?;
    }
    (1..=MOST).find_map(|n| {
        let name = if n == 1 { "draft.json".to_owned() } else { format!("draft-{n}.json") };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(create)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(dir.join(name))
            .ok()?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).ok().map(|()| Locked::new(file))
    })
}

/// The first JSON value; what a cut write left behind it is no matter.
fn read(file: &mut File) -> Option<Draft> {
    let mut text = Vec::new();
    file.rewind().ok()?;
    (&mut *file).take(LONGEST).read_to_end(&mut text).ok()?;
    serde_json::Deserializer::from_slice(&text).into_iter::<Draft>().next()?.ok()
}

/// In place, through the descriptor that holds the lock.
fn write(file: &mut File, draft: Option<&Draft>) -> std::io::Result<()> {
    let draft = draft.map(|d| Draft {
        lines: d.lines.iter().map(|l| crate::journal::redact::text(l).into_owned()).collect(),
        ..d.clone()
    });
    let text = draft.as_ref().map(serde_json::to_vec).transpose()?.unwrap_or_default();
    file.rewind()?;
    file.write_all(&text)?;
    file.set_len(text.len() as u64)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::scratch::Scratch;
    use std::os::unix::fs::MetadataExt;

    fn draft(text: &str) -> Draft {
        Draft { lines: vec![text.into()], ..Draft::default() }
    }

    #[test]
    fn a_draft_outlives_its_console_and_is_not_offered_while_it_is_typed() {
        let dir = Scratch::new();
        assert!(claim(dir.path(), false).is_none(), "nothing is made where nothing is written");
        let mut file = claim(dir.path(), true).expect("claimed");
        assert_eq!(read(&mut file), None);
        write(&mut file, Some(&draft("a long beginning"))).expect("written");
        write(&mut file, Some(&draft("short"))).expect("written");
        assert_eq!(file.metadata().expect("there").mode() & 0o777, 0o600);
        // Another console meanwhile has its own.
        let mut other = claim(dir.path(), true).expect("claimed");
        assert_eq!(read(&mut other), None);
        drop((file, other));
        let mut again = claim(dir.path(), true).expect("claimed");
        assert_eq!(read(&mut again), Some(draft("short")));
        write(&mut again, None).expect("written");
        assert_eq!(read(&mut again), None);
    }
}
