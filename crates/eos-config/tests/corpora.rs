//! Configurations that others wrote: no secret of theirs is shown, and none of their lines is taken for an EXEC command.

#![expect(clippy::unwrap_used, reason = "tests, where an unwrap is the expectation")]

use std::io::Write;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// The configurations below a folder of `../shared`; none if it is not there. What `test` did not do is then said on the
/// process's own standard error, which the test runner does not capture.
fn configurations(test: &str, folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    if !root.is_dir() {
        writeln!(std::io::stderr(), "skipped: {test}: ../shared/{folder} is not there").unwrap();
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

/// Words that a secret stands behind, found in another way than by the table: the last word of a line that has one of these.
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
