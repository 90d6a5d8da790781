//! See `avtomatika_fuzz::result_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| avtomatika_fuzz::result_body::run(bytes));
