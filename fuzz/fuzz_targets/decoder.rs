//! Any bytes from a terminal: cut anywhere they mean the same, no key is a control character, and it never gets stuck.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Every cut is tried, so the work grows with the square.
    if bytes.len() <= 512 {
        andon::testkit::stray::decodes_alike(bytes);
    }
});
