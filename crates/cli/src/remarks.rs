//! What switches said about lines that they took: remarks that are the same on many devices are
//! shown once.

use std::collections::BTreeMap;

use console::style;

use crate::documents::{Outcome, Remark};
use crate::screen::{self, names};

/// Prints the remarks on each outcome that has some, those of devices that said the same once.
pub(crate) fn print(outcomes: &[Outcome]) {
    for (remarks, devices) in group(outcomes) {
        screen::sentence(&format!("{} remarked:", style(names(&devices)).bold()), 2);
        remarks.iter().for_each(|remark| screen::sentence(&format!("  {}", sentence(remark, devices.len() == 1)), 4));
        screen::line("");
    }
}

/// The remarks of one device, each on a line.
pub(crate) fn print_alone(remarks: &[Remark]) {
    remarks.iter().for_each(|remark| screen::sentence(&format!("  {}", sentence(remark, true)), 4));
}

/// What several switches said alike, as the first of them wrote it, and the names of all of them.
type Group<'o> = (&'o [Remark], Vec<&'o str>);

/// Groups devices by what their switches said, whatever the numbers of the lines.
fn group(outcomes: &[Outcome]) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<Vec<(&str, &str)>, Group<'_>> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|outcome| !outcome.remarks.is_empty()) {
        let said = outcome.remarks.iter().map(|remark| (remark.command.as_str(), remark.text.as_str())).collect();
        let group = groups.entry(said).or_insert_with(|| (&outcome.remarks, Vec::new()));
        group.1.push(&outcome.device);
    }
    groups.into_values().collect()
}

fn sentence(Remark { line, command, text }: &Remark, with_line: bool) -> String {
    let text = text.trim_start_matches("! ");
    if with_line { format!("line {line}, `{command}`: {text}") } else { format!("`{command}`: {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(device: &str, line: usize, text: &str) -> Outcome {
        let remarks = serde_json::json!([{"line": line, "command": "vlan 5", "text": text}]);
        let document = serde_json::json!({"run": "r", "device": device, "status": "planned", "remarks": remarks});
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn the_same_remarks_of_two_devices_are_one_group() {
        let outcomes = [outcome("a", 3, "! later"), outcome("b", 9, "! later"), outcome("c", 3, "! never")];

        let groups = group(&outcomes);

        let devices: Vec<_> = groups.iter().map(|(_, devices)| devices.clone()).collect();
        assert_eq!(devices, [vec!["a", "b"], vec!["c"]]);
        assert_eq!(sentence(&groups[0].0[0], false), "`vlan 5`: later");
        assert_eq!(sentence(&groups[1].0[0], true), "line 3, `vlan 5`: never");
    }
}
