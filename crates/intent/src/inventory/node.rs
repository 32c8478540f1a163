//! A document as a tree, with errors that never quote a value.
//!
//! Reading into typed structs would be shorter, but the parsers' messages quote what they found
//! (`invalid type: string "hunter2"`), and an inventory is full of passwords. Here text becomes a
//! tree first, and the tree is then taken apart by hand.

use super::InventoryError;
use crate::inventory::Document;
use crate::yaml::{self, Node};

/// Largest document, in bytes; a secret holds 64 KiB, a file may be larger.
pub(super) const MAX_DOCUMENT: usize = 16 * 1024 * 1024;

/// Reads a document.
pub(super) fn read(document: &Document) -> Result<Node, InventoryError> {
    let fault = |line: u64, reason: String| {
        let line = (line > 0).then_some(line);
        Err(InventoryError { document: document.name.clone(), line, path: String::new(), reason })
    };
    if document.body().len() > MAX_DOCUMENT {
        return fault(0, format!("is larger than {} MiB", MAX_DOCUMENT >> 20));
    }
    yaml::read(document.body()).or_else(|error| fault(error.line, without_values(&error.reason)))
}

/// The parser's own sentence up to the first thing it quotes.
pub(super) fn without_values(reason: &str) -> String {
    if reason.starts_with("is ") {
        return reason.to_owned(); // our own sentence
    }
    let end = ["`", "\"", "'"].iter().filter_map(|end| reason.find(end)).min().unwrap_or(reason.len());
    let sentence = reason[..end].trim_end_matches([' ', ':', ',', '=', '(']);
    if sentence.is_empty() { "is not valid YAML".to_owned() } else { format!("is not valid: {sentence}") }
}
