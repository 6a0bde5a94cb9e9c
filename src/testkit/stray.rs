//! Input that nobody meant: what the decoder must make of any bytes at all.

use crate::core::key::{Code, Key};
use crate::tty::decode::{Decoder, Event};

/// What `parts` mean when they come one after another at one instant, and then nothing more.
pub fn decoded(parts: &[&[u8]], ssh: bool) -> Vec<Event> {
    let (mut decoder, mut out) = (Decoder::new(ssh), Vec::new());
    for part in parts {
        decoder.feed(part, 1_000, &mut out);
    }
    while let Some(at) = decoder.deadline() {
        decoder.timeout(at, &mut out);
    }
    out
}

/// The decoder's laws, for any bytes: cut at every place, and into single bytes, they give the same events as whole;
/// no key is a control character; afterwards it is a decoder like new.
///
/// # Panics
/// When one of them does not hold. For the property test and the fuzz target `decoder`.
pub fn decodes_alike(bytes: &[u8]) {
    let ssh = bytes.len() % 2 == 1;
    let whole = decoded(&[bytes], ssh);
    for at in 0..=bytes.len() {
        let (a, b) = bytes.split_at(at);
        assert_eq!(decoded(&[a, b], ssh), whole, "cut at {at}: {bytes:?}");
    }
    let singles: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(decoded(&singles, ssh), whole, "in single bytes: {bytes:?}");
    let control = |e: &Event| matches!(e, Event::Key(Key { code: Code::Char(c), .. }) if c.is_control());
    assert!(!whole.iter().any(control), "a control character is a key: {bytes:?}");

    let (mut decoder, mut out) = (Decoder::new(ssh), Vec::new());
    decoder.feed(bytes, 0, &mut out);
    while let Some(at) = decoder.deadline() {
        decoder.timeout(at, &mut out);
    }
    out.clear();
    decoder.feed(b"q", 20_000, &mut out);
    assert_eq!(out, [Event::Key(Key::char('q'))], "stuck after {bytes:?}");
}
