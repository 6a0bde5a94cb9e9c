//! Which way a fix goes out: the guide's four questions, answered from facts as far as anybody tells them, and the path the
//! answers propose. A person may answer otherwise; the proposal follows at once. Nothing is decided here.

use crate::core::case::ledger::HOTFIX;
use crate::core::gates::artifact;
use crate::core::judge::burn::Tier;
use crate::core::judge::readiness::{self, CheckState};
use crate::core::judge::verdict::Word;
use crate::core::model::Model;
use crate::core::world::alert::Origin;
use crate::core::world::beside::ChangeKind;
use crate::core::world::target::TargetState;
use std::collections::BTreeSet;

/// Hotfixes on one service are counted over this long. Milliseconds.
const REPEAT_MS: i64 = 30 * 86_400_000;
/// Of traffic, percent: below it a fault is small.
const SMALL: u8 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    Unknown,
}

impl Answer {
    pub const ALL: [Answer; 3] = [Answer::Yes, Answer::No, Answer::Unknown];

    pub fn word(self) -> &'static str {
        match self {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::Unknown => "unknown",
        }
    }

    pub fn read(word: &str) -> Answer {
        Answer::ALL.into_iter().find(|a| a.word() == word).unwrap_or(Answer::Unknown)
    }
}

/// The four, in the order of the guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    Hurts,
    Small,
    Schema,
    Several,
}

impl Question {
    pub const ALL: [Question; 4] = [Question::Hurts, Question::Small, Question::Schema, Question::Several];

    /// The member of the record.
    pub fn word(self) -> &'static str {
        match self {
            Question::Hurts => "hurts",
            Question::Small => "small",
            Question::Schema => "schema",
            Question::Several => "several",
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Question::Hurts => "exploited, or users hurt now?",
            Question::Small => "under 5 %, easy way back?",
            Question::Schema => "schema change with downtime?",
            Question::Several => "several related issues?",
        }
    }
}

/// How it goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    EmergencyCanary,
    Canary,
    Window,
    PatchSet,
}

impl Path {
    pub fn word(self) -> &'static str {
        match self {
            Path::EmergencyCanary => HOTFIX,
            Path::Canary => "canary",
            Path::Window => "maintenance window",
            Path::PatchSet => "patch set",
        }
    }
}

/// One question with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub question: Question,
    pub answer: Answer,
    /// The evidence, or that nobody tells.
    pub why: String,
}

/// The path and its reason, from the answers in the order of [`Question::ALL`].
pub fn propose(answers: [Answer; 4]) -> (Path, String) {
    use Answer::{No, Unknown, Yes};
    let [hurts, small, schema, several] = answers;
    let open = answers.iter().filter(|a| **a == Unknown).count();
    let open = match open {
        0 => String::new(),
        1 => "; 1 answer is not known".into(),
        n => format!("; {n} answers are not known"),
    };
    let (path, why) = match (hurts, small, schema, several) {
        (Yes, _, Yes, _) => {
            (Path::Window, "users are hurt, and a schema change with downtime is no canary: a window, opened now")
        }
        (_, _, Yes, _) => (Path::Window, "a schema change with downtime is announced, not tried on a few"),
        (Yes, ..) => (Path::EmergencyCanary, "users are hurt now: small, watched, and owed for afterwards"),
        (_, _, _, Yes) => (Path::PatchSet, "one change for several related issues is tested once and rolled back once"),
        (_, No, ..) => (Path::Window, "it reaches many, or there is no easy way back"),
        (_, Yes, ..) => (Path::Canary, "small, and the way back is ready"),
        (_, Unknown, ..) => (Path::Canary, "the careful one while the reach is not known"),
    };
    (path, format!("{why}{open}"))
}

/// The four questions about a target, filled in. Without a target nothing is known.
pub fn questions(model: &Model, t: Option<&TargetState>) -> [Asked; 4] {
    Question::ALL.map(|question| {
        let (answer, why) = match (t, question) {
            (None, _) => (Answer::Unknown, "nothing is chosen".to_owned()),
            (Some(t), Question::Hurts) => hurts(model, t),
            (Some(t), Question::Small) => small(model, t),
            (Some(t), Question::Schema) => schema(model, t),
            (Some(t), Question::Several) => several(model, t),
        };
        Asked { question, answer, why }
    })
}

fn hurts(model: &Model, t: &TargetState) -> (Answer, String) {
    let verdict = model.judged.get(&t.id).filter(|j| j.telemetry).map(|j| &j.verdict.word);
    let burn = model.burn(&t.service);
    let mine = model.world.alerts.values().flat_map(|a| &a.all);
    let reports = mine.filter(|a| a.firing && a.origin == Origin::Report && a.service.as_ref() == Some(&t.service));
    let reports = reports.count();
    let mut yes = Vec::new();
    if verdict == Some(&Word::Worse) {
        yes.push("verdict WORSE".to_owned());
    }
    if let Some(b) = burn.filter(|b| b.tier == Tier::Page) {
        yes.push(format!("burn {}", b.word.word()));
    }
    if reports > 0 {
        yes.push(format!("{reports} report{} of users", if reports == 1 { "" } else { "s" }));
    }
    if let Some(i) = model
        .casebook
        .current()
        .filter(|i| i.service() == Some(t.service.as_str()) && model.casebook.mitigated(i).is_none())
    {
        yes.push(format!("{} is open", i.id));
    }
    if !yes.is_empty() {
        return (Answer::Yes, yes.join(", "));
    }
    // Of an exploit no figure tells: what is calm is not yet a no.
    let said = [verdict.map(|w| format!("verdict {}", w.word())), burn.map(|b| format!("burn {}", b.word.word()))];
    let said: Vec<String> = said.into_iter().flatten().collect();
    let said = if said.is_empty() { String::new() } else { format!("{}; ", said.join(", ")) };
    (Answer::Unknown, format!("{said}of an exploit nobody tells"))
}

fn small(model: &Model, t: &TargetState) -> (Answer, String) {
    let r = readiness::of(&model.world, t, model.utc());
    let (ok, of) = r.count();
    let back = r.checks.iter().find(|c| c.state == CheckState::Blocked);
    if let Some(c) = back {
        return (Answer::No, format!("way back: {}", c.how));
    }
    if let Some(words) = artifact(model, t).and_then(|a| a.artifact.schema.clone()) {
        return (Answer::No, format!("going back leaves {words}"));
    }
    match t.weight_real {
        _ if !t.is_moving() => (Answer::Unknown, format!("nothing moves; way back {ok}/{of}")),
        None => (Answer::Unknown, format!("its weight is not told; way back {ok}/{of}")),
        Some(w) if w >= SMALL => (Answer::No, format!("{w}% of traffic; way back {ok}/{of}")),
        Some(w) if ok == of && of > 0 => (Answer::Yes, format!("{w}% of traffic; way back {ok}/{of}")),
        Some(w) => (Answer::Unknown, format!("{w}% of traffic; way back {ok}/{of} only")),
    }
}

fn schema(model: &Model, t: &TargetState) -> (Answer, String) {
    let own = artifact(model, t).and_then(|a| a.artifact.schema.clone());
    let began = t.started;
    let beside = model.world.changed.values().flatten().rfind(|c| {
        c.kind == ChangeKind::Migration && c.service.as_ref() == Some(&t.service) && began.is_none_or(|b| c.at >= b)
    });
    match own.or_else(|| beside.map(|c| c.what.clone())) {
        Some(words) if words.to_lowercase().contains("downtime") => (Answer::Yes, words.to_string()),
        Some(words) => (Answer::Unknown, format!("{words}; of downtime nobody tells")),
        None => (Answer::Unknown, "no source tells of a schema change".into()),
    }
}

fn several(model: &Model, t: &TargetState) -> (Answer, String) {
    let mut found = Vec::new();
    let firing = model.world.alerts.values().flat_map(|a| &a.all).filter(|a| a.firing);
    let mine = firing.filter(|a| a.service.as_ref() == Some(&t.service));
    let signatures: BTreeSet<&str> = mine.map(|a| &*a.signature).filter(|s| !s.is_empty()).collect();
    if signatures.len() > 1 {
        found.push(format!("alerts of {} kinds", signatures.len()));
    }
    let incidents = model.casebook.open().into_iter().filter(|i| i.service() == Some(t.service.as_str())).count();
    if incidents > 1 {
        found.push(format!("{incidents} open incidents"));
    }
    let fixes = repeats(model, t);
    if fixes > 1 {
        found.push(format!("{fixes} hotfixes in 30 days"));
    }
    if !found.is_empty() {
        return (Answer::Yes, found.join(", "));
    }
    let told = model.world.sources.values().any(|s| s.abilities.roles.alerts);
    match told {
        true => (Answer::No, "one kind of alert at most, no other hotfix".into()),
        false => (Answer::Unknown, "no source tells alerts".into()),
    }
}

/// Emergency promotes and decisions for one on this service, in 30 days.
pub fn repeats(model: &Model, t: &TargetState) -> usize {
    let now = model.utc();
    let all = model.ledger.hotfixes.get(t.service.as_str()).into_iter().flatten();
    all.filter(|h| now.since(h.at) <= REPEAT_MS).count()
}

/// When an emergency is needed, when it is optional, when it is not the way.
pub fn hints(model: &Model, t: Option<&TargetState>) -> Vec<(bool, String)> {
    let mut out = vec![
        (false, "emergency needed: users hurt or exploited, and no flag or roll back ends it sooner".to_owned()),
        (
            false,
            "optional: small reach and a way back; not to use: for what can wait, or instead of a roll back".to_owned(),
        ),
    ];
    if let Some(t) = t {
        let n = repeats(model, t);
        if n > 0 {
            let times = if n == 1 { "once".to_owned() } else { format!("{n} times") };
            out.push((n > 1, format!("{} was hotfixed {times} in 30 days: look for the cause", t.service)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_propose_a_path() {
        use Answer::{No, Unknown, Yes};
        let table = [
            ([Yes, Yes, No, No], Path::EmergencyCanary),
            ([Yes, No, No, Yes], Path::EmergencyCanary),
            ([Yes, Unknown, Unknown, Unknown], Path::EmergencyCanary),
            ([Yes, Yes, Yes, No], Path::Window),
            ([No, Yes, Yes, No], Path::Window),
            ([No, Yes, No, Yes], Path::PatchSet),
            ([Unknown, No, No, Yes], Path::PatchSet),
            ([No, No, No, No], Path::Window),
            ([No, Yes, No, No], Path::Canary),
            ([Unknown, Yes, Unknown, No], Path::Canary),
            ([Unknown, Unknown, Unknown, Unknown], Path::Canary),
        ];
        for (answers, path) in table {
            let (got, why) = propose(answers);
            assert_eq!(got, path, "{answers:?}: {why}");
            let open = answers.iter().filter(|a| **a == Unknown).count();
            assert_eq!(why.contains("not known"), open > 0, "{answers:?}: {why}");
        }
        // Users who are hurt never make it less urgent, and a schema change with downtime is never a canary.
        for n in 0..81 {
            let of = |k: u32| Answer::ALL[n / 3usize.pow(k) % 3];
            let (path, _) = propose([of(0), of(1), of(2), of(3)]);
            if of(2) == Yes {
                assert_eq!(path, Path::Window);
            } else {
                assert_eq!(path == Path::EmergencyCanary, of(0) == Yes);
            }
        }
        assert_eq!(Answer::read("maybe"), Unknown);
    }

    #[test]
    fn whom_the_change_itself_hurts_is_told_to_go_back_first() {
        let said = |mut w: crate::testkit::world::World| {
            w.keys("d");
            let sheet = w.model.dialog.as_ref().and_then(|d| d.sheet()).expect("the dialog of decide");
            sheet.said.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let worse = said(crate::testkit::stories::worse());
        assert!(worse[0].contains("is WORSE itself: a r takes it back first"), "{worse:?}");
        assert!(worse[1].starts_with("PROPOSED for the fix of checkout@eu-1"), "{worse:?}");
        let calm = said(crate::testkit::stories::calm());
        assert!(calm[0].starts_with("PROPOSED for the way of"), "{calm:?}");
    }
}
