//! `andon replay TAPE`: nothing is attached, and the same must come out.

use crate::engine::tape::replay;
use crate::ui::{self, look::Look};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io::Write;
use std::path::Path;

/// 0: the same effects and the same last screen. 1: not, or the tape cannot be read. 141: nobody reads.
pub fn run(tape: &Path, out: &mut impl Write) -> u8 {
    match replay(tape, ui::overlays::note::edit, ui::copied::text, ui::digest) {
        Ok(r) => {
            let area = Rect::new(0, 0, r.model.width, r.model.height);
            let mut buffer = Buffer::empty(area);
            ui::draw(&r.model, &Look::shipped(), area, &mut buffer);
            let said = say(out, &r, &buffer).map(|()| i32::from(r.stopped.is_some()));
            super::out::code(said, out)
        }
        Err(why) => {
            super::tell(&why);
            1
        }
    }
}

fn say(out: &mut impl Write, r: &crate::engine::tape::Replayed, buffer: &Buffer) -> std::io::Result<()> {
    let width = usize::from(buffer.area.width.max(1));
    for row in buffer.content.chunks(width) {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        writeln!(out, "{}", line.trim_end())?;
    }
    let build = env!("CARGO_PKG_VERSION");
    if r.build != build {
        writeln!(out, "replay: the tape is of andon {}, this is {build}: sameness is not promised", r.build)?;
    }
    if let Some(why) = &r.stopped {
        writeln!(out, "replay: {why}")?;
    }
    let same = if r.marks > 0 {
        "the same effects and the same screen at every mark"
    } else {
        "the tape has no mark to compare with"
    };
    writeln!(out, "replay: {} messages, {} effects; {same} ({} marks)", r.messages, r.effects, r.marks)
}
