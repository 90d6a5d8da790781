//! See `avtomatika_fuzz::job_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| avtomatika_fuzz::job_body::run(bytes));
