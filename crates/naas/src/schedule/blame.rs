//! Who brought each line of a configuration: its revisions are told one after the other, oldest first, and a line keeps the
//! revision that first brought it for as long as it stays.

use std::sync::Arc;

use intent::name::RunId;
use jiff::Timestamp;
use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::records::revision::{self, Revision};

/// The lines of the newest of some revisions, and where they come from.
#[derive(Debug, Default)]
pub struct Blame {
    lines: Vec<(String, Arc<Origin>)>,
}

/// One line of a configuration, and who brought it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The line.
    pub text: String,
    /// The run that brought it.
    pub run: RunId,
    /// When.
    pub at: Timestamp,
    /// Who asked for that run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The file of the model whose line it was; empty if that is not known.
    pub model: String,
    /// Whether it was there already in the oldest revision told, so that an older run may have brought it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub or_before: bool,
}

#[derive(Debug)]
struct Origin {
    run: RunId,
    at: Timestamp,
    by: Option<String>,
    model: String,
    oldest: bool,
}

impl Blame {
    /// Tells the next newer revision.
    pub fn next(&mut self, revision: &Revision, text: &str) {
        let new: Vec<_> = revision::lines(text).collect();
        let old: Vec<_> = self.lines.iter().map(|(line, _)| line.as_str()).collect();
        let operations = capture_diff_slices(Algorithm::Patience, &old, &new);
        let origins = Origins::new(revision, self.lines.is_empty());
        let mut attributed = Vec::with_capacity(new.len());
        for operation in operations {
            match operation {
                DiffOp::Equal { .. } => attributed.extend_from_slice(&self.lines[operation.old_range()]),
                _ => {
                    attributed.extend(operation.new_range().map(|number| (new[number].to_owned(), origins.of(number))))
                }
            }
        }
        self.lines = attributed;
    }

    /// Every line of the revision told last.
    pub fn lines(self, more_before: bool) -> Vec<Line> {
        let line = |(text, origin): (String, Arc<Origin>)| Line {
            text,
            run: origin.run.clone(),
            at: origin.at,
            by: origin.by.clone(),
            model: origin.model.clone(),
            or_before: origin.oldest && more_before,
        };
        self.lines.into_iter().map(line).collect()
    }
}

/// The origins of one revision's lines: one for each of its parts.
struct Origins {
    /// The number of the line after its last one, and the origin.
    parts: Vec<(usize, Arc<Origin>)>,
    unknown: Arc<Origin>,
}

impl Origins {
    fn new(revision: &Revision, oldest: bool) -> Self {
        let origin = |model: &str| {
            let Revision { run, at, by, .. } = revision.clone();
            Arc::new(Origin { run, at, by, model: model.to_owned(), oldest })
        };
        let mut end = 0;
        let parts = revision.parts.iter().map(|part| {
            end = part.lines.saturating_add(end);
            (end, origin(&part.model))
        });
        Self { parts: parts.collect(), unknown: origin("") }
    }

    fn of(&self, line: usize) -> Arc<Origin> {
        let part = self.parts.partition_point(|(end, _)| *end <= line);
        Arc::clone(self.parts.get(part).map_or(&self.unknown, |(_, origin)| origin))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use intent::hash::ContentHash;
    use intent::name::DeviceName;
    use intent::render::Part;

    fn revision(number: u64, parts: &[(&str, usize)]) -> Revision {
        let at = "2026-11-23T20:15:30Z".parse().unwrap();
        let part = |(model, lines): &(&str, usize)| Part { model: (*model).to_owned(), lines: *lines };
        Revision {
            version: crate::records::revision::VERSION,
            device: DeviceName::new("leaf1").unwrap(),
            configuration: ContentHash::of(""),
            run: RunId::new(at, number),
            at,
            by: None,
            models: Vec::new(),
            parts: parts.iter().map(part).collect(),
            diff: String::new(),
        }
    }

    fn told(lines: &[Line]) -> Vec<(&str, &str, &str)> {
        lines.iter().map(|line| (line.text.as_str(), &line.run.as_ref()[21..], line.model.as_str())).collect()
    }

    #[test]
    fn a_line_is_the_revisions_and_models_that_brought_it_and_again_when_it_comes_back() {
        let mut blame = Blame::default();
        blame.next(&revision(1, &[("base", 2), ("ports", 1)]), "hostname a\nalias A B\nvlan 10\n");
        blame.next(&revision(2, &[("base", 1), ("ports", 2)]), "hostname a\nvlan 10\nvlan 20\n");
        blame.next(&revision(3, &[("base", 2), ("ports", 2)]), "hostname a\nalias A B\nvlan 10\nvlan 20\n");

        let lines = blame.lines(false);

        let expected = [
            ("hostname a", "1", "base"),
            ("alias A B", "3", "base"),
            ("vlan 10", "1", "ports"),
            ("vlan 20", "2", "ports"),
        ];
        assert_eq!(told(&lines), expected);
        assert!(lines.iter().all(|line| !line.or_before));
    }

    #[test]
    fn what_the_oldest_revision_told_had_may_be_older() {
        let mut blame = Blame::default();
        blame.next(&revision(1, &[]), "a\nb\n");
        blame.next(&revision(2, &[("m", 9)]), "a\nb\nc\n");

        let lines = blame.lines(true);

        assert_eq!(told(&lines), [("a", "1", ""), ("b", "1", ""), ("c", "2", "m")]);
        assert_eq!(lines.iter().map(|line| line.or_before).collect::<Vec<_>>(), [true, true, false]);
    }

    proptest! {
        #[test]
        fn every_line_of_the_newest_is_told_once_and_none_is_blamed_on_a_revision_without_it(
            texts in proptest::collection::vec(proptest::collection::vec("[abc!]{0,1}", 0..12), 1..6)
        ) {
            let texts: Vec<String> =
                texts.iter().map(|lines| lines.iter().map(|line| format!("{line}\n")).collect()).collect();
            let mut blame = Blame::default();
            for (number, text) in (0..).zip(&texts) {
                blame.next(&revision(number, &[("m", 3)]), text);
            }

            let lines = blame.lines(false);

            let together: String = lines.iter().map(|line| format!("{}\n", line.text)).collect();
            prop_assert_eq!(&together, texts.last().unwrap());
            for line in &lines {
                let number = usize::from_str_radix(&line.run.as_ref()[16..], 16).unwrap();
                for text in &texts[number..] {
                    prop_assert!(revision::lines(text).any(|other| other == line.text), "{:?} in {:?}", line, text);
                }
            }
        }
    }
}
