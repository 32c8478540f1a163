//! Configuration text as a person writes it or a switch shows it, turned into eAPI commands.

use std::fmt;
use std::str::FromStr;

use crate::body::{self, BodyKind, EOF};
use crate::exec;
use crate::text_error::{TextError, TextFault};
use crate::wire::Command;

#[cfg(test)]
mod tests;

/// A configuration as commands, each with the line of the text it came from. It is never empty,
/// because loading nothing in place of everything would erase a switch, and it holds nothing that
/// is known to act when it is loaded.
#[derive(Clone, PartialEq, Eq)]
pub struct Candidate {
    entries: Vec<(usize, Command)>,
}

impl Candidate {
    /// Reads configuration text as a person writes it or `show running-config` prints it.
    ///
    /// Outside of bodies, indentation, blank lines and lines that begin with `!` are dropped, and
    /// so is a final `end`. CRLF line ends are read as LF. All `!!` lines between two commands make
    /// one `comment`, since EOS keeps one for each mode; it belongs to the mode of the command
    /// above it, whatever its indentation.
    ///
    /// # Errors
    ///
    /// The first line that must not be sent: see [`TextFault`].
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let lines = lines(text)?;
        let mut reader = Reader { lines: &lines, next: 0, entries: Vec::new(), comment: None, end: None };
        while reader.next < lines.len() {
            let line = reader.next + 1;
            reader.step().map_err(|fault| TextError { line, fault })?;
        }
        reader.close_comment();
        if reader.entries.is_empty() {
            return Err(TextError { line: 1, fault: TextFault::Empty });
        }
        Ok(Self { entries: reader.entries })
    }

    /// Reads the bytes of a configuration file like [`parse`](Self::parse).
    ///
    /// # Errors
    ///
    /// As for `parse`, and [`TextFault::NotUtf8`] for the first byte that is not UTF-8 text.
    pub fn from_utf8(bytes: &[u8]) -> Result<Self, TextError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
            TextError { line, fault: TextFault::NotUtf8 { byte: bytes[before.len()], column } }
        })?;
        Self::parse(text)
    }

    /// The commands in order.
    pub fn commands(&self) -> impl ExactSizeIterator<Item = &Command> {
        self.entries.iter().map(|(_, command)| command)
    }

    /// The line, from 1, on which the command at `index`, from 0, begins.
    pub fn line_of(&self, index: usize) -> Option<usize> {
        self.entries.get(index).map(|(line, _)| *line)
    }

    /// The number of commands, at least one.
    #[expect(clippy::len_without_is_empty, reason = "a candidate is never empty")]
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

impl FromStr for Candidate {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::parse(text)
    }
}

/// Shows the size only, because configurations hold hashes, keys and community strings.
impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Candidate({} commands)", self.len())
    }
}

/// The state of [`Candidate::parse`] between two lines.
struct Reader<'t> {
    lines: &'t [&'t str],
    /// The index of the line to read next.
    next: usize,
    entries: Vec<(usize, Command)>,
    /// The `!!` lines since the last command: the number of the first one, and their text.
    comment: Option<(usize, String)>,
    /// The number of the first line `end`.
    end: Option<usize>,
}

impl Reader<'_> {
    /// Reads one line, and the body that follows it.
    fn step(&mut self) -> Result<(), TextFault> {
        let number = self.next + 1;
        let raw = self.lines[self.next];
        self.next += 1;
        // EOS-38: `!!` cannot be typed, `!` is a comment.
        if let Some(comment) = raw.trim_start().strip_prefix("!!") {
            self.nothing_after_end("!!")?;
            return self.comment_line(number, comment);
        }
        let line = raw.trim();
        if line.is_empty() || line.starts_with('!') {
            return Ok(());
        }
        // EOS-42: `end` leaves the session pending.
        if line.eq_ignore_ascii_case("end") {
            self.end = self.end.or(Some(number));
            return Ok(());
        }
        self.nothing_after_end(line)?;
        self.close_comment();
        let command = self.command(line)?;
        self.entries.push((number, command));
        Ok(())
    }

    /// The command on a line, with the body that follows it.
    fn command(&mut self, line: &str) -> Result<Command, TextFault> {
        if line == EOF {
            return Err(TextFault::StrayEof);
        }
        if let Some(reason) = exec::exec_command(line) {
            return Err(TextFault::NotConfiguration { command: named(line), reason });
        }
        let Some(kind) = BodyKind::after(line) else { return Ok(Command::from(line)) };
        // EOS-41: a body without its end swallows what follows.
        let missing = || TextFault::MissingEof { command: line.to_owned() };
        let (input, length) = kind.read(&self.lines[self.next..]).ok_or_else(missing)?;
        self.next += length;
        Ok(body::with_input(line, input))
    }

    fn nothing_after_end(&self, line: &str) -> Result<(), TextFault> {
        let command = line.split_whitespace().next().unwrap_or_default().to_owned();
        self.end.map_or(Ok(()), |end| Err(TextFault::AfterEnd { command, end }))
    }

    fn comment_line(&mut self, number: usize, text: &str) -> Result<(), TextFault> {
        let text = text.strip_prefix(' ').unwrap_or(text);
        // Typed at the prompt of `comment`, it would end the comment.
        if text.trim() == EOF {
            return Err(TextFault::StrayEof);
        }
        let (_, input) = self.comment.get_or_insert_with(|| (number, String::new()));
        input.push_str(text);
        input.push('\n');
        Ok(())
    }

    fn close_comment(&mut self) {
        if let Some((number, input)) = self.comment.take() {
            self.entries.push((number, body::with_input("comment", input)));
        }
    }
}

/// The words of a refused line that name the command. What follows them may be secret.
fn named(line: &str) -> String {
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default();
    match (first.to_ascii_lowercase().as_str(), words.next()) {
        ("no" | "default", Some(second)) => format!("{first} {second}"),
        _ => first.to_owned(),
    }
}

/// The lines without their ends, CRLF or LF, and without a byte-order mark.
fn lines(text: &str) -> Result<Vec<&str>, TextError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        if let Some((column, c)) = line.chars().enumerate().find(|(_, c)| c.is_control() && *c != '\t') {
            let fault = TextFault::ControlCharacter { code: c.into(), column: column + 1 };
            return Err(TextError { line: index + 1, fault });
        }
    }
    Ok(lines)
}
