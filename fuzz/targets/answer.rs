//! Any bytes as a switch's answer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eapi::fuzzing::answer(bytes));
