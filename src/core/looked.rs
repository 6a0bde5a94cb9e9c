//! What was read because somebody looked: instances and events, log lines in a bounded ring, the object itself; and which
//! rows of it are listed. Knows no screen and asks nothing: `update::looked` does.

use crate::core::id::TargetId;
use crate::core::time::{Person, Utc};
use crate::core::world::evidence::{Evidence, Instance, LogChunk, LogText, Raw, Track};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lines kept of one stream; the oldest go first, counted.
pub const RING: usize = 4_000;
/// Streams kept at most.
pub const STREAMS: usize = 16;
/// So many healthy instances of a track stand one by one; more are one counted row.
const SINGLE: usize = 3;

/// A question that is asked again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// When it was last asked.
    pub at: Option<Person>,
    /// Its answer has not come.
    pub waiting: bool,
    /// Why it had none, and when that was.
    pub failed: Option<(Utc, Arc<str>)>,
}

impl Asked {
    pub fn begin(&mut self, now: Person) {
        self.at = Some(now);
        self.waiting = true;
    }

    /// When it is asked again; at once where it never was. An answer that does not come in a minute never will.
    pub fn due(&self, every_ms: i64) -> Person {
        match self.at {
            None => Person(0),
            Some(t) if self.waiting => Person(t.0 + every_ms.max(60_000)),
            Some(t) => Person(t.0 + every_ms),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Looked {
    pub evidence: Option<Box<Evidence>>,
    pub asked: Asked,
    /// The chosen instance, by its name. `None`: the worst.
    pub chosen: Option<Arc<str>>,
    /// Healthy instances are listed one by one.
    pub unfolded: bool,
    /// One for each stream, its newest lines last.
    pub lines: Vec<LogChunk>,
    pub raw: Option<Box<Raw>>,
    pub raw_asked: Asked,
    /// The way back of each target that moves, or is about to be sent back.
    #[serde(with = "crate::core::pairs")]
    pub ways_back: BTreeMap<TargetId, Asked>,
    /// When the last of those questions went out.
    pub back_asked: Option<Person>,
}

/// One row of the instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row<'e> {
    One(&'e Instance),
    /// Healthy ones of one track, counted.
    Folded {
        track: Track,
        count: usize,
        ready: u32,
        of: u32,
        oldest: Option<Utc>,
    },
}

/// The instances as they are listed: in their order, the healthy ones of a track folded where they are many.
pub fn rows(e: &Evidence, unfolded: bool) -> Vec<Row<'_>> {
    let mut out = Vec::new();
    for track in [Track::Candidate, Track::Old, Track::Stable] {
        let of_track = || e.instances.iter().filter(move |i| i.track == track);
        let healthy = of_track().filter(|i| i.is_healthy()).count();
        // A stable one that is fine is not what one looks for.
        let most = if track == Track::Candidate { SINGLE } else { 1 };
        let fold = !unfolded && healthy > most;
        out.extend(of_track().filter(|i| !fold || !i.is_healthy()).map(Row::One));
        if fold {
            let fine = || of_track().filter(|i| i.is_healthy());
            out.push(Row::Folded {
                track,
                count: healthy,
                ready: fine().map(|i| i.ready.0).sum(),
                of: fine().map(|i| i.ready.1).sum(),
                oldest: fine().filter_map(|i| i.created).min(),
            });
        }
    }
    out
}

impl Looked {
    /// The chosen instance: the one named, while it is listed; else the first.
    pub fn instance(&self) -> Option<&Instance> {
        let rows = rows(self.evidence.as_deref()?, self.unfolded);
        let listed = || {
            rows.iter().filter_map(|r| match r {
                Row::One(i) => Some(*i),
                Row::Folded { .. } => None,
            })
        };
        let named = listed().find(|i| Some(&i.name) == self.chosen.as_ref());
        named.or_else(|| listed().next())
    }

    /// The next instance up or down the rows.
    pub fn go(&mut self, by: i64) {
        let Some(e) = self.evidence.as_deref() else { return };
        let rows = rows(e, self.unfolded);
        let names: Vec<&Arc<str>> = rows
            .iter()
            .filter_map(|r| match r {
                Row::One(i) => Some(&i.name),
                Row::Folded { .. } => None,
            })
            .collect();
        let Some(last) = names.len().checked_sub(1) else { return };
        let at = names.iter().position(|n| Some(*n) == self.chosen.as_ref()).unwrap_or(0);
        let to = (at as i64).saturating_add(by).clamp(0, last as i64) as usize;
        self.chosen = Some(names[to].clone());
    }

    /// Lines of one stream behind what is there. True when there was something new. A gap in their numbers, and what the
    /// ring has no room for, are counted as dropped.
    pub fn take(&mut self, chunk: LogChunk) -> bool {
        let same = |l: &&mut LogChunk| l.instance == chunk.instance && l.container == chunk.container;
        let Some(held) = self.lines.iter_mut().find(same) else {
            if self.lines.len() < STREAMS {
                let mut chunk = chunk;
                cut(&mut chunk);
                self.lines.push(chunk);
                self.lines.sort_by(|a, b| (a.track, &a.instance).cmp(&(b.track, &b.instance)));
            }
            return true;
        };
        let next = held.first_seq + held.lines.len() as u64;
        let changed = held.ended != chunk.ended || !chunk.lines.is_empty();
        held.ended = chunk.ended;
        held.dropped += chunk.dropped;
        if chunk.first_seq > next && !held.lines.is_empty() && chunk.dropped == 0 {
            held.dropped += chunk.first_seq - next;
        }
        // Numbers go on without a gap from here on.
        let known = usize::try_from(next.saturating_sub(chunk.first_seq)).unwrap_or(usize::MAX);
        let fresh: Vec<LogText> = chunk.lines.into_iter().skip(known.min(RING)).collect();
        if held.lines.is_empty() {
            held.first_seq = chunk.first_seq;
        } else if chunk.first_seq > next {
            held.first_seq += chunk.first_seq - next;
        }
        held.lines.extend(fresh);
        cut(held);
        changed
    }

    /// Lines held of all streams.
    pub fn held(&self) -> usize {
        self.lines.iter().map(|l| l.lines.len()).sum()
    }
}

fn cut(l: &mut LogChunk) {
    // In larger bites than one line: moving the rest up costs as much as the rest is long.
    if l.lines.len() > RING + RING / 8 {
        let over = l.lines.len() - RING;
        l.lines.drain(..over);
        l.first_seq += over as u64;
        l.dropped += over as u64;
    }
}

/// The newest lines of a track, oldest first, merged by their times: so many as are asked for, `back` lines above the
/// newest. Those without a time stand where they came in their own stream.
pub fn newest(lines: &[LogChunk], track: Option<Track>, back: usize, count: usize) -> Vec<(&LogChunk, &LogText)> {
    let want = back.saturating_add(count);
    let streams = lines.iter().filter(|l| track.is_none_or(|t| t == l.track));
    let mut all: Vec<(Utc, &LogChunk, &LogText)> = Vec::new();
    for l in streams {
        let mut last = Utc(i64::MIN);
        let from = l.lines.len().saturating_sub(want);
        for t in l.lines.iter().skip(from) {
            last = t.at.unwrap_or(last).max(last);
            all.push((last, l, t));
        }
    }
    // Stable: lines of one stream keep their order.
    all.sort_by_key(|(at, ..)| *at);
    let end = all.len().saturating_sub(back);
    let first = end.saturating_sub(count);
    all.into_iter().skip(first).take(end - first).map(|(_, l, t)| (l, t)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::world::evidence::{LogsOf, Whose};

    fn chunk(instance: &str, first_seq: u64, lines: std::ops::Range<i64>) -> LogChunk {
        let target = TargetId {
            source: "eu-1".into(),
            namespace: "shop".into(),
            kind: "Rollout".into(),
            name: "checkout".into(),
            uid: "u".into(),
        };
        LogChunk {
            of: LogsOf { target, whose: Whose::Tracks, previous: false, since_deploy: false },
            instance: instance.into(),
            container: "main".into(),
            track: if instance.starts_with('c') { Track::Candidate } else { Track::Stable },
            first_seq,
            lines: lines.map(|n| LogText { at: Some(Utc(n)), text: n.to_string().into() }).collect(),
            dropped: 0,
            ended: None,
        }
    }

    #[test]
    fn the_ring_holds_its_lines_and_counts_the_rest() {
        let mut l = Looked::default();
        for n in 0..20 {
            l.take(chunk("c-1", n * 500, (n as i64 * 500)..(n as i64 * 500 + 500)));
        }
        let s = &l.lines[0];
        assert!(s.lines.len() >= RING && s.lines.len() <= RING + RING / 8, "{}", s.lines.len());
        assert_eq!(s.dropped + s.lines.len() as u64, 10_000);
        assert_eq!(s.first_seq, s.dropped);
        assert_eq!(s.lines.last().map(|t| &*t.text), Some("9999"));
        // Told twice, taken once; a gap is counted.
        l.take(chunk("c-1", 9_900, 9_900..10_000));
        assert_eq!(l.lines[0].lines.last().map(|t| &*t.text), Some("9999"));
        let before = l.lines[0].dropped;
        l.take(chunk("c-1", 10_007, 10_007..10_008));
        assert_eq!(l.lines[0].dropped, before + 7);
    }

    #[test]
    fn streams_are_merged_by_time_and_a_place_further_back_stays() {
        let mut l = Looked::default();
        l.take(chunk("s-1", 0, 100..110));
        l.take(chunk("c-1", 0, 105..108));
        let texts = |track, back, count| {
            newest(&l.lines, track, back, count).into_iter().map(|(_, t)| t.text.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(texts(None, 0, 4), ["107", "107", "108", "109"]);
        assert_eq!(texts(None, 2, 3), ["106", "107", "107"]);
        assert_eq!(texts(Some(Track::Candidate), 0, 2), ["106", "107"]);
        assert_eq!(texts(Some(Track::Candidate), 50, 5), Vec::<String>::new());
    }

    #[test]
    fn healthy_ones_are_counted_and_the_choice_keeps_its_name() {
        let one = |name: &str, track, ready: u32| Instance {
            name: name.into(),
            track,
            hash: None,
            status: "Running".into(),
            ready: (ready, 1),
            restarts: 0,
            why: (ready == 0).then(|| "NotReady".into()),
            last_end: None,
            last_end_at: None,
            node: "".into(),
            created: None,
            containers: Vec::new(),
            probes: Vec::new(),
        };
        let mut instances = vec![one("c-1", Track::Candidate, 0), one("c-2", Track::Candidate, 1)];
        instances.extend((0..18).map(|n| one(&format!("s-{n}"), Track::Stable, 1)));
        let e = Evidence {
            target: chunk("c", 0, 0..0).of.target,
            at: Utc(0),
            instances,
            events: Vec::new(),
            probes: Vec::new(),
            unread: Vec::new(),
        };
        let mut l = Looked { evidence: Some(Box::new(e)), ..Looked::default() };
        assert_eq!(rows(l.evidence.as_deref().expect("there"), false).len(), 3);
        assert_eq!(l.instance().map(|i| &*i.name), Some("c-1"));
        l.go(5);
        assert_eq!(l.instance().map(|i| &*i.name), Some("c-2"), "the counted row is not chosen");
        l.unfolded = true;
        l.go(5);
        assert_eq!(l.instance().map(|i| &*i.name), Some("s-4"));
    }
}
