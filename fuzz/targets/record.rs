//! Any bytes as a stored document: what is read is written again as it was, whichever document it is.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use naas::records::outcome::{Attempt, Outcome};
use naas::records::device_state::DeviceRecord;
use naas::records::run::Run;
use naas::records::idempotency::IdempotencyRecord;
use serde::Serialize;
use serde::de::DeserializeOwned;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = DeviceRecord::parse(bytes) {
        assert_eq!(DeviceRecord::parse(record.to_document().as_bytes()).expect("what is written can be read"), record);
    }
    stays::<Run>(bytes);
    stays::<Outcome>(bytes);
    stays::<Attempt>(bytes);
    stays::<IdempotencyRecord>(bytes);
});

fn stays<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok(document) = serde_json::from_slice::<T>(bytes) {
        let written = serde_json::to_vec(&document).expect("a document always serialises");
        assert_eq!(serde_json::from_slice::<T>(&written).expect("what is written can be read"), document);
    }
}
