//! One bracketed paste while it is collected: finds its end, keeps at most 1 MiB. No time: the decoder has that.

/// A longer paste is cut here and the rest dropped.
pub const PASTE_BYTES: usize = 1 << 20;
const END: &[u8] = b"\x1b[201~";

#[derive(Debug, Default)]
pub(super) struct Paste {
    bytes: Vec<u8>,
    /// How much of the end mark the last bytes were.
    matched: usize,
}

impl Paste {
    /// Takes a byte; true when it completed the end mark.
    pub fn push(&mut self, byte: u8) -> bool {
        if byte == END[self.matched] {
            self.matched += 1;
        } else {
            self.keep(&END[..self.matched]);
            // The mark's first byte does not come again inside it.
            self.matched = usize::from(byte == END[0]);
            if self.matched == 0 {
                self.keep(&[byte]);
            }
        }
        self.matched == END.len()
    }

    /// The text: invalid UTF-8 left out, line ends as LF. A half end mark was text after all.
    pub fn text(mut self) -> String {
        if self.matched < END.len() {
            self.keep(&END[..self.matched]);
        }
        let text: String = self.bytes.utf8_chunks().map(|chunk| chunk.valid()).collect();
        text.replace("\r\n", "\n").replace('\r', "\n")
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = PASTE_BYTES.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(bytes: &[u8]) -> (bool, String) {
        let mut paste = Paste::default();
        let ended = bytes.iter().fold(false, |_, byte| paste.push(*byte));
        (ended, paste.text())
    }

    #[test]
    fn almost_the_end_is_text() {
        assert_eq!(collected(b"a\x1b[20\x1b[201~"), (true, "a\x1b[20".into()));
        assert_eq!(collected(b"a\x1b\x1b[201~"), (true, "a\x1b".into()));
        assert_eq!(collected(b"a\x1b[20"), (false, "a\x1b[20".into()));
    }

    #[test]
    fn what_is_not_utf8_is_left_out_and_lines_end_alike() {
        assert_eq!(collected(b"x\xff\r\ny\rz"), (false, "x\ny\nz".into()));
    }
}
