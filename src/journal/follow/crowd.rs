//! Whose sessions run beside ours and what their live files say. Reads; the last good reading of each is kept.

use super::super::live;
use crate::core::case::people::{Present, SKEW_TOLD};
use crate::core::time::Utc;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A live file is there before its lock is taken: one that looks ended is looked at again, this often.
const YOUNG: u8 = 5;
/// And after this long.
pub const AGAIN: Duration = Duration::from_millis(100);
/// A clock is told anew when it moved by this much. Milliseconds.
const SKEW_STEP: i64 = 500;

/// The others.
#[derive(Debug)]
pub struct Crowd {
    dir: PathBuf,
    own: String,
    /// With when its file said so, by its own clock.
    people: BTreeMap<String, (Present, Option<Utc>)>,
    /// Live files that nobody holds, looked at so often.
    young: BTreeMap<String, u8>,
}

impl Crowd {
    /// Nobody yet. `own`: our session, empty before it has a name.
    pub fn new(dir: &Path, own: &str) -> Crowd {
        Crowd { dir: dir.to_owned(), own: own.to_owned(), people: BTreeMap::new(), young: BTreeMap::new() }
    }

    /// Our session has a name now.
    pub fn named(mut self, own: &str) -> Crowd {
        self.people.remove(own);
        self.own = own.to_owned();
        self
    }

    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Some live file has to be looked at again.
    pub fn has_young(&self) -> bool {
        !self.young.is_empty()
    }

    pub fn young(&self) -> Vec<String> {
        self.young.keys().cloned().collect()
    }

    pub fn has(&self, session: &str) -> bool {
        self.people.contains_key(session)
    }

    pub fn people(&self) -> Vec<Present> {
        self.people.values().map(|(p, _)| p.clone()).collect()
    }

    pub fn sessions(&self) -> Vec<String> {
        self.people.keys().cloned().collect()
    }

    /// Sessions with a live file.
    pub fn list(&self) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            found.extend(name.to_str().and_then(|n| n.strip_suffix(".live")).map(str::to_owned));
        }
        found.sort();
        Ok(found)
    }

    /// Looks at one. `fresh`: it was told to have changed just now. True: somebody came or says something else. Whoever
    /// ended is still in it: see [`Crowd::gone`].
    pub fn look(&mut self, session: &str, fresh: bool, now: Utc) -> bool {
        if session == self.own || session.starts_with("fallback-") {
            return false;
        }
        if !live::runs(&self.dir, session) {
            if !self.has(session) {
                let tries = self.young.entry(session.to_owned()).or_default();
                *tries += 1;
                if *tries >= YOUNG || !self.dir.join(format!("{session}.live")).exists() {
                    self.young.remove(session);
                }
            }
            return false;
        }
        self.young.remove(session);
        let before = self.people.get(session);
        let (mut present, at) = match live::read(&self.dir, session) {
            Some(read) => read,
            // Half written: what was read before holds.
            None if before.is_some() => return false,
            None => (Present { session: session.into(), ..Present::default() }, None),
        };
        let new = before.is_none_or(|(_, was)| *was != at);
        let was = before.map_or(0, |(p, _)| p.skew_ms);
        // A file may be old, so behind counts only where it has just been written; ahead is ahead.
        let skew = at.map_or(0, |at| at.since(now));
        let skew = if skew > SKEW_TOLD || fresh && new && skew < -SKEW_TOLD { skew } else { 0 };
        let told = new && (fresh || skew > 0) && (skew - was).abs() >= SKEW_STEP;
        present.skew_ms = if told { skew } else { was };
        let changed = before.is_none_or(|(p, _)| *p != present);
        self.people.insert(session.to_owned(), (present, at));
        changed
    }

    /// Those who have ended and were not let go yet.
    pub fn gone(&self) -> Vec<String> {
        self.people.keys().filter(|s| !live::runs(&self.dir, s)).cloned().collect()
    }

    pub fn let_go(&mut self, session: &str) {
        self.people.remove(session);
    }

    /// A record that was just written tells the time there: ahead is ahead. True: that is news.
    pub fn tells(&mut self, session: &str, utc: Utc, now: Utc) -> bool {
        let skew = utc.since(now);
        match self.people.get_mut(session) {
            Some((p, _)) if skew > SKEW_TOLD && (skew - p.skew_ms).abs() >= SKEW_STEP => {
                p.skew_ms = skew;
                true
            }
            Some(_) | None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::case::people::Here;
    use crate::journal::live::{Live, Me};
    use crate::journal::scratch::{Scratch, at};

    #[test]
    fn who_holds_a_lock_is_in_and_their_clock_is_told_when_it_differs() {
        let dir = Scratch::new();
        let mut c = Crowd::new(dir.path(), "me");
        let me = Live::begin(dir.path(), Me::named("me"), 0o600).expect("live");
        let ito = Live::begin(dir.path(), Me { user: "ito".into(), since: at(0).utc, ..Me::named("i") }, 0o600)
            .expect("live");
        std::fs::write(dir.path().join("dead.live"), "{}\n").expect("written");
        assert_eq!(c.list().expect("listed"), ["dead", "i", "me"]);
        for s in c.list().expect("listed") {
            assert_eq!(c.look(&s, false, at(60_000).utc), s == "i");
        }
        assert_eq!((c.sessions(), c.young()), (vec!["i".to_owned()], vec!["dead".to_owned()]));
        assert_eq!(c.people()[0].skew_ms, 0, "an old file is no clock behind");
        assert!(!c.look("i", true, at(60_000).utc));
        let say =
            |ms| ito.file().say(&Here { screen: "board".into(), ..Here::default() }, at(ms).utc).expect("written");
        say(63_200);
        assert!(c.look("i", true, at(60_000).utc));
        assert_eq!(c.people()[0].skew_ms, 3_200);
        // A little more is no news, a lot is, and so is its end.
        say(63_300);
        assert!(!c.look("i", true, at(60_000).utc));
        say(55_000);
        assert!(c.look("i", true, at(60_000).utc));
        assert_eq!(c.people()[0].skew_ms, -5_000);
        say(60_100);
        assert!(c.look("i", true, at(60_100).utc));
        assert_eq!(c.people()[0].skew_ms, 0);
        assert!(c.tells("i", at(65_000).utc, at(61_000).utc));
        assert!(!c.tells("i", at(65_000).utc, at(61_100).utc));
        for _ in 1..YOUNG {
            c.look("dead", false, at(0).utc);
        }
        assert!(!c.has_young());
        assert_eq!(c.gone(), [""; 0]);
        // Garbage for a moment: what was read holds.
        std::fs::write(dir.path().join("i.live"), "{\"us").expect("written");
        assert!(!c.look("i", true, at(0).utc));
        assert_eq!(c.people()[0].name(), "ito");
        drop(ito);
        assert_eq!(c.gone(), ["i"]);
        c.let_go("i");
        assert!(c.is_empty());
        drop(me);
    }
}
