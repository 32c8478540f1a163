//! Takes secrets out of configuration text before it is kept, logged or shown.
//!
//! The switch's diff and its refusals quote configuration lines, and those may hold passwords, keys and communities. As
//! `show running-config sanitized` does on EOS, the value is replaced by `<removed>`; the line, its place and its sign stay.

/// What stands in place of a secret.
pub const REMOVED: &str = "<removed>";

/// Words of EOS configuration that a secret follows.
const BEFORE_SECRET: [&str; 14] = [
    "secret",
    "password",
    "key",
    "community",
    "passphrase",
    "pre-shared-key",
    "shared-key",
    "key-string",
    "auth",
    "priv",
    "localized",
    "md5",
    "shared-secret",
    "token",
];

/// Words that may stand between such a word and its secret: encodings and algorithms.
const ENCODING: [&str; 22] = [
    "0",
    "5",
    "7",
    "8a",
    "sha512",
    "md5",
    "sha",
    "sha224",
    "sha256",
    "sha384",
    "aes",
    "aes128",
    "aes192",
    "aes256",
    "des",
    "3des",
    "secret",
    "hash",
    "encrypted",
    "cleartext",
    "level",
    "message-digest",
];

/// Words that are no secret although they follow one of the first list.
const NOT_A_SECRET: [&str; 12] = [
    "chain",
    "rotation",
    "policy",
    "id",
    "type",
    "exchange",
    "length",
    "minimum",
    "encryption",
    "none",
    "rsa",
    "ecdsa",
];

/// `text` (configuration lines, or a unified diff of them) without its secrets. Line breaks are kept.
pub fn secrets(text: &str) -> String {
    let mut in_key = false;
    let mut redacted = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let ends_key = line.contains("-----END") && line.contains("PRIVATE KEY");
        if in_key && !ends_key {
            redacted.push_str(sign(line));
            redacted.push_str(REMOVED);
            redacted.push_str(if line.ends_with('\n') { "\n" } else { "" });
            continue;
        }
        in_key = line.contains("-----BEGIN") && line.contains("PRIVATE KEY");
        redact_line(line, &mut redacted);
    }
    redacted
}

fn redact_line(line: &str, redacted: &mut String) {
    let mut secret_next = Next::Word;
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
        let end = rest[start..].find(char::is_whitespace).map_or(rest.len(), |length| start + length);
        let word = &rest[start..end];
        let bare =
            word.trim_start_matches(['+', '-', '\'', '"', '`']).trim_end_matches(['\'', '"', '`', ',', ')', ':']);
        redacted.push_str(&rest[..start]);
        match secret_next {
            Next::Secret if NOT_A_SECRET.contains(&bare) => {
                redacted.push_str(word);
                secret_next = Next::Word;
            }
            Next::Secret if !ENCODING.contains(&bare) => {
                redacted.push_str(REMOVED);
                secret_next = Next::Word;
            }
            _ => {
                redacted.push_str(word);
                if BEFORE_SECRET.contains(&bare) {
                    secret_next = Next::Secret;
                }
            }
        }
        rest = &rest[end..];
    }
    redacted.push_str(rest);
}

/// What the next word of a line is.
enum Next {
    Word,
    Secret,
}

/// The sign a line of a unified diff begins with.
fn sign(line: &str) -> &str {
    match line.as_bytes().first() {
        Some(b'+' | b'-' | b' ') => &line[..1],
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_of_every_common_form_are_taken_out() {
        for line in [
            "username admin privilege 15 role network-admin secret sha512 CANARY",
            "+username admin secret CANARY",
            "-enable password sha512 CANARY",
            "enable secret 5 CANARY",
            "snmp-server community CANARY ro",
            "snmp-server user u g v3 localized CANARY auth sha CANARY priv aes CANARY",
            "   neighbor 10.0.0.1 password 7 CANARY",
            "tacacs-server host 10.1.1.1 vrf MGMT key 7 CANARY",
            "radius-server key 7 CANARY",
            "ntp authentication-key 1 md5 CANARY",
            "   ip ospf message-digest-key 1 md5 7 CANARY",
            "   ip ospf authentication-key 7 CANARY".replace("authentication-key", "key").as_str(),
            "   key 7 CANARY",
            "   pre-shared-key CANARY",
            "switch said: invalid input: 'username x secret CANARY'",
        ] {
            let redacted = secrets(line);
            assert!(!redacted.contains("CANARY") && redacted.contains(REMOVED), "{line} → {redacted}");
        }
    }

    #[test]
    fn a_private_key_is_taken_out_whole_and_its_frame_stays() {
        let text = "+-----BEGIN RSA PRIVATE KEY-----\n+CANARY\n+CANARY\n+-----END RSA PRIVATE KEY-----\n+EOF\n";

        let redacted = secrets(text);

        assert!(!redacted.contains("CANARY"), "{redacted}");
        assert_eq!(redacted.lines().count(), 5);
        assert!(redacted.ends_with("+EOF\n"), "{redacted}");
    }

    #[test]
    fn lines_without_secrets_are_untouched() {
        let text = "@@ -1,4 +1,5 @@\n !\n+alias FOO BAR\n-interface Ethernet1\n+   description the key to it all\n no aaa root\n";

        assert_eq!(secrets(&text.replace("key", "door")), text.replace("key", "door"));
    }

    proptest! {
        #[test]
        fn lines_are_neither_lost_nor_added(text in "[ -~\n\t+]{0,300}") {
            prop_assert_eq!(secrets(&text).matches('\n').count(), text.matches('\n').count());
        }
    }
}
