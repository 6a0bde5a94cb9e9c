//! Frames turned into bytes, against what the terminal shows already. Pure: no terminal, no time.
//!
//! Through ratatui's backend for crossterm's commands; one of our own with fewer bytes comes later.

use std::io;

use crossterm::{QueueableCommand as _, cursor, style, terminal};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;

use super::output::Frame;

/// Turns frames into bytes and remembers what the terminal shows. Pure.
pub(super) struct Painter {
    /// What was last written; `None`: unknown, the next frame clears.
    shown: Option<Buffer>,
    cursor: Option<(u16, u16)>,
    sync: bool,
}

impl Painter {
    /// `sync`: frames are wrapped in synchronized updates.
    pub fn new(sync: bool) -> Painter {
        Painter { shown: None, cursor: None, sync }
    }

    /// Nothing is known of the screen any more: the next frame clears it.
    pub fn forget(&mut self) {
        self.shown = None;
    }

    /// What brings the terminal from the last frame to this one; empty when they look the same.
    pub fn paint(&mut self, frame: &Frame) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 * 1024);
        // Writing to a Vec cannot fail.
        let _ = self.try_paint(frame, &mut bytes);
        bytes
    }

    fn try_paint(&mut self, frame: &Frame, out: &mut Vec<u8>) -> io::Result<()> {
        let area = frame.buffer.area;
        let known = self.shown.take().filter(|shown| shown.area == area);
        let clear = known.is_none();
        let before = known.unwrap_or_else(|| Buffer::empty(area));
        let changes = before.diff(&frame.buffer);
        if clear || !changes.is_empty() || frame.cursor != self.cursor {
            if self.sync {
                out.queue(terminal::BeginSynchronizedUpdate)?;
            }
            if clear {
                out.queue(style::SetAttribute(style::Attribute::Reset))?;
                out.queue(terminal::Clear(terminal::ClearType::All))?;
            }
            // Drawing moves the cursor: it is hidden meanwhile and put back after.
            if clear || (self.cursor.is_some() && (frame.cursor.is_none() || !changes.is_empty())) {
                out.queue(cursor::Hide)?;
                self.cursor = None;
            }
            // An empty draw still writes 25 bytes of resets.
            if !changes.is_empty() {
                CrosstermBackend::new(&mut *out).draw(changes.into_iter())?;
            }
            if let Some((x, y)) = frame.cursor {
                out.queue(cursor::MoveTo(x, y))?;
                if self.cursor.is_none() {
                    out.queue(cursor::Show)?;
                }
            }
            if self.sync {
                out.queue(terminal::EndSynchronizedUpdate)?;
            }
        }
        self.cursor = frame.cursor;
        self.shown = Some(frame.buffer.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(line: &str) -> Frame {
        Frame { buffer: Buffer::with_lines([line]), cursor: None, tag: None }
    }

    #[test]
    fn an_unchanged_screen_costs_nothing_and_a_changed_cell_little() {
        let mut p = Painter::new(false);
        assert!(!p.paint(&frame("one two")).is_empty());
        assert_eq!(p.paint(&frame("one two")), b"");
        let bytes = String::from_utf8(p.paint(&frame("one tWo"))).unwrap();
        assert!(bytes.contains("\x1b[1;6HW") && bytes.len() < 40, "{bytes:?}");
    }

    #[test]
    fn a_new_size_and_a_repaint_clear_without_asking() {
        let mut p = Painter::new(true);
        p.paint(&frame("ab"));
        let bytes = String::from_utf8(p.paint(&frame("abc"))).unwrap();
        assert!(
            bytes.starts_with("\x1b[?2026h\x1b[0m\x1b[2J") && bytes.contains("abc") && bytes.ends_with("\x1b[?2026l")
        );
        p.forget();
        let again = String::from_utf8(p.paint(&frame("abc"))).unwrap();
        assert!(again.contains("\x1b[2J") && again.contains("abc") && !again.contains("[6n"));
    }

    #[test]
    fn the_cursor_alone_moves_for_few_bytes() {
        let mut p = Painter::new(false);
        p.paint(&Frame { cursor: Some((1, 0)), ..frame("abc") });
        assert_eq!(p.paint(&Frame { cursor: Some((2, 0)), ..frame("abc") }), b"\x1b[1;3H");
        assert_eq!(p.paint(&frame("abc")), b"\x1b[?25l");
        let shown = p.paint(&Frame { cursor: Some((0, 0)), ..frame("xbc") });
        assert!(shown.ends_with(b"\x1b[1;1H\x1b[?25h"));
    }
}
