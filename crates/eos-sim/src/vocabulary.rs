//! The commands outside of configuration modes: which there are, where a line leaves all of them,
//! and what an abbreviation stands for.

use crate::reply::Failure;

/// Each known command; `*` is any one word, `...` any rest.
const COMMANDS: [&str; 54] = [
    "enable",
    "disable",
    "end",
    "write",
    "write memory",
    "copy * * ...",
    "delete *",
    "dir",
    "dir *",
    "more *",
    "reload now",
    "reload force",
    "configure",
    "configure terminal",
    "configure session",
    "configure session *",
    "configure session * abort",
    "configure session * commit",
    "configure session * commit timer *",
    "configure lock ...",
    "configure replace * ...",
    "configure checkpoint save",
    "configure checkpoint save *",
    "configure unlock ...",
    "no configure session *",
    "show aliases",
    "show banner login",
    "show banner motd",
    "show clock",
    "show configuration checkpoints",
    "show configuration lock",
    "show configuration sessions",
    "show configuration sessions detail",
    "show event-handler",
    "show event-handler *",
    "show hostname",
    "show interfaces",
    "show interfaces description",
    "show lldp neighbors",
    "show management api http-commands",
    "show running-config",
    "show running-config all",
    "show running-config all sanitized",
    "show running-config diffs",
    "show running-config digest",
    "show running-config interfaces ...",
    "show running-config sanitized",
    "show running-config section ...",
    "show session-config ...",
    "show startup-config",
    "show uptime",
    "show users",
    "show version",
    "show vlan",
];

/// Whether a line that begins so is one of these commands, and none of a configuration mode.
pub(crate) fn owns(first: &str) -> bool {
    !matches!(first, "no" | "enable") && COMMANDS.iter().any(|command| command.split(' ').next() == Some(first))
}

/// Why `words` are none of these commands.
pub(crate) fn refusal(words: &[&str]) -> Failure {
    for end in 0..words.len() {
        let next: Vec<&str> = following(&words[..end]);
        if next.contains(&"...") || next.contains(&"*") || next.contains(&words[end]) {
            continue;
        }
        let abbreviated = next.iter().any(|known| known.starts_with(words[end]));
        let what = if abbreviated { "Incomplete token" } else { "Invalid input" };
        return Failure::invalid(format!("{what} (at token {end}: '{}')", words[end]));
    }
    let last = words.len().saturating_sub(1);
    Failure::invalid(format!("Incomplete command (at token {last}: '{}')", words.get(last).unwrap_or(&"")))
}

/// The line with each abbreviated word written out, as far as only one word is meant.
pub(crate) fn completed(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut whole: Vec<&str> = Vec::new();
    for word in &words {
        let next = following(&whole);
        let mut meant = next.iter().filter(|known| known.starts_with(word));
        match (meant.next(), meant.next()) {
            (Some(one), None) if !next.contains(word) => whole.push(one),
            _ => whole.push(word),
        }
    }
    if whole == words { line.to_owned() } else { whole.join(" ") }
}

/// What may follow `words`, each once.
fn following(words: &[&str]) -> Vec<&'static str> {
    let mut next: Vec<&str> = COMMANDS
        .iter()
        .filter_map(|command| {
            let mut known = command.split(' ');
            for word in words {
                match known.next()? {
                    "..." => return Some("..."),
                    "*" => {}
                    expected if expected == *word => {}
                    _ => return None,
                }
            }
            known.next()
        })
        .collect();
    next.sort_unstable();
    next.dedup();
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> String {
        refusal(&line.split(' ').collect::<Vec<_>>()).errors.concat()
    }

    #[test]
    fn a_refusal_names_the_token_that_no_command_has() {
        assert_eq!(refused("show bogus"), "Invalid input (at token 1: 'bogus')");
        assert_eq!(refused("show running-config digest please"), "Invalid input (at token 3: 'please')");
        assert_eq!(refused("configure session a comit"), "Invalid input (at token 3: 'comit')");
    }

    #[test]
    fn what_is_missing_or_abbreviated_is_said_to_be() {
        assert_eq!(refused("show"), "Incomplete command (at token 0: 'show')");
        assert_eq!(refused("copy running-config"), "Incomplete command (at token 1: 'running-config')");
        assert_eq!(refused("show ver"), "Incomplete token (at token 1: 'ver')");
    }

    #[test]
    fn abbreviations_are_written_out_where_they_mean_one_word() {
        assert_eq!(completed("sh ver"), "show version");
        assert_eq!(completed("conf sess x com"), "configure session x commit");
        assert_eq!(completed("sh run"), "show running-config");
        assert_eq!(completed("co x"), "co x", "`configure` and `copy` begin so");
        assert_eq!(completed("alias x  y"), "alias x  y");
    }
}
