//! What a person sees: colours and widths where there is a terminal, plain lines where there is
//! none. Results go to standard output, all else to standard error, so that a pipe carries results
//! only.

#![expect(clippy::print_stderr, reason = "this is where the command prints")]

use std::io::{BufRead, IsTerminal, Write};

use clap::ValueEnum;
use console::{StyledObject, Term, style};
use serde_json::Value;

use crate::signals::{INTERRUPTED, told_to_end};

/// The form in which results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Text for people
    Text,
    /// One JSON document, described in docs/cli.md
    Json,
}

/// The narrowest width in columns that text is wrapped to.
const NARROWEST: usize = 40;

/// Prints a line of the result.
pub(crate) fn line(text: impl std::fmt::Display) {
    // A reader that has seen enough, such as head, is no failure.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints the result as it is.
pub(crate) fn text(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Prints a document, with the version of its form.
pub(crate) fn json(mut document: Value) {
    if let Some(fields) = document.as_object_mut() {
        fields.shift_insert(0, "version".to_owned(), 1.into());
    }
    line(format_args!("{document:#}"));
}

/// Prints a remark to standard error.
pub(crate) fn remark(text: impl std::fmt::Display) {
    eprintln!("{text}");
}

/// Prints a sentence, wrapped to the terminal if there is one; further lines are indented by
/// `indent`.
pub(crate) fn sentence(text: &str, indent: usize) {
    let Some((_, width)) = Term::stdout().size_checked().filter(|_| std::io::stdout().is_terminal()) else {
        return line(text);
    };
    let indent = " ".repeat(indent);
    let options =
        textwrap::Options::new(usize::from(width).max(NARROWEST)).subsequent_indent(&indent).break_words(false);
    for wrapped in textwrap::wrap(text, options) {
        line(wrapped);
    }
}

/// Asks a question that is answered with yes or no; anything but yes is no. Ctrl-C ends the
/// process.
pub(crate) async fn agrees(question: &str) -> anyhow::Result<bool> {
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let read = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    let answer = tokio::select! {
        answer = read => answer??,
        _ = told_to_end() => {
            eprintln!();
            // The thread that reads cannot be ended otherwise.
            std::process::exit(INTERRUPTED);
        }
    };
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// True if there is a terminal to ask at.
pub(crate) fn somebody_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Prints rows with their columns aligned, two blanks between them.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<_> = head.iter().map(|cell| console::measure_text_width(cell)).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(console::measure_text_width(cell));
        }
    }
    let aligned = |cells: Vec<String>| {
        let cells = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| console::pad_str(cell, *width, console::Alignment::Left, None));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    line(style(aligned(head.iter().map(|cell| cell.to_uppercase()).collect())).bold());
    for row in rows {
        line(aligned(row.clone()));
    }
}

/// A status word in its colour.
pub(crate) fn status(word: &str) -> StyledObject<String> {
    let words = style(word.replace('_', " "));
    match word {
        "in_sync" | "changed" => words.green(),
        "planned" | "drifted" | "pending" | "superseded" | "cancelled" => words.yellow(),
        _ => words.red(),
    }
}

/// A line of a unified diff in its colour, which is git's.
pub(crate) fn diff_line(text: &str) -> StyledObject<&str> {
    let words = style(text);
    match text.as_bytes() {
        [b'+', b'+', b'+', b' ', ..] | [b'-', b'-', b'-', b' ', ..] => words.bold(),
        [b'+', ..] => words.green(),
        [b'-', ..] => words.red(),
        [b'@', ..] => words.cyan(),
        _ => words,
    }
}

/// A number with its noun: `1 device`, `2 devices`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// The first names of a list, and how many follow.
pub(crate) fn names(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    match names.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}

/// A time stamp as people write it: `2026-11-23 20:15:30Z`.
pub(crate) fn moment(timestamp: &str) -> String {
    match timestamp.parse::<jiff::Timestamp>() {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        Err(_) => timestamp.to_owned(),
    }
}
