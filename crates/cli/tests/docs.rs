//! Every `console` block of `docs/*.md`, run as its reader would: the blocks of a page in order, in
//! one shell and a folder of the page's own, with the `naas` that was built on the path.
//!
//! A line `$ …` is a command, lines `> …` behind it go on with it, and what follows is what it
//! prints, where `…` stands for any text and a line of its own `…` for any lines. A command of
//! which nothing is shown may print what it likes. Exit status 2 says that something differs, and
//! is no failure; in a block `console fails` the last command must fail. Blocks that cannot be run
//! here, since they need AWS or real switches, are `text`.

#![expect(clippy::unwrap_used, reason = "helpers of a test, where an unwrap is the expectation")]

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use regex::Regex;

/// How long a command may take, and one in the background until it has printed what it should.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn every_command_of_the_docs_does_what_the_docs_say() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut pages: Vec<_> = fs::read_dir(docs).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    let mut run = 0;
    for page in pages {
        let name = page.file_name().unwrap().to_str().unwrap();
        let steps = steps(&fs::read_to_string(&page).unwrap());
        if !steps.is_empty() {
            let mut shell = Shell::start();
            steps.iter().for_each(|step| shell.follow(name, step));
            run += steps.len();
        }
    }
    assert!(run > 0, "docs without commands");
}

/// A command of a page, and what the page says that it prints.
#[derive(Debug, PartialEq)]
struct Step {
    /// In the page, from 1.
    line: usize,
    command: String,
    expected: Vec<String>,
    fails: bool,
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut block: Option<(usize, bool)> = None;
    for (number, line) in page.lines().enumerate() {
        match (block, line) {
            (None, "```console" | "```console fails") => block = Some((steps.len(), line.ends_with("fails"))),
            (None, _) => {}
            (Some((first, fails)), "```") => {
                if let Some(last) = steps[first..].last_mut() {
                    last.fails = fails;
                }
                block = None;
            }
            (Some((first, _)), _) => match (line.strip_prefix("$ "), steps[first..].last_mut()) {
                (Some(command), _) => steps.push(Step {
                    line: number + 1,
                    command: command.to_owned(),
                    expected: Vec::new(),
                    fails: false,
                }),
                (None, Some(step)) => match line.strip_prefix("> ") {
                    Some(more) => step.command.extend(["\n", more]),
                    None => step.expected.push(line.trim_end().to_owned()),
                },
                (None, None) => panic!("line {}: a console block begins with a command, `$ …`", number + 1),
            },
        }
    }
    steps
}

/// What the page shows, as a pattern for what is printed.
fn pattern(expected: &[String]) -> Regex {
    let line = |line: &String| match line.as_str() {
        "…" => "(?:.*\n)*".to_owned(),
        line => line.split('…').map(regex::escape).collect::<Vec<_>>().join(".*") + "[ ]*\n",
    };
    let lines: String = expected.iter().map(line).collect();
    Regex::new(&format!("^{lines}$")).unwrap()
}

/// One shell for a page, as a reader has one open. What it started is ended with it.
struct Shell {
    process: Child,
    input: ChildStdin,
    folder: tempfile::TempDir,
    commands: usize,
}

impl Shell {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        fs::create_dir(&home).unwrap();
        let naas = Path::new(env!("CARGO_BIN_EXE_naas")).parent().unwrap();
        let path = format!("{}:{}", naas.display(), std::env::var("PATH").unwrap());
        let mut process = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .current_dir(&home)
            .env("PATH", path)
            .env("HOME", &home)
            .env("NO_PROXY", "*")
            .env("COLUMNS", "100")
            .stdin(Stdio::piped())
            // Of its own, so that it can be ended with all that it started.
            .process_group(0)
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        Self { process, input, folder, commands: 0 }
    }

    fn follow(&mut self, page: &str, step: &Step) {
        let at = format!("docs/{page}, line {}: {}", step.line, step.command);
        let (output, status) = self.send(&step.command);
        let deadline = Instant::now() + PATIENCE;
        let until = |there: &dyn Fn() -> bool| {
            while !there() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(50));
            }
            there()
        };
        let printed = || fs::read_to_string(&output).unwrap_or_default();
        // A program need not end its last line.
        let lines = || format!("{}\n", printed().trim_end_matches('\n'));
        assert!(
            until(&|| fs::read_to_string(&status).is_ok_and(|status| status.ends_with('\n'))),
            "{at}\nstill runs:\n{}",
            printed()
        );
        let status = fs::read_to_string(&status).unwrap();
        let failed = !["0", "2"].contains(&status.trim());
        assert_eq!(failed, step.fails, "{at}\nended with status {}:\n{}", status.trim(), printed());
        if !step.expected.is_empty() {
            let pattern = pattern(&step.expected);
            let background = step.command.trim_end().ends_with('&');
            let fits = || pattern.is_match(&lines());
            assert!(if background { until(&fits) } else { fits() }, "{at}\nprinted:\n{}", printed());
        }
    }

    /// Where what it prints and its exit status will be.
    fn send(&mut self, command: &str) -> (PathBuf, PathBuf) {
        self.commands += 1;
        let output = self.folder.path().join(format!("{}.output", self.commands));
        let status = output.with_extension("status");
        let (out, done) = (output.display(), status.display());
        writeln!(self.input, "{{ {command}\n}} < /dev/null > {out} 2>&1\necho $? > {done}").unwrap();
        (output, status)
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.process.id())]).status();
        let _ = self.process.wait();
    }
}

#[test]
fn a_page_is_read_as_commands_and_what_they_print() {
    let page = "text\n```console\n$ echo a\na\n$ cat <<E\n> b\n> E\nb\n```\n```text\n$ no\n```\n```console fails\n$ false\n```\n";
    let step = |line, command: &str, expected: &[&str], fails| Step {
        line,
        command: command.to_owned(),
        expected: expected.iter().map(ToString::to_string).collect(),
        fails,
    };
    let expected =
        [step(3, "echo a", &["a"], false), step(5, "cat <<E\nb\nE", &["b"], false), step(14, "false", &[], true)];
    assert_eq!(steps(page), expected);
}

#[test]
fn what_is_left_out_is_matched_and_what_is_shown_must_be_there() {
    let expected = ["run … ended", "…", "done (+1)"].map(str::to_owned);
    assert!(pattern(&expected).is_match("run 7 ended\nx\ny\ndone (+1)\n"));
    assert!(pattern(&expected).is_match("run  ended\ndone (+1)\n"));
    assert!(!pattern(&expected).is_match("run 7 ended\nx\ndone (+11)\n"));
    assert!(!pattern(&expected).is_match("run 7 ended\ndone (+1)\nmore\n"));
}

#[test]
#[should_panic(expected = "printed:\nwhat it prints")]
fn a_command_that_prints_something_else_fails_its_page() {
    let page = "```console\n$ echo what it prints\nwhat the page says\n```\n";
    Shell::start().follow("page.md", &steps(page)[0]);
}
