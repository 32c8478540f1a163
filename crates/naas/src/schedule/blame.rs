//! Where each line of a configuration comes from: revisions are added one after the other, oldest
//! first, and a line keeps the revision that first brought it for as long as it stays.

use std::sync::Arc;

use intent::name::RunId;
use jiff::Timestamp;
use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::records::revision::{self, Revision};

/// The lines of the revision that was added last, and where each of them comes from.
#[derive(Debug, Default)]
pub struct Blame {
    lines: Vec<(String, Arc<LineSource>)>,
}

/// One line of a configuration, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The text of the line.
    pub text: String,
    /// The run that brought it.
    pub run: RunId,
    /// When that run brought it.
    pub at: Timestamp,
    /// Who asked for that run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The file of the model whose line it was; empty if that is not known.
    pub model: String,
    /// True if the oldest revision that was read had the line already, so that an older run may
    /// have brought it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub or_before: bool,
}

/// Where a line comes from.
#[derive(Debug)]
struct LineSource {
    run: RunId,
    at: Timestamp,
    by: Option<String>,
    model: String,
    oldest: bool,
}

impl Blame {
    /// Adds the next newer revision, whose text is `text`.
    pub fn next(&mut self, revision: &Revision, text: &str) {
        let new: Vec<_> = revision::lines(text).collect();
        let old: Vec<_> = self.lines.iter().map(|(line, _)| line.as_str()).collect();
        let operations = capture_diff_slices(Algorithm::Patience, &old, &new);
        let sources = LineSources::new(revision, self.lines.is_empty());
        let mut attributed = Vec::with_capacity(new.len());
        for operation in operations {
            match operation {
                DiffOp::Equal { .. } => attributed.extend_from_slice(&self.lines[operation.old_range()]),
                _ => {
                    attributed.extend(operation.new_range().map(|number| (new[number].to_owned(), sources.of(number))))
                }
            }
        }
        self.lines = attributed;
    }

    /// Every line of the revision that was added last. `more_before` says that older revisions
    /// exist that were not added.
    pub fn lines(self, more_before: bool) -> Vec<Line> {
        let line = |(text, source): (String, Arc<LineSource>)| Line {
            text,
            run: source.run.clone(),
            at: source.at,
            by: source.by.clone(),
            model: source.model.clone(),
            or_before: source.oldest && more_before,
        };
        self.lines.into_iter().map(line).collect()
    }
}

/// The sources of the lines of one revision: one for each of its parts.
struct LineSources {
    /// For each part the number of the line after its last one, and the source.
    parts: Vec<(usize, Arc<LineSource>)>,
    unknown: Arc<LineSource>,
}

impl LineSources {
    fn new(revision: &Revision, oldest: bool) -> Self {
        let source = |model: &str| {
            let Revision { run, at, by, .. } = revision.clone();
            Arc::new(LineSource { run, at, by, model: model.to_owned(), oldest })
        };
        let mut end = 0;
        let parts = revision.parts.iter().map(|part| {
            end = part.lines.saturating_add(end);
            (end, source(&part.model))
        });
        Self { parts: parts.collect(), unknown: source("") }
    }

    fn of(&self, line: usize) -> Arc<LineSource> {
        let part = self.parts.partition_point(|(end, _)| *end <= line);
        Arc::clone(self.parts.get(part).map_or(&self.unknown, |(_, source)| source))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fakes::blank;
    use intent::render::Part;

    fn revision(number: u64, parts: &[(&str, usize)]) -> Revision {
        let part = |(model, lines): &(&str, usize)| Part { model: (*model).to_owned(), lines: *lines };
        Revision {
            parts: parts.iter().map(part).collect(),
            ..blank::revision(blank::run_id(number), blank::leaf1(), "")
        }
    }

    fn told(lines: &[Line]) -> Vec<(&str, &str, &str)> {
        lines.iter().map(|line| (line.text.as_str(), &line.run.as_ref()[31..], line.model.as_str())).collect()
    }

    #[test]
    fn a_line_keeps_the_run_and_model_that_brought_it() {
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
    fn lines_of_the_oldest_revision_may_be_older() {
        let mut blame = Blame::default();
        blame.next(&revision(1, &[]), "a\nb\n");
        blame.next(&revision(2, &[("m", 9)]), "a\nb\nc\n");

        let lines = blame.lines(true);

        assert_eq!(told(&lines), [("a", "1", ""), ("b", "1", ""), ("c", "2", "m")]);
        assert_eq!(lines.iter().map(|line| line.or_before).collect::<Vec<_>>(), [true, true, false]);
    }

    proptest! {
        #[test]
        fn no_line_is_blamed_on_a_revision_without_it(
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
