//! Takes secrets out of what errors and remarks repeat. A switch quotes the line that it refuses,
//! and newer releases quote the input of the command as well.

use secrecy::{ExposeSecret, SecretString};

/// What stands in place of a secret.
pub(crate) const HIDDEN: &str = "<hidden>";

/// Words after which a configuration line may hold a password, a key or a community string. Among
/// them are the encodings and algorithms that stand before an encoded secret.
const MARKERS: [&str; 18] = [
    "secret",
    "password",
    "passphrase",
    "passwd",
    "psk",
    "key",
    "community",
    "auth",
    "priv",
    "text",
    "localized",
    "7",
    "8a",
    "md5",
    "sha",
    "sha1",
    "sha256",
    "sha512",
];

/// The endings of words after which a configuration line may hold a secret.
const MARKER_ENDINGS: [&str; 5] = ["-key", "-secret", "-password", "-string", "-auth"];

/// Parts of a word that holds a secret itself: a hash, a password in a URL, a token of a program.
const SECRET_PARTS: [&str; 5] = ["$", "://", "-cvauth", "token=", "key="];

/// Lines of which everything may be secret after their first words and one of these further words.
const SECRET_TAILS: [(&[&str], &[&str]); 4] = [
    (&["snmp-server", "host"], &["version", "traps", "informs"]),
    (&["hsrp"], &["authentication"]),
    (&["standby"], &["authentication"]),
    (&["vrrp"], &["authentication"]),
];

/// Lines whose word of this index may be secret if they begin with these words.
const SECRET_WORDS: [(&[&str], usize); 2] = [(&["license"], 2), (&["service", "unsupported-transceiver"], 3)];

/// A configuration line as errors and remarks show it.
// EOS-35: EOS quotes the input of a command that it does not allow.
pub(crate) struct ShownLine {
    /// The line without the words that may be secret.
    pub(crate) text: String,
    /// The words that were left out.
    hidden: Vec<String>,
}

impl ShownLine {
    pub(crate) fn new(line: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        match first_secret(&words) {
            Some(at) => Self {
                text: words[..at].iter().copied().chain([HIDDEN]).collect::<Vec<_>>().join(" "),
                hidden: words[at..].iter().map(|word| (*word).to_owned()).collect(),
            },
            None => Self { text: shorten(line), hidden: Vec::new() },
        }
    }

    /// Takes the secrets of this line out of the words of the switch about it. Long words are taken
    /// out wherever they stand, short ones only between quotes, because `ro` may be any word.
    pub(crate) fn clean(&self, words: &str) -> String {
        self.hidden.iter().fold(words.to_owned(), |words, token| {
            let words = words.replace(&format!("'{token}'"), &format!("'{HIDDEN}'"));
            if token.len() >= 6 { words.replace(token, HIDDEN) } else { words }
        })
    }
}

/// The index of the first word that may be secret.
fn first_secret(words: &[&str]) -> Option<usize> {
    let tail = SECRET_TAILS.iter().find(|(first, _)| words.starts_with(first)).map_or(&[][..], |(_, further)| further);
    let place = SECRET_WORDS.iter().find(|(first, _)| words.starts_with(first)).map(|(_, place)| *place);
    (0..words.len()).find(|at| {
        let word = words[*at].to_ascii_lowercase();
        let follows_marker = *at > 0 && (announces_secret(words[at - 1]) || tail.contains(&words[at - 1]));
        let is_secret = SECRET_PARTS.iter().any(|part| word.contains(part));
        follows_marker || is_secret || place == Some(*at)
    })
}

/// The words of a switch as errors show them: without `secrets`, without the `input=` that newer
/// releases append to code 1005, on one line and of bounded length.
pub(crate) fn words<'s>(text: &str, secrets: impl IntoIterator<Item = &'s SecretString>) -> String {
    let text = match text.find("input=") {
        Some(at) => format!("{}input={HIDDEN}", &text[..at]),
        None => text.to_owned(),
    };
    // A secret of one or two characters would blank out half the sentence and give itself away by
    // that.
    let text = secrets
        .into_iter()
        .map(ExposeSecret::expose_secret)
        .filter(|secret| secret.len() > 2)
        .fold(text, |text, secret| text.replace(secret, HIDDEN));
    shorten(&text)
}

fn announces_secret(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    MARKERS.contains(&word.as_str()) || MARKER_ENDINGS.iter().any(|ending| word.ends_with(ending))
}

fn shorten(text: &str) -> String {
    const MOST: usize = 500;
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").replace(char::is_control, "?");
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_line_keeps_its_secrets() {
        for (line, shown) in [
            ("username a privilege 15 secret sha512 $6$x", "username a privilege 15 secret <hidden>"),
            ("snmp-server community public ro", "snmp-server community <hidden>"),
            ("ip ospf message-digest-key 1 md5 7 abc", "ip ospf message-digest-key <hidden>"),
            ("snmp-server user u g v3 auth sha PASS priv aes PASS", "snmp-server user u g v3 auth <hidden>"),
            ("neighbor 10.0.0.1 password 7 abc", "neighbor 10.0.0.1 password <hidden>"),
            ("vrrp 1 peer authentication text abc", "vrrp 1 peer authentication <hidden>"),
            ("aaa authentication login default lcal", "aaa authentication login default lcal"),
            ("interface Ethernte1", "interface Ethernte1"),
            ("username a nopassword", "username a nopassword"),
            ("no enable password", "no enable password"),
            ("snmp-server host 192.0.2.3 version 2c CANARY", "snmp-server host 192.0.2.3 version <hidden>"),
            ("snmp-server host 192.0.2.3 vrf M traps version 1 C", "snmp-server host 192.0.2.3 vrf M traps <hidden>"),
            ("ip ospf message-digest-key 1 sha512 7 CANARY", "ip ospf message-digest-key <hidden>"),
            ("ntp authentication-key 1 md5 7 CANARY", "ntp authentication-key <hidden>"),
            ("exec /usr/bin/TerminAttr -cvauth=key,CANARY -x", "exec /usr/bin/TerminAttr <hidden>"),
            ("action bash curl https://u:CANARY@h/", "action bash curl <hidden>"),
            ("interfase Ethernet1", "interfase Ethernet1"),
            ("vlan 7", "vlan 7"),
        ] {
            assert_eq!(ShownLine::new(line).text, shown);
        }
    }

    #[test]
    fn no_secret_field_of_eos_is_shown() {
        let shown =
            eos_config::lines_with("CANARY").into_iter().filter(|line| ShownLine::new(line).text.contains("CANARY"));

        assert_eq!(shown.collect::<Vec<_>>(), Vec::<String>::new());
    }

    #[test]
    fn tokens_the_switch_quotes_from_a_secret_are_hidden() {
        let line = ShownLine::new("username a secret hunter2");
        assert_eq!(line.clean("Invalid input (at token 3: 'hunter2')"), "Invalid input (at token 3: '<hidden>')");
        assert_eq!(line.clean("cannot hash hunter2 now"), "cannot hash <hidden> now");
        let line = ShownLine::new("snmp-server community ab ro");
        assert_eq!(line.clean("about 'ab', not allowed"), "about '<hidden>', not allowed");
    }

    #[test]
    fn inputs_and_known_secrets_are_taken_out_of_words() {
        let secret = SecretString::from("canary");
        let said = "insufficient permissions to run the command 'enable' as canary input=canary and more";
        let shown = words(said, [&secret]);
        assert_eq!(shown, "insufficient permissions to run the command 'enable' as <hidden> input=<hidden>");
    }

    #[test]
    fn words_are_one_line_of_bounded_length() {
        let shown = words(&"a\n\u{1b}".repeat(1000), []);
        assert!(shown.chars().count() <= 501 && !shown.contains('\n') && !shown.contains('\u{1b}'));
    }
}
