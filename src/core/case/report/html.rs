//! A report as one HTML file that needs nothing else: no script, no font, no request. Reads on paper, light and dark.

use super::Report;
use super::doc::{Block, Part, Piece, Rest, Sentence};
use super::md::{GIVEN, HOW_TO_READ, state};
use crate::core::shown::shown_line;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Gated, and nothing in it is markup: fit for text and for a quoted attribute.
pub fn esc(given: &str) -> String {
    shown_line(given, GIVEN).html()
}

const STYLE: &str = include_str!("report.css");

/// Words of an end that stand out, as on the screen: what is fine is quiet.
const BAD: [&str; 9] = [
    "REFUSED",
    "OUTCOME UNKNOWN",
    "STUCK",
    "UNDONE",
    "NOT DONE",
    "NO OUTCOME",
    "NO ANSWER",
    "NOT CONFIRMED",
    "NOT SETTLED",
];

struct Page<'r> {
    r: &'r Report,
    /// Records with a row on the timeline: what can be jumped to.
    rows: BTreeSet<(&'r str, u64)>,
    /// Sessions by place, for anchors: no name from outside stands in an id.
    places: Vec<&'r str>,
}

impl<'r> Page<'r> {
    fn new(r: &'r Report) -> Page<'r> {
        let timeline = r.sections.iter().filter(|s| s.part == Part::Timeline);
        let on = |s: &'r Sentence| {
            s.rests().iter().find_map(|x| match x {
                Rest::On(x) => Some((x.session.as_str(), x.seq)),
                Rest::Over { .. } => None,
            })
        };
        let rows = timeline.flat_map(|s| s.blocks.iter()).flat_map(|b| match b {
            Block::Table(_, rows) => rows.iter().filter_map(on).collect::<Vec<_>>(),
            _ => Vec::new(),
        });
        Page { rows: rows.collect(), places: r.sessions.keys().map(String::as_str).collect(), r }
    }

    fn anchor(&self, session: &str, seq: u64) -> String {
        let place = self.places.iter().position(|s| *s == session).unwrap_or(0);
        format!("r{place}-{seq}")
    }

    fn cells(s: &Sentence) -> Vec<String> {
        let mut out = vec![String::new()];
        for p in s.pieces() {
            match (p, out.last_mut()) {
                (Piece::Words(w), Some(cell)) if BAD.contains(&w.trim()) => {
                    let _ = write!(cell, " <b class=\"bad\">{}</b>", w.trim());
                }
                (Piece::Words(w), Some(cell)) => cell.push_str(&esc(w)),
                (Piece::Given(g), Some(cell)) => cell.push_str(&esc(g)),
                (Piece::Cell, _) | (_, None) => out.push(String::new()),
            }
        }
        out
    }

    /// Each cited record a link to its row, where it has one.
    fn cite(&self, rests: &[Rest]) -> String {
        let link = |r: &Rest| {
            let inner = esc(&self.r.cited(std::slice::from_ref(r)));
            match r {
                Rest::On(x) if self.rows.contains(&(x.session.as_str(), x.seq)) => {
                    format!("<a href=\"#{}\">{inner}</a>", self.anchor(&x.session, x.seq))
                }
                Rest::On(_) | Rest::Over { .. } => inner,
            }
        };
        let all: Vec<String> = rests.iter().map(link).collect();
        format!("<span class=\"on\">[{}]</span>", all.join(", "))
    }

    fn sentence(&self, s: &Sentence) -> String {
        format!("{} {}", Self::cells(s).join(" "), self.cite(s.rests()))
    }

    fn table(&self, part: Part, head: &[&str], rows: &[Sentence], out: &mut String) {
        let th: String =
            head.iter().chain(&["records"]).map(|h| format!("<th scope=\"col\">{}</th>", esc(h))).collect();
        let _ = writeln!(out, "<table class=\"{}\"><thead><tr>{th}</tr></thead><tbody>", part.anchor());
        for row in rows {
            let id = match (part, row.rests().first()) {
                (Part::Timeline, Some(Rest::On(x))) => format!(" id=\"{}\"", self.anchor(&x.session, x.seq)),
                _ => String::new(),
            };
            let td: String = Self::cells(row).iter().map(|c| format!("<td>{c}</td>")).collect();
            let _ = writeln!(out, "<tr{id}>{td}<td>{}</td></tr>", self.cite(row.rests()));
        }
        out.push_str("</tbody></table>\n");
    }

    fn pictures(&self, out: &mut String) {
        for (n, p) in self.r.pictures.iter().enumerate() {
            let _ = writeln!(out, "<figure>\n{}<figcaption>{}", p.svg(n), esc(p.name()));
            if p.sparse() {
                out.push_str(": averages between changes of the verdict, the only counts that were recorded");
            }
            out.push_str(". Hatched: no data, nothing is drawn across it.</figcaption>\n");
            let marks: String = p.marks().map(|m| format!("<li>{}</li>\n", self.sentence(m))).collect();
            if !marks.is_empty() {
                let _ = writeln!(out, "<ol class=\"marks\">\n{marks}</ol>");
            }
            if p.more() > 0 {
                let _ = writeln!(out, "<p class=\"plain\">{} more are in the timeline.</p>", p.more());
            }
            out.push_str("</figure>\n");
        }
    }
}

pub fn html(r: &Report) -> String {
    let page = Page::new(r);
    let mut o = String::new();
    let title: String = r.title.text();
    let _ = write!(
        o,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        r.kind,
        esc(&title)
    );
    if r.drill {
        o.push_str("<p class=\"drill\">DRILL: nothing real was reached</p>\n");
    }
    let made = r.made.rfc3339();
    let _ = writeln!(o, "<header><h1>{}: {}</h1>", r.kind, page.sentence(&r.title));
    let _ = writeln!(o, "<p>Environment {}. Made {}Z.</p>", esc(&r.environment), made.get(..19).unwrap_or_default());
    let _ = writeln!(o, "<p class=\"plain\">{}</p></header>", esc(HOW_TO_READ));
    o.push_str("<nav>");
    for s in &r.sections {
        let _ = write!(o, "<a href=\"#{}\">{}</a> ", s.part.anchor(), s.part.title());
    }
    o.push_str("</nav>\n<main>\n");
    for s in &r.sections {
        let _ = writeln!(o, "<section id=\"{}\">\n<h2>{}</h2>", s.part.anchor(), s.part.title());
        let mut in_list = false;
        for b in &s.blocks {
            let list = matches!(b, Block::Item(_) | Block::Blank(_));
            if list != in_list {
                o.push_str(if list { "<ul>\n" } else { "</ul>\n" });
                in_list = list;
            }
            match b {
                Block::Said(s) => _ = writeln!(o, "<p>{}</p>", page.sentence(s)),
                Block::Item(s) => _ = writeln!(o, "<li>{}</li>", page.sentence(s)),
                Block::Head(s) => _ = writeln!(o, "<h3>{}</h3>", page.sentence(s)),
                Block::Question(q) => _ = writeln!(o, "<h3>{}</h3>", esc(q)),
                Block::Plain(p) => _ = writeln!(o, "<p class=\"plain\">{}</p>", esc(p)),
                Block::Blank(b) => _ = writeln!(o, "<li class=\"fill\"><b>To fill:</b> {}<span></span></li>", esc(b)),
                Block::Table(head, rows) => page.table(s.part, head, rows, &mut o),
                Block::Pictures => page.pictures(&mut o),
            }
        }
        o.push_str(if in_list { "</ul>\n</section>\n" } else { "</section>\n" });
    }
    if !r.files.is_empty() {
        o.push_str("<section id=\"files\"><h2>Files it was made from</h2>\n<p class=\"plain\">Keep the heads elsewhere: andon log verify compares them with the files of a later day.</p>\n");
        o.push_str("<table class=\"files\"><thead><tr><th scope=\"col\">file</th><th scope=\"col\">records</th><th scope=\"col\">head</th><th scope=\"col\">state</th></tr></thead><tbody>\n");
        for f in &r.files {
            let head = if f.head.is_empty() { "-" } else { &f.head };
            let _ = writeln!(
                o,
                "<tr><td>{}</td><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
                esc(&f.name),
                f.records,
                esc(head),
                esc(&state(f))
            );
        }
        o.push_str("</tbody></table></section>\n");
    }
    o.push_str("</main>\n</body>\n</html>\n");
    o
}

#[cfg(test)]
mod tests {
    use super::esc;

    #[test]
    fn nothing_from_outside_is_markup() {
        assert_eq!(esc("<img src=x onerror='a()'>&\""), "&lt;img src=x onerror=&#39;a()&#39;&gt;&amp;&quot;");
        assert!(!esc("\u{1b}]52;c;aGk=\u{7}\u{202e}").contains(['\u{1b}', '\u{7}', '\u{202e}']));
    }
}
