//! Takes secrets out of configuration text.

use std::borrow::Cow;

use crate::fields::{self, Found};
use crate::scripts;

/// What stands in place of a secret.
pub const REMOVED: &str = "<removed>";

/// Words that a secret follows wherever they stand, at once or after its encoding.
const BEFORE_SECRET: [&str; 12] = [
    "secret",
    "password",
    "passphrase",
    "community",
    "key-string",
    "pre-shared-key",
    "shared-key",
    "shared-secret",
    "passwd",
    "psk",
    "localized",
    "redis-password",
];

/// Words that a secret follows if its encoding stands between.
const BEFORE_ENCODING: [&str; 8] = ["key", "md5", "sha", "sha1", "sha256", "auth", "priv", "text"];

/// The text, which may be a configuration, a unified diff of one or a sentence that quotes a line,
/// with every secret replaced by [`REMOVED`]. Lines are neither lost nor added, and their
/// indentation and signs stay.
///
/// A field of the table `secrets.txt` is masked by its place in the line. What the table does not
/// know is masked if it follows an encoding or a word such as `password`, if it is a hash, a
/// private key, a password in a URL or a token in a script. So the text may lose more than its
/// secrets, and should lose no less.
pub fn mask(text: &str) -> Cow<'_, str> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let keys = keys(&lines);
    let mut masked = String::new();
    // How much of the text is in `masked`, once that is needed.
    let mut copied: Option<usize> = None;
    let mut at = 0;
    for (line, is_key) in lines.iter().zip(keys) {
        let new =
            if is_key { Cow::Owned(format!("{}{REMOVED}{}", start_of(line).0, ending(line))) } else { mask_line(line) };
        if let Cow::Owned(new) = new {
            masked.push_str(&text[copied.unwrap_or(0)..at]);
            masked.push_str(&new);
            copied = Some(at + line.len());
        }
        at += line.len();
    }
    match copied {
        None => Cow::Borrowed(text),
        Some(copied) => {
            masked.push_str(&text[copied..]);
            Cow::Owned(masked)
        }
    }
}

/// Which lines are inside of a private key. A diff may show the middle of one alone, so long lines
/// of base 64 count as well.
fn keys(lines: &[&str]) -> Vec<bool> {
    let mut inside = false;
    let mut keys: Vec<bool> = Vec::with_capacity(lines.len());
    for line in lines {
        let frame = line.contains("-----");
        if frame && line.contains("-----END") {
            if line.contains("PRIVATE KEY") {
                let above = keys.len()
                    - keys
                        .iter()
                        .rev()
                        .zip(lines[..keys.len()].iter().rev())
                        .take_while(|(_, line)| is_base64(line, 1))
                        .count();
                keys[above..].fill(true);
            }
            inside = false;
        }
        keys.push(!frame && (inside || is_base64(line, 60)));
        inside |= frame && line.contains("-----BEGIN") && line.contains("PRIVATE KEY");
    }
    keys
}

fn is_base64(line: &str, least: usize) -> bool {
    let body = start_of(line).1.trim_end();
    body.len() >= least && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}

/// The sign of a diff and the indentation, and the rest.
fn start_of(line: &str) -> (&str, &str) {
    let signed = line.strip_prefix(['+', '-']).unwrap_or(line);
    let body = signed.trim_start_matches([' ', '\t']);
    line.split_at(line.len() - body.len())
}

fn ending(line: &str) -> &str {
    if line.ends_with("\r\n") {
        "\r\n"
    } else if line.ends_with('\n') {
        "\n"
    } else {
        ""
    }
}

fn mask_line(line: &str) -> Cow<'_, str> {
    let spans = spans(line);
    if spans.is_empty() {
        return Cow::Borrowed(line);
    }
    let words: Vec<&str> = spans.iter().map(|(start, end)| &line[*start..*end]).collect();
    let mut secrets = vec![false; words.len()];
    for start in starts(&words) {
        find(&words[start..], &mut secrets[start..]);
    }
    let mut masked = Cow::Borrowed(line);
    if secrets.contains(&true) {
        masked = Cow::Owned(without(line, &spans, &secrets));
    }
    let scripted = scripts::mask(&masked);
    if let Cow::Owned(scripted) = scripted {
        masked = Cow::Owned(scripted);
    }
    if is_script(&words)
        && let Cow::Owned(random) = scripts::mask_random(&masked)
    {
        masked = Cow::Owned(random);
    }
    masked
}

/// The places of a line's words; signs of a diff and quotes around a quoted line are no part of
/// them.
fn spans(line: &str) -> Vec<(usize, usize)> {
    let (indent, body) = start_of(line);
    let mut spans = Vec::new();
    let mut start = None;
    for (at, c) in body.char_indices().chain([(body.len(), ' ')]) {
        match (c.is_whitespace(), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                spans.push((indent.len() + from, indent.len() + at));
                start = None;
            }
            _ => {}
        }
    }
    spans
}

/// Where a command may begin: at the first word, at one in quotes, and after a colon.
fn starts(words: &[&str]) -> impl Iterator<Item = usize> {
    let quoted = |at: usize| words[at].starts_with(['\'', '"', '`']) || words[at - 1].ends_with(':');
    (0..words.len()).filter(move |at| *at == 0 || quoted(*at))
}

/// Marks the secrets of a command.
fn find(words: &[&str], secrets: &mut [bool]) {
    let bare: Vec<&str> = words.iter().map(|word| word.trim_matches(['\'', '"', '`', ','])).collect();
    let verbs = bare.iter().take_while(|word| matches!(**word, "no" | "default")).count();
    match fields::find(&bare[verbs..]) {
        Found::Secrets(found) => found.into_iter().for_each(|at| secrets[verbs + at] = true),
        Found::Harmless => return,
        Found::Unknown => {}
    }
    for at in 0..bare.len() {
        let encodings = bare[at + 1..].iter().take_while(|word| fields::is_encoding(word)).count();
        let encoded = if at + 1 + encodings == bare.len() { encodings.saturating_sub(1) } else { encodings };
        let secret = at + 1 + encoded;
        let known = BEFORE_SECRET.contains(&bare[at]) || encoded > 0 && may_be_encoded(bare[at], bare[at + 1]);
        if known && secret < bare.len() {
            secrets[secret] = true;
        }
    }
}

/// True if `word` can be a field whose secret stands behind its encoding, in a line that the table
/// does not know.
///
/// `8a` and `sha512` mean nothing but an encoding; `0`, `5` and `7` are numbers too, so there the
/// field must sound like one.
fn may_be_encoded(word: &str, encoding: &str) -> bool {
    const SOUNDS: [&str; 9] = ["key", "pass", "secret", "auth", "psk", "token", "string", "credential", "community"];
    BEFORE_ENCODING.contains(&word)
        || matches!(encoding, "8a" | "sha512")
        || SOUNDS.iter().any(|sound| word.to_ascii_lowercase().contains(sound))
}

/// The line, its secrets replaced. A quote that only ends one stays.
fn without(line: &str, spans: &[(usize, usize)], secrets: &[bool]) -> String {
    let (mut masked, mut copied) = (String::new(), 0);
    for ((start, end), _) in spans.iter().zip(secrets).filter(|(_, secret)| **secret) {
        masked.push_str(&line[copied..*start]);
        masked.push_str(REMOVED);
        let word = &line[*start..*end];
        let quote = word.ends_with(['\'', '"', '`']) && !word.starts_with(['\'', '"', '`']);
        copied = if quote { end - 1 } else { *end };
    }
    masked.push_str(&line[copied..]);
    masked
}

/// True if the line is a command of a script.
fn is_script(words: &[&str]) -> bool {
    match words {
        ["exec" | "bash" | "curl" | "wget" | "python" | "python3" | "FastCli" | "sudo" | "export", ..] => true,
        ["action" | "alias", ..] => true,
        ["schedule", rest @ ..] => rest.contains(&"command"),
        _ => words.iter().any(|word| word.contains("curl") || word.contains("://")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fields;

    #[test]
    fn every_field_of_the_table_is_masked() {
        for line in fields::lines_with("CANARY") {
            for text in [line.clone(), format!("+   {line}"), format!("refused: '{line}'")] {
                let masked = mask(&text);
                assert!(!masked.contains("CANARY") && masked.contains(REMOVED), "{text} → {masked}");
            }
        }
    }

    #[test]
    fn fields_that_the_table_does_not_know_are_masked() {
        for line in [
            "brand new password CANARY",
            "brand new key 7 CANARY",
            "brand new secret sha512 CANARY more",
            "brand new md5 8a CANARY",
            "switch said: invalid input: 'username x secret CANARY'",
        ] {
            let masked = mask(line);
            assert!(!masked.contains("CANARY"), "{line} → {masked}");
        }
    }

    #[test]
    fn lines_without_secrets_are_untouched() {
        for line in [
            "@@ -1,4 +1,5 @@",
            "+   description the key to it all",
            "   password policy strict",
            "   neighbor 192.0.2.1 send-community extended",
            "   set community 65000:1 additive",
            "   certificate a.crt key a.key",
            "Invalid input (at token 0: 'interfase')",
            "no enable password",
            "   isis authentication mode md5",
            "ip community-list a permit 65000:1",
            "   spanning-tree mst 7 priority 4096",
        ] {
            assert!(matches!(mask(line), Cow::Borrowed(_)), "{line} → {}", mask(line));
        }
    }

    #[test]
    fn a_private_key_is_masked_also_where_only_its_middle_is_shown() {
        let middle = "A1b2".repeat(16);
        let text = format!("+{middle}\n+CANARY==\n+-----END RSA PRIVATE KEY-----\n+EOF\n");
        let masked = mask(&text);
        assert_eq!(masked, "+<removed>\n+<removed>\n+-----END RSA PRIVATE KEY-----\n+EOF\n");
        let whole = "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n";
        assert_eq!(mask(whole), "-----BEGIN PRIVATE KEY-----\n<removed>\n-----END PRIVATE KEY-----\n");
    }

    #[test]
    fn both_secrets_of_a_user_of_snmp_are_masked() {
        let line = "snmp-server user u g v3 localized 80001 auth sha A priv aes B";
        assert_eq!(mask(line), "snmp-server user u g v3 localized <removed> auth sha <removed> priv aes <removed>");
    }

    proptest! {
        #[test]
        fn lines_are_neither_lost_nor_added(text in "[ -~\n\t+]{0,300}") {
            prop_assert_eq!(mask(&text).matches('\n').count(), text.matches('\n').count());
        }

        #[test]
        fn what_is_masked_stays_as_it_is(text in "(username a secret|neighbor b password 7|exec x -cvauth=key,| key) [a-zA-Z0-9$ ]{1,40}") {
            let once = mask(&text).into_owned();
            prop_assert_eq!(mask(&once).into_owned(), once);
        }
    }
}
