//! Secrets in free text: in URLs, in options and variables of scripts, in HTTP headers, and hashes
//! anywhere.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::mask::REMOVED;

/// Each pattern has the groups `keep`, which stays, and `secret`, which goes; the first quick word
/// must be in the line.
static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    [
        // `user:password@` in a URL, or `token@`.
        ("://", r"(?P<keep>[a-zA-Z][a-zA-Z0-9+.-]*://)(?P<secret>[^\s/@'\x22]+)(?P<after>@)"),
        // `Authorization: Bearer x`: everything up to the quote is the secret.
        ("uthorization", r"(?P<keep>[Aa]uthorization['\x22]?\s*[:=]\s*)(?P<secret>[^'\x22]+)(?P<after>)"),
        ("earer", r"(?P<keep>[Bb]earer\s+)(?P<secret>[^\s'\x22]+)(?P<after>)"),
        // `curl -u user:password`.
        (" -u", r"(?P<keep>\s-u\s*)(?P<secret>[^\s'\x22]+|'[^']*'|\x22[^\x22]*\x22)(?P<after>)"),
        (" --user", r"(?P<keep>\s--user[\s=]+)(?P<secret>[^\s'\x22]+|'[^']*'|\x22[^\x22]*\x22)(?P<after>)"),
        ("sshpass", r"(?P<keep>sshpass\s+-p\s*)(?P<secret>[^\s'\x22]+|'[^']*'|\x22[^\x22]*\x22)(?P<after>)"),
        // `-cvauth=key,x`, `TOKEN=x`, `"password": "x"` and `X-Auth-Token: x`.
        (
            "",
            r"(?i)(?P<keep>[-\w.]*(?:auth|token|secret|passw(?:or)?d|passphrase|pwd|api[-_]?key|credential|private[-_]?key|access[-_]?key)[-\w.]*['\x22]?\s*[=:]\s*)(?P<secret>'[^']*'|\x22[^\x22]*\x22|[^\s'\x22&|;]+)(?P<after>)",
        ),
        // Options such as `--token x` and `-password x`.
        (
            "",
            r"(?i)(?P<keep>(?:^|\s)--?[-\w]*(?:token|secret|passw(?:or)?d|passphrase|pwd|api[-_]?key|private[-_]?key)[-\w]*\s+)(?P<secret>'[^']*'|\x22[^\x22]*\x22|[^\s'\x22-][^\s'\x22]*)(?P<after>)",
        ),
        // Hashes such as `$6$salt$hash`, and EOS's type 8a, which begins with `$1c$`.
        ("$", r"(?P<keep>)(?P<secret>\$[0-9a-z]{1,6}\$[^\s'\x22]{4,})(?P<after>)"),
        // Webhooks, whose secret is the path of the URL.
        ("hooks.", r"(?P<keep>://hooks\.[^\s/'\x22]+/)(?P<secret>[^\s'\x22]+)(?P<after>)"),
    ]
    .into_iter()
    .filter_map(|(quick, pattern)| Some(Pattern { quick, pattern: Regex::new(pattern).ok()? }))
    .collect()
});

/// A long random word: letters and digits mixed, as in tokens. Only looked for in scripts.
static RANDOM: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[A-Za-z0-9_+-]{20,}={0,2}").ok());

struct Pattern {
    quick: &'static str,
    pattern: Regex,
}

/// The line without the secrets that can be recognised by their form alone.
pub(crate) fn mask(line: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(line);
    for Pattern { quick, pattern } in PATTERNS.iter() {
        if !masked.contains(quick) {
            continue;
        }
        let hidden = pattern.replace_all(&masked, |found: &Captures<'_>| {
            let part = |name| found.name(name).map_or("", |part| part.as_str());
            // A bare name is no secret: `--password` at the end of a sentence, or what was masked
            // before.
            if part("secret").contains(REMOVED) {
                return found[0].to_owned();
            }
            let (quote, _) = quoted(part("secret"));
            format!("{}{quote}{REMOVED}{quote}{}", part("keep"), part("after"))
        });
        if let Cow::Owned(hidden) = hidden {
            masked = Cow::Owned(hidden);
        }
    }
    masked
}

/// The line of a script without long random words.
pub(crate) fn mask_random(line: &str) -> Cow<'_, str> {
    let Some(random) = RANDOM.as_ref() else { return Cow::Borrowed(line) };
    random.replace_all(
        line,
        |found: &Captures<'_>| if is_random(&found[0]) { REMOVED.to_owned() } else { found[0].to_owned() },
    )
}

fn is_random(word: &str) -> bool {
    let has = |test: fn(&char) -> bool| word.chars().filter(test).count();
    let (digits, upper, lower) =
        (has(char::is_ascii_digit), has(char::is_ascii_uppercase), has(char::is_ascii_lowercase));
    digits >= 2
        && upper + lower >= 4
        && (upper > 0 && lower > 0 || word.bytes().all(|byte| byte.is_ascii_hexdigit()) || digits >= 6)
}

fn quoted(secret: &str) -> (&str, &str) {
    match secret.chars().next() {
        Some('\'' | '"') => (&secret[..1], &secret[1..]),
        _ => ("", secret),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_a_regular_expression() {
        assert_eq!(PATTERNS.len(), 10);
        assert!(RANDOM.is_some());
    }

    #[test]
    fn secrets_of_scripts_are_told_by_their_form() {
        for line in [
            "exec /usr/bin/TerminAttr -cvaddr=192.0.2.1:9910 -cvauth=key,CANARY -cvvrf=MGMT",
            "curl -H 'Authorization: Bearer CANARY' https://example.net",
            "curl -H \"X-Auth-Token: CANARY\" https://example.net",
            "curl -u admin:CANARY https://example.net",
            "curl https://admin:CANARY@example.net/x",
            "wget ftp://CANARY@example.net",
            "export API_KEY=CANARY; run",
            "run --token CANARY --verbose",
            "sshpass -p CANARY ssh me@host",
            "echo '{\"password\": \"CANARY\"}'",
            "curl https://hooks.example.net/services/T0/B0/CANARY",
            "say $6$abc$CANARYCANARY",
        ] {
            let masked = mask(line);
            assert!(!masked.contains("CANARY") && masked.contains(REMOVED), "{line} → {masked}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for line in ["exec /usr/bin/TerminAttr -cvaddr=192.0.2.1:9910", "bash echo $HOSTNAME", "token 0: 'interfase'"] {
            assert_eq!(mask(line), line);
        }
        assert_eq!(
            mask_random("cp /mnt/flash/startup-config-of-yesterday x"),
            "cp /mnt/flash/startup-config-of-yesterday x"
        );
        assert_eq!(mask_random("run ghp_16C7e42F292c6912E7710c838347Ae178B4a"), "run <removed>");
    }
}
