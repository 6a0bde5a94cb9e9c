//! Several consoles on one log directory: two that write at once, read by everybody; and two real ones in terminals.

use crate::contract::kube::Kube;
use crate::home::Home;
use crate::log::session::settings;
use crate::pty::Pty;
use crate::together::{case, together};
use andon::core::act::plan::Ticket;
use andon::core::act::side::SideAct;
use andon::core::case::seams::seams;
use andon::core::entry::{Entry, Kind};
use andon::core::msg::Msg;
use andon::core::record::Record;
use andon::core::time::{Person, Stamp, Utc, World};
use andon::engine::inbox::Inbox;
use andon::engine::logbook::{Elsewhere, Logbook};
use andon::journal::append::MineOnly;
use andon::journal::chain;
use andon::journal::follow::{Before, Follower, Found, OnFound, Settings as Follow};
use andon::journal::hlc::Heard;
use andon::journal::tail::tail;
use andon::journal::thread::{Durability, Journal, OnReport, Settings};
use andon::testkit::fake_kube::Fault;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

const LONG: Duration = Duration::from_secs(60);

fn now() -> Stamp {
    let ms = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    Stamp { utc: Utc(ms), world: World(ms), person: Person(ms) }
}

fn journal(dir: &Path, user: &str, report: OnReport) -> Journal {
    let own = settings(dir, user);
    let settings = Settings { mine_only: MineOnly(false), user: user.into(), host: "bastion2".into(), ..own };
    Journal::open(&settings, now(), report).expect("opened")
}

type Seen = Arc<Mutex<Vec<Record>>>;

fn follow(dir: &Path, own: &str, before: Before, heard: Heard) -> (Follower, Seen) {
    before.go().go();
    let seen = Seen::default();
    let to = seen.clone();
    let on: OnFound = Arc::new(move |f| {
        if let Found::Records(r) = f {
            assert!(r.len() <= 256);
            to.lock().expect("whole").extend(r);
        }
    });
    assert!(dir.is_dir());
    (Follower::start(before, own, Follow::default(), heard, None, on).expect("started"), seen)
}

type Key = (String, u64);

fn keys(records: &[Record]) -> Vec<Key> {
    records.iter().map(|r| (r.session.clone(), r.seq)).collect()
}

#[track_caller]
fn wait(what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + LONG;
    while !done() {
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// 10,000 records each with `ANDON_LONG`, 1,000 else.
#[test]
fn two_that_write_at_once_are_all_there_and_merged_the_same_by_every_reader() {
    let n: u64 = if std::env::var_os("ANDON_LONG").is_some() { 10_000 } else { 1_000 };
    let home = Home::new("two-writers");
    let dir = home.path().join("log");
    std::fs::create_dir(&dir).expect("made");
    let silent: OnReport = Arc::new(|_| {});
    let from_start = Before::look(&dir).expect("looked");
    let (_all, all) = follow(&dir, "reader", from_start, Heard::default());
    let half = Mutex::new(None);
    let sessions: Vec<String> = std::thread::scope(|s| {
        let one = |user: &'static str| {
            let (dir, silent, half) = (&dir, silent.clone(), &half);
            s.spawn(move || {
                let before = Before::look(dir).expect("looked");
                let j = journal(dir, user, silent);
                let session = j.session().to_owned();
                // Each reads the other and takes over its time.
                let (_f, _) = follow(dir, &session, before, j.heard());
                for i in 0..n {
                    let at = now();
                    let data = json!({"n": i, "text": "x".repeat((i % 90) as usize)});
                    let kind = if i % 5 == 0 { Kind::Note } else { Kind::Phase };
                    let entry = Entry { kind, at: at.utc, incident: None, target: None, data };
                    let last = i + 1 == n || i % 500 == 499;
                    let sync = if last { Durability::Sync } else { Durability::Batched };
                    j.append(entry, at, last.then_some(Ticket(i)), sync);
                    if i == n / 2 && user == "ito" {
                        let (f, seen) = follow(dir, "late", Before::look(dir).expect("looked"), Heard::default());
                        *half.lock().expect("whole") = Some((f, seen));
                    }
                    if i % 100 == 0 {
                        std::thread::sleep(Duration::from_millis(3));
                    }
                }
                assert!(j.close(now(), LONG).head.is_some());
                session
            })
        };
        let both = [one("ito"), one("mira")];
        both.map(|t| t.join().expect("wrote")).to_vec()
    });
    let whole = tail(&dir, usize::MAX).expect("read");
    assert_eq!(whole.unread, []);
    // opened, n records, closed.
    let want: BTreeSet<Key> = sessions.iter().flat_map(|s| (1..=n + 2).map(|i| (s.clone(), i))).collect();
    let merged = keys(&whole.records);
    let have: BTreeSet<Key> = merged.iter().cloned().collect();
    let differ: Vec<&Key> = have.symmetric_difference(&want).collect();
    assert!(differ.is_empty(), "{} differ: {:?}", differ.len(), &differ[..differ.len().min(9)]);
    assert_eq!(merged.len(), want.len(), "none twice");
    assert_eq!(seams(&whole.records), [], "one clock");
    for s in &sessions {
        let file = std::fs::File::open(dir.join(format!("{s}.jsonl"))).expect("there");
        let v = chain::verify(file, |_| {}).expect("read");
        assert_eq!((v.first_bad, v.closed, v.records), (None, true, n + 2));
    }
    // A reader from the start and one from the middle: the same, in the same order; observations may be left out.
    let notes = |r: &[Record]| r.iter().filter(|r| r.kind == "note").count() as u64;
    wait("every note", || notes(&all.lock().expect("whole")) == 2 * n.div_ceil(5));
    let (late, from_middle) = half.lock().expect("whole").take().expect("began in the middle");
    let closed = |r: &[Record]| r.iter().filter(|r| r.kind == "closed").count() == 2;
    wait("both ends", || closed(&all.lock().expect("whole")) && closed(&from_middle.lock().expect("whole")));
    drop(late);
    for seen in [&all, &from_middle] {
        let mut got = seen.lock().expect("whole").clone();
        got.sort_by(Record::order);
        let got = keys(&got);
        let told: BTreeSet<&Key> = got.iter().collect();
        assert_eq!(told.len(), got.len(), "none twice");
        let same: Vec<Key> = merged.iter().filter(|k| told.contains(k)).cloned().collect();
        assert_eq!(got, same);
        // Within a file never reordered, as it came.
        let came = keys(&seen.lock().expect("whole"));
        for s in &sessions {
            assert!(came.iter().filter(|k| k.0 == *s).map(|k| k.1).is_sorted());
        }
    }
    // From its first one on, the late one has every note and act of a session.
    let late = from_middle.lock().expect("whole").clone();
    for s in &sessions {
        let first = late.iter().find(|r| r.session == *s).map(|r| r.seq).expect("some of each");
        let is = |r: &&Record| r.session == *s && r.kind == "note" && r.seq >= first;
        assert_eq!(late.iter().filter(is).count(), whole.records.iter().filter(is).count());
    }
}

/// One host with a directory of logs that all consoles on it share, and a cluster beside it.
pub struct Bastion {
    pub home: Home,
    kube: Kube,
    config: String,
    more: Vec<(&'static str, &'static str)>,
    /// Keeps the fake server's tasks running.
    pub runtime: tokio::runtime::Runtime,
}

impl Bastion {
    pub fn new(name: &str, more: &[(&'static str, &'static str)]) -> Bastion {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let kube = runtime.block_on(Kube::new());
        let config = kube.server().kubeconfig.to_str().unwrap().to_owned();
        let home = Home::new(name);
        std::fs::create_dir_all(home.path().join("host/fake")).unwrap();
        Bastion { home, kube, config, more: more.to_vec(), runtime }
    }

    pub fn logs(&self) -> PathBuf {
        self.home.path().join("host/fake")
    }

    /// A console of somebody, awake, with checkout chosen.
    pub fn console(&self, who: &str) -> Pty {
        let host = self.home.path().join("host");
        let state = self.home.path().join(format!("state-{who}"));
        let mut env = vec![
            ("KUBECONFIG", self.config.as_str()),
            ("ANDON_TEST_HOST_LOGS", host.to_str().unwrap()),
            ("XDG_STATE_HOME", state.to_str().unwrap()),
        ];
        env.extend(self.more.iter().copied());
        let mut pty = self.home.andon_with(&["--context", "fake", "--as", who], &env, 110, 36);
        let chosen = |g: &crate::screen::Grid| g.contains("acts on CHECKOUT") && g.contains("NOT JUDGED");
        pty.wait_until("awake, checkout chosen", |g| chosen(g) && !g.contains("WAKING"));
        // Just after waking, keys only choose a screen; Esc takes its time.
        pty.keys("Esc");
        pty
    }

    /// All whole records in the shared directory.
    pub fn records(&self) -> Vec<Value> {
        let files =
            std::fs::read_dir(self.logs()).unwrap().filter_map(|f| std::fs::read_to_string(f.ok()?.path()).ok());
        files.flat_map(|t| t.lines().filter_map(|l| serde_json::from_str(l).ok()).collect::<Vec<Value>>()).collect()
    }
}

fn note(pty: &mut Pty, text: &str) {
    pty.keys("n");
    pty.wait_for("keep it in the log");
    pty.send(text);
    pty.wait_for(text);
    // Ctrl-O keeps it.
    pty.send("\x0f");
}

#[test]
fn two_consoles_on_one_host_know_of_each_other() {
    together(vec![
        case("told by the kernel, with locks", || {
            let b = Bastion::new("told", &[("ANDON_TEST_FOLLOW", "300")]);
            let mut mira = b.console("mira");
            let mut ito = b.console("ito");
            mira.wait_for("ito is in, from");
            note(&mut mira, "logins look odd");
            ito.wait_for("mira: note: logins look odd");
            // Both open the way back on the same target: each is told of the other, and nothing stands in the way.
            ito.keys("a r");
            // Where reading takes two seconds, by its name.
            ito.wait_for("WILL SEND");
            b.kube.server().fault("PATCH", "/rollouts/", Fault::Stall);
            mira.keys("a r");
            mira.wait_for("ito has a roll back dialog open on this target");
            ito.wait_for("mira has a roll back dialog open on this target");
            mira.wait_for("WILL SEND");
            crate::console_pty::yes(&mut mira, |_| b.kube.server().writes() > 0);
            ito.wait_for("in flight on this target since");
            ito.keys("Esc v");
            // In flight, or of unknown outcome by now.
            ito.wait_until("her act on his Verdict", |g| g.contains(" others ") && g.contains(", mira: roll back, 0m"));
            // She is killed; he says so, reads the target back and closes the act in his own file.
            mira.signal(Signal::KILL);
            mira.wait_exit();
            ito.wait_for("mira is gone");
            wait("the act to be closed", || b.records().iter().any(|r| r["kind"] == "resolved"));
            let all = b.records();
            let closed: Vec<&Value> = all.iter().filter(|r| r["kind"] == "resolved").collect();
            let intent = all.iter().find(|r| r["kind"] == "intent").expect("hers");
            assert_eq!(closed.len(), 1, "{closed:?}");
            assert_eq!(closed[0]["data"]["of"], json!({"session": intent["session"], "ticket": intent["ticket"]}));
            assert_eq!(closed[0]["actor"]["claimed"], "ito");
            assert_ne!(closed[0]["session"], intent["session"]);
            ito.keys("q");
            ito.wait_exit();
            // A later one finds nothing to do: it was done.
            let mut kai = b.console("kai");
            kai.wait_until("nothing open", |g| !g.contains("ended session"));
            kai.keys("q");
            kai.wait_exit();
            assert_eq!(b.records().iter().filter(|r| r["kind"] == "resolved").count(), 1);
        }),
        case("looked for, without locks", || {
            let b = Bastion::new("looked", &[("ANDON_TEST_FOLLOW", "look 300"), ("ANDON_TEST_NO_LOCKS", "3000")]);
            let mut mira = b.console("mira");
            let mut ito = b.console("ito");
            mira.wait_for("ito is in, from");
            note(&mut mira, "by looking");
            ito.wait_for("mira: note: by looking");
            mira.signal(Signal::KILL);
            mira.wait_exit();
            ito.wait_for("mira is gone");
            ito.keys("o");
            ito.wait_for("looked for each second");
            assert!(ito.screen().iter().any(|l| l.contains("shared on this host")));
            ito.keys("q");
            ito.wait_exit();
        }),
        case("no directory of the host", || {
            let b = Bastion::new("alone", &[]);
            std::fs::remove_dir_all(b.home.path().join("host")).unwrap();
            let env = [("KUBECONFIG", b.config.as_str()), ("ANDON_TEST_HOST_LOGS", "/nowhere")];
            b.kube.server().fault("GET", "/rollouts", Fault::Stall);
            let mut pty = b.home.andon_with(&["--context", "fake"], &env, 110, 36);
            pty.wait_for("log: mine only; other consoles on this host are not seen");
            pty.keys("q q");
            pty.wait_exit();
        }),
        case("files of a shared directory are read by its group whatever the umask", || {
            use std::os::unix::fs::PermissionsExt;
            let b = Bastion::new("modes", &[]);
            let mut pty = b.console("mira");
            let modes: BTreeSet<String> = std::fs::read_dir(b.logs())
                .unwrap()
                .map(|f| {
                    let f = f.unwrap();
                    let ending = f.path().extension().unwrap().to_str().unwrap().to_owned();
                    format!("{ending} {:o}", f.metadata().unwrap().permissions().mode() & 0o7777)
                })
                .collect();
            // The ballast is its owner's alone.
            let modes: Vec<&str> = modes.iter().map(String::as_str).filter(|m| !m.starts_with("ballast")).collect();
            assert_eq!(modes, ["jsonl 640", "live 640"]);
            pty.keys("q");
            pty.wait_exit();
            assert!(!std::fs::read_dir(b.logs()).unwrap().any(|f| f.unwrap().path().extension().unwrap() == "live"));
        }),
    ]);
}

/// Its intent names no target. What it was about is in its data, and the console that opens next is told.
#[test]
fn the_log_of_an_ended_session_tells_what_its_side_act_was_about() {
    let home = Home::new("left-side");
    let dir = home.path().join("log");
    std::fs::create_dir(&dir).expect("made");
    let silent: OnReport = Arc::new(|_| {});
    let j = journal(&dir, "ito", silent);
    let asks = SideAct::FlagOff { key: "new-token".into() };
    let data = json!({"act": 3, "verb": "flag off", "subject": "new-token", "source": "desk", "asks": asks, "step": 1, "of": 1});
    let entry = Entry { kind: Kind::Intent, at: now().utc, incident: None, target: None, data };
    j.append(entry, now(), Some(Ticket(7)), Durability::Sync);
    assert!(j.close(now(), LONG).head.is_some());
    let inbox = Inbox::default();
    let elsewhere = Elsewhere { state: home.path().to_owned(), anchor: Vec::new() };
    let log = Logbook::open(settings(&dir, "bbbb"), elsewhere, None, now(), inbox.clone());
    let end = Instant::now() + LONG;
    let told = loop {
        let found = inbox.take(64).into_iter().find_map(|m| if let Msg::Recovered(r) = m { Some(r) } else { None });
        if let Some(r) = found {
            break r;
        }
        assert!(Instant::now() < end, "nothing was recovered");
        std::thread::sleep(Duration::from_millis(5));
    };
    let [left] = told.unfinished.as_slice() else { panic!("{:?}", told.unfinished) };
    assert_eq!((left.ticket, &*left.words), (7, "flag off new-token at desk by ito"));
    let side = left.side.as_deref().expect("it is a side act");
    assert_eq!((side.source.as_str(), &side.act), ("desk", &Some(asks)));
    log.close(now());
}
