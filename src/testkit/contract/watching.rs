//! The clauses about what is told: whole lists, reading again, words for troubles, no secrets.

use super::acts::read;
use super::{Cut, LONG, Part, Provoke, Subject, applies, cx, json_of};
use crate::backends::{Backend, Interest, Sink};
use crate::core::id::{ServiceId, TargetId};
use crate::core::world::fact::Fact;
use crate::core::world::figures::VersionBlock;
use crate::core::world::source::{Link, SourceError, Trouble};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// `observe`, restarted when it ends, as the supervisor does.
struct Watch {
    facts: mpsc::UnboundedReceiver<Result<Fact, SourceError>>,
    task: tokio::task::JoinHandle<()>,
    patience: Duration,
    _want: watch::Sender<Interest>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn observe(backend: Arc<dyn Backend>, patience: Duration) -> Watch {
    let (tx, facts) = mpsc::unbounded_channel();
    let (want, rx) = watch::channel(Interest::default());
    let task = tokio::spawn(async move {
        loop {
            let out = tx.clone();
            let sink = Sink::new(move |f| {
                // The test may be over.
                let _ = out.send(Ok(f));
            });
            let end = backend.clone().observe(rx.clone(), sink).await;
            if tx.send(Err(end)).is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    Watch { facts, task, patience, _want: want }
}

fn fresh(link: &Link) -> bool {
    matches!(link, Link::Watching | Link::Polling)
}

/// What a source without targets told: services with figures, and the newest block of each; lists of what stands beside.
#[derive(Debug, Default)]
struct Figures {
    services: BTreeSet<ServiceId>,
    lists: BTreeMap<&'static str, Fact>,
    newest: BTreeMap<ServiceId, VersionBlock>,
}

impl Figures {
    fn is_empty(&self) -> bool {
        self.services.is_empty() && self.lists.is_empty()
    }

    /// Keeps what the fact says.
    fn hear(&mut self, f: &Fact) {
        match f {
            Fact::Blocks(b) => {
                self.services.insert(b.service.clone());
                if let Some(last) = b.blocks.last() {
                    self.newest.insert(b.service.clone(), last.clone());
                }
            }
            Fact::Windows(w) => {
                self.services.insert(w.service.clone());
            }
            Fact::Alerts(_) => _ = self.lists.insert("alerts", f.clone()),
            Fact::Changed(_) => _ = self.lists.insert("changes", f.clone()),
            Fact::Flags(_) => _ = self.lists.insert("flags", f.clone()),
            Fact::Artifacts(_) => _ = self.lists.insert("artifacts", f.clone()),
            Fact::OnCall { .. } => _ = self.lists.insert("on call", f.clone()),
            // Targets are for the clause about whole lists.
            Fact::Source(_)
            | Fact::Checked(_)
            | Fact::Target(_)
            | Fact::Gone(_)
            | Fact::Whole(_)
            | Fact::Telemetry(_)
            | Fact::WayBack(_)
            | Fact::Evidence(_)
            | Fact::Logs(_)
            | Fact::Raw(_) => {}
        }
    }
}

impl Watch {
    fn patience(&self) -> Instant {
        Instant::now() + self.patience
    }

    async fn next(&mut self, until: Instant) -> Option<Result<Fact, SourceError>> {
        let left = until.saturating_duration_since(Instant::now());
        tokio::time::timeout(left, self.facts.recv()).await.ok().flatten()
    }

    /// Facts up to the first `Whole`: the targets told before it, and those it names.
    async fn until_whole(&mut self) -> Result<(BTreeSet<TargetId>, BTreeSet<TargetId>), String> {
        let until = self.patience();
        let mut told = BTreeSet::new();
        let mut last = String::new();
        while let Some(f) = self.next(until).await {
            match f {
                Ok(Fact::Target(t)) => {
                    told.insert(t.id);
                }
                Ok(Fact::Whole(ids)) => return Ok((told, ids.into_iter().collect())),
                other => last = format!("{other:?}"),
            }
        }
        Err(format!("no full read was ever complete; last: {last}"))
    }

    /// Figures, up to the word that they are fresh.
    async fn until_polling(&mut self) -> Result<Figures, String> {
        let until = self.patience();
        let (mut told, mut last) = (Figures::default(), String::new());
        while let Some(f) = self.next(until).await {
            match f {
                Ok(Fact::Source(s)) if fresh(&s.link) && !told.is_empty() => return Ok(told),
                Ok(f) => told.hear(&f),
                Err(e) => last = format!("{e:?}"),
            }
        }
        Err(format!("it never said that it is fresh; last: {last}"))
    }
}

async fn holds_targets(s: &dyn Subject, b: &dyn Backend) -> Result<bool, String> {
    let abilities = b.probe(&cx(LONG)).await.map_err(|e| format!("a healthy server, and {e:?}"))?;
    applies(s, Part::Targets, abilities.roles.rollouts)
}

/// A full list ends with `Whole`, which names what was told; what goes away is told to be gone.
pub(super) async fn whole(s: &dyn Subject) -> Result<(), String> {
    let b = s.backend();
    let targets = holds_targets(s, &*b).await?;
    let mut w = observe(b, s.patience());
    if !targets {
        return no_targets(&mut w).await;
    }
    let (told, named) = w.until_whole().await?;
    if told != named || named.is_empty() {
        return Err(format!("told {told:?}, named {named:?}"));
    }
    let lost = s.remove();
    if !applies(s, Part::Removal, lost.is_some())? {
        return Ok(());
    }
    let Some(lost) = lost else { return Ok(()) };
    let until = w.patience();
    while let Some(f) = w.next(until).await {
        match f {
            Ok(Fact::Gone(id)) if id == lost => return Ok(()),
            Ok(Fact::Whole(ids)) if !ids.contains(&lost) => return Ok(()),
            _ => {}
        }
    }
    Err(format!("{lost:?} went away and nobody said so"))
}

/// Figures or lists are told, and not one target, up to a while after the first figures.
async fn no_targets(w: &mut Watch) -> Result<(), String> {
    let (mut told, mut until) = (Figures::default(), w.patience());
    while let Some(f) = w.next(until).await {
        let f = f.map_err(|e| format!("a healthy server, and {e:?}"))?;
        if matches!(f, Fact::Target(_) | Fact::Gone(_) | Fact::Whole(_)) {
            return Err(format!("it holds no targets, and says {f:?}"));
        }
        let none = told.is_empty();
        told.hear(&f);
        if none && !told.is_empty() {
            until = Instant::now() + Duration::from_millis(200);
        }
    }
    if told.is_empty() { Err("no figures were ever told".into()) } else { Ok(()) }
}

/// After a lost connection nothing looks fresh before the next full read is complete, and what it lacks is gone.
/// Where no connection can be lost, watching begins anew and must say the same again.
pub(super) async fn rereading(s: &dyn Subject) -> Result<(), String> {
    let b = s.backend();
    let targets = holds_targets(s, &*b).await?;
    let mut w = observe(b.clone(), s.patience());
    let before = if targets { w.until_whole().await.map(Ok)? } else { Err(w.until_polling().await?) };
    let cut = s.reconnect();
    let mut looked_old = false;
    if !applies(s, Part::Cut, cut.is_some())? {
        w = observe(b, s.patience());
    }
    match before {
        Ok((_, mut left)) => {
            if let Some(Cut::Unseen(lost)) = &cut {
                left.remove(lost);
            }
            targets_again(&mut w, &left, &mut looked_old).await?;
        }
        Err(before) => figures_again(&mut w, before, &mut looked_old).await?,
    }
    if looked_old { Ok(()) } else { Err("it never said that it was reading again".into()) }
}

/// Waits for a full list that names what is `left`. One that was on its way at the cut may still come before it.
/// `looked_old`: whether the source said before that it is not fresh.
async fn targets_again(w: &mut Watch, left: &BTreeSet<TargetId>, looked_old: &mut bool) -> Result<(), String> {
    let (until, mut last) = (w.patience(), None);
    while let Some(f) = w.next(until).await {
        match f {
            Ok(Fact::Source(state)) => *looked_old |= !fresh(&state.link),
            Err(_) => *looked_old = true,
            Ok(Fact::Whole(ids)) => {
                let named: BTreeSet<TargetId> = ids.into_iter().collect();
                if named == *left {
                    return Ok(());
                }
                last = Some(named);
            }
            Ok(_) => {}
        }
    }
    Err(format!("no full read named {left:?} after the reconnect; last: {last:?}"))
}

/// Before it looks fresh again, every service's figures were told again, and the block told last before is the same.
async fn figures_again(w: &mut Watch, mut before: Figures, looked_old: &mut bool) -> Result<(), String> {
    let until = w.patience();
    let mut again = Figures::default();
    while let Some(f) = w.next(until).await {
        match f {
            Ok(Fact::Source(state)) if *looked_old && fresh(&state.link) => {
                if again.services != before.services {
                    return Err(format!("fresh again with {:?} of {:?}", again.services, before.services));
                }
                if again.lists != before.lists {
                    return Err(format!("fresh again with {:?} of {:?}", again.lists, before.lists));
                }
                let same = |(s, b): (&ServiceId, &VersionBlock)| {
                    // A newer block may have settled meanwhile.
                    again.newest.get(s).is_some_and(|n| n.start > b.start || n == b)
                };
                return if before.newest.iter().all(same) {
                    Ok(())
                } else {
                    Err(format!("told {before:?}, and after the reconnect {again:?}"))
                };
            }
            Ok(Fact::Source(state)) => *looked_old |= !fresh(&state.link),
            Err(_) => *looked_old = true,
            Ok(f) if *looked_old => again.hear(&f),
            Ok(f) => before.hear(&f),
        }
    }
    Err(format!("not fresh again after the reconnect; looked old: {looked_old}"))
}

/// Every way to fail has its own word, from a question and from watching.
pub(super) async fn troubles(s: &dyn Subject, all: &[(Provoke, Trouble)]) -> Result<(), String> {
    for (how, want) in all {
        let how = *how;
        s.provoke(Provoke::Nothing);
        let (b, other) = (s.backend(), s.backend());
        if !applies(s, Part::Trouble(how), s.provoke(how))? {
            continue;
        }
        let ms = if how == Provoke::Stall { 300 } else { LONG };
        match b.ask(&s.question(), &cx(ms)).await {
            Err(e) if e.trouble == *want => {
                if how == Provoke::Throttled && e.retry_after_ms.is_none() {
                    return Err(format!("{how:?}: the time to wait is lost: {e:?}"));
                }
            }
            other => return Err(format!("{how:?} asked: wanted {want:?}, got {other:?}")),
        }
        let mut w = observe(other, s.patience());
        let until = w.patience();
        let mut got = None;
        while let Some(f) = w.next(until).await {
            got = match f {
                Err(e) => Some(e.trouble),
                Ok(Fact::Source(state)) => match state.link {
                    Link::Failed(e) => Some(e.trouble),
                    Link::Connecting | Link::Reading { .. } | Link::Watching | Link::Polling => None,
                },
                Ok(_) => None,
            };
            if got.is_some() {
                break;
            }
        }
        if got.as_ref() != Some(want) {
            return Err(format!("{how:?} watched: wanted {want:?}, got {got:?}"));
        }
    }
    s.provoke(Provoke::Nothing);
    Ok(())
}

/// Nothing that is shown, stored or printed holds a secret: facts, abilities, errors, plans.
pub(super) async fn secrets(s: &dyn Subject) -> Result<(), String> {
    let mut said = String::new();
    let b = s.backend();
    said.push_str(&format!("{:?}", b.probe(&cx(LONG)).await));
    let facts = b.ask(&s.question(), &cx(LONG)).await;
    said.push_str(&format!("{facts:?} {}", facts.as_ref().map_or(String::new(), json_of)));
    if let Some(op) = s.operation() {
        let seen = read(&*b, &op).await?;
        let p = b.plan(&op, &seen);
        said.push_str(&format!("{p:?} {}", p.as_ref().map_or(String::new(), json_of)));
    }
    for (how, _) in Provoke::TROUBLES {
        if how != Provoke::BodyBomb && s.provoke(how) {
            let e = s.backend().ask(&s.question(), &cx(300)).await;
            said.push_str(&format!("{e:?} {}", e.as_ref().err().map(ToString::to_string).unwrap_or_default()));
        }
    }
    s.provoke(Provoke::Nothing);
    let mut w = observe(s.backend(), s.patience());
    let until = Instant::now() + Duration::from_millis(400);
    while let Some(f) = w.next(until).await {
        said.push_str(&format!("{f:?}"));
    }
    match s.secrets().iter().find(|x| said.contains(x.as_str())) {
        Some(x) => Err(format!("the secret {x} is shown")),
        None => Ok(()),
    }
}
