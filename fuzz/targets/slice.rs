//! Any text as a queue message: an error in one sentence, or a slice that is written as it was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use naas::records::slice::Slice;

fuzz_target!(|message: &str| match Slice::parse(message) {
    Err(error) => assert!(!error.to_string().is_empty()),
    Ok(slice) => {
        assert!(!slice.devices.is_empty());
        let again = Slice::parse(&slice.to_message()).expect("what is written can be read");
        assert_eq!(again, slice);
    }
});
