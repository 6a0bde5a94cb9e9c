//! The query language of a drill's runbooks: one name, labels in braces, one number as answer.
//! `error_ratio{service="checkout",track="candidate"}` (last 5 minutes, 0 to 1), `burn{service="checkout",window="1h"}`,
//! `pods{service="checkout",track="stable"}`.

use super::rollout::Rollout;
use super::scenario::ScenarioService;
use super::traffic::{Traffic, WINDOWS};
use crate::core::id::Hash;
use crate::core::time::Utc;
use crate::core::world::figures::{Checked, Signal};
use std::collections::BTreeMap;

/// What the drill knows about one service.
pub(super) struct Service<'a> {
    pub facts: &'a ScenarioService,
    pub rollout: &'a Rollout,
    pub traffic: &'a Traffic,
}

/// The name and the labels; `None`: not of this language.
pub(super) fn read(query: &str) -> Option<(&str, BTreeMap<&str, &str>)> {
    let (name, rest) = query.trim().split_once('{')?;
    let inside = rest.strip_suffix('}')?;
    let labels = inside.split(',').map(|l| {
        let (k, v) = l.split_once('=')?;
        Some((k.trim(), v.trim().strip_prefix('"')?.strip_suffix('"')?))
    });
    Some((name.trim(), labels.collect::<Option<_>>()?))
}

fn window(text: &str) -> Option<u32> {
    let (n, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let factor = match unit {
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let secs = n.parse::<u32>().ok()?.checked_mul(factor)?;
    WINDOWS.contains(&secs).then_some(secs)
}

fn track<'a>(r: &'a Rollout, name: &str) -> Option<Option<&'a Hash>> {
    match name {
        "candidate" | "canary" => Some(r.moving().then_some(&r.current)),
        "stable" => Some(Some(&r.stable)),
        _ => None,
    }
}

/// The answer. `Err` says in a sentence what is wrong with the question.
pub(super) fn check(query: &str, s: &Service, labels: &BTreeMap<&str, &str>, now: Utc) -> Result<Checked, String> {
    let (name, _) = read(query).ok_or("not a query of the drill")?;
    let sample = s.traffic.newest_sample(now);
    let version = || {
        let name = labels.get("track").copied().unwrap_or("candidate");
        track(s.rollout, name).ok_or(format!("no track {name}: say candidate or stable"))
    };
    let (value, sample) = match name {
        "error_ratio" => {
            let counts = version()?.and_then(|h| s.traffic.of_version(h, 300, now, Signal::Errors));
            let counts = counts.filter(|c| c.total > 0.0);
            (counts.map(|c| c.failed / c.total), sample)
        }
        "burn" => {
            let text = labels.get("window").copied().unwrap_or("1h");
            let wanted = window(text).ok_or(format!("no window {text}: say 5m, 30m, 1h, 2h, 6h, 1d, 3d or 30d"))?;
            let rows = s.traffic.windows(now, Signal::Errors);
            let counts = rows.iter().find(|(w, c)| *w == wanted && c.total > 0.0);
            let budget = 1.0 - s.facts.objective / 100.0;
            (counts.map(|(_, c)| c.failed / c.total / budget), sample)
        }
        "pods" => {
            let pods = |h: &Hash| s.rollout.set(h).map_or(0, |set| set.pods.len());
            (Some(version()?.map_or(0, pods) as f64), now)
        }
        other => {
            return Err(format!("the drill knows no `{other}`: ask error_ratio, burn or pods"));
        }
    };
    Ok(Checked { query: query.into(), value, sample: Some(sample) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_a_name_and_labels() {
        let (name, labels) = read(r#"burn{service="checkout", window="1h"}"#).expect("a query");
        assert_eq!((name, labels["service"], labels["window"]), ("burn", "checkout", "1h"));
        for wrong in ["burn", "burn{service=checkout}", "burn{service=\"a\"", "burn{}", ""] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
        assert_eq!(window("3d"), Some(259_200));
        assert_eq!(window("7m"), None);
        assert_eq!(window(""), None);
    }
}
