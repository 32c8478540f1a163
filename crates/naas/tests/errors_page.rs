//! `docs/errors.md` has every outcome, every problem type and every sentence that an error begins
//! with.

#![expect(clippy::unwrap_used, reason = "helpers of a test, where an unwrap is the expectation")]

use std::fs;
use std::path::{Path, PathBuf};

use naas::records::outcome::Status;
use regex::Regex;

/// Whose errors reach an operator.
const SOURCES: [&str; 7] = [
    "crates/intent/src",
    "crates/naas/src",
    "crates/identity/src",
    "crates/eapi/src",
    "crates/adapters/src",
    "functions/scheduler/src",
    "functions/enforcer/src",
];

/// Shorter pieces of a sentence are only what stands between two values.
const A_PIECE: usize = 8;

#[test]
fn every_outcome_and_its_meaning_is_there() {
    let page = page();
    for status in Status::ALL {
        assert!(page.contains(&format!("| `{}` |", status.word())), "docs/errors.md: status {}", status.word());
    }
}

#[test]
fn every_problem_type_is_there() {
    let page = page();
    let kind = Regex::new(r#"\(\s*[45]\d\d,\s*"([a-z]+(?:-[a-z]+)*)","#).unwrap();
    let sources = sources();
    let kinds: Vec<_> =
        sources.iter().flat_map(|source| kind.captures_iter(source)).map(|found| found[1].to_owned()).collect();
    assert!(kinds.contains(&"unknown-name".to_owned()), "{kinds:?}");
    let missing: Vec<_> = kinds.iter().filter(|kind| !page.contains(&format!("`{kind}`"))).collect();
    assert!(missing.is_empty(), "docs/errors.md lacks the problem types {missing:?}");
}

#[test]
fn every_sentence_of_an_error_is_there() {
    let page = words(&page());
    let sentences: Vec<_> = sources().iter().flat_map(|source| sentences(source)).collect();
    assert!(sentences.len() > 60, "{sentences:#?}");
    let missing: Vec<_> = sentences.iter().filter(|sentence| !page.contains(&words(longest_piece(sentence)))).collect();
    assert!(missing.is_empty(), "docs/errors.md lacks, with a cure: {missing:#?}");
}

/// What stands in `#[error("…")]`, as it is shown.
fn sentences(source: &str) -> Vec<String> {
    let literal = Regex::new(r#"#\[error\(\s*"((?:[^"\\]|\\[\s\S])*)""#).unwrap();
    let line_end = Regex::new(r"\\\n\s*").unwrap();
    let sentences =
        literal.captures_iter(source).map(|found| line_end.replace_all(&found[1], "").replace("\\\"", "\""));
    sentences.filter(|sentence| longest_piece(sentence).len() >= A_PIECE).collect()
}

/// The sentence without the values in it.
fn longest_piece(sentence: &str) -> &str {
    sentence.split(['{', '}']).step_by(2).map(str::trim).max_by_key(|piece| piece.len()).unwrap_or_default()
}

/// Line breaks are for the page's editor.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn page() -> String {
    fs::read_to_string(repository().join("docs/errors.md")).unwrap()
}

fn sources() -> Vec<String> {
    let mut folders: Vec<_> = SOURCES.iter().map(|folder| repository().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
