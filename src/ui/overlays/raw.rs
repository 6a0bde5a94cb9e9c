//! The object as the server has it: without bookkeeping, values that may be secret covered; who wrote it below.

use crate::config::theme::Role;
use crate::core::age;
use crate::core::id::TargetId;
use crate::core::model::Model;
use crate::ui::parts::line::Line;

pub fn lines(model: &Model, target: &TargetId, wide: usize) -> Vec<Line> {
    let raw = model.looked.raw.as_deref().filter(|r| r.target == *target);
    let head = Line::of(Role::Title, "RAW").text(format!("  {} {}", target.kind, target.at()));
    let head = match raw {
        Some(r) => head.end(Role::Muted, format!("read {} ago", age::coarse(model.utc().since(r.at)))),
        None => head,
    };
    let mut out = vec![head];
    if let Some((at, why)) = &model.looked.raw_asked.failed {
        let line = Line::new().text(" ").add(Role::Bad, "NOT READ").text(format!(" at {}: {why}", at.hms()));
        out.extend(line.flow(wide, 3));
    }
    let Some(r) = raw else {
        if model.replay.is_some() {
            out.push(Line::new().text(" a log played again holds no objects: they were not recorded"));
        } else if model.looked.raw_asked.failed.is_none() {
            out.push(Line::new().text(" being read"));
        }
        return out;
    };
    for m in &r.managers {
        out.extend(Line::new().add(Role::Muted, " written by ").text(m).flow(wide, 12));
    }
    for text in r.text.lines() {
        // Indented as it is: the rest of a long one goes on further in.
        let indent = text.len() - text.trim_start_matches(' ').len();
        out.extend(Line::new().text(text).flow(wide, indent + 4));
    }
    out
}
