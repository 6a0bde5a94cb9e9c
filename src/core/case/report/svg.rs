//! Pictures of a report: failure rates above, burn with its line below, what was done as marks on the axis. Plain SVG:
//! no script, no font, nothing fetched. What is missing is hatched; nothing is drawn across it.

use super::doc::Sentence;
use super::facts::harmed;
use super::html::esc;
use super::rates::Series;
use super::{Ctx, timeline, when};
use crate::core::judge::words::percent;
use crate::core::record::Record;
use crate::core::time::Utc;
use std::fmt::Write as _;

/// Pictures of one report, and marks on one of them.
const PICTURES: usize = 4;
const MARKS: usize = 30;
/// The burn above which a page goes out and a pause is considered (limits.md, the guide's line).
const LINE: f64 = 3.0;

/// Sizes in the picture's own units.
const WIDTH: f64 = 960.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 30.0;
const RATES: f64 = 190.0;
const BETWEEN: f64 = 34.0;
const BURN: f64 = 110.0;
const AXIS: f64 = 22.0;
const MARK_ROW: f64 = 20.0;
const MARK_ROWS: usize = 4;

#[derive(Clone, Debug)]
struct Bar {
    from: Utc,
    to: Utc,
    candidate: Option<f64>,
    stable: Option<f64>,
    /// Long, short.
    burn: [Option<f64>; 2],
    gap: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Act,
    End,
    Case,
    Note,
}

#[derive(Clone, Debug)]
struct Mark {
    at: Utc,
    shape: Shape,
    said: Sentence,
}

/// One service's picture, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Picture {
    name: String,
    from: Utc,
    to: Utc,
    bars: Vec<Bar>,
    marks: Vec<Mark>,
    /// Marks there was no room for.
    more: usize,
    sparse: bool,
    days: bool,
}

pub(super) fn pictures(ctx: &Ctx<'_>) -> Vec<Picture> {
    let harmed = harmed(ctx);
    let drawn = ctx.series.iter().filter(|s| harmed.contains(&s.service) && s.points.len() > 1);
    drawn.take(PICTURES).filter_map(|s| picture(ctx, s)).collect()
}

fn picture(ctx: &Ctx<'_>, series: &Series<'_>) -> Option<Picture> {
    let (first, last) = (series.points.first()?.at, series.points.last()?.at);
    let mut marks: Vec<Mark> = ctx.p.records.iter().filter_map(|r| mark(ctx, r, series)).collect();
    // Acts and the incident itself before notes, where there is too much.
    let more = marks.len().saturating_sub(MARKS);
    if more > 0 {
        marks.sort_by_key(|m| m.shape == Shape::Note);
        marks.truncate(MARKS);
    }
    marks.sort_by_key(|m| m.at);
    let m = &ctx.moments;
    let ends = [m.first_bad.as_ref(), m.act.as_ref(), m.settled.as_ref()].into_iter().flatten().map(|m| m.at);
    let from = ends.clone().chain([first]).min()?;
    let to = ends.chain([last]).max()?;
    let room = (to.since(from) / 20).max(1_000);
    let (from, to) = (Utc(from.0 - room), Utc(to.0 + room));
    let bar = |s: &super::rates::Step<'_>| Bar {
        from: s.from,
        to: s.to,
        candidate: s.candidate.map(|c| c.0 / c.1),
        stable: s.stable.map(|c| c.0 / c.1),
        burn: s.burn,
        gap: s.gap,
    };
    Some(Picture {
        name: series.target.clone().unwrap_or_else(|| series.service.clone()),
        from,
        to,
        bars: series.rows(400).iter().map(bar).collect(),
        marks: marks.into_iter().filter(|m| m.at >= from && m.at <= to).collect(),
        more,
        sparse: series.sparse,
        days: ctx.clock.days,
    })
}

fn mark(ctx: &Ctx<'_>, r: &Record, series: &Series<'_>) -> Option<Mark> {
    let shape = match r.kind.as_str() {
        "intent" => Shape::Act,
        "settled" | "refused" | "unknown" | "stuck" | "undone" => Shape::End,
        "incident-opened" | "incident-changed" | "incident-closed" | "decision" | "lead" | "told" => Shape::Case,
        "note" | "runbook" | "verdict" | "burn" => Shape::Note,
        // Steps, versions, and what somebody else did; the rest of a phase is what an act's own marks tell.
        "phase" => {
            let words = r.data["words"].as_str()?;
            ["step ", "candidate", "promoted", " by "].iter().any(|w| words.contains(w)).then_some(Shape::Note)?
        }
        _ => return None,
    };
    let of = r.target_at();
    let other = of.is_some() && of != series.target;
    // Observations and acts of other services are in the timeline, not here.
    if other && !matches!(r.kind.as_str(), "note") {
        return None;
    }
    let at = match (r.kind.as_str(), r.data["about"].as_str().and_then(Utc::read)) {
        ("note", Some(about)) => about,
        _ => when::of(r),
    };
    let said = timeline::said(r)?;
    Some(Mark { at, shape, said: Sentence::on(r).d(ctx.time(at)).t(" ").words_of(&said) })
}

impl Picture {
    fn x(&self, t: Utc) -> f64 {
        let all = self.to.since(self.from).max(1) as f64;
        LEFT + (WIDTH - LEFT - RIGHT) * (t.since(self.from) as f64 / all).clamp(0.0, 1.0)
    }

    /// The marks' sentences, in order of their numbers.
    pub fn marks(&self) -> impl Iterator<Item = &Sentence> {
        self.marks.iter().map(|m| &m.said)
    }

    pub fn more(&self) -> usize {
        self.more
    }

    /// Times without figures within the picture.
    fn gaps(&self) -> Vec<(Utc, Utc, &'static str)> {
        let mut out = Vec::new();
        if let (Some(first), Some(last)) = (self.bars.first(), self.bars.last()) {
            out.push((self.from, first.from, "no figures were recorded"));
            out.extend(self.bars.iter().filter_map(|b| Some((b.from, b.to, b.gap?))));
            out.push((last.to, self.to, "no figures were recorded"));
        }
        out.retain(|(a, b, _)| b > a);
        out
    }

    /// For who does not see the picture.
    fn description(&self) -> String {
        let most = |f: fn(&Bar) -> Option<f64>| {
            self.bars.iter().filter_map(f).fold(None, |m: Option<f64>, v| Some(m.map_or(v, |m| m.max(v))))
        };
        let mut d = format!("Failure rates of {} from {}Z to {}Z.", self.name, self.from.hms(), self.to.hms());
        if let Some(c) = most(|b| b.candidate) {
            let _ = write!(d, " The candidate's highest rate is {}.", percent(c));
        }
        if let Some(c) = most(|b| b.stable) {
            let _ = write!(d, " The stable version's highest rate is {}.", percent(c));
        }
        if let Some(b) = most(|b| b.burn[1]) {
            let over = if b > LINE { "above" } else { "never above" };
            let _ = write!(
                d,
                " The burn over the short window reaches {}, {over} the line of 3x.",
                super::words::burn(Some(b))
            );
        }
        let gaps = self.bars.iter().filter(|b| b.gap.is_some()).count();
        let _ =
            write!(d, " {gaps} gaps without data. {} marks. The table below has the same figures.", self.marks.len());
        d
    }

    /// One `<svg>`; `n` makes its ids its own.
    pub fn svg(&self, n: usize) -> String {
        let plot_bottom = TOP + RATES + BETWEEN + BURN;
        let height = plot_bottom + AXIS + MARK_ROW * MARK_ROWS as f64 + 8.0;
        let mut o = String::new();
        let _ = write!(
            o,
            "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"t{n} d{n}\" xmlns=\"http://www.w3.org/2000/svg\">\n\
             <title id=\"t{n}\">Failure rates and burn of {}</title>\n<desc id=\"d{n}\">{}</desc>\n\
             <defs><pattern id=\"h{n}\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
             <rect width=\"7\" height=\"7\" class=\"gap0\"/><line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"7\" class=\"gap1\"/></pattern></defs>\n",
            esc(&self.name),
            esc(&self.description()),
        );
        let panels = [(TOP, RATES), (TOP + RATES + BETWEEN, BURN)];
        for (y, h) in panels {
            for (a, b, why) in self.gaps() {
                let (x, w) = (self.x(a), self.x(b) - self.x(a));
                let _ = writeln!(
                    o,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" fill=\"url(#h{n})\"><title>{why}</title></rect>"
                );
                if w > 56.0 {
                    let _ = writeln!(
                        o,
                        "<text x=\"{:.1}\" y=\"{:.1}\" class=\"mid gapword\">no data</text>",
                        x + w / 2.0,
                        y + 14.0
                    );
                }
            }
        }
        let rate_top =
            nice(self.bars.iter().flat_map(|b| [b.candidate, b.stable]).flatten().fold(0.0, f64::max)).min(1.0);
        let burn_top = nice(self.bars.iter().flat_map(|b| b.burn).flatten().fold(LINE * 1.2, f64::max));
        self.panel(&mut o, panels[0], rate_top, "failed requests", percent);
        self.panel(&mut o, panels[1], burn_top, "burn", |v| {
            if v == 0.0 { "0".into() } else { super::words::burn(Some(v)) }
        });
        let line_y = y_of(panels[1], burn_top, LINE);
        let _ = writeln!(
            o,
            "<line x1=\"{LEFT}\" y1=\"{line_y:.1}\" x2=\"{:.1}\" y2=\"{line_y:.1}\" class=\"limit\"/><text x=\"{:.1}\" y=\"{:.1}\" class=\"end limitword\">3x: page, consider a pause</text>",
            WIDTH - RIGHT,
            WIDTH - RIGHT - 4.0,
            line_y - 4.0
        );
        self.curve(&mut o, panels[0], rate_top, "stable", |b| b.stable);
        self.curve(&mut o, panels[0], rate_top, "candidate", |b| b.candidate);
        self.curve(&mut o, panels[1], burn_top, "long", |b| b.burn[0]);
        self.curve(&mut o, panels[1], burn_top, "short", |b| b.burn[1]);
        legend(&mut o, TOP - 12.0, [("candidate", "candidate"), ("stable", "stable version")]);
        legend(&mut o, TOP + RATES + BETWEEN - 12.0, [("short", "short window"), ("long", "long window")]);
        self.axis(&mut o, plot_bottom);
        self.draw_marks(&mut o, plot_bottom);
        o.push_str("</svg>\n");
        o
    }

    fn panel(&self, o: &mut String, (y, h): (f64, f64), top: f64, name: &str, word: impl Fn(f64) -> String) {
        for part in [0.0, 0.5, 1.0] {
            let at = y + h * (1.0 - part);
            let _ = writeln!(
                o,
                "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{:.1}\" y2=\"{at:.1}\" class=\"grid\"/><text x=\"{:.1}\" y=\"{:.1}\" class=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
                esc(&word(top * part))
            );
        }
        let _ = writeln!(o, "<text x=\"{LEFT}\" y=\"{:.1}\" class=\"name\">{name}</text>", y - 8.0);
    }

    /// A level line for each step; a riser only where the next one begins where this one ends.
    fn curve(&self, o: &mut String, panel: (f64, f64), top: f64, class: &str, value: impl Fn(&Bar) -> Option<f64>) {
        let mut d = String::new();
        let mut end: Option<Utc> = None;
        for b in &self.bars {
            let Some(v) = value(b).filter(|_| b.gap.is_none()) else {
                end = None;
                continue;
            };
            let (x0, x1, y) = (self.x(b.from), self.x(b.to), y_of(panel, top, v));
            let join = if end == Some(b.from) { 'L' } else { 'M' };
            let _ = write!(d, "{join}{x0:.1} {y:.1}H{x1:.1}");
            end = Some(b.to);
        }
        if !d.is_empty() {
            let _ = writeln!(o, "<path d=\"{d}\" class=\"line {class}\"/>");
        }
    }

    fn axis(&self, o: &mut String, y: f64) {
        const STEPS: [i64; 14] = [5, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400];
        let all = self.to.since(self.from) / 1000;
        let step = STEPS.into_iter().find(|s| all / s <= 9).unwrap_or(all / 9 + 1);
        let mut t = self.from.secs().div_euclid(step) * step + step;
        while t <= self.to.secs() {
            let (x, at) = (self.x(Utc::from_secs(t)), Utc::from_secs(t));
            let whole = at.hms();
            let word = if self.days && t.rem_euclid(86_400) == 0 {
                when::date(at)
            } else if step < 60 {
                whole
            } else {
                whole.get(..5).unwrap_or_default().to_owned()
            };
            let _ = writeln!(
                o,
                "<line x1=\"{x:.1}\" y1=\"{y:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\" class=\"tick\"/><text x=\"{x:.1}\" y=\"{:.1}\" class=\"mid\">{word}</text>",
                y + 5.0,
                y + 17.0
            );
            t += step;
        }
    }

    fn draw_marks(&self, o: &mut String, bottom: f64) {
        let mut ends = [f64::MIN; MARK_ROWS];
        for (i, m) in self.marks.iter().enumerate() {
            let x = self.x(m.at);
            let free = (0..MARK_ROWS).find(|r| ends[*r] + 22.0 <= x);
            // Where it is too full, over the one that lies furthest back.
            let oldest = (0..MARK_ROWS).min_by(|a, b| ends[*a].total_cmp(&ends[*b])).unwrap_or(0);
            let row = free.unwrap_or(oldest);
            ends[row] = x;
            let y = bottom + AXIS + MARK_ROW * row as f64 + 9.0;
            let class = match m.shape {
                Shape::Act => "act",
                Shape::End => "settled",
                Shape::Case => "case",
                Shape::Note => "note",
            };
            let shape = match m.shape {
                Shape::Act => format!("M{x:.1} {:.1}l9 16h-18z", y - 9.0),
                Shape::End => format!("M{:.1} {:.1}h16v16h-16z", x - 8.0, y - 8.0),
                Shape::Case => format!("M{x:.1} {:.1}l9 9l-9 9l-9 -9z", y - 9.0),
                Shape::Note => format!("M{:.1} {y:.1}a8 8 0 1 0 16 0a8 8 0 1 0 -16 0z", x - 8.0),
            };
            let line = if m.shape == Shape::Note { "" } else { " strong" };
            let _ = writeln!(
                o,
                "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{:.1}\" class=\"mark{line}\"/><path d=\"{shape}\" class=\"shape {class}\"/><text x=\"{x:.1}\" y=\"{:.1}\" class=\"mid number\">{}</text>",
                y - 8.0,
                y + 4.0,
                i + 1
            );
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn sparse(&self) -> bool {
        self.sparse
    }
}

fn y_of((y, h): (f64, f64), top: f64, v: f64) -> f64 {
    y + h * (1.0 - (v / top).clamp(0.0, 1.0))
}

fn legend(o: &mut String, y: f64, of: [(&str, &str); 2]) {
    for (i, (class, word)) in of.into_iter().enumerate() {
        let x = WIDTH - RIGHT - 300.0 + 150.0 * i as f64;
        let _ = writeln!(
            o,
            "<line x1=\"{x:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" class=\"line {class}\"/><text x=\"{:.1}\" y=\"{:.1}\">{word}</text>",
            x + 28.0,
            x + 34.0,
            y + 4.0
        );
    }
}

/// The next of 1, 2, 5, 10 .. times a power of ten. Never zero.
fn nice(v: f64) -> f64 {
    if !(v.is_finite() && v > 0.0) {
        return 0.01;
    }
    let mut unit = 1e-6;
    while unit < 1e12 {
        for m in [1.0, 2.0, 5.0] {
            if v <= unit * m {
                return unit * m;
            }
        }
        unit *= 10.0;
    }
    v
}

#[cfg(test)]
#[path = "svg_tests.rs"]
mod tests;
