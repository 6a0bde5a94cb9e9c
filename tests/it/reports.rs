//! Reports made of a drill that was really played: what they say, what each sentence rests on, and that text from
//! outside stays text. `ANDON_BLESS=1 cargo test --test it reports` rewrites `snapshots/reports/`.

mod played;

use andon::core::case::report::handover::handover;
use andon::core::case::report::{Part, Read, Report, Rest, Wish, draft, html, md, text};
use andon::core::record::Record;
use andon::core::time::Utc;
use andon::testkit::hostile::{PAYLOADS, forbidden};
use played::{DAY, files};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

/// Played once.
fn f1() -> Vec<Record> {
    static LOG: LazyLock<Vec<Record>> = LazyLock::new(played::f1);
    LOG.clone()
}

fn quiet() -> Vec<Record> {
    static LOG: LazyLock<Vec<Record>> = LazyLock::new(played::quiet);
    LOG.clone()
}

/// In a short run only every `n`th is taken; `ANDON_LONG=1` takes all.
fn each(n: usize) -> usize {
    if std::env::var_os("ANDON_LONG").is_some() { 1 } else { n }
}

fn read(records: &[Record]) -> Read {
    Read { environment: "drill".into(), files: files(records) }
}

fn made(records: &[Record]) -> Report {
    draft(records, &read(records), &Wish::default(), Utc(DAY + 4 * 3_600_000)).unwrap_or_else(|n| panic!("{n}"))
}

fn shift(records: &[Record]) -> Report {
    let now = Utc(DAY + 15 * 60_000);
    handover(records, &read(records), &[], Utc(now.0 - 12 * 3_600_000), now).unwrap_or_else(|n| panic!("{n}"))
}

#[track_caller]
fn kept(name: &str, is: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/reports").join(name);
    if std::env::var_os("ANDON_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, is).expect("written");
    }
    let was = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(was == is, "snapshots/reports/{name} is not what is made now: run with ANDON_BLESS=1 and read it");
}

/// Every sentence of the report, with its section.
fn said(r: &Report) -> Vec<(Part, String, Vec<Rest>)> {
    let of = |s: &andon::core::case::report::Section| {
        s.sentences().map(|x| (s.part, x.text(), x.rests().to_vec())).collect::<Vec<_>>()
    };
    r.sections.iter().flat_map(of).collect()
}

fn section(r: &Report, part: Part) -> String {
    said(r).into_iter().filter(|(p, ..)| *p == part).map(|(_, t, _)| t + "\n").collect()
}

#[test]
fn reports_of_a_played_drill_are_kept_to_read() {
    let log = f1();
    let r = made(&log);
    kept("f1.md", &md::md(&r));
    kept("f1.html", &html::html(&r));
    kept("f1-handover.md", &text::text(&shift(&log)));
    kept("no-rollback.md", &md::md(&made(&quiet())));
}

#[test]
fn every_sentence_rests_on_records_that_were_read() {
    for log in [f1(), quiet()] {
        let there: BTreeSet<(&str, u64)> = log.iter().map(|r| (r.session.as_str(), r.seq)).collect();
        for r in [made(&log), shift(&log)] {
            for s in r.sentences() {
                assert!(!s.rests().is_empty(), "{}", s.text());
                for rest in s.rests() {
                    let ends = match rest {
                        Rest::On(x) => vec![(x.session.as_str(), x.seq)],
                        Rest::Over { session, from, to } => vec![(session.as_str(), *from), (session.as_str(), *to)],
                    };
                    assert!(ends.iter().all(|e| there.contains(e)), "{}: {rest:?}", s.text());
                }
            }
        }
    }
}

/// Without a record, no sentence that rests on it is made; and every other one stays as it was. So each sentence names
/// all that it was made from, and nothing else.
#[test]
fn a_sentence_changes_with_its_own_records_and_with_no_others() {
    let log = f1();
    let whole = said(&made(&log));
    let over = |rests: &[Rest]| rests.iter().any(|r| matches!(r, Rest::Over { .. }));
    for gone in (0..log.len()).step_by(each(3)) {
        let mut less = log.clone();
        let r = less.remove(gone);
        let Ok(report) = draft(&less, &read(&less), &Wish::default(), Utc(DAY)) else { continue };
        let now: Vec<_> = said(&report);
        let on = |rests: &[Rest]| {
            rests.iter().any(|x| match x {
                Rest::On(x) => x.session == r.session && x.seq == r.seq,
                Rest::Over { session, from, to } => *session == r.session && (*from == r.seq || *to == r.seq),
            })
        };
        for old in &whole {
            if on(&old.2) {
                assert!(!now.contains(old), "without {} {} it still says: {}", r.kind, r.seq, old.1);
            }
        }
        // What opens the report, an act or a track of figures is what others are found by.
        let finds = ["opened", "incident-opened", "intent", "figures", "verdict", "burn", "closed", "incident-closed"];
        if finds.contains(&r.kind.as_str()) {
            continue;
        }
        for old in whole.iter().filter(|o| !on(&o.2) && !over(&o.2)) {
            let there = now.iter().any(|n| n.1 == old.1 && n.2 == old.2);
            assert!(there, "without {} {} ({}) it no longer says: {}", r.kind, r.seq, r.data, old.1);
        }
    }
}

#[test]
fn a_drill_without_a_rollback_says_that_none_happened() {
    let r = made(&quiet());
    for part in [Part::Summary, Part::Acts, Part::Review] {
        assert!(section(&r, part).contains("No rollback happened"), "{part:?}: {}", section(&r, part));
    }
    assert!(!md::md(&r).contains("had settled"));
    // Nor is there a section for what has no source.
    let text = md::md(&r).to_lowercase();
    for later in ["silence", "watches", "watch list"] {
        assert!(!text.contains(later), "{later}");
    }
}

#[test]
fn an_act_that_nothing_confirms_is_not_called_settled() {
    let cut = |until: &str| -> Vec<Record> {
        let log = f1();
        let at = log.iter().position(|r| r.kind == until && r.data["verb"] == "roll back").expect("the record");
        log.into_iter().take(at).collect()
    };
    for (until, words) in [
        ("sent", "no record tells what came of it"),
        ("accepted", "nothing confirms that it settled"),
        ("seen", "accepted; no record confirms that it settled"),
        ("settled", "no record confirms that it settled"),
    ] {
        let log = cut(until);
        let r = made(&log);
        let summary = section(&r, Part::Summary);
        assert!(summary.contains(words), "{until}: {summary}");
        assert!(!summary.contains("had settled"), "{summary}");
        let open = text::text(&shift(&log));
        assert!(open.contains("roll back checkout@eu-1 by mira"), "{open}");
    }
    assert!(!text::text(&shift(&f1())).contains("roll back checkout@eu-1 by mira"));
}

#[test]
fn the_five_moments_and_the_times_between_them_are_those_of_the_records() {
    let log = f1();
    let at = |kind: &str, f: &dyn Fn(&Record) -> bool| {
        log.iter().find(|r| r.kind == kind && f(r)).and_then(|r| Utc::read(r.when())).expect("the record")
    };
    let bad = at("verdict", &|r| r.data["word"] == "WORSE");
    let back = |r: &Record| r.data["verb"] == "roll back";
    let settled = at("settled", &back);
    let r = made(&log);
    let moments = section(&r, Part::Moments);
    for (name, t) in [("detection", bad), ("act", at("sent", &back)), ("settled", settled)] {
        assert!(moments.contains(&format!("{name} | {}", t.hms())), "{name}: {moments}");
    }
    let took = andon::core::age::span(settled.since(bad));
    assert!(section(&r, Part::Durations).contains(&format!("settled) | {took} | within the target of 5m")), "{took}");
}

/// All times a day and some hours later, and the records appended later than they were true.
fn shifted(log: &[Record], ms: i64, late: i64) -> Vec<Record> {
    let move_by = |t: &str, by: i64| Utc::read(t).map_or_else(|| t.to_owned(), |u| Utc(u.0 + by).rfc3339());
    let one = |r: &Record| {
        let mut r = r.clone();
        let at = move_by(r.when(), ms);
        r.hlc.0 += ms + late;
        r.utc = move_by(&at, late);
        r.at = (late != 0).then_some(at);
        for name in ["at_block", "first_bad", "about"] {
            if let Some(t) = r.data[name].as_str().map(|t| move_by(t, ms)) {
                r.data[name] = json!(t);
            }
        }
        r
    };
    log.iter().map(one).collect()
}

#[test]
fn durations_are_right_across_midnight_and_where_a_record_came_late() {
    let log = f1();
    let plain = section(&made(&log), Part::Durations);
    // The drill begins at 03:02; 03:04 becomes midnight.
    let midnight = shifted(&log, 21 * 3_600_000 - 5 * 60_000 + 60_000, 0);
    assert_eq!(section(&made(&midnight), Part::Durations), plain);
    let text = md::md(&made(&midnight));
    assert!(text.contains("2026-11-21 23:5") && text.contains("2026-11-22 00:0"), "both days are written");
    let late = shifted(&log, 0, 3_600_000);
    assert_eq!(section(&made(&late), Part::Durations), plain);
    assert!(section(&made(&late), Part::Holes).contains("appended later than they were true"), "it says so");
}

#[test]
fn two_sessions_are_told_apart_in_every_reference() {
    let log = f1();
    let r = made(&log);
    let text = md::md(&r);
    assert!(text.contains("[mira ") && text.contains("[ito "), "who stands before the number");
    // Two consoles of one person: the session's own digits stand behind the name.
    let mut same = log.clone();
    for r in &mut same {
        r.user = "mira".into();
    }
    assert!(md::md(&made(&same)).contains("[mira-7f3a "));
    let alone: Vec<Record> = log.iter().filter(|r| r.session == log[0].session).cloned().collect();
    let text = md::md(&made(&alone));
    assert!(text.contains("[3]") || text.contains("[4]"), "a number alone where there is one session");
}

#[test]
fn kinds_of_a_later_version_are_left_out_and_counted() {
    let mut log = f1();
    let mut r = log[20].clone();
    (r.kind, r.seq, r.data) = ("page-out".into(), 9_000, json!({"words": "somebody was paged"}));
    log.insert(21, r);
    let r = made(&log);
    let holes = section(&r, Part::Holes);
    assert!(holes.contains("1 record of the kind page-out, which this version does not know"), "{holes}");
    assert!(!section(&r, Part::Timeline).contains("page-out"));
}

#[test]
fn figures_are_written_with_their_counts() {
    let impact = section(&made(&f1()), Part::Impact);
    assert!(impact.contains("The candidate of checkout@eu-1 failed "), "{impact}");
    // `540 of 2,500 requests (21.6%)`: failed, all, share.
    let share = impact.split(" failed ").nth(1).and_then(|s| s.split(", counted").next()).expect("a share");
    let (counts, percent) = share.split_once(" requests (").expect("counts and a share");
    let (failed, all) = counts.split_once(" of ").expect("failed of all");
    let number = |s: &str| s.replace(',', "").parse::<f64>().expect("a count");
    let is = percent.trim_end_matches("%)").parse::<f64>().expect("a percentage");
    assert!((number(failed) / number(all) * 100.0 - is).abs() < 0.06, "{share}");
}

/// What the templates may not say of people, also not of one that is named.
const BLAME: [&str; 21] = [
    "failed to",
    "should have",
    "could have done",
    "mistake",
    "fault",
    "error by",
    "careless",
    "forgot",
    "neglect",
    "to blame them",
    "guilty",
    "wrongly",
    "human error",
    "negligen",
    "did not bother",
    "ought to",
    "too late",
    "too slow",
    "incompeten",
    "ignored",
    "violat",
];

#[test]
fn the_templates_blame_nobody() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/core/case/report");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).expect("the folder").flatten() {
        let source = std::fs::read_to_string(file.path()).expect("a source");
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        for text in literals(source) {
            seen += 1;
            let lower = text.to_lowercase();
            for word in BLAME {
                // `default` holds one of them.
                assert!(!lower.replace("default", "").contains(word), "{:?} says {word:?}: {text}", file.file_name());
            }
        }
    }
    assert!(seen > 500, "{seen} templates looked at");
    for text in [md::md(&made(&f1())), md::md(&made(&quiet())), text::text(&shift(&f1()))] {
        let lower = text.to_lowercase();
        let found: Vec<&str> = BLAME.into_iter().filter(|w| lower.contains(w)).collect();
        assert_eq!(found, Vec::<&str>::new());
    }
}

/// What stands between double quotes.
fn literals(source: &str) -> Vec<String> {
    let mut out = Vec::new();
    let code: String = source.lines().filter(|l| !l.trim_start().starts_with("//")).map(|l| format!("{l}\n")).collect();
    let mut rest = code.as_str();
    while let Some(from) = rest.find('"') {
        rest = &rest[from + 1..];
        let mut end = 0;
        let bytes = rest.as_bytes();
        while end < bytes.len() && bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        out.push(rest.get(..end).unwrap_or_default().to_owned());
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    out
}

const MARKUP: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'; style=\"x:expression(1)\"",
    "</style></svg><iframe src=//evil.example>",
    "![x](http://evil.example/y) [a](javascript:alert(1))",
    "| a | b |\n|---|---|",
    "# heading\n\n<b>x</b>",
    "]]><!-- -- > &lt;script&gt; &#x41;",
];

#[test]
fn text_from_outside_stays_text_in_every_form() {
    let log = f1();
    let clean = made(&log);
    let tags = |html: &str| html.matches('<').count();
    let (was_tags, was_lines) = (tags(&html::html(&clean)), md::md(&clean).lines().count());
    let payloads = PAYLOADS.iter().map(|(_, p)| *p).step_by(each(6)).chain(MARKUP);
    for payload in payloads {
        let mut log = log.clone();
        for r in &mut log {
            poison(&mut r.data, payload);
            r.user.push_str(payload);
            r.host = payload.to_owned();
            if r.claimed.is_some() {
                r.claimed = Some(payload.into());
            }
            if let Some(t) = &mut r.target {
                let name = t["name"].as_str().unwrap_or_default();
                t["name"] = json!(format!("{name}{payload}"));
            }
        }
        let mut read = read(&log);
        read.environment = payload.into();
        for f in &mut read.files {
            f.name = payload.into();
            f.unread = Some(payload.into());
        }
        let r = draft(&log, &read, &Wish::default(), Utc(DAY)).unwrap_or_else(|n| panic!("{n}"));
        let (page, text) = (html::html(&r), md::md(&r));
        for out in [&page, &text, &text::text(&shift(&log))] {
            let bad = out.chars().find(|c| *c != '\n' && forbidden(*c));
            assert_eq!(bad, None, "{payload:?}");
        }
        assert_eq!(page.matches("<script").count() + page.matches("<img").count() + page.matches("<iframe").count(), 0);
        assert_eq!(tags(&page), was_tags, "{payload:?} made or broke a tag");
        assert_eq!(text.lines().count(), was_lines, "{payload:?} made or broke a line");
        let live = |l: &str| {
            let plain = l.replace("\\\\", "");
            plain.contains("](") && !plain.contains("\\](") || plain.contains("<") && !plain.contains("\\<")
        };
        assert_eq!(text.lines().find(|l| live(l)), None, "{payload:?}");
        let wide = text
            .lines()
            .filter(|l| l.starts_with("| "))
            .map(|l| l.replace("\\\\", "").replace("\\|", ""))
            .collect::<Vec<_>>();
        assert!(wide.iter().all(|l| (4..=6).contains(&l.matches('|').count())), "{payload:?} changed a row's cells");
    }
}

/// Puts `payload` behind every string a person or a source wrote; words the program goes by stay.
fn poison(v: &mut serde_json::Value, payload: &str) {
    let serde_json::Value::Object(map) = v else { return };
    for (name, v) in map {
        let goes_by = [
            "word",
            "verb",
            "state",
            "what",
            "item",
            "at_block",
            "first_bad",
            "about",
            "id",
            "session",
            "how",
            "due",
            "drill",
        ];
        match v {
            serde_json::Value::String(s) if !goes_by.contains(&name.as_str()) => s.push_str(payload),
            serde_json::Value::Object(_) => poison(v, payload),
            serde_json::Value::Array(all) => {
                for x in all {
                    if let serde_json::Value::String(s) = x {
                        s.push_str(payload);
                    }
                }
            }
            _ => {}
        }
    }
}

#[test]
fn the_page_needs_nothing_but_itself() {
    let page = html::html(&made(&f1()));
    for fetched in
        ["http:", "https:", "src=", "href=\"/", "url(//", "@import", "@font-face", "<script", "<link", "onclick"]
    {
        let found = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!found.contains(fetched), "{fetched}");
    }
    assert!(page.contains("prefers-color-scheme:dark") && page.contains("@media print"));
    assert!(page.contains("<svg ") && page.contains("role=\"img\"") && page.contains("<desc "));
    // Every link leads somewhere in the page.
    let ids: BTreeSet<&str> = page.split(" id=\"").skip(1).filter_map(|s| s.split('"').next()).collect();
    let to = page.split("href=\"#").skip(1).filter_map(|s| s.split('"').next());
    let lost: Vec<&str> = to.filter(|t| !ids.contains(t)).collect();
    assert_eq!(lost, Vec::<&str>::new());
    // And opens what it closes.
    for tag in ["section", "table", "tr", "td", "ul", "li", "ol", "p", "h2", "h3", "svg", "figure", "span", "a", "b"] {
        let open = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(open, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn the_hand_over_fits_one_screen() {
    for log in [f1(), quiet()] {
        let text = text::text(&shift(&log));
        assert!(text.lines().count() <= 23, "{text}");
        assert!(text.lines().all(|l| l.chars().count() <= 78 || l.starts_with('#')), "{text}");
        for heading in ["SHIFT", "INCIDENT", "OPEN ACTS", "HELD", "DEBTS", "FOLLOW-UPS", "IN "] {
            assert!(text.contains(heading), "{heading}: {text}");
        }
    }
}

#[test]
fn what_is_missing_is_said_with_the_record_that_tells_it() {
    let mut log = f1();
    let at = log.iter().position(|r| r.kind == "told").expect("the record");
    log[at].rest.insert("missed".into(), json!(17));
    let torn =
        json!([{"file": "20261120T000000Z-ana-bastion2-0001.jsonl", "offset": 900, "bytes": 41, "sha256": "ab"}]);
    log[0].data["torn"] = torn;
    let mut broken = Record::read(&log[at].session, b"{\"not json");
    broken.hlc = log[at].hlc;
    log.insert(at + 1, broken);
    let mut read = read(&log);
    read.files[1].unread = Some("permission denied".into());
    let r = draft(&log, &read, &Wish::default(), Utc(DAY)).unwrap_or_else(|n| panic!("{n}"));
    let holes = section(&r, Part::Holes);
    for words in [
        "17 observations were dropped because the disk did not follow",
        "20261120T000000Z-ana-bastion2-0001.jsonl of an ended session ends in 41 bytes of an unfinished line",
        "1 line could not be read",
        "The log was one person's own (log: mine only)",
        "Consoles on other hosts keep logs of their own",
    ] {
        assert!(holes.contains(words), "{words}: {holes}");
    }
    let text = md::md(&r);
    assert!(text.contains("not read: permission denied") && text.contains("Correctness is not measured"));
}

#[test]
fn an_act_in_trouble_stands_out_and_is_told_as_it_was() {
    for (kind, data, words) in [
        ("stuck", json!({"why": "2 pods do not end"}), "got stuck; no record confirms that it settled"),
        ("unknown", json!({"why": "timeout"}), "its outcome is not known"),
        ("refused", json!({"by": "guard", "status": 409, "why": "uid differs"}), "was refused by the source"),
        ("undone", json!({"by": "argocd", "found": "progressing"}), "was undone later"),
        ("resolved", json!({"how": "read back: it was not done"}), "showed that it was not done"),
    ] {
        let mut log = f1();
        for r in log.iter_mut().filter(|r| r.kind == "settled") {
            r.kind = kind.into();
            for (k, v) in data.as_object().expect("members") {
                r.data[k] = v.clone();
            }
        }
        let r = made(&log);
        assert!(section(&r, Part::Summary).contains(words), "{kind}: {}", section(&r, Part::Summary));
        assert!(section(&r, Part::Review).contains(words), "{kind}: {}", section(&r, Part::Review));
        assert!(html::html(&r).contains("<b class=\"bad\">"), "{kind}");
        let moments = section(&r, Part::Moments);
        assert!(!moments.contains("settled |"), "{moments}");
    }
}

#[test]
fn a_hand_over_in_the_middle_names_what_is_open() {
    let log = f1();
    let at = log.iter().position(|r| r.kind == "told").expect("the record");
    let log = &log[..=at];
    let text = text::text(&shift(log)).split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "i-0412 checkout errors, canary v2.14.1, severity 2, open, open 13m, lead mira for 13m, stakeholders told 13m ago.",
        "roll back checkout@eu-1 by mira at 2026-11-21 03:03:38: NOT SETTLED.",
        "mira on bastion-2 since",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// A log directory as the journal leaves it, but for the hashes.
fn on_disk(home: &crate::home::Home, log: &[Record]) -> String {
    let mut by: std::collections::BTreeMap<&str, String> = std::collections::BTreeMap::new();
    for r in log {
        let line = json!({"v": 1, "session": r.session, "seq": r.seq, "hlc": r.hlc, "utc": r.utc, "at": r.at, "kind": r.kind,
            "actor": {"user": r.user}, "host": r.host, "incident": r.incident, "target": r.target, "ticket": r.ticket,
            "data": r.data});
        let file = by.entry(&r.session).or_default();
        file.push_str(&line.to_string());
        file.push('\n');
    }
    for (session, text) in by {
        home.file(&format!("log/{session}.jsonl"), &text);
    }
    home.path().join("log").to_string_lossy().into_owned()
}

#[test]
fn the_commands_say_the_same_and_end_as_they_should() {
    let home = crate::home::Home::new("report");
    let dir = on_disk(&home, &f1());
    let run = |args: &[&str]| crate::command::run(&home, args, &[]);
    let ran = run(&["report", "--dir", &dir]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    // The same but for the day it was made and the files.
    let body = |s: &str| {
        let from = s.find("## Summary").unwrap_or(0);
        s[from..s.find("## What the record does not show").unwrap_or(s.len())].to_owned()
    };
    assert_eq!(body(&ran.out), body(&md::md(&made(&f1()))));
    let file = home.path().join("r.html").to_string_lossy().into_owned();
    let ran = run(&["report", "--dir", &dir, "--incident", "i-0412", "--html", "-o", &file]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    assert!(std::fs::read_to_string(&file).expect("written").starts_with("<!doctype html>"));
    let ran = run(&["report", "--dir", &dir, "--json"]);
    let all: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(all["schema"], "andon.report/1");
    assert!(ran.out.is_ascii() && all["sections"][0]["blocks"][0]["said"]["rests"][0]["seq"].is_u64(), "{}", ran.out);
    let ran = run(&["report", "handover", "--dir", &dir]);
    assert!(ran.code == 0 && ran.out.starts_with("# Hand-over DRILL") && ran.out.contains("FOLLOW-UPS"), "{}", ran.out);
    for (args, code, said) in [
        (vec!["report", "--dir", &dir, "--incident", "i-9"], 5, "no incident i-9; there is i-0412"),
        (vec!["report", "--dir", "/nowhere/at/all"], 5, "there is no log here"),
        (vec!["report", "--dir", &dir, "--since", "soon"], 2, "soon: no time"),
        (vec!["report", "--dir", &dir, "--since", "2030-01-01"], 5, "no record in this span"),
        (vec!["report", "--dir", &dir, "--html", "--json"], 2, "cannot be used with"),
        (vec!["report", "--dir", &dir, "-o", "/nowhere/at/all"], 1, "/nowhere/at/all"),
        (vec!["report", "handover", "--dir", "/nowhere/at/all"], 5, "there is no log here"),
    ] {
        let ran = run(&args);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(said) && ran.out.is_empty(), "{args:?}: {}", ran.err);
    }
    std::fs::create_dir(home.path().join("log/20261122T000000Z-x-y-0000.jsonl")).expect("made");
    let ran = run(&["report", "--dir", &dir]);
    assert!(ran.code == 1 && ran.err.contains("not read") && ran.out.contains("not read:"), "{}", ran.err);
}
