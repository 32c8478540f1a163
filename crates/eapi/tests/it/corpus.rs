//! Real configurations: nothing of them is lost on the way to commands, and none of their lines is
//! taken for a command that acts. The folders are not part of the repository; `EOS_CORPUS` and
//! `EOS_WILD` name them.

use std::path::{Path, PathBuf};

use eapi::{Candidate, Command, TextError, TextFault};
use walkdir::WalkDir;

#[test]
fn no_line_of_the_corpus_is_lost_or_out_of_order() {
    let Some(files) = files("no_line_of_the_corpus_is_lost_or_out_of_order", "EOS_CORPUS", "corpus") else { return };
    assert!(files.len() >= 267, "only {} files in the corpus", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let candidate = Candidate::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));

        let found: Vec<String> = candidate.commands().flat_map(as_typed).collect();

        assert_eq!(found, kept(&text), "{}", file.display());
    }
}

#[test]
fn all_multi_line_commands_of_the_corpus_are_found() {
    let Some(files) = files("all_multi_line_commands_of_the_corpus_are_found", "EOS_CORPUS", "corpus") else { return };
    let (mut inputs, mut eofs, mut shown_comments) = (0, 0, 0);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let candidate = Candidate::parse(&text).unwrap();
        inputs += candidate.commands().filter(|command| matches!(command, Command::WithInput { .. })).count();
        eofs += text.lines().filter(|line| line.trim() == "EOF").count();
        eofs -= text.matches("protocol https certificate\n").count();
        shown_comments += candidate
            .commands()
            .enumerate()
            .filter(|(index, command)| {
                let line = text.lines().nth(candidate.line_of(*index).unwrap() - 1).unwrap();
                command.line() == "comment" && line.trim_start().starts_with("!!")
            })
            .count();
    }
    assert!(eofs > 0 && shown_comments > 0);
    assert_eq!(inputs, eofs + shown_comments);
}

/// A command as the lines a person would type, without indentation.
fn as_typed(command: &Command) -> Vec<String> {
    let Command::WithInput { cmd, input: Some(input), .. } = command else {
        return vec![command.line().to_owned()];
    };
    let body = input.lines().map(|line| line.trim().to_owned());
    std::iter::once(cmd.clone()).chain(body).chain(["EOF".to_owned()]).filter(|line| !line.is_empty()).collect()
}

/// What of a text must arrive, found the simple way: everything but blank lines, `!` outside of
/// bodies, and `end`. Shown comments are written as they would be typed.
fn kept(text: &str) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let (mut in_body, mut in_comment) = (0, false);
    for line in text.lines().map(str::trim) {
        if in_body == 0 && line.starts_with("!!") {
            if !in_comment {
                kept.push("comment".to_owned());
            }
            in_comment = true;
            kept.push(line[2..].trim().to_owned());
            continue;
        }
        if in_comment && !line.is_empty() && !line.starts_with('!') {
            kept.push("EOF".to_owned());
            in_comment = false;
        }
        if in_body > 0 {
            in_body -= usize::from(line == "EOF");
            kept.push(line.to_owned());
        } else if !line.starts_with('!') && line != "end" {
            kept.push(line.to_owned());
            in_body = match line {
                "comment" | "action bash" | "banner login" | "banner motd" => 1,
                "protocol https certificate" => 2,
                code if code.starts_with("code unit ") => 1,
                _ => 0,
            };
        }
    }
    kept.retain(|line| !line.is_empty());
    kept
}

#[test]
fn no_line_of_a_real_switch_is_refused_as_a_command() {
    let Some(files) = files("no_line_of_a_real_switch_is_refused_as_a_command", "EOS_WILD", "wild") else { return };
    let (mut read, mut wrong) = (0, Vec::new());
    for file in files {
        match Candidate::from_utf8(&std::fs::read(&file).unwrap()) {
            Ok(_) => read += 1,
            Err(TextError { fault: TextFault::NotConfiguration { command, .. }, line }) => {
                wrong.push(format!("{}:{line}: {command}", file.display()));
            }
            // One file, written by hand, has an `EOF` too many.
            Err(_) => {}
        }
    }
    assert!(read >= 200 && wrong.is_empty(), "{read} were read; {wrong:#?}");
}

/// The simulator acts on the commands of this table when they come as configuration lines. The
/// client is published without that crate, so it has a table of its own, which must not fall
/// behind.
#[test]
fn every_command_that_the_simulator_runs_is_refused() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../eos-config/src/exec.txt");
    let Ok(table) = std::fs::read_to_string(&table) else {
        return skipped("every_command_that_the_simulator_runs_is_refused", "crates/eos-config is not there");
    };
    let commands = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines = commands.map(|line| line.trim_start_matches("? ").replace('*', "x"));
    let passed: Vec<String> = lines.filter(|line| Candidate::parse(line).is_ok()).collect();
    assert!(passed.is_empty(), "{passed:?}");
}

/// The configurations in the folder that `variable` names, or `shared/<folder>` beside the
/// repository. `None` if there is no such folder.
fn files(test: &str, variable: &str, folder: &str) -> Option<Vec<PathBuf>> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    let path = std::env::var_os(variable).map_or(default, PathBuf::from);
    if !path.is_dir() {
        skipped(test, &format!("../shared/{folder} is not there; {variable} may name it"));
        return None;
    }
    let paths = WalkDir::new(path).into_iter().map(|entry| entry.unwrap().into_path());
    Some(paths.filter(|path| path.extension().is_some_and(|extension| extension == "cfg")).collect())
}

/// Says that a test did nothing.
#[expect(clippy::print_stderr, reason = "tools/tally counts the tests that say so")]
fn skipped(test: &str, reason: &str) {
    eprintln!("skipped: {test}: {reason}");
}
