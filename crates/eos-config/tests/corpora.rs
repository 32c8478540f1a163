//! Configurations that others wrote: no secret of theirs is shown, and none of their lines is taken
//! for an EXEC command.

#![expect(clippy::unwrap_used, reason = "tests, where an unwrap is the expectation")]

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// The configurations below a folder of `../shared`; none if it is not there.
#[expect(clippy::print_stderr, reason = "tools/tally counts the tests that say so")]
fn configurations(test: &str, folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    if !root.is_dir() {
        eprintln!("skipped: {test}: ../shared/{folder} is not there");
        return Vec::new();
    }
    let files =
        WalkDir::new(root).sort_by_file_name().into_iter().filter_map(Result::ok).map(walkdir::DirEntry::into_path);
    let texts = files.filter(|path| path.is_file()).map(|path| {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        (path, text)
    });
    texts.filter(|(path, _)| path.extension().is_none_or(|extension| extension != "md")).collect()
}

fn all(test: &str) -> Vec<(PathBuf, String)> {
    ["corpus", "wild/configs", "wild/pairs"].into_iter().flat_map(|folder| configurations(test, folder)).collect()
}

/// The lines that are configuration: not the bodies of commands that are typed over several lines.
fn lines(text: &str) -> Vec<&str> {
    let (mut lines, mut eofs) = (Vec::new(), 0);
    for line in text.lines() {
        if eofs > 0 {
            eofs -= usize::from(line.trim() == "EOF");
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        eofs = match words.as_slice() {
            ["protocol", "https", "certificate"] => 2,
            ["banner", _] | ["comment"] | ["action", "bash"] | ["code"] | ["code", "unit", _] => 1,
            _ => 0,
        };
        lines.push(line);
    }
    lines
}

#[test]
fn no_line_of_a_configuration_is_an_exec_command() {
    for (path, text) in all("no_line_of_a_configuration_is_an_exec_command") {
        for line in lines(&text) {
            // Captures of a terminal begin with the command that was typed.
            if line.starts_with("show ") {
                continue;
            }
            assert_eq!(eos_config::exec_command(line), None, "{}: {line}", path.display());
        }
    }
}

/// Words that a secret stands behind, found in another way than by the table: the last word of a
/// line that has one of these.
fn secret_of(line: &str) -> Option<&str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = |wanted: &str| words.iter().position(|word| *word == wanted);
    let after = |at: usize| words.get(at + 1).copied();
    match words.as_slice() {
        ["neighbor", .., "password", "7", secret] | ["shared-key", "7", secret] => Some(secret),
        ["username", ..] => at("secret").and_then(|at| match after(at)? {
            "0" | "5" | "7" | "8a" | "sha512" => words.get(at + 2).copied(),
            secret => Some(secret),
        }),
        ["radius-server" | "tacacs-server", ..] => at("key").and_then(|at| match after(at)? {
            "7" | "8a" => words.get(at + 2).copied(),
            secret => Some(secret),
        }),
        ["snmp-server", "community", secret, ..] => Some(secret),
        ["ip", "ospf", "message-digest-key", .., secret] | ["ip", "ospf", "authentication-key", .., secret] => {
            Some(secret)
        }
        ["ntp", "authentication-key", .., secret] => Some(secret),
        ["isis", "authentication", "key", _, secret, ..] => Some(secret),
        ["redis", "password", .., secret] | ["pre-shared-key", .., secret] => Some(secret),
        ["exec", ..] => line.split("auth=key,").nth(1).map(|rest| rest.split(' ').next().unwrap_or_default()),
        _ => None,
    }
}

#[test]
fn no_secret_of_the_corpora_is_shown() {
    let mut secrets = 0;
    for (path, text) in all("no_secret_of_the_corpora_is_shown") {
        for line in lines(&text) {
            // Short ones are words that may stand elsewhere in the line, too.
            let Some(secret) = secret_of(line).filter(|secret| !secret.is_empty() && *secret != "*") else { continue };
            secrets += 1;
            let canary =
                line.replacen(&format!(" {secret}"), " CANARY7x", 1).replace(&format!("key,{secret}"), "key,CANARY7x");
            for line in [line.replace(secret, "CANARY7x"), canary] {
                let masked = eos_config::mask(&line);
                assert!(!masked.contains("CANARY7x"), "{}: {line} → {masked}", path.display());
            }
        }
    }
    assert!(secrets == 0 || secrets > 400, "{secrets}");
}

#[test]
fn few_lines_of_the_corpora_are_masked() {
    let (mut masked, mut total, mut changed) = (0_usize, 0_usize, std::collections::BTreeMap::<String, usize>::new());
    for (_, text) in all("few_lines_of_the_corpora_are_masked") {
        for line in lines(&text) {
            total += 1;
            let hidden = eos_config::mask(line);
            if hidden != line {
                masked += 1;
                let first: Vec<&str> = hidden.split_whitespace().take(3).collect();
                *changed.entry(first.join(" ")).or_default() += 1;
            }
        }
    }
    assert!(masked * 50 <= total, "{masked} of {total} lines are masked: {changed:?}");
}

/// The lines of AVD's templates (<https://github.com/aristanetworks/avd>,
/// `eos_cli_config_gen/j2templates`) whose fields its schema calls passwords, keys, secrets,
/// passphrases, communities or licences.
const AVD: [&str; 42] = [
    "aaa root secret sha512 CANARY",
    "boot secret sha512 CANARY",
    "boot secret 5 CANARY",
    "enable password 5 CANARY",
    "enable password sha512 CANARY",
    "      redis password 7 CANARY",
    "      passphrase 7 CANARY",
    "   ip ospf authentication-key 7 CANARY",
    "   ip ospf message-digest-key 1 sha512 7 CANARY",
    "   isis authentication key 7 CANARY",
    "   isis authentication key 7 CANARY level-1",
    "   isis authentication key-id 1 algorithm sha-1 rfc-5310 key 7 CANARY level-2",
    "   isis authentication key-id 1 algorithm sha-1 key 0 CANARY",
    "   authentication key 0 CANARY level-1",
    "   authentication key-id 1 algorithm sha-256 rfc-5310 key 7 CANARY",
    "      shared-key 7 CANARY",
    "username admin privilege 15 role network-admin secret sha512 CANARY",
    "username admin shell /bin/bash secret 5 CANARY",
    "   license license1 CANARY",
    "      key 1234abcd 7 CANARY",
    "      key 1234abcd 7 CANARY fallback",
    "      secret one 7 CANARY receive-lifetime infinite transmit-lifetime infinite",
    "      secret 0 8a CANARY receive-lifetime infinite transmit-lifetime infinite",
    "      username admin password 7 CANARY",
    "ntp authentication-key 1 md5 7 CANARY",
    "ntp authentication-key 1 sha1 CANARY",
    "   neighbor UNDERLAY password 7 CANARY",
    "   neighbor 192.0.2.1 password 7 CANARY",
    "radius-server host 192.0.2.1 vrf MGMT key 7 CANARY",
    "radius-server host 192.0.2.1 tls ssl-profile x timeout 10 retransmit 2 key 7 CANARY",
    "tacacs-server host 192.0.2.1 single-connection vrf MGMT timeout 5 key 8a CANARY",
    "service unsupported-transceiver name CANARY",
    "snmp-server community CANARY view all ro",
    "snmp-server host 192.0.2.1 vrf MGMT version 2c CANARY",
    "snmp-server host 192.0.2.1 version 1 CANARY",
    "snmp-server host 192.0.2.1 version 3 auth CANARY",
    "snmp-server user u g v3 auth sha CANARY priv aes192 CANARY",
    "snmp-server user u g remote 192.0.2.1 v3 localized 8000 auth sha512 CANARY priv aes CANARY",
    "   password 7 CANARY",
    "   exec /usr/bin/TerminAttr -cvaddr=192.0.2.1:9910 -cvauth=key,CANARY -cvvrf=MGMT -taillogs",
    "   exec /usr/bin/TerminAttr -ingestauth=key,CANARY -cvproxy=http://me:CANARY@proxy.example.net:3128",
    "   action bash curl -H 'Authorization: Bearer CANARY' https://me:CANARY@example.net",
];

#[test]
fn no_secret_field_of_avd_is_shown() {
    for line in AVD {
        for text in [line.to_owned(), format!("+{line}"), format!("no {}", line.trim())] {
            let masked = eos_config::mask(&text);
            assert!(!masked.contains("CANARY") && masked.contains(eos_config::REMOVED), "{text} → {masked}");
        }
    }
}
