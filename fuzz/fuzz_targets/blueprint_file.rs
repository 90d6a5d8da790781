//! See `avtomatika_fuzz::blueprint_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| avtomatika_fuzz::blueprint_file::run(bytes));
