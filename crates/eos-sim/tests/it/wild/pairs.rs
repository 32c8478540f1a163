//! What was pushed to devices and what they showed then, held against what the simulator shows.

use std::path::Path;

use super::{entered_on, files, shown_by};
use crate::texts::{paths, spec};
use eos_sim::{DeviceSpec, Strictness};

/// How many lines devices showed in another way than they were pushed, and how many of those the
/// simulator shows in the same way.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Pairs {
    /// Pushed lines that the devices did not show.
    pub(crate) dropped: usize,
    /// Those of them that the simulator does not show either.
    pub(crate) dropped_here: usize,
    /// Lines that the devices showed, and that were not pushed.
    pub(crate) added: usize,
    /// Those of them that the simulator shows as well.
    pub(crate) added_here: usize,
}

impl Pairs {
    pub(crate) fn read() -> Self {
        let mut pairs = Self::default();
        for (path, pushed) in files("pairs", "wild/pairs") {
            if let Some(shown) = shown_for(&path) {
                pairs.count(&pushed, &shown);
            }
        }
        pairs
    }

    fn count(&mut self, pushed: &str, shown: &str) {
        let (model, eos) = shown_by(shown).unwrap_or_else(|| ("cEOSLab".to_owned(), "4.32.0F".to_owned()));
        let device = DeviceSpec { eos, model, mode: Strictness::Lenient, own_lines: true, ..spec(None) };
        let (_, ours) = entered_on(device, pushed);
        let (pushed, shown, ours) = (paths(pushed), paths(shown), paths(&ours));
        self.dropped += pushed.difference(&shown).count();
        self.dropped_here += pushed.difference(&shown).filter(|line| !ours.contains(*line)).count();
        self.added += shown.difference(&pushed).count();
        self.added_here += shown.difference(&pushed).filter(|line| ours.contains(*line)).count();
    }
}

/// What the host of a pushed configuration showed.
fn shown_for(pushed: &Path) -> Option<String> {
    let name = pushed.file_name()?.to_str()?.strip_suffix(".pushed.cfg")?;
    std::fs::read_to_string(pushed.with_file_name(format!("{name}.shown.cfg"))).ok()
}
