//! A thread that follows a log directory: what other sessions append, who is in, who has ended; and that keeps our own live
//! file up to date. Nobody waits for it, and a directory that hangs hangs nothing else. Calm, it sleeps.

pub mod crowd;
pub mod files;
pub mod watch;

use super::hlc::Heard;
use super::live::{self, LiveFile};
use crate::core::case::people::{Here, Present};
use crate::core::entry::Kind;
use crate::core::record::Record;
use crate::core::time::Utc;
use crowd::Crowd;
use files::Files;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::{Duration, Instant, SystemTime};
use watch::{Waker, Watch};

#[cfg(test)]
mod tests;

/// Records are told at most this often.
pub const PACE: Duration = Duration::from_millis(100);
/// In one message, at most.
pub const BATCH: usize = 256;
/// Taken in one round, at most; what is over waits in the files.
const ROUND: usize = 4 * BATCH;
/// Locks of those who are in are looked at this often: a session that is killed tells nobody.
const LIVENESS: Duration = Duration::from_secs(5);
/// Our live file is not rewritten sooner than this after the last time, but for a dialog.
const RESTS: Duration = Duration::from_millis(250);

/// What it finds.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// All who are in, each time it changes.
    People(Vec<Present>),
    /// What others wrote, merged; at most [`BATCH`].
    Records(Vec<Record>),
    /// So many observations of others were left out, in all.
    Skipped(u64),
    /// Why files are looked at each second; `None`: changes are told.
    Polled(Option<String>),
}

/// Takes findings, on the following thread. Must not block.
pub type OnFound = Arc<dyn Fn(Found) + Send + Sync>;

/// Made before our own log: from here on nothing of others' is missed.
pub struct Before {
    dir: PathBuf,
    files: Files,
    crowd: Crowd,
    waker: Waker,
    go: Arc<AtomicBool>,
}

/// What can be set; tests are in a hurry.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Look each second although the kernel would tell, and why.
    pub look: Option<String>,
    pub liveness: Duration,
    pub beat: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        let mut s = Settings { look: None, liveness: LIVENESS, beat: live::beat() };
        // `ANDON_TEST_FOLLOW`: `look` and a number of milliseconds between looks at locks.
        #[cfg(feature = "testkit")]
        if let Ok(text) = std::env::var("ANDON_TEST_FOLLOW") {
            s.look = text.contains("look").then(|| "a test asks to".to_owned());
            let ms = text.split(' ').find_map(|w| w.parse().ok());
            s.liveness = ms.map_or(s.liveness, Duration::from_millis);
        }
        s.beat = s.beat.min(live::BEAT);
        s
    }
}

/// Tells the thread to begin reading: the past has been read by whoever reads it.
#[derive(Clone)]
pub struct Go {
    go: Arc<AtomicBool>,
    waker: Waker,
}

impl Go {
    pub fn go(&self) {
        self.go.store(true, Ordering::SeqCst);
        self.waker.wake();
    }
}

impl Before {
    /// Where the files end now, and who is in.
    pub fn look(dir: &Path) -> io::Result<Before> {
        let mut crowd = Crowd::new(dir, "");
        let now = now();
        for session in crowd.list().unwrap_or_default() {
            crowd.look(&session, false, now);
        }
        // Whoever has a live file may still write, whatever its lock says just now.
        let lives: BTreeSet<String> = crowd.list().unwrap_or_default().into_iter().collect();
        let files = Files::from_now(dir, |s| lives.contains(s))?;
        Ok(Before { dir: dir.to_owned(), files, crowd, waker: Waker::new()?, go: Arc::default() })
    }

    pub fn people(&self) -> Vec<Present> {
        self.crowd.people()
    }

    pub fn go(&self) -> Go {
        Go { go: self.go.clone(), waker: self.waker.clone() }
    }
}

/// The handle; the thread ends with it.
pub struct Follower {
    to: Sender<Here>,
    waker: Option<Waker>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        // The sender goes after this: the thread sees it gone when it looks.
        let (none, _) = channel();
        self.to = none;
        if let Some(w) = &self.waker {
            w.wake();
        }
    }
}

impl Follower {
    /// Follows from where `before` looked. `own`: our session.
    pub fn start(
        before: Before,
        own: &str,
        settings: Settings,
        heard: Heard,
        live: Option<LiveFile>,
        found: OnFound,
    ) -> io::Result<Follower> {
        let (to, from) = channel();
        let waker = before.waker.clone();
        let own = own.to_owned();
        std::thread::Builder::new().name("andon-follow".into()).spawn(move || {
            Following::new(before, &own, settings, heard, live, found).run(&from);
        })?;
        Ok(Follower { to, waker: Some(waker) })
    }

    /// Only keeps our own live file up to date: a drill reads no other's log.
    pub fn alone(settings: Settings, live: LiveFile) -> io::Result<Follower> {
        let (to, from) = channel();
        std::thread::Builder::new().name("andon-live".into()).spawn(move || {
            let mut says = Says::new(Some(live), settings.beat);
            loop {
                match from.recv_timeout(says.wait()) {
                    Ok(here) => says.take(here),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
                says.write();
            }
        })?;
        Ok(Follower { to, waker: None })
    }

    /// What our live file is to say. Never blocks.
    pub fn say(&self, here: Here) {
        // Ended only after a panic of its own.
        let _ = self.to.send(here);
        if let Some(w) = &self.waker {
            w.wake();
        }
    }
}

fn now() -> Utc {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Utc(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Our own live file.
struct Says {
    live: Option<LiveFile>,
    beat: Duration,
    here: Here,
    /// Changed since it was written.
    due: bool,
    /// Somebody waits to read it: a dialog opened or closed.
    at_once: bool,
    written: Instant,
}

impl Says {
    fn new(live: Option<LiveFile>, beat: Duration) -> Says {
        Says { live, beat, here: Here::default(), due: false, at_once: false, written: Instant::now() }
    }

    /// Takes what was told. False: the handle is gone.
    fn listen(&mut self, from: &Receiver<Here>) -> bool {
        loop {
            match from.try_recv() {
                Ok(here) => self.take(here),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn take(&mut self, here: Here) {
        self.at_once |= here.dialog != self.here.dialog;
        self.due |= here != self.here;
        self.here = here;
    }

    fn wait(&self) -> Duration {
        let gone = self.written.elapsed();
        match (&self.live, self.due) {
            (None, _) => Duration::from_secs(3_600),
            (Some(_), true) if self.at_once => Duration::ZERO,
            (Some(_), true) => RESTS.saturating_sub(gone),
            (Some(_), false) => self.beat.saturating_sub(gone),
        }
    }

    fn write(&mut self) {
        let Some(live) = self.live.as_ref().filter(|_| self.wait().is_zero()) else { return };
        if let Err(e) = live.say(&self.here, now()) {
            // The lock still says that we run.
            tracing::warn!(error = %e, "the live file cannot be written");
        }
        (self.due, self.at_once, self.written) = (false, false, Instant::now());
    }
}

struct Following {
    dir: PathBuf,
    own: String,
    files: Files,
    crowd: Crowd,
    watch: Watch,
    settings: Settings,
    says: Says,
    heard: Heard,
    found: OnFound,
    go: Arc<AtomicBool>,
    /// Logs that may hold more.
    logs: BTreeSet<String>,
    told: Instant,
    checked: Instant,
    /// When the directory last changed, where that is looked at.
    changed: Option<SystemTime>,
    skipped: u64,
    polled: Option<Option<String>>,
}

impl Following {
    fn new(
        before: Before,
        own: &str,
        settings: Settings,
        heard: Heard,
        live: Option<LiveFile>,
        found: OnFound,
    ) -> Following {
        let Before { dir, files, crowd, waker, go } = before;
        let files = files.without(own);
        let watch = Watch::new(&dir, waker, settings.look.as_deref());
        let says = Says::new(live, settings.beat);
        let now = Instant::now();
        Following {
            dir,
            own: own.to_owned(),
            files,
            crowd: crowd.named(own),
            watch,
            settings,
            says,
            heard,
            found,
            go,
            logs: BTreeSet::new(),
            told: now.checked_sub(PACE).unwrap_or(now),
            checked: now,
            changed: None,
            skipped: 0,
            polled: None,
        }
    }

    fn run(mut self, from: &Receiver<Here>) {
        // From here on changes are told; what changed before is looked at once.
        self.all(true);
        while self.says.listen(from) {
            self.says.write();
            self.how();
            self.round();
            if self.checked.elapsed() >= self.settings.liveness {
                self.checked = Instant::now();
                self.let_go();
            }
            let paced = self.waits_for_pace();
            let woken = self.watch.wait(self.sleep(paced), paced);
            if woken.all {
                self.all(false);
            }
            self.names(&woken.names);
        }
    }

    fn how(&mut self) {
        let why = self.watch.why().map(str::to_owned);
        if self.polled.as_ref() != Some(&why) {
            self.polled = Some(why.clone());
            (self.found)(Found::Polled(why));
        }
    }

    fn waits_for_pace(&self) -> bool {
        !self.logs.is_empty() && self.go.load(Ordering::SeqCst) && self.told.elapsed() < PACE
    }

    fn sleep(&self, paced: bool) -> Duration {
        let mut at_most = self.says.wait();
        if paced {
            at_most = at_most.min(PACE.saturating_sub(self.told.elapsed()));
        } else if !self.logs.is_empty() && self.go.load(Ordering::SeqCst) {
            at_most = Duration::ZERO;
        }
        if self.crowd.has_young() {
            at_most = at_most.min(crowd::AGAIN);
        }
        if !self.crowd.is_empty() {
            at_most = at_most.min(self.settings.liveness.saturating_sub(self.checked.elapsed()));
        }
        at_most
    }

    /// Looks at everything.
    fn all(&mut self, list: bool) {
        // Opening a directory asks a network file system anew.
        let changed = File::open(&self.dir).and_then(|d| d.metadata()).and_then(|m| m.modified()).ok();
        let lives = if list || changed.is_none() || changed != self.changed {
            // Changed while it is read: read again next time.
            self.changed = changed;
            if let Err(e) = self.files.list() {
                tracing::warn!(error = %e, "the log's directory cannot be listed");
            }
            self.crowd.list().unwrap_or_default()
        } else {
            self.crowd.sessions()
        };
        let back = |s: &&str| live::runs(&self.dir, s);
        let lives = lives.into_iter().chain(self.files.gone().filter(back).map(str::to_owned)).collect();
        self.logs.extend(self.files.sessions());
        self.look(lives, false);
    }

    /// Files that were told to have changed.
    fn names(&mut self, names: &BTreeSet<String>) {
        let mut lives = Vec::new();
        for name in names {
            if let Some(session) = name.strip_suffix(".jsonl").filter(|s| *s != self.own) {
                self.files.appeared(session);
                self.watch.add(name);
                self.logs.insert(session.to_owned());
            } else if let Some(session) = name.strip_suffix(".live") {
                lives.push(session.to_owned());
            }
        }
        lives.extend(self.crowd.young());
        self.look(lives, true);
    }

    fn look(&mut self, lives: Vec<String>, fresh: bool) {
        let now = now();
        let (mut changed, mut ended) = (false, false);
        for session in lives {
            changed |= self.crowd.look(&session, fresh, now);
            if self.crowd.has(&session) {
                // On a file system without locks a console that was stopped for long looked as if it had ended.
                if self.files.back(&session) {
                    self.logs.insert(session.clone());
                }
                // Each is watched once; what is told of already costs nothing.
                self.watch.add(&format!("{session}.live"));
                self.watch.add(&format!("{session}.jsonl"));
                ended = true;
            }
        }
        if changed {
            (self.found)(Found::People(self.crowd.people()));
        }
        if ended {
            self.let_go();
        }
    }

    /// Those who have ended: first what they still wrote, then that they are gone.
    fn let_go(&mut self) {
        let gone = self.crowd.gone();
        if gone.is_empty() {
            return;
        }
        if self.go.load(Ordering::SeqCst) {
            self.logs.extend(gone.iter().cloned());
            // A flood that was killed in the middle: its rest comes with the rounds, late but whole.
            for _ in 0..8 {
                if self.logs.is_empty() {
                    break;
                }
                self.tell();
            }
        }
        for session in gone {
            self.crowd.let_go(&session);
            // A live file that is written again tells that its console had only been stopped; a clean end removes it.
            let live = format!("{session}.live");
            let surely = !self.dir.join(&live).exists();
            if surely {
                self.watch.remove(&live);
            }
            self.watch.remove(&format!("{session}.jsonl"));
            if !self.logs.contains(&session) {
                self.files.ended(&session, surely);
            }
        }
        (self.found)(Found::People(self.crowd.people()));
    }

    fn round(&mut self) {
        if !self.logs.is_empty() && self.go.load(Ordering::SeqCst) && self.told.elapsed() >= PACE {
            self.tell();
        }
    }

    /// Reads what is new and tells it.
    fn tell(&mut self) {
        let logs = std::mem::take(&mut self.logs);
        for session in logs {
            if self.files.fill(&session) {
                self.logs.insert(session);
            }
        }
        let some = self.files.take(ROUND);
        self.told = Instant::now();
        if some.is_empty() {
            // Nothing can be given before the files that were not asked for have been read.
            return;
        }
        let now = now();
        let mut clocks = false;
        for r in &some {
            self.heard.saw(r.hlc, now);
            if let Some(utc) = Utc::read(&r.utc) {
                clocks |= self.crowd.tells(&r.session, utc, now);
            }
        }
        if clocks {
            (self.found)(Found::People(self.crowd.people()));
        }
        let (some, left_out) = thinned(some, BATCH);
        let mut rest = some.into_iter().peekable();
        while rest.peek().is_some() {
            (self.found)(Found::Records(rest.by_ref().take(BATCH).collect()));
        }
        if left_out > 0 {
            self.skipped += left_out;
            (self.found)(Found::Skipped(self.skipped));
        }
    }
}

/// No more than `most`, where leaving out observations, the oldest first, is enough for that; how many were.
fn thinned(records: Vec<Record>, most: usize) -> (Vec<Record>, u64) {
    let mut over = records.len().saturating_sub(most);
    let before = over;
    let observed = |r: &Record| Kind::from_word(&r.kind).is_some_and(Kind::is_observation);
    let keep = |r: &Record| {
        let out = over > 0 && observed(r);
        over -= usize::from(out);
        !out
    };
    let kept: Vec<Record> = records.into_iter().filter(keep).collect();
    (kept, (before - over) as u64)
}
