//! The log as a pane: newest first, whole lines, ours and others'. Knows nothing of files.

use super::super::parts::line::Line;
use crate::core::model::Model;
use crate::core::strip;

/// At most `tall` rows from the line on that the pane was scrolled to; what is newer and older is counted.
pub fn lines(model: &Model, wide: usize, tall: usize) -> Vec<Line> {
    let lines = strip::lines(model);
    let all = lines.len();
    if all == 0 {
        return vec![Line::new().text(" nothing yet")];
    }
    let back = model.nav.log_back.min(all - 1);
    let mut out = Vec::new();
    if back > 0 {
        out.push(Line::new().text(format!(" -- {back} newer --")));
    }
    for (told, l) in lines.into_iter().skip(back).enumerate() {
        let rows = Line::new().text(format!(" {} {}", l.at.hms(), strip::text(l))).flow(wide, 10);
        let left = all - back - told;
        // The last row is kept for the count as long as something follows.
        let room = tall.saturating_sub(usize::from(left > 1));
        if told > 0 && out.len() + rows.len() > room {
            out.push(Line::new().text(format!(" -- {left} older --")));
            break;
        }
        out.extend(rows);
    }
    out
}
