//! What must not be repeated of what a switch says: it quotes the line it refuses, and newer releases the input too.

use secrecy::{ExposeSecret, SecretString};

/// Stands where something was taken out.
pub(crate) const HIDDEN: &str = "<hidden>";

/// Words after which a configuration line may hold a password, key or community string.
const MARKERS: [&str; 9] = ["secret", "password", "passphrase", "passwd", "key", "community", "auth", "priv", "text"];

/// A configuration line as it may be shown.
pub(crate) struct ShownLine {
    /// The line, cut after the first word that announces a secret.
    pub(crate) text: String,
    /// The words that were cut off.
    hidden: Vec<String>,
}

impl ShownLine {
    pub(crate) fn new(line: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        let marker = words.iter().position(|word| announces_secret(word));
        match marker {
            Some(at) if at + 1 < words.len() => Self {
                text: format!("{} {HIDDEN}", words[..=at].join(" ")),
                hidden: words[at + 1..].iter().map(|word| (*word).to_owned()).collect(),
            },
            _ => Self { text: shorten(line), hidden: Vec::new() },
        }
    }

    /// The switch's words about this line: it quotes the tokens it stumbles over. Long tokens are taken out wherever they
    /// stand, short ones only between quotes, since `7` or `ro` may be anything.
    pub(crate) fn clean(&self, words: &str) -> String {
        self.hidden.iter().fold(words.to_owned(), |words, token| {
            let words = words.replace(&format!("'{token}'"), &format!("'{HIDDEN}'"));
            if token.len() >= 6 { words.replace(token, HIDDEN) } else { words }
        })
    }
}

/// Text from a switch as it may be shown: without `secrets`, without the `input=` that newer releases append to code
/// 1005, on one line and of bounded length.
pub(crate) fn words<'s>(text: &str, secrets: impl IntoIterator<Item = &'s SecretString>) -> String {
    let text = match text.find("input=") {
        Some(at) => format!("{}input={HIDDEN}", &text[..at]),
        None => text.to_owned(),
    };
    // A secret of one or two characters would blank out half the sentence and give itself away by that.
    let text = secrets
        .into_iter()
        .map(ExposeSecret::expose_secret)
        .filter(|secret| secret.len() > 2)
        .fold(text, |text, secret| text.replace(secret, HIDDEN));
    shorten(&text)
}

fn announces_secret(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    MARKERS.iter().any(|marker| word == *marker)
        || ["-key", "-secret", "-password", "-string", "-auth"].iter().any(|ending| word.ends_with(ending))
        || word.starts_with("$6$")
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
            ("vrrp 1 peer authentication text abc", "vrrp 1 peer authentication text <hidden>"),
            ("aaa authentication login default lcal", "aaa authentication login default lcal"),
            ("interface Ethernte1", "interface Ethernte1"),
            ("username a nopassword", "username a nopassword"),
            ("no enable password", "no enable password"),
        ] {
            assert_eq!(ShownLine::new(line).text, shown);
        }
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
