//! Draws frames on its own thread, with a mailbox of one: the engine never waits for a terminal.
//!
//! A frame is compared with what was last written and goes out as one buffer; what did not change costs nothing.
//! Knows cells, not screens. Terminal-and-safety 5.4 and 8.2; a backend of our own with fewer bytes comes later.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crossterm::style;
use ratatui::buffer::Buffer;

use super::device::{Device, State, Stopped};
use super::now_ms;
use super::paint::Painter;
use crate::core::shown::Shown;

/// One whole screen as it should look.
#[derive(Clone, Debug)]
pub struct Frame {
    pub buffer: Buffer,
    /// Column and row of the cursor, from 0; `None` hides it.
    pub cursor: Option<(u16, u16)>,
    /// Comes back in [`Flushed`] when just this frame was written; for the dialog it shows.
    pub tag: Option<u64>,
}

/// A frame is on the terminal, as far as the kernel knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flushed {
    pub tag: Option<u64>,
    /// 0 when the screen already looked like this.
    pub bytes: usize,
    /// From having the frame in hand to its last byte taken.
    pub took_ms: u64,
    /// Person ms.
    pub at: i64,
}

/// The drawing thread's handle. Dropping it ends the thread after the write it is in; what waits is not written.
#[derive(Debug)]
pub struct Output {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    desk: Mutex<Desk>,
    bell: Condvar,
    written: AtomicU64,
    replaced: AtomicU64,
}

#[derive(Debug, Default)]
struct Desk {
    frame: Option<Frame>,
    repaint: bool,
    /// Text for the terminal's clipboard.
    clipboard: Option<String>,
    /// Bytes that are no part of a frame: a bell, a title. The newest of each kind.
    aside: BTreeMap<Aside, Vec<u8>>,
    stop: bool,
}

/// What goes out between frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aside {
    Bell,
    Title,
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output {
    /// Starts drawing on `device`, which a `Guard` has set up. `sync`: wrap frames in synchronized updates
    /// ([`Locale::sync`](super::Locale::sync)). `flushed` runs on the drawing thread after every frame and should
    /// only put the news in a queue.
    ///
    /// Colours are the theme's matter, so crossterm's own reading of NO_COLOR is switched off here.
    ///
    /// # Errors
    /// The thread cannot be made.
    pub fn start(
        device: &Arc<Device>,
        sync: bool,
        flushed: impl FnMut(Flushed) + Send + 'static,
    ) -> io::Result<Output> {
        // crossterm 0.29 writes `ESC[;m` under NO_COLOR, which erases bold and reverse.
        style::force_color_output(true);
        let shared = Arc::new(Shared::default());
        let mut work = Work {
            device: Arc::clone(device),
            shared: Arc::clone(&shared),
            painter: Painter::new(sync),
            epoch: device.epoch(),
            flushed,
        };
        std::thread::Builder::new().name("andon-draw".into()).spawn(move || work.run())?;
        Ok(Output { shared })
    }

    /// Hands over the newest frame and returns at once; one that was not yet begun is forgotten, with its tag.
    pub fn draw(&self, frame: Frame) {
        if self.shared.desk().frame.replace(frame).is_some() {
            self.shared.replaced.fetch_add(1, Ordering::Relaxed);
        }
        self.shared.bell.notify_one();
    }

    /// Clears and draws everything anew, the last frame if no newer one comes: for Ctrl-L and after a stop.
    pub fn repaint(&self) {
        self.shared.desk().repaint = true;
        self.shared.bell.notify_one();
    }

    /// Puts text on the terminal's clipboard (OSC 52, write only). tmux and screen may drop it; nobody is told.
    pub fn clipboard(&self, text: &Shown) {
        self.shared.desk().clipboard = Some(text.as_str().to_owned());
        self.shared.bell.notify_one();
    }

    /// Writes these bytes between two frames; of each kind only the newest waits.
    pub fn aside(&self, kind: Aside, bytes: Vec<u8>) {
        self.shared.desk().aside.insert(kind, bytes);
        self.shared.bell.notify_one();
    }

    /// All bytes of frames since the start.
    pub fn bytes_written(&self) -> u64 {
        self.shared.written.load(Ordering::Relaxed)
    }

    /// Frames that a newer one replaced before they were begun.
    pub fn replaced(&self) -> u64 {
        self.shared.replaced.load(Ordering::Relaxed)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.shared.desk().stop = true;
        self.shared.bell.notify_one();
    }
}

struct Work<F> {
    device: Arc<Device>,
    shared: Arc<Shared>,
    painter: Painter,
    epoch: u32,
    flushed: F,
}

impl<F: FnMut(Flushed)> Work<F> {
    fn run(&mut self) {
        let mut last: Option<Frame> = None;
        while let Some((new, repaint, clipboard)) = self.next() {
            let aside = std::mem::take(&mut self.shared.desk().aside);
            aside.values().for_each(|bytes| self.beside(bytes));
            if let Some(text) = clipboard {
                self.copy(&text);
            }
            if new.is_none() && !repaint {
                continue;
            }
            if repaint || self.epoch != self.device.epoch() {
                self.painter.forget();
            }
            if let Some(frame) = new {
                last = Some(frame);
            }
            let Some(frame) = &last else { continue };
            match self.device.state() {
                // Kept in `last` for the repaint after the stop.
                State::Idle => self.painter.forget(),
                State::Live => self.write(frame),
                State::Gone => return,
            }
        }
    }

    /// Waits for work; `None` ends the thread.
    fn next(&self) -> Option<(Option<Frame>, bool, Option<String>)> {
        let mut desk = self.shared.desk();
        loop {
            if desk.stop {
                return None;
            }
            if desk.frame.is_some() || desk.repaint || desk.clipboard.is_some() || !desk.aside.is_empty() {
                return Some((desk.frame.take(), std::mem::take(&mut desk.repaint), desk.clipboard.take()));
            }
            desk = self.shared.bell.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn copy(&self, text: &str) {
        let mut bytes = b"\x1b]52;c;".to_vec();
        bytes.extend(base64(text.as_bytes()));
        bytes.extend(b"\x1b\\");
        // A terminal that went away is told by the reader; the text is in a file as well.
        self.beside(&bytes);
    }

    /// Between two frames; nothing while the terminal is somebody else's.
    fn beside(&self, bytes: &[u8]) {
        let _pen = self.device.pen();
        if self.device.state() == State::Live {
            let _ = self.device.write_all(bytes, || self.device.state() == State::Live);
        }
    }

    fn write(&mut self, frame: &Frame) {
        let began = Instant::now();
        // Read before painting: a terminal taken anew in between makes this frame's picture worthless.
        let epoch = self.device.epoch();
        let bytes = self.painter.paint(frame);
        let sent = {
            let _pen = self.device.pen();
            let wanted = || self.device.state() == State::Live && self.device.epoch() == epoch;
            self.device.write_all(&bytes, wanted)
        };
        self.epoch = epoch;
        match sent {
            Ok(()) => {
                self.shared.written.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                (self.flushed)(Flushed { tag: frame.tag, bytes: bytes.len(), took_ms, at: now_ms() });
            }
            // Cut in the middle: nothing is known of the screen.
            Err(Stopped::Told | Stopped::Gone) => self.painter.forget(),
        }
    }
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const SET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let n = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let six = (n >> (18 - 6 * i)) & 63;
            out.push(if i <= chunk.len() { SET[six as usize] } else { b'=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use ratatui::layout::Rect;

    use super::*;
    use crate::tty::device::pair;

    #[test]
    fn base64_pads_as_the_rfc_says() {
        let enc = |s: &str| String::from_utf8(base64(s.as_bytes())).unwrap();
        assert_eq!(["", "f", "fo", "foo", "foob"].map(enc), ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }

    fn frame(line: &str) -> Frame {
        Frame { buffer: Buffer::with_lines([line]), cursor: None, tag: None }
    }

    fn drawing(device: &Arc<Device>) -> (Output, Receiver<Flushed>) {
        device.go_live();
        let (tx, rx) = channel();
        let output = Output::start(device, false, move |f| {
            let _ = tx.send(f);
        });
        (output.unwrap(), rx)
    }

    fn read_until(master: &OwnedFd, what: &str) -> String {
        let (mut seen, mut buf) = (String::new(), [0; 4096]);
        while !seen.contains(what) {
            let n = rustix::io::read(master, &mut buf).unwrap();
            seen.push_str(&String::from_utf8_lossy(&buf[..n]));
        }
        seen
    }

    /// So large that a terminal which does not read cannot take it.
    fn flood(fill: char) -> Frame {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 400, 150));
        buffer.content.iter_mut().for_each(|c| {
            c.set_char(fill);
        });
        Frame { buffer, cursor: None, tag: None }
    }

    #[test]
    fn a_stalled_terminal_blocks_nobody_and_gets_the_newest_frame() {
        let (device, master) = pair();
        let (output, flushed) = drawing(&device);
        output.draw(flood('.'));
        while output.shared.desk().frame.is_some() {
            std::thread::yield_now();
        }
        let began = Instant::now();
        for n in 0..100 {
            output.draw(Frame { tag: Some(n), ..frame(&format!("frame-{n}-")) });
        }
        // Blocked, it would be so until somebody reads.
        assert!(began.elapsed() < Duration::from_secs(20));
        assert_eq!(output.replaced(), 99);
        let seen = read_until(&master, "frame-99-");
        assert!(!seen.contains("frame-98-"));
        assert_eq!(flushed.recv().unwrap().tag, None);
        let last = flushed.recv().unwrap();
        assert_eq!(last.tag, Some(99));
        assert!(output.bytes_written() > 60_000 && last.bytes < 100);
    }

    #[test]
    fn the_same_frame_is_reported_with_no_bytes() {
        let (device, _master) = pair();
        let (output, flushed) = drawing(&device);
        output.draw(frame("same"));
        assert!(flushed.recv().unwrap().bytes > 0);
        output.draw(Frame { tag: Some(7), ..frame("same") });
        let second = flushed.recv().unwrap();
        assert_eq!((second.tag, second.bytes), (Some(7), 0));
        let before = output.bytes_written();
        output.repaint();
        assert!(flushed.recv().unwrap().bytes > 0);
        assert!(output.bytes_written() > before);
    }

    #[test]
    fn nothing_is_drawn_between_a_stop_and_its_end() {
        let (device, master) = pair();
        let (output, flushed) = drawing(&device);
        output.draw(frame("first"));
        read_until(&master, "first");
        flushed.recv().unwrap();
        device.go_idle();
        output.draw(frame("hidden"));
        output.draw(frame("third"));
        assert!(flushed.recv_timeout(Duration::from_millis(50)).is_err());
        device.go_live();
        output.repaint();
        let seen = read_until(&master, "third");
        assert!(seen.contains("\x1b[2J") && !seen.contains("hidden"), "{seen:?}");
    }
}
