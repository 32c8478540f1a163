//! Nothing of 267 published configurations is lost on the way to commands. They are not part of the repository:
//! `EOS_CORPUS` names their folder, and without one these tests are skipped.

use std::io::Write;
use std::path::{Path, PathBuf};

use eapi::{Candidate, Command};
use walkdir::WalkDir;

#[test]
fn no_line_of_the_corpus_is_lost_or_out_of_order() {
    let Some(files) = corpus("no_line_of_the_corpus_is_lost_or_out_of_order") else { return };
    assert!(files.len() >= 267, "only {} files in the corpus", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let candidate = Candidate::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));

        let found: Vec<String> = candidate.commands().flat_map(as_typed).collect();

        assert_eq!(found, kept(&text), "{}", file.display());
    }
}

#[test]
fn the_multi_line_commands_of_the_corpus_are_all_found() {
    let Some(files) = corpus("the_multi_line_commands_of_the_corpus_are_all_found") else { return };
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

/// What of a text must arrive, found the simple way: everything but blank lines, `!` outside of bodies, and `end`.
/// Shown comments are written as they would be typed.
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

/// The configurations, or `None` where they are not. What `test` did not do is then said on the process's own standard
/// error, which the test runner does not capture, so that `.ci/run` can count it.
fn corpus(test: &str) -> Option<Vec<PathBuf>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("EOS_CORPUS").map_or(beside, PathBuf::from);
    if !folder.is_dir() {
        writeln!(std::io::stderr(), "skipped: {test}: ../shared/corpus is not there, nor named by EOS_CORPUS").unwrap();
        return None;
    }
    let paths = WalkDir::new(folder).into_iter().map(|entry| entry.unwrap().into_path());
    Some(paths.filter(|path| path.extension().is_some_and(|extension| extension == "cfg")).collect())
}
