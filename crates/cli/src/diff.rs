//! Diffs for people: those that are the same on many devices are shown once.

use std::collections::BTreeMap;

use crate::screen;

/// A diff, and the devices that have it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Group<'a> {
    /// The devices, in the order they came.
    pub(crate) devices: Vec<&'a str>,
    /// As one device's switch wrote it, without its two headings, or in the form they have in
    /// common.
    pub(crate) diff: String,
}

/// What stands for each device's own name where several have a diff in common.
const OWN_NAME: &str = "<device>";

/// Groups devices by diff, the one that most devices have first.
///
/// Two diffs are the same if they add and remove the same lines in the same places. Each switch
/// writes its session, its line numbers and, in unchanged lines, its own name into its diff; these
/// do not count.
pub(crate) fn group<'a>(diffs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<String, Vec<(&str, &str)>> = BTreeMap::new();
    for (device, diff) in diffs {
        groups.entry(common(device, diff)).or_default().push((device, diff));
    }
    let group = |(common, members): (String, Vec<(&'a str, &'a str)>)| Group {
        diff: if let [(_, own)] = members[..] { without_headings(own) } else { common },
        devices: members.into_iter().map(|(device, _)| device).collect(),
    };
    let mut groups: Vec<_> = groups.into_iter().map(group).collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.devices.len()), group.devices[0]));
    groups
}

/// Prints a diff, indented and in colour.
pub(crate) fn print(diff: &str) {
    for line in diff.lines() {
        screen::line(format_args!("  {}", screen::diff_line(line)));
    }
}

/// The session's name is in the headings, and is of no use any more.
fn without_headings(diff: &str) -> String {
    diff.split_inclusive('\n').skip_while(|line| line.starts_with("--- ") || line.starts_with("+++ ")).collect()
}

fn common(device: &str, diff: &str) -> String {
    let mut text = String::new();
    for line in without_headings(diff).lines() {
        match line.as_bytes() {
            [b'@', ..] => text.push_str("@@"),
            [b'+' | b'-', ..] => text.push_str(line),
            _ => text.push_str(&without_name(line, device)),
        }
        text.push('\n');
    }
    text
}

/// The line with whole words that are the device's name replaced.
fn without_name(line: &str, device: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let mut replaced = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        replaced.push_str(if &rest[..word] == device { OWN_NAME } else { &rest[..word] });
        let between = rest[word..].find(is_word).map_or(rest.len(), |next| word + next);
        replaced.push_str(&rest[word..between]);
        rest = &rest[between..];
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(device: &str, line: usize, added: &str) -> String {
        format!(
            "--- system:/running-config\n+++ session:/naas-{device}-session-config\n@@ -{line},2 +{line},3 @@\n ! device: \
             {device} (cEOSLab)\n hostname {device}\n+{added}\n"
        )
    }

    #[test]
    fn the_same_lines_on_two_devices_are_one_diff() {
        let (leaf1, leaf2) = (diff("leaf1", 1, "alias FOO BAR"), diff("leaf2", 9, "alias FOO BAR"));

        let groups = group([("leaf1", leaf1.as_str()), ("leaf2", leaf2.as_str())]);

        let common = "@@\n ! device: <device> (cEOSLab)\n hostname <device>\n+alias FOO BAR\n";
        assert_eq!(groups, [Group { devices: vec!["leaf1", "leaf2"], diff: common.to_owned() }]);
    }

    #[test]
    fn a_name_in_an_added_line_makes_another_diff() {
        let (leaf1, leaf2) =
            (diff("leaf1", 1, "snmp-server location leaf1"), diff("leaf2", 1, "snmp-server location leaf2"));

        let groups = group([("leaf1", leaf1.as_str()), ("leaf2", leaf2.as_str())]);

        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].diff, without_headings(&leaf1));
        assert!(groups[0].diff.starts_with("@@ -1,2 +1,3 @@\n"), "{}", groups[0].diff);
    }

    #[test]
    fn the_diff_that_most_devices_have_comes_first() {
        let diffs = [("a", "+x\n"), ("b", "+y\n"), ("c", "+y\n")];

        let devices: Vec<_> = group(diffs).into_iter().map(|group| group.devices).collect();

        assert_eq!(devices, [vec!["b", "c"], vec!["a"]]);
    }

    #[test]
    fn only_whole_words_are_the_devices_name() {
        assert_eq!(
            without_name(" description leaf1-leaf10 to leaf1:Ethernet1", "leaf1"),
            " description leaf1-leaf10 to <device>:Ethernet1"
        );
    }
}
