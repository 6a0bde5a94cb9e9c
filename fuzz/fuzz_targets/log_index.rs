#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| andon::testkit::fuzz::log_index(bytes));
