//! The way back of a plain workload: the old template goes into the spec again. There is no abort here, so this is the way
//! back in flight as well as after it. A pod that would block the controller for ever is deleted as the second step.
//!
//! A JSON Patch also where kubectl sends the ControllerRevision as a strategic merge: only the former can test what it
//! replaces. The kept data says `$patch: replace`, so a `replace` of the template is the same change. Pure.

use super::dto::{WorkKind, hash_of};
use super::plan::{Done, Read, SEEN_BY, Story, healthy, not_now};
use super::wire::RESTARTED_AT;
use super::{partition, wire};
use crate::backends::kubernetes::dto::DEPLOYMENT_HASH_LABEL;
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Request, Step};
use crate::core::id::Hash;
use crate::core::seal::Sealed;
use serde_json::{Value, json};
use std::sync::Arc;

/// More pods than this are not deleted by one act.
const DELETE_AT_MOST: usize = 20;

impl Read<'_> {
    fn kept(&self, hash: &Hash) -> Option<&Value> {
        match self.kind {
            WorkKind::Deployment => {
                let label = format!("/metadata/labels/{DEPLOYMENT_HASH_LABEL}");
                self.sets.iter().find(|s| s.pointer(&label).and_then(Value::as_str) == Some(hash.as_str()))
            }
            WorkKind::StatefulSet | WorkKind::DaemonSet => self
                .revisions
                .iter()
                .find(|r| r.pointer("/metadata/name").and_then(Value::as_str).map(hash_of).as_ref() == Some(hash)),
        }
    }

    /// The template of a kept version as the spec must carry it for the controller to know it again.
    fn template_of(&self, hash: &Hash) -> Option<Value> {
        let at = match self.kind {
            WorkKind::Deployment => "/spec/template",
            WorkKind::StatefulSet | WorkKind::DaemonSet => "/data/spec/template",
        };
        let mut t = self.kept(hash)?.pointer(at).filter(|t| t.is_object())?.clone();
        let (parent, key) = match self.kind {
            WorkKind::Deployment => ("/metadata/labels", DEPLOYMENT_HASH_LABEL),
            WorkKind::StatefulSet | WorkKind::DaemonSet => ("", "$patch"),
        };
        if let Some(m) = t.pointer_mut(parent).and_then(Value::as_object_mut) {
            m.remove(key);
        }
        Some(t)
    }

    fn flag(&self, path: &str, word: &str) -> bool {
        self.object.pointer(path).and_then(Value::as_str) == Some(word)
    }
}

/// A pod as `read` keeps it.
struct PodAt<'a> {
    name: &'a str,
    uid: &'a str,
    hash: Hash,
    ready: bool,
}

fn pods<'a>(r: &'a Read<'_>) -> Vec<PodAt<'a>> {
    let text = |p: &'a Value, k: &str| p.get(k).and_then(Value::as_str);
    r.pods
        .iter()
        .filter_map(|p| {
            Some(PodAt {
                name: text(p, "name")?,
                uid: text(p, "uid")?,
                hash: hash_of(text(p, "hash")?),
                ready: p.get("ready") == Some(&Value::Bool(true)),
            })
        })
        .collect()
}

/// Pods the controller will not exchange by itself once `to` is asked for: with OrderedReady it waits for a broken one
/// before it touches it; with OnDelete it touches none. The broken ones first, then the highest ordinal.
fn by_hand<'a>(r: &'a Read<'_>, to: &Hash) -> Vec<PodAt<'a>> {
    let on_delete = r.flag("/spec/updateStrategy/type", "OnDelete");
    let ordered = r.kind == WorkKind::StatefulSet && !r.flag("/spec/podManagementPolicy", "Parallel");
    let mut all: Vec<PodAt<'a>> =
        pods(r).into_iter().filter(|p| p.hash != *to && (on_delete || (ordered && !p.ready))).collect();
    all.sort_by_key(|p| (p.ready, std::cmp::Reverse(wire::ordinal(p.name)), p.name));
    all
}

pub fn roll_back(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    let asked = r.object.pointer("/spec/template");
    // What the spec asks for is none of the kept versions: the controller has not made one of it yet.
    let unknown = !s.observed && !s.revisions.iter().any(|v| r.template_of(&v.hash).as_ref() == asked);
    let to = match (&op.back_to, &s.stable) {
        (Some(pinned), _) => pinned.clone(),
        (None, _) if unknown => r.candidate.clone(),
        (None, Some(stable)) if s.is_moving() => stable.clone(),
        // Asked for already, but pods of another version stay in its way.
        (None, Some(_)) if !by_hand(r, &r.candidate).is_empty() => r.candidate.clone(),
        (None, Some(_)) => before(r).ok_or(CannotBecause::NothingKept)?,
        // A first deploy: nothing was ever good.
        (None, None) => return Err(CannotBecause::NothingKept),
    };
    let Some(template) = r.template_of(&to) else { return Err(CannotBecause::NothingKept) };
    if asked == Some(&template) {
        let v = r.v(&to);
        if !s.observed {
            return not_now(format!("{v} is asked for already; the controller has not looked at it yet"));
        }
        return finish(op, r, &to).map_or_else(|| not_now(format!("{v} is what is asked for already")), Ok);
    }
    Ok(undo(op, r, &to, template))
}

/// The version that ran before this one. A restart makes a revision of the same version: going back to what differs by
/// nothing but its time would not help anybody.
fn before(r: &Read<'_>) -> Option<Hash> {
    let asked = without_restart(r.object.pointer("/spec/template")?.clone());
    let mut left = r.seen.clone();
    loop {
        let hash = left.previous()?.hash.clone();
        if r.template_of(&hash).map(without_restart).as_ref() != Some(&asked) {
            return Some(hash);
        }
        left.revisions.retain(|v| v.hash != hash);
    }
}

fn without_restart(mut template: Value) -> Value {
    if let Some(notes) = template.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        notes.remove(RESTARTED_AT);
        if notes.is_empty()
            && let Some(m) = template.pointer_mut("/metadata").and_then(Value::as_object_mut)
        {
            m.remove("annotations");
        }
    }
    template
}

fn asked_for(to: &Hash) -> Expect {
    Expect::All(vec![Expect::CandidateIs(to.clone()), Expect::Observed])
}

/// One version everywhere. An autoscaler may have changed how many that is: then the controller's own word counts.
fn everywhere(r: &Read<'_>, to: &Hash) -> (Expect, String) {
    let s = r.seen;
    let v = r.v(to);
    let p = s.detail.partition.filter(|_| !s.held).unwrap_or(0).min(s.wanted);
    if p > 0 && s.stable.as_ref() != Some(to) {
        // Pods below the partition are not touched: neither were they by what is taken back.
        let n = s.wanted - p;
        let all =
            vec![asked_for(to), Expect::NoneServing(r.candidate.clone()), Expect::ReadyOf { hash: to.clone(), n }];
        return (Expect::All(all), format!("the {n} pods above partition {p} are ready on {v}"));
    }
    let ready = Expect::Any(vec![Expect::ReadyOf { hash: to.clone(), n: s.wanted }, Expect::PhaseIn(vec![healthy()])]);
    let all = vec![asked_for(to), Expect::StableIs(to.clone()), Expect::OnlyServing(to.clone()), ready];
    (Expect::All(all), format!("{} of {v} are ready and no pod of another version exists", s.wanted))
}

fn undo(op: &Operation, r: &Read<'_>, to: &Hash, template: Value) -> Plan {
    let s = r.seen;
    let (from_name, to_name) = (r.v(&r.candidate), r.v(to));
    let mut ops = r.guards();
    ops.push(r.test("/spec/template"));
    ops.push(json!({"op": "replace", "path": "/spec/template", "value": template}));
    let mut cautions: Vec<Arc<str>> = Vec::new();
    match r.kind {
        WorkKind::Deployment => {
            if r.object.pointer("/metadata/annotations").is_some_and(Value::is_object) {
                // Else the bad version's words would stay with the good one.
                let cause = "/metadata/annotations/kubernetes.io~1change-cause";
                let words = r.kept(to).and_then(|k| k.pointer(cause)).and_then(Value::as_str);
                let words = words.map_or_else(|| format!("back to {to_name}"), str::to_owned);
                ops.push(json!({"op": "add", "path": cause, "value": words}));
            }
            if s.held {
                ops.push(json!({"op": "add", "path": "/spec/paused", "value": false}));
                cautions.push("it is paused: the pause ends with this, else nothing would go back".into());
            }
        }
        WorkKind::StatefulSet if s.held => {
            ops.extend(partition::release(r));
            cautions.push("it is held by its partition: the hold ends with this".into());
        }
        WorkKind::StatefulSet | WorkKind::DaemonSet => {}
    }
    let asked = asked_for(to);
    let (settled, words) = everywhere(r, to);
    let delete = by_hand(r, to);
    cautions.extend(why_deleted(r, &delete, to));
    let delete = if delete.len() > DELETE_AT_MOST { Vec::new() } else { delete };
    let first = if delete.is_empty() {
        Done { wait_first: None, when: settled.clone(), words: words.clone() }
    } else {
        Done { wait_first: None, when: asked.clone(), words: format!("the controller asks for {to_name}") }
    };
    let mut steps = vec![r.step(format!("undo to {to_name}"), &ops, asked.clone(), first)];
    steps.extend(deletions(r, to, &delete, Some(asked), &settled, &words));
    if !s.is_moving() && s.stable.as_ref() != Some(to) {
        cautions
            .push(format!("{to_name} is an older version kept; whether it was good, the server does not say").into());
    }
    let born = |h: &Hash| s.revision(h).and_then(|v| v.created);
    if s.is_moving() && born(to) > born(&r.candidate) && born(&r.candidate).is_some() {
        cautions.push(format!("{to_name} is newer than {from_name}: this change is itself a way back").into());
    }
    if let Some(git) = &s.git {
        let text = format!(
            "{} ({}) still asks for {from_name} and may take this back: revert it there too",
            git.tool, git.what
        );
        cautions.push(text.into());
    }
    cautions.extend(r.recreate());
    cautions.push("the whole old template goes back: ConfigMaps and Secrets it names may have changed".into());
    cautions.extend(r.scalers());
    let pace = match r.kind {
        WorkKind::Deployment => "at the pace of maxSurge and maxUnavailable",
        WorkKind::StatefulSet => "one pod after the other, the highest ordinal first",
        WorkKind::DaemonSet => "node by node",
    };
    let story = Story {
        primitive: Primitive::Undo,
        why: if s.is_moving() {
            format!("in flight: a {} has no abort, undo to the kept template is its way back", r.kind.word())
        } else {
            "it is everywhere: undo to the kept template".to_owned()
        },
        sentence: format!("{} asks for {to_name} again; {from_name} goes away {pace}.", s.id.name),
        not_undone: not_undone(r, &from_name),
        cautions,
    };
    r.plan(op, to, story, steps)
}

fn not_undone(r: &Read<'_>, from: &str) -> Vec<Arc<str>> {
    let mut all: Vec<Arc<str>> = vec![format!("Sessions issued and rows written by {from} stay as they are.").into()];
    if r.kind == WorkKind::StatefulSet {
        all.push(format!("Volumes keep what {from} wrote to them.").into());
    }
    all
}

fn why_deleted(r: &Read<'_>, delete: &[PodAt<'_>], to: &Hash) -> Option<Arc<str>> {
    let v = r.v(to);
    let names: Vec<&str> = delete.iter().map(|p| p.name).collect();
    let text = match (r.flag("/spec/updateStrategy/type", "OnDelete"), &names[..]) {
        (_, []) if r.pods.is_empty() && r.kind == WorkKind::StatefulSet && r.seen.wanted > 0 => {
            format!("its pods are not known: one that is broken must be deleted as well, or {v} never gets its turn")
        }
        (_, []) => return None,
        (true, many) if many.len() > DELETE_AT_MOST => format!(
            "updateStrategy OnDelete: {} pods take {v} only when somebody deletes them, which is too many for one act",
            many.len()
        ),
        (true, _) => format!(
            "updateStrategy OnDelete: these pods take {v} only when deleted, so they are, one after the other: {}",
            names.join(", ")
        ),
        (false, _) => format!(
            "{} will not become ready, and the controller waits for it before it changes it: it is deleted (needs the \
             right to delete pods)",
            names.join(", ")
        ),
    };
    Some(text.into())
}

/// One guarded DELETE a pod. `first`: what must hold before the first of them.
fn deletions(
    r: &Read<'_>,
    to: &Hash,
    delete: &[PodAt<'_>],
    first: Option<Expect>,
    settled: &Expect,
    words: &str,
) -> Vec<Step> {
    let good = u32::try_from(pods(r).iter().filter(|p| p.hash == *to && p.ready).count()).unwrap_or(0);
    // It is gone only when its grace is over.
    let grace =
        r.object.pointer("/spec/template/spec/terminationGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(30);
    let v = r.v(to);
    // Of pods that block each other none comes back before all are gone: only OnDelete waits between them.
    let one_by_one = r.flag("/spec/updateStrategy/type", "OnDelete");
    (good..)
        .zip(delete)
        .enumerate()
        .map(|(i, (good, p))| {
            let body =
                json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": p.uid}}).to_string();
            let last = i + 1 == delete.len();
            let (before, one_more) = if one_by_one {
                let ready = |n: u32| Expect::ReadyOf { hash: to.clone(), n };
                (ready(good), ready(good + 1))
            } else {
                (asked_for(to), if last { Expect::ReadyOf { hash: to.clone(), n: good + 1 } } else { asked_for(to) })
            };
            Step {
                title: format!("delete pod {}", p.name).into(),
                request: Request {
                    method: "DELETE".into(),
                    path: format!("/api/v1/namespaces/{}/pods/{}", r.seen.id.namespace, p.name).into(),
                    content_type: "application/json".into(),
                    shown: body.as_str().into(),
                    body: Sealed::new(body),
                },
                guards: vec![format!("uid {}", p.uid).into()],
                wait_first: if i == 0 { first.clone() } else { Some(before) },
                seen_when: Expect::Any(vec![one_more.clone(), settled.clone()]),
                done_when: if last { settled.clone() } else { one_more },
                done_words: match (last, one_by_one) {
                    (true, _) => words.into(),
                    (false, true) => format!("{} of {v} are ready", good + 1).into(),
                    (false, false) => format!("the controller asks for {v}").into(),
                },
                refused_when: None,
                seen_by: SEEN_BY + grace.clamp(0, 3600) * 1000,
                closes: false,
                settled_by: r.settled_by(),
            }
        })
        .collect()
}

/// The version is asked for, and pods of another one stay: what is missing is only their deletion.
fn finish(op: &Operation, r: &Read<'_>, to: &Hash) -> Option<Plan> {
    let delete = by_hand(r, to);
    if delete.is_empty() || delete.len() > DELETE_AT_MOST {
        return None;
    }
    let (settled, words) = everywhere(r, to);
    let bad = delete.first().map(|p| p.hash.clone()).unwrap_or_else(|| to.clone());
    let from = r.v(&bad);
    let steps = deletions(r, to, &delete, None, &settled, &words);
    let story = Story {
        primitive: Primitive::Undo,
        why: format!("{} is asked for already; pods of {from} stand in its way", r.v(to)),
        sentence: format!("{} loses its pods of {from}, which come back with {}.", r.seen.id.name, r.v(to)),
        not_undone: not_undone(r, &from),
        cautions: why_deleted(r, &delete, to).into_iter().collect(),
    };
    Some(Plan { from: Some(bad), ..r.plan(op, to, story, steps) })
}
