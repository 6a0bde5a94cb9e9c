//! What we may do there, by namespace: one rules review each, single access reviews where that is not the whole answer.
//! Acts are reviewed as who acts, looking as who looks. Advisory: a review never decides an act.

use super::client::{Clients, parse, post_request};
use super::link::Link;
use crate::backends::Interest;
use crate::core::world::source::Right;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Rights are reviewed in so many namespaces at most.
pub const NAMESPACES: usize = 50;
/// Where something moves.
const KEPT_MOVING: Duration = Duration::from_secs(55);
/// Elsewhere.
const KEPT: Duration = Duration::from_secs(300);
/// In so few namespaces every right is asked for one by one where the rules leave it open; in more, only where
/// something moves: some clusters' rules are never the whole answer, and then it is a request for each right.
const FEW: usize = 4;
/// Reviews under way at the same time.
const AT_ONCE: usize = 4;

/// Whose right it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Acts,
    Looks,
}

/// Only asked for where the server has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Always,
    Argo,
    Flagger,
}

/// A right as the field writes it, and as the API asks for it.
struct Wanted {
    words: &'static str,
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    sub: &'static str,
    by: By,
    at: Where,
}

const fn act(
    words: &'static str,
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    sub: &'static str,
    at: Where,
) -> Wanted {
    Wanted { words, verb, group, resource, sub, by: By::Acts, at }
}

/// In the order they are told. The words are those of `core::act::right` and of the requests' own paths.
const WANTED: [Wanted; 12] = [
    act("patch rollouts", "patch", "argoproj.io", "rollouts", "", Where::Argo),
    act("patch rollouts/status", "patch", "argoproj.io", "rollouts", "status", Where::Argo),
    act("patch analysisruns", "patch", "argoproj.io", "analysisruns", "", Where::Argo),
    act("patch canaries", "patch", "flagger.app", "canaries", "", Where::Flagger),
    act("patch canaries/status", "patch", "flagger.app", "canaries", "status", Where::Flagger),
    act("create services/proxy", "create", "", "services", "proxy", Where::Flagger),
    act("patch deployments", "patch", "apps", "deployments", "", Where::Always),
    act("patch statefulsets", "patch", "apps", "statefulsets", "", Where::Always),
    act("patch daemonsets", "patch", "apps", "daemonsets", "", Where::Always),
    act("delete pods", "delete", "", "pods", "", Where::Always),
    act("create events.events.k8s.io", "create", "events.k8s.io", "events", "", Where::Always),
    Wanted {
        words: "get pods/log",
        verb: "get",
        group: "",
        resource: "pods",
        sub: "log",
        by: By::Looks,
        at: Where::Always,
    },
];

/// Nodes have no namespace: asked once.
const NODES: Wanted = Wanted {
    words: "list nodes",
    verb: "list",
    group: "",
    resource: "nodes",
    sub: "",
    by: By::Looks,
    at: Where::Always,
};

/// By the words of a right.
type Answers = BTreeMap<&'static str, Option<bool>>;

/// What was found, kept over connections.
#[derive(Clone, Debug, Default)]
pub struct Reviews(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    found: BTreeMap<String, Found>,
    want: Option<watch::Receiver<Interest>>,
}

#[derive(Clone, Debug)]
struct Found {
    at: Instant,
    answers: Answers,
    /// Rights that the rules left open were not asked for one by one.
    open: bool,
}

impl Reviews {
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where things move is read from here from now on.
    pub fn follow(&self, want: watch::Receiver<Interest>) {
        self.lock().want = Some(want);
    }

    /// Another login: nothing found before counts.
    pub fn forget(&self) {
        self.lock().found.clear();
    }

    /// Namespaces to review now, and whether to the last right.
    fn due(&self, namespaces: &[String]) -> Vec<(String, bool)> {
        let kept = self.lock();
        let moving: BTreeSet<Arc<str>> = match &kept.want {
            Some(want) => want.borrow().ways_back.iter().map(|t| t.namespace.clone()).collect(),
            None => BTreeSet::new(),
        };
        let due = |n: &String| {
            let moves = moving.contains(n.as_str());
            let limit = if moves { KEPT_MOVING } else { KEPT };
            let deep = moves || namespaces.len() <= FEW;
            let found = kept.found.get(n);
            found.is_none_or(|f| f.at.elapsed() >= limit || (deep && f.open)).then(|| (n.clone(), deep))
        };
        namespaces.iter().filter_map(due).collect()
    }
}

/// `namespaces` empty: the whole cluster, where a no says only "not everywhere". At most [`NAMESPACES`] are asked.
pub async fn rights(c: &Clients, namespaces: &[String], argo: bool, flagger: bool, deadline: Duration) -> Vec<Right> {
    let wanted = |w: &&Wanted| match w.at {
        Where::Always => true,
        Where::Argo => argo,
        Where::Flagger => flagger,
    };
    let wanted: Vec<&'static Wanted> = WANTED.iter().filter(wanted).collect();
    let nodes = access(c, None, &NODES, deadline);
    let (nodes, mut out) = futures::join!(nodes, below(c, namespaces, &wanted, deadline));
    out.push(right(None, NODES.words, nodes));
    out
}

/// Everything that has a namespace.
async fn below(c: &Clients, namespaces: &[String], wanted: &[&'static Wanted], deadline: Duration) -> Vec<Right> {
    if namespaces.is_empty() {
        let mut out = Vec::with_capacity(wanted.len());
        for some in wanted.chunks(AT_ONCE) {
            let asked = some.iter().map(|w| access(c, None, w, deadline));
            let all = futures::future::join_all(asked).await;
            out.extend(some.iter().zip(all).map(|(w, allowed)| right(None, w.words, allowed.filter(|yes| *yes))));
        }
        return out;
    }
    let namespaces = &namespaces[..namespaces.len().min(NAMESPACES)];
    let reviews = &c.calls.reviews;
    for some in reviews.due(namespaces).chunks(AT_ONCE) {
        let found =
            futures::future::join_all(some.iter().map(|(ns, deep)| review(c, ns, *deep, wanted, deadline))).await;
        reviews.lock().found.extend(some.iter().map(|(ns, _)| ns.clone()).zip(found));
    }
    let kept = reviews.lock();
    let answers: Vec<(&str, &Answers)> =
        namespaces.iter().filter_map(|n| kept.found.get(n).map(|f| (n.as_str(), &f.answers))).collect();
    wanted.iter().flat_map(|w| told(w.words, &answers)).collect()
}

fn right(namespace: Option<&str>, words: &str, allowed: Option<bool>) -> Right {
    Right { namespace: namespace.map(Arc::from), verb: words.into(), allowed }
}

/// The same answer in all of several namespaces is said once.
fn told(words: &str, answers: &[(&str, &Answers)]) -> Vec<Right> {
    let of = |a: &Answers| a.get(words).copied().flatten();
    match answers {
        [(_, first), rest @ ..] if !rest.is_empty() && rest.iter().all(|(_, a)| of(a) == of(first)) => {
            vec![right(None, words, of(first))]
        }
        some => some.iter().map(|(ns, a)| right(Some(ns), words, of(a))).collect(),
    }
}

fn link(c: &Clients, by: By) -> &Link {
    match by {
        By::Acts => &c.acts,
        By::Looks => &c.watch,
    }
}

/// One namespace: the rules, as each of the two who ask; what they leave open is asked for one by one if `deep`, else it
/// is not known.
async fn review(c: &Clients, namespace: &str, deep: bool, wanted: &[&'static Wanted], deadline: Duration) -> Found {
    let acting = rules(c, By::Acts, namespace, deadline).await;
    let looking = if c.acts_apart { rules(c, By::Looks, namespace, deadline).await } else { acting.clone() };
    let mut answers = Answers::new();
    let mut open = false;
    for w in wanted {
        let rules = match w.by {
            By::Acts => &acting,
            By::Looks => &looking,
        };
        let said = match rules {
            Some((rules, whole)) => match (by_rules(rules, w), *whole) {
                (Some(Some(yes)), _) => Some(Some(yes)),
                // Only for objects of certain names, or not said.
                (Some(None), true) => Some(None),
                (None, true) => Some(Some(false)),
                (Some(None) | None, false) => None,
            },
            None => None,
        };
        let answer = match said {
            Some(said) => said,
            None if deep => access(c, Some(namespace), w, deadline).await,
            None => {
                open = true;
                None
            }
        };
        answers.insert(w.words, answer);
    }
    Found { at: Instant::now(), answers, open }
}

/// The rules, and whether they are all. `None`: no answer.
async fn rules(c: &Clients, by: By, namespace: &str, deadline: Duration) -> Option<(Vec<Value>, bool)> {
    let body = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}});
    let what = "review our rights";
    let request = post_request("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body.to_string()).ok()?;
    let bytes = c.call(link(c, by), request, deadline, what).await.ok()?;
    let v: Value = parse(&bytes, what).ok()?;
    let rules = v.pointer("/status/resourceRules")?.as_array()?.clone();
    let whole = v.pointer("/status/incomplete").and_then(Value::as_bool) == Some(false);
    Some((rules, whole))
}

/// `Some(Some(true))`: allowed; `Some(None)`: for some names only; `None`: no rule says so.
fn by_rules(rules: &[Value], w: &Wanted) -> Option<Option<bool>> {
    let has = |rule: &Value, field: &str, any: &[&str]| {
        let list = rule.get(field).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).any(|one| any.contains(&one))
    };
    let (whole, below) = if w.sub.is_empty() {
        (w.resource.to_owned(), "*".to_owned())
    } else {
        (format!("{}/{}", w.resource, w.sub), format!("*/{}", w.sub))
    };
    let mut named = false;
    for rule in rules {
        let fits = has(rule, "verbs", &[w.verb, "*"])
            && has(rule, "apiGroups", &[w.group, "*"])
            && has(rule, "resources", &[&whole, &below, "*"]);
        if !fits {
            continue;
        }
        if rule.get("resourceNames").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            return Some(Some(true));
        }
        named = true;
    }
    named.then_some(None)
}

async fn access(c: &Clients, namespace: Option<&str>, w: &Wanted, deadline: Duration) -> Option<bool> {
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "namespace": namespace.unwrap_or(""), "verb": w.verb, "group": w.group,
            "resource": w.resource, "subresource": w.sub,
        }},
    });
    let what = "review our rights";
    let request = post_request("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body.to_string()).ok()?;
    let bytes = c.call(link(c, w.by), request, deadline, what).await.ok()?;
    let v: Value = parse(&bytes, what).ok()?;
    let yes = v.pointer("/status/allowed")?.as_bool()?;
    // "No" with an evaluation error is not a no.
    (yes || v.pointer("/status/evaluationError").is_none()).then_some(yes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verbs: &[&str], groups: &[&str], resources: &[&str], names: &[&str]) -> Value {
        json!({"verbs": verbs, "apiGroups": groups, "resources": resources, "resourceNames": names})
    }

    fn ask(words: &str, rules: &[Value]) -> Option<Option<bool>> {
        by_rules(rules, WANTED.iter().find(|w| w.words == words).expect("wanted"))
    }

    #[test]
    fn rules_are_matched_as_the_server_matches_them() {
        let argo = &["argoproj.io"];
        for (words, rules, answer) in [
            ("patch rollouts", vec![rule(&["*"], &["*"], &["*"], &[])], Some(Some(true))),
            ("patch rollouts/status", vec![rule(&["patch"], argo, &["rollouts"], &[])], None),
            ("patch rollouts/status", vec![rule(&["patch"], argo, &["rollouts/status"], &[])], Some(Some(true))),
            ("patch rollouts/status", vec![rule(&["patch"], argo, &["*/status"], &[])], Some(Some(true))),
            ("patch rollouts", vec![rule(&["patch"], argo, &["*/status"], &[])], None),
            ("patch rollouts", vec![rule(&["get", "list"], argo, &["*"], &[])], None),
            ("patch rollouts", vec![rule(&["patch"], &["apps"], &["*"], &[])], None),
            ("patch rollouts", vec![rule(&["patch"], argo, &["rollouts"], &["checkout"])], Some(None)),
            (
                "patch rollouts",
                vec![rule(&["patch"], argo, &["rollouts"], &["checkout"]), rule(&["patch"], argo, &["rollouts"], &[])],
                Some(Some(true)),
            ),
            ("delete pods", vec![rule(&["delete"], &[""], &["pods"], &[])], Some(Some(true))),
            ("create events.events.k8s.io", vec![rule(&["create"], &[""], &["events"], &[])], None),
            ("get pods/log", vec![rule(&["get"], &[""], &["pods/log"], &[])], Some(Some(true))),
        ] {
            assert_eq!(ask(words, &rules), answer, "{words} {rules:?}");
        }
    }

    #[test]
    fn what_is_the_same_everywhere_is_said_once() {
        let yes: Answers = [("patch rollouts", Some(true))].into();
        let no: Answers = [("patch rollouts", Some(false))].into();
        let words = |a: &[(&str, &Answers)]| {
            told("patch rollouts", a)
                .iter()
                .map(|r| format!("{} {:?}", r.namespace.as_deref().unwrap_or("*"), r.allowed))
                .collect::<Vec<_>>()
        };
        assert_eq!(words(&[("a", &yes)]), ["a Some(true)"]);
        assert_eq!(words(&[("a", &yes), ("b", &yes)]), ["* Some(true)"]);
        assert_eq!(words(&[("a", &yes), ("b", &no)]), ["a Some(true)", "b Some(false)"]);
        assert!(words(&[]).is_empty());
    }
}
