//! What `sanitized` takes out of a text: passwords, hashes, keys and community strings.

const REMOVED: &str = "<removed>";

/// Words that a secret follows, at once or after the word for its kind.
const MARKERS: [&str; 12] = [
    "secret",
    "password",
    "key",
    "key-string",
    "shared-secret",
    "community",
    "passphrase",
    "ssh-key",
    "md5",
    "auth",
    "priv",
    "authentication-key",
];

/// Words for kinds of secrets.
const KINDS: [&str; 14] =
    ["0", "5", "7", "8a", "sha512", "sha", "sha1", "sha256", "md5", "aes", "des", "aes256", "encrypted", "text"];

/// The text, its secrets replaced.
pub(super) fn text(text: &str) -> String {
    text.lines().map(|text| line(text) + "\n").collect()
}

fn line(line: &str) -> String {
    let indent = &line[..line.len() - line.trim_start().len()];
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let mut at = 0;
    let mut removed = false;
    while at < words.len() {
        if MARKERS.contains(&words[at]) {
            let secret = (at + 1..words.len()).find(|index| !KINDS.contains(&words[*index]));
            if let Some(secret) = secret {
                let all = words[at] == "ssh-key";
                words.truncate(if all { secret + 1 } else { words.len() });
                words[secret] = REMOVED;
                removed = true;
                at = secret;
            }
        }
        at += 1;
    }
    if removed { format!("{indent}{}", words.join(" ")) } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_and_the_rest_stays() {
        for (given, expected) in [
            ("username a privilege 15 secret sha512 $6$x$y", "username a privilege 15 secret sha512 <removed>"),
            ("snmp-server community public ro", "snmp-server community <removed> ro"),
            ("   neighbor 192.0.2.1 password 7 abc", "   neighbor 192.0.2.1 password 7 <removed>"),
            (
                "snmp-server user u g v3 auth sha A priv aes B",
                "snmp-server user u g v3 auth sha <removed> priv aes <removed>",
            ),
            ("username a ssh-key ssh-rsa AAAA me@host", "username a ssh-key <removed>"),
            ("   description  two  spaces", "   description  two  spaces"),
            ("no enable password", "no enable password"),
        ] {
            assert_eq!(line(given), expected);
        }
    }
}
