//! Any bytes as an order of one port, as one of several, as a list of ports, as a document of ports and as a diff: each is what it
//! says or an error in one sentence, and what is read is written as it was read.
#![no_main]

use intent::model::ModelFiles;
use intent::tenancy::{self, PATH, PortDocument, Tenants, batch, patched, ports, single};
use libfuzzer_sys::fuzz_target;

const RUNNING: &str = "! device: leaf1\n!\nvlan 10-12\n!\ninterface Ethernet1\n   shutdown\n!\nend\n";

fuzz_target!(|bytes: &[u8]| {
    for error in [single(bytes).err(), batch(bytes).err()].into_iter().flatten() {
        assert!(error.to_string().len() < 1_000, "{error}");
    }
    if let Ok(document) = PortDocument::parse(bytes) {
        assert_eq!(PortDocument::parse(document.to_document().as_bytes()).ok(), Some(document));
    }
    let _ = Tenants::read(&ModelFiles([(PATH.to_owned(), bytes.to_vec())].into()));
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(ports) = ports(text) {
        assert!((1..=tenancy::MAX_PORTS).contains(&ports.len()));
    }
    if let Ok(after) = patched(RUNNING, text) {
        let _ = tenancy::outside(RUNNING, &after, &tenancy::PortScope::default());
    }
});
