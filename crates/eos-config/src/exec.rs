//! Tells the EXEC commands, which act, from configuration.

use std::sync::LazyLock;

struct Command {
    name: &'static str,
    only_shows: bool,
}

static COMMANDS: LazyLock<Vec<Command>> = LazyLock::new(|| {
    let lines = include_str!("exec.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match line.strip_prefix("? ") {
            Some(name) => Command { name, only_shows: true },
            None => Command { name: line, only_shows: false },
        })
        .collect()
});

/// The EXEC command that `line` begins with, such as `write` or `clock set`; none if the line may
/// be configuration.
///
/// EOS takes EXEC commands in configuration modes, too, and they act there: a candidate that holds
/// `write memory` saves when it is sent. Words are compared as EOS does, without case;
/// abbreviations are not known, since eAPI refuses them. `enable` counts only when it stands alone,
/// because `enable password` is configuration.
pub fn exec_command(line: &str) -> Option<&'static str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let fits = |command: &&Command| {
        let mut expected = command.name.split(' ').enumerate();
        expected.all(|(at, expected)| {
            words.get(at).is_some_and(|word| expected == "*" || word.eq_ignore_ascii_case(expected))
        })
    };
    let found = COMMANDS.iter().find(fits)?;
    (found.name != "enable" || words.len() == 1).then_some(found.name)
}

/// True for a command of [`exec_command`] that shows something or moves the prompt, and changes
/// nothing on the switch.
pub fn only_shows(name: &str) -> bool {
    COMMANDS.iter().any(|command| command.name == name && command.only_shows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_act_are_told_from_configuration() {
        for (line, expected) in [
            ("write memory", Some("write")),
            ("  COPY running-config startup-config", Some("copy")),
            ("reload now", Some("reload")),
            ("clock set 12:00:00", Some("clock set")),
            ("agent Bgp terminate", Some("agent * terminate")),
            ("do show version", Some("do")),
            ("enable", Some("enable")),
            ("configure session x commit", Some("configure")),
            ("commit timer 00:01:00", Some("commit")),
        ] {
            assert_eq!(exec_command(line), expected, "{line}");
        }
        for line in [
            "",
            "! write memory",
            "hostname copy",
            "clock timezone UTC",
            "enable password sha512 x",
            "reload-delay mlag 300",
            "monitor session x source Ethernet1",
            "terminal length 0",
            "boot system flash:/EOS.swi",
            "end",
            "exit",
        ] {
            assert_eq!(exec_command(line), None, "{line}");
        }
    }

    #[test]
    fn what_only_shows_is_told_from_what_acts() {
        assert!(only_shows("show") && only_shows("dir"));
        assert!(!only_shows("write") && !only_shows("clear") && !only_shows("nonsense"));
    }
}
