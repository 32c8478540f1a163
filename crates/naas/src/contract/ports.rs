//! The contract of [`PortDocuments`].

use futures::future::join_all;
use intent::name::TenantName;
use intent::tenancy::{PortDocument, PortEntry, PortName, single};

use super::{device, moment, run, run_id};
use crate::ports::{PortDocuments, PortsOrdered, Runs};
use crate::records::applied_ports::AppliedPorts;

/// Compare and set: of several who order at the same moment, one gets it; and its run is on record if
/// the store says so.
pub async fn port_documents(store: &(impl PortDocuments + Runs), seed: u64) {
    compare_and_set(store, seed).await;
    one_of_many_gets_the_port(store, seed).await;
    what_is_applied_is_kept(store, seed).await;
}

fn document(seed: u64, generation: u64) -> PortDocument {
    let entry = PortEntry {
        tenant: TenantName::new(format!("t{seed}")).expect("a name"),
        idle: false,
        intent: single(br#"{"vlan": 110, "description": "\u00fc"}"#).expect("an order"),
        by: "ana@noc".to_owned(),
        at: moment(seed, 0),
        request: run_id(seed, generation),
        generation,
    };
    let mut document = PortDocument::default();
    document.generation = generation;
    document.ports.insert(PortName::parse("Ethernet3/1").expect("a port"), entry);
    document
}

async fn compare_and_set(store: &(impl PortDocuments + Runs), seed: u64) {
    let leaf = device(seed, "ports1");
    assert_eq!(store.port_document(&leaf).await.expect("reading"), None);

    let ordered = run(seed, 30);
    let first = store.order_ports(&leaf, &document(seed, 1), None, &ordered).await.expect("writing");
    assert_ne!(first, PortsOrdered::Refused, "the first write over nothing");
    let on_record = store.load(&ordered.task.run).await.expect("loading");
    assert_eq!(on_record.is_some(), first == PortsOrdered::WithItsRun);
    let again = store.order_ports(&leaf, &document(seed, 2), None, &run(seed, 31)).await.expect("writing");
    assert_eq!(again, PortsOrdered::Refused, "a second write over nothing");
    assert_eq!(store.load(&run_id(seed, 31)).await.expect("loading"), None, "a run of what was not written");

    let stands = store.port_document(&leaf).await.expect("reading").expect("a document");
    assert_eq!(stands.document, document(seed, 1));
    let written = store.order_ports(&leaf, &document(seed, 2), Some(&stands.version), &run(seed, 32)).await;
    assert_ne!(written.expect("writing"), PortsOrdered::Refused, "a write over the version that stands");
    let late = store.order_ports(&leaf, &document(seed, 3), Some(&stands.version), &run(seed, 33)).await;
    assert_eq!(late.expect("writing"), PortsOrdered::Refused, "a write over a version that is gone");
    assert_eq!(store.port_document(&device(seed, "ports10")).await.expect("reading"), None, "another device");
}

async fn one_of_many_gets_the_port(store: &(impl PortDocuments + Runs), seed: u64) {
    let leaf = device(seed, "ports2");
    let documents: Vec<_> = (1..9).map(|generation| (document(seed, generation), run(seed, 40 + generation))).collect();

    let ordered = join_all(documents.iter().map(|(document, run)| store.order_ports(&leaf, document, None, run))).await;

    let won: Vec<_> = documents
        .iter()
        .zip(ordered)
        .filter(|(_, ordered)| *ordered.as_ref().expect("writing") != PortsOrdered::Refused)
        .collect();
    let [((winner, _), _)] = won.as_slice() else { panic!("{} of 8 were written", won.len()) };
    assert_eq!(store.port_document(&leaf).await.expect("reading").expect("a document").document, *winner);
}

async fn what_is_applied_is_kept(store: &impl PortDocuments, seed: u64) {
    let leaf = device(seed, "ports1");
    assert_eq!(store.applied_ports(&leaf).await.expect("reading"), AppliedPorts::default());

    let document = document(seed, 1);
    let mut applied = AppliedPorts::default();
    applied.note(&document, document.ports.keys(), &run_id(seed, 1), moment(seed, 5));
    store.record_applied_ports(&leaf, &AppliedPorts::default()).await.expect("writing");
    store.record_applied_ports(&leaf, &applied).await.expect("writing");

    assert_eq!(store.applied_ports(&leaf).await.expect("reading"), applied);
    let other = store.applied_ports(&device(seed, "ports10")).await.expect("reading");
    assert_eq!(other, AppliedPorts::default(), "another device");
}
