//! What was pushed to devices and what they showed then, held against what the simulator shows.

use super::{entered, files, release};
use crate::texts::paths;
use eos_sim::Strictness;

/// Of the lines that were pushed to devices and that these did not show as they were: how many
/// there are, and how many this simulator does not show either.
pub(crate) fn pairs() -> (usize, usize) {
    let (mut of, mut alike) = (0, 0);
    for (path, pushed) in files("pairs", "wild/pairs") {
        let shown = path.with_file_name(path.file_name().unwrap().to_string_lossy().replace(".pushed.", ".shown."));
        let Ok(shown) = std::fs::read_to_string(&shown)
            .and_then(|text| if shown == path { Err(std::io::ErrorKind::Other.into()) } else { Ok(text) })
        else {
            continue;
        };
        let eos = release(&shown).unwrap_or_else(|| "4.32.0F".to_owned());
        let (_, ours) = entered(&format!("! device: x (y, EOS-{eos})\n{pushed}"), Strictness::Lenient);
        let (shown, ours) = (paths(&shown), paths(&ours));
        let rewritten: Vec<_> = paths(&pushed).into_iter().filter(|line| !shown.contains(line)).collect();
        of += rewritten.len();
        alike += rewritten.iter().filter(|line| !ours.contains(*line)).count();
    }
    (of, alike)
}
