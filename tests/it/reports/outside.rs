//! Text from outside stays text in every form of a report, and the page needs nothing but itself.

use super::{each, f1, made, read, shift};
use andon::core::case::report::{Wish, draft, html, md, text};
use andon::core::time::Utc;
use andon::testkit::hostile::{PAYLOADS, forbidden};
use serde_json::json;
use std::collections::BTreeSet;

use super::played::DAY;

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
