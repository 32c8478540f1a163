use proptest::prelude::*;

use intent::name::RunId;

use super::*;
use crate::records::revision::Revision;

fn device() -> DeviceName {
    DeviceName::new("leaf1").unwrap()
}

fn entry(run: u64, hash: &str) -> Entry {
    let at = "2026-11-23T20:15:30Z".parse().unwrap();
    let configuration = ContentHash::parse(&format!("{hash:0<64}")).unwrap();
    Entry { at, run: RunId::new(at, run), configuration }
}

#[test]
fn a_configuration_is_found_by_hash_beginning_or_run() {
    let entries = [entry(3, "aaaaaaaa1"), entry(2, "bbbbbbbb"), entry(1, "aaaaaaaa1"), entry(1, "cccccccc")];
    let find = |text: &str| find(&device(), &entries, &Reference::parse(text).unwrap());

    assert_eq!(find("BBBBBBBB"), Ok(entries[1].configuration.clone()));
    assert_eq!(find(entries[0].configuration.as_ref()), Ok(entries[0].configuration.clone()));
    assert_eq!(find("aaaaaaaa"), Ok(entries[0].configuration.clone()), "pushed twice is one");
    assert_eq!(find(entries[2].run.as_ref()), Ok(entries[2].configuration.clone()), "the newest of its run");
}

#[test]
fn an_unknown_or_ambiguous_hash_says_what_there_is() {
    let entries = [entry(3, "aaaaaaaa1"), entry(2, "aaaaaaaa2")];
    let find = |entries: &[Entry], text: &str| {
        find(&device(), entries, &Reference::parse(text).unwrap()).unwrap_err().to_string()
    };

    let unknown = find(&entries, "20261123-201530-00000a");
    assert!(unknown.contains("no configuration of leaf1 is kept under 20261123-201530-00000a"), "{unknown}");
    assert!(unknown.contains("the newest are aaaaaaaa1000 (run 20261123-201530-0000000000000003)"), "{unknown}");
    assert!(find(&[], "dddddddd").contains("nothing was kept of it yet"));
    assert!(find(&entries, "aaaaaaaa").contains("the beginning of 2 configurations of leaf1"));
}

#[test]
fn what_is_no_reference_says_what_one_is() {
    for text in ["", "latest", "abcdef1", &"a".repeat(65), "../../../secret"] {
        let error = Reference::parse(text).unwrap_err().to_string();
        assert!(error.starts_with("expected a run, or the SHA-256"), "{error}");
    }
}

#[test]
fn a_document_that_is_no_revision_says_why() {
    for (document, reason) in [
        ("", "EOF while parsing"),
        ("[]", "not a revision"),
        (r#"{"version":2,"of":"another shape"}"#, "a revision of version 2, expected 1"),
        (r#"{"version":1,"device":"../x"}"#, "not a name"),
        (r#"{"version":1,"device":"leaf1","note":"by hand"}"#, "unknown field `note`"),
    ] {
        let error = Revision::parse(document.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(reason), "{document}: {error}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_revision_or_an_error(document in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Revision::parse(&document);
    }

    #[test]
    fn any_text_is_a_reference_or_an_error(text in ".{0,80}") {
        let _ = Reference::parse(&text);
    }
}
