//! Log lines: of one instance, or of candidate and stable, in two panes where there is room, else one after the other with
//! a mark. The newest is at the bottom; what was dropped, and why no more come, is said.

use crate::config::theme::Role;
use crate::core::looked::newest;
use crate::core::model::Model;
use crate::core::nav::Lines;
use crate::core::world::evidence::{LogChunk, LogText, Track, Whose};
use crate::ui::look::Look;
use crate::ui::parts::line::{Line, clear, gate};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// From so many columns on, candidate and stable stand side by side.
const TWO: u16 = 120;

pub fn draw(model: &Model, l: &Lines, look: &Look, body: Rect, buf: &mut Buffer) {
    clear(body, buf);
    head(model, l).draw(look, body, body.y, buf);
    let rest = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
    let tracks = l.of.whose == Whose::Tracks;
    if tracks && body.width >= TWO {
        let half = body.width / 2;
        let left = Rect { width: half - 1, ..rest };
        let right = Rect { x: rest.x + half + 1, width: rest.width - half - 1, ..rest };
        pane(model, l, Some(Track::Candidate), look, left, buf);
        pane(model, l, Some(Track::Stable), look, right, buf);
    } else {
        pane(model, l, None, look, rest, buf);
    }
}

fn head(model: &Model, l: &Lines) -> Line {
    let of = &l.of;
    let line = Line::of(Role::Title, "LOGS").text(" ");
    let line = match &of.whose {
        Whose::Instance(name) => line.add(Role::Moving, name),
        Whose::Tracks => line.add(Role::Moving, of.target.at()).text(", candidate and stable"),
    };
    let line = if of.previous { line.text(", before the last restart") } else { line };
    let line = if of.since_deploy { line.text(", since the change began") } else { line };
    match (l.back, of.previous) {
        (0, false) => line.end(Role::Muted, "follows"),
        (0, true) => line,
        (n, _) => {
            let newer = if n == 1 { "1 newer line below".to_owned() } else { format!("{n} newer lines below") };
            let key = model.keymap.shown(crate::core::intent::Intent::LastRow).unwrap_or_default();
            line.end(Role::Warn, newer).end(Role::Text, "  ").end(Role::Key, key).end(Role::Text, " follows")
        }
    }
}

/// What is to be said of the streams of a track before their lines: none, ended, dropped.
fn said(model: &Model, track: Option<Track>, wide: usize) -> Vec<Line> {
    let streams: Vec<&LogChunk> =
        model.looked.lines.iter().filter(|s| track.is_none_or(|t| t == s.track || s.instance.is_empty())).collect();
    let mut out = Vec::new();
    let dropped: u64 = streams.iter().map(|s| s.dropped).sum();
    let mut names: Vec<String> = Vec::new();
    for s in streams.iter().filter(|s| !s.instance.is_empty()) {
        let name = gate(&short(&s.instance)).into_owned();
        names.push(if s.container.is_empty() { name } else { format!("{name} ({})", gate(&s.container)) });
    }
    if let Some(t) = track {
        let word = t.word();
        let whose = if names.is_empty() { "no lines yet".into() } else { names.join(", ") };
        out.push(Line::of(Role::Title, word.to_uppercase()).text(format!(" {whose}")));
    } else if streams.is_empty() {
        out.push(Line::new().text(if model.replay.is_some() {
            " a log played again holds no log lines of instances: they were not recorded"
        } else {
            " being read"
        }));
    }
    if dropped > 0 {
        out.push(Line::of(Role::Muted, format!(" {dropped} older lines were dropped")));
    }
    // One reason for all is said once.
    let mut told: Vec<&str> = Vec::new();
    for (s, why) in streams.iter().filter_map(|s| Some((s, s.ended.as_deref()?))) {
        let who = if s.instance.is_empty() { String::new() } else { format!("{}: ", short(&s.instance)) };
        if s.instance.is_empty() || !told.contains(&why) {
            out.extend(Line::new().text(" ").add(Role::Moving, format!("{who}{why}")).flow(wide, 3));
            told.push(why);
        }
    }
    out
}

/// What tells one instance from the next: the end of its name.
fn short(name: &str) -> String {
    name.rsplit('-').next().filter(|s| !s.is_empty()).unwrap_or(name).to_owned()
}

fn pane(model: &Model, l: &Lines, track: Option<Track>, look: &Look, area: Rect, buf: &mut Buffer) {
    let wide = usize::from(area.width);
    let above = said(model, track, wide);
    let above: Vec<Line> = above.into_iter().take(usize::from(area.height / 2).max(1)).collect();
    for (line, y) in above.iter().zip(area.y..area.bottom()) {
        line.draw(look, area, y, buf);
    }
    let top = u16::try_from(above.len()).unwrap_or(u16::MAX).min(area.height);
    let rest = Rect { y: area.y + top, height: area.height - top, ..area };
    let shown = newest(&model.looked.lines, track, l.back as usize, usize::from(rest.height));
    // The newest stands in the last row, however few there are.
    let from = rest.bottom() - u16::try_from(shown.len()).unwrap_or(rest.height).min(rest.height);
    let many = l.of.whose == Whose::Tracks;
    for ((s, t), y) in shown.into_iter().zip(from..rest.bottom()) {
        line(s, t, track.is_none() && many, many).draw(look, rest, y, buf);
    }
}

/// `03:14:07 c x2kq8 TokenParser: unexpected claim 'sub'`
fn line(s: &LogChunk, t: &LogText, marked: bool, many: bool) -> Line {
    let when = t.at.map_or_else(|| "        ".into(), |at| at.hms());
    let line = Line::of(Role::Muted, when).text(" ");
    let line = match (marked, s.track) {
        (false, _) => line,
        (true, Track::Candidate) => line.add(Role::Moving, "C "),
        (true, Track::Stable) => line.text("s "),
        (true, Track::Old) => line.text("o "),
    };
    let line = if many { line.add(Role::Muted, format!("{} ", short(&s.instance))) } else { line };
    line.text(&t.text)
}

/// What is on screen as text, oldest first.
pub fn copied(model: &Model, l: &Lines) -> Vec<Line> {
    let many = l.of.whose == Whose::Tracks;
    let mut out = vec![head(model, l)];
    out.extend(said(model, None, 160));
    let shown = newest(&model.looked.lines, None, l.back as usize, 200);
    out.extend(shown.into_iter().map(|(s, t)| line(s, t, many, many)));
    out
}
