//! Lines that look like configuration text but make EOS do something at once.
//!
//! A line that no configuration mode knows falls through to the commands of the EXEC level. So
//! `write memory` or `reload now` inside a candidate runs while the candidate is being loaded, even
//! if the session is aborted afterwards (ansible/ansible issue 36980, ansible-modules-core issue
//! 3727). The table below names these commands. It lists what is known to act, to print, or to
//! change the session; it is not a grammar of the configuration language.

/// Why a line must not be part of a configuration, for a table of [`COMMANDS`].
const SESSION: &str = "it opens, leaves, commits, aborts or empties a configuration session";
const EXEC: &str = "it runs a command of the EXEC level from a configuration mode";
const FILES: &str = "it changes files on the switch at once, such as the startup-config";
const RESTARTS: &str = "it restarts the switch or a part of it at once";
const CLEARS: &str = "it resets counters, neighbors or tables at once";
const CLOCK: &str = "it sets the clock at once";
const KEYS: &str = "it makes, copies or deletes keys and certificates at once";
const SHELL: &str = "it runs a program on the switch";
const NETWORK: &str = "it connects to another host";
const PEOPLE: &str = "it sends text to other people's terminals";
const PRIVILEGE: &str = "it changes what the command-line session may do";
const PRINTS: &str = "it prints something and configures nothing";

/// The refused commands and the reason for each. A pattern is compared with the first words of a
/// line: `a|b` is either word, `#` is a number, `*` is any word, `*:` is a word with a colon in it,
/// which is a file name, and `.` is the end of the line.
///
/// Words that also begin configuration lines are limited by what follows them: `enable password`
/// and `clock timezone` are configuration, `enable` and `clock set` are not.
///
/// Sources: EOS user manual, "Command-Line Interface" and the command pages of each chapter; the
/// `?` output that users quote in public issues.
// EOS-43: EOS runs EXEC commands in configuration modes.
const COMMANDS: &[(&str, &str)] = &[
    ("abort", SESSION),
    ("commit", SESSION),
    ("configure", SESSION),
    ("rollback", SESSION),
    ("no|default abort|commit|configure|rollback", SESSION),
    ("quit", SESSION),
    ("do", EXEC),
    ("archive", FILES),
    ("copy", FILES),
    ("delete", FILES),
    ("erase", FILES),
    ("extension", FILES),
    ("format *:", FILES),
    ("install", FILES),
    ("license import|update|delete", FILES),
    ("mkdir", FILES),
    ("no extension", FILES),
    ("rename", FILES),
    ("rmdir", FILES),
    ("scp", FILES),
    ("squeeze", FILES),
    ("undelete", FILES),
    ("write", FILES),
    ("agent * terminate", RESTARTS),
    ("redundancy force-switchover|manual|switchover", RESTARTS),
    ("reload", RESTARTS),
    ("zerotouch", RESTARTS),
    ("dot1x re-authenticate", RESTARTS),
    ("clear", CLEARS),
    ("clock set", CLOCK),
    ("security pki", KEYS),
    ("bash", SHELL),
    ("bugpoint", SHELL),
    ("python-shell", SHELL),
    ("tcpdump", SHELL),
    ("attach", NETWORK),
    ("connect", NETWORK),
    ("mtrace", NETWORK),
    ("sftp", NETWORK),
    ("ping", NETWORK),
    ("ssh", NETWORK),
    ("telnet", NETWORK),
    ("test", NETWORK),
    ("traceroute", NETWORK),
    ("tracert", NETWORK),
    ("send", PEOPLE),
    ("disable .", PRIVILEGE),
    ("disable #", PRIVILEGE),
    ("enable .", PRIVILEGE),
    ("enable #", PRIVILEGE),
    ("logout", PRIVILEGE),
    ("cli vrf", PRIVILEGE),
    ("routing-context", PRIVILEGE),
    ("terminal monitor", PRIVILEGE),
    ("cd", PRIVILEGE),
    ("diff", PRINTS),
    ("dir", PRINTS),
    ("more", PRINTS),
    ("pwd", PRINTS),
    ("debug|undebug", PRINTS),
    ("no debug", PRINTS),
    ("show", PRINTS),
    ("verify", PRINTS),
    ("wait-for-warmup", PRINTS),
    ("watch", PRINTS),
    ("who", PRINTS),
    ("whoami", PRINTS),
];

/// Says why `line` is no configuration, or returns `None` if it may be configuration. Upper and
/// lower case are the same, as on the command line.
pub(crate) fn exec_command(line: &str) -> Option<&'static str> {
    let words: Vec<String> = line.split_whitespace().map(str::to_ascii_lowercase).collect();
    COMMANDS.iter().find(|(pattern, _)| begins_like(pattern, &words)).map(|(_, reason)| *reason)
}

fn begins_like(pattern: &str, words: &[String]) -> bool {
    pattern.split(' ').enumerate().all(|(index, expected)| match (expected, words.get(index)) {
        (".", word) => word.is_none(),
        (_, None) => false,
        ("*", Some(_)) => true,
        ("*:", Some(word)) => word.contains(':'),
        ("#", Some(word)) => word.bytes().all(|byte| byte.is_ascii_digit()),
        (expected, Some(word)) => expected.split('|').any(|expected| expected == word),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_act_at_once_are_recognised() {
        for line in [
            "write memory",
            "write",
            "WRITE memory",
            "copy running-config startup-config",
            "copy run flash:x",
            "delete flash:startup-config",
            "clear counters",
            "reload",
            "reload now",
            "do write memory",
            "do   show version",
            "show version",
            "configure terminal",
            "configure session x",
            "no configure session x",
            "commit",
            "commit timer 00:01:00",
            "no commit timer",
            "abort",
            "rollback clean-config",
            "bash rm -rf /",
            "enable",
            "enable 15",
            "disable",
            "ping 192.0.2.1",
            "format flash:",
            "clock set 10:00:00 1 January 2030",
            "agent Bgp terminate",
            "zerotouch cancel",
        ] {
            assert!(exec_command(line).is_some(), "{line}");
        }
    }

    #[test]
    fn configuration_that_begins_alike_is_not_refused() {
        for line in [
            "enable password sha512 $6$x",
            "no enable password",
            "clock timezone UTC",
            "format ipfix version 10",
            "agent Thermostat shutdown",
            "redundancy single-active",
            "reload-delay mlag 300",
            "session tracker T",
            "terminal length 0",
            "reboot action maintain",
            "license license1 123456",
            "boot secret sha512 $6$x",
            "exec /usr/bin/TerminAttr -disableaaa",
            "command no switchport",
            "monitor session s source Ethernet1",
            "exit",
            "no shutdown",
            "writer",
            "alias wr copy running-config startup-config",
            "security",
            "",
        ] {
            assert_eq!(exec_command(line), None, "{line}");
        }
    }

    #[test]
    fn every_pattern_of_the_table_can_match() {
        for (pattern, reason) in COMMANDS {
            let word = |word: &str| match word {
                "#" => "15".to_owned(),
                "*" => "x".to_owned(),
                "*:" => "flash:".to_owned(),
                word => word.split('|').next().unwrap_or_default().to_owned(),
            };
            let line: Vec<String> = pattern.split(' ').filter(|word| *word != ".").map(word).collect();
            assert_eq!(exec_command(&line.join(" ")), Some(*reason), "{pattern}");
        }
    }
}
