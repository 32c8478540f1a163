//! Names as people read them: the numbers in them count as numbers.

use std::cmp::Ordering;

/// Text and numbers in turn, beginning with text, so that like is compared with like, as AVD's
/// `natural_sort` has it.
#[derive(PartialEq, Eq)]
pub(super) struct NaturalKey(Vec<(String, Digits)>);

/// A number of any length.
#[derive(PartialEq, Eq)]
struct Digits(String);

impl NaturalKey {
    pub(super) fn of(text: &str, ignore_case: bool) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(digits);
            let end = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
            let word = if ignore_case { word.to_lowercase() } else { word.to_owned() };
            parts.push((word, Digits(behind[..end].trim_start_matches('0').to_owned())));
            rest = &behind[end..];
        }
        Self(parts)
    }
}

impl Ord for NaturalKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for NaturalKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Digits {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Digits {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
