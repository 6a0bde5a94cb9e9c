//! The terminal as the engine's front: frames out, the clipboard, suspend and resume.

use super::device::Device;
use super::guard::Guard;
use super::output::{Aside, Frame, Output};
use crate::config::Wardrobe;
use crate::core::model::Model;
use crate::core::msg::{Picked, Reloaded};
use crate::core::shown::{LINE_MAX, shown_line, shown_text};
use crate::engine::Front;
use crate::ui::{self, look::Look};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub struct Screen {
    pub guard: Guard,
    pub output: Output,
    pub device: Arc<Device>,
    pub look: Look,
    /// Where `:theme` and `:reload` read.
    pub wardrobe: Wardrobe,
    /// Where copied text is saved as well.
    pub state: PathBuf,
    /// The last flush took over 100 ms, or `--slow`: two frames a second (limits.md section 4).
    pub slow: Arc<AtomicBool>,
    /// `--slow` itself: a dialog is seen as late as its bytes take at 9600 bit/s.
    pub slow_line: bool,
    /// `--no-clock`: the time of day is not shown, and nothing moves by itself.
    pub clock: bool,
    /// Where a click chooses what, in the last frame.
    pub hits: Vec<(Rect, Picked)>,
    /// The window's title as last written; `None`: it is not ours.
    pub titled: Option<String>,
    /// The frame last handed over: the same again is not, and wakes nobody.
    pub handed: Option<(Buffer, Option<(u16, u16)>)>,
}

/// OSC 52 carries at most this many bytes of text (terminal-and-safety 8.6).
const CLIPBOARD: usize = 74_000;

/// The file takes more; past this the text is cut, and says so.
const COPIED: usize = 1 << 20;

impl Screen {
    fn buffer(&self, model: &Model) -> (Buffer, ui::Drawn) {
        let area = Rect::new(0, 0, model.width, model.height);
        let mut buffer = Buffer::empty(area);
        let drawn = ui::draw(model, &self.look, area, &mut buffer);
        (buffer, drawn)
    }
}

impl Front for Screen {
    fn draw(&mut self, model: &Model) {
        let (buffer, drawn) = self.buffer(model);
        self.hits = drawn.hits;
        if let Some(last) = &mut self.titled {
            let now = ui::title::title(model);
            if *last != now {
                self.output.aside(Aside::Title, format!("\x1b]2;{now}\x1b\\").into_bytes());
                *last = now;
            }
        }
        let same = self.handed.as_ref().is_some_and(|(b, c)| *c == drawn.cursor && *b == buffer);
        if same && drawn.dialog.is_none() {
            return;
        }
        self.handed = Some((buffer.clone(), drawn.cursor));
        self.output.draw(Frame { buffer, cursor: drawn.cursor, tag: drawn.dialog.map(|d| d.0) });
    }

    fn digest(&self, model: &Model) -> String {
        ui::digest(model)
    }

    fn repaint(&mut self) {
        self.output.repaint();
    }

    fn suspend(&mut self) {
        self.guard.suspend();
    }

    fn leave(&mut self, line: &str) -> bool {
        self.guard.lend(shown_line(line, LINE_MAX).as_str());
        true
    }

    fn resume(&mut self) {
        // A terminal that died meanwhile is told by the reader.
        if let Err(e) = self.guard.resume() {
            tracing::warn!(error = %e, "resume");
        }
        // The shell has its own meanwhile.
        if let Some(last) = &mut self.titled {
            last.clear();
        }
        self.output.repaint();
    }

    fn copy(&mut self, text: &str) -> Option<String> {
        // What is pasted into a shell is read by it: the gate stands here too, lines stay lines.
        let text = shown_text(text, COPIED);
        if text.as_str().len() <= CLIPBOARD {
            self.output.clipboard(&text);
        }
        let path = self.state.join("andon").join("copied.txt");
        match std::fs::create_dir_all(path.parent()?).and_then(|()| std::fs::write(&path, text.as_str())) {
            Ok(()) => Some(path.display().to_string()),
            Err(e) => {
                tracing::warn!(error = %e, "copied text could not be saved");
                None
            }
        }
    }

    fn theme(&mut self, name: &str) -> Result<(), String> {
        let theme = self.wardrobe.theme(name)?;
        self.look.wear(&theme);
        Ok(())
    }

    fn reload(&mut self) -> Option<Reloaded> {
        let (theme, read) = self.wardrobe.reload();
        if let Some(theme) = theme {
            self.look.wear(&theme);
        }
        Some(read)
    }

    fn bell(&mut self) {
        self.output.aside(Aside::Bell, b"\x07".to_vec());
    }

    fn at(&self, x: u16, y: u16) -> Option<Picked> {
        let here = Position { x, y };
        self.hits.iter().find(|(area, _)| area.contains(here)).map(|(_, what)| what.clone())
    }

    /// The screen says everything already.
    fn say(&mut self, _line: &str) {}

    fn frame_ms(&self) -> i64 {
        if self.slow.load(Ordering::Relaxed) { 500 } else { 100 }
    }

    fn slow(&self) -> bool {
        self.slow_line
    }

    fn ticks(&self) -> bool {
        self.clock
    }
}
