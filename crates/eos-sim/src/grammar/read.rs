//! Reads `grammar.txt`. What is wrong with it is said with its line.

use std::collections::HashMap;

use super::{Commands, Grammar, Mode, Rewrite, Rule, Type};
use crate::release::Release;

/// A part of a command's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Keyword(&'static str),
    Typed(Type),
    /// What is before it names the command.
    Key,
    Choice(Vec<Vec<Part>>, Times),
}

/// How often a part may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Once,
    OnceOrNot,
    Any,
    OneOrMore,
}

/// A line of the file: its number, its depth and its text.
type Line = (usize, usize, &'static str);

/// A command as it stands in the file.
#[derive(Debug)]
pub(super) struct Form {
    /// The number of its line, from 1.
    line: usize,
    /// The words of the command, and the notes behind them.
    text: &'static str,
    /// The mode it opens, by its place in the grammar.
    opens: Option<usize>,
}

#[derive(Default)]
struct Reader {
    modes: Vec<Mode>,
    groups: HashMap<&'static str, usize>,
}

/// Reads which modes there are, and which lines are the commands of each.
pub(super) fn grammar(text: &'static str) -> Result<Grammar, String> {
    let lines: Vec<Line> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map(|(at, line)| (at + 1, (line.len() - line.trim_start().len()) / 2, line.trim()))
        .collect();
    let mut reader = Reader::default();
    // Groups may be used before they stand there, so each gets its place first.
    let groups = lines.iter().filter_map(|(_, _, line)| line.strip_prefix("define "));
    reader.groups = groups.enumerate().map(|(at, name)| (name, at + 1)).collect();
    reader.modes.resize_with(reader.groups.len() + 1, Mode::default);
    let mut rest = lines.as_slice();
    reader.mode(0, &mut rest, 0)?;
    Ok(Grammar { modes: reader.modes })
}

/// Reads the commands of a mode.
pub(super) fn commands(forms: &[Form]) -> Result<Commands, String> {
    let mut commands = Commands::default();
    for form in forms {
        commands.add(form).map_err(|error| format!("line {}: {error}", form.line))?;
    }
    commands.net.finish();
    Ok(commands)
}

impl Commands {
    fn add(&mut self, form: &Form) -> Result<(), String> {
        let (words, notes) = match form.text.find(" @") {
            Some(at) => (&form.text[..at], &form.text[at + 1..]),
            None => (form.text, ""),
        };
        let index = u32::try_from(self.rules.len()).map_err(|_| "too many commands".to_owned())?;
        self.rules.push(rule(notes, form.opens)?);
        self.net.add(&parts(words)?, index);
        Ok(())
    }
}

impl Reader {
    /// Reads the lines of a mode, down to one that is less deep.
    fn mode(&mut self, mode: usize, rest: &mut &[Line], depth: usize) -> Result<(), String> {
        while let Some(((number, at, line), after)) = rest.split_first() {
            if *at < depth {
                break;
            }
            if *at > depth {
                return Err(format!("line {number}: it is too deep"));
            }
            *rest = after;
            let group = |name| self.groups.get(name).copied().ok_or_else(|| format!("line {number}: no group {name}"));
            if let Some(name) = line.strip_prefix("define ") {
                let group = group(name)?;
                self.mode(group, rest, depth + 1)?;
            } else if let Some(name) = line.strip_prefix("use ") {
                let group = group(name)?;
                self.modes[mode].groups.push(group);
            } else if let Some(word) = line.strip_prefix("! ") {
                self.modes[mode].refused.push(word.split(' ').collect());
            } else if let Some(words) = line.strip_prefix("- ") {
                self.modes[mode].lacking.push(words.split(' ').collect());
            } else if let Some(text) = line.strip_prefix("> ") {
                let below = self.modes.len();
                self.modes.push(Mode::default());
                self.modes[mode].forms.push(Form { line: *number, text, opens: Some(below) });
                self.mode(below, rest, depth + 1)?;
            } else {
                self.modes[mode].forms.push(Form { line: *number, text: line, opens: None });
            }
        }
        Ok(())
    }
}

/// What the notes behind a command say: `@no`, `@default`, `@shown words`, …
fn rule(notes: &'static str, opens: Option<usize>) -> Result<Rule, String> {
    let mut rule = Rule {
        opens,
        shows_no: false,
        is_default: false,
        removes_all: false,
        numbered: false,
        hashed: false,
        named_by_last: false,
        since: None,
        until: None,
        rewrites: Vec::new(),
    };
    for note in notes.split('@').filter(|note| !note.trim().is_empty()) {
        let (name, value) = note.trim().split_once(' ').unwrap_or((note.trim(), ""));
        match name {
            "no" => rule.shows_no = true,
            "default" => rule.is_default = true,
            "all" => rule.removes_all = true,
            "numbered" => rule.numbered = true,
            "hashed" => rule.hashed = true,
            "last" => rule.named_by_last = true,
            "since" => rule.since = Some(release(value)?),
            "until" => rule.until = Some(last_release(value)?),
            "shown" => rule.rewrites.push(Rewrite { since: None, until: None, text: value }),
            "shown-since" | "shown-until" => {
                let (number, text) = value.split_once(' ').ok_or_else(|| format!("@{name} names no release"))?;
                let (since, until) = match name {
                    "shown-since" => (Some(release(number)?), None),
                    _ => (None, Some(last_release(number)?)),
                };
                rule.rewrites.push(Rewrite { since, until, text });
            }
            "from" => {}
            _ => return Err(format!("@{name} is not known")),
        }
    }
    Ok(rule)
}

fn release(text: &str) -> Result<Release, String> {
    Release::read(text).ok_or_else(|| format!("{text} is no release"))
}

fn last_release(text: &str) -> Result<Release, String> {
    Release::read_last(text).ok_or_else(|| format!("{text} is no release"))
}

/// A form such as `ip address = <prefix> [secondary]`.
pub(super) fn parts(form: &'static str) -> Result<Vec<Part>, String> {
    let tokens = tokens(form);
    let mut rest = tokens.as_slice();
    let (mut choices, end) = sequence(&mut rest)?;
    match (end, choices.len()) {
        (None, 1) => Ok(choices.remove(0)),
        (Some(end), _) => Err(format!("`{end}` opens nothing")),
        (None, _) => Err("`|` stands outside of brackets".to_owned()),
    }
}

fn tokens(form: &'static str) -> Vec<&'static str> {
    let mut tokens = Vec::new();
    for word in form.split_whitespace() {
        let mut rest = word;
        while !rest.is_empty() {
            let special = |c: char| matches!(c, '[' | ']' | '{' | '}' | '|');
            let length = match rest.find(special) {
                Some(0) if rest[1..].starts_with(['*', '+']) && rest.starts_with('}') => 2,
                Some(0) => 1,
                Some(at) => at,
                None => rest.len(),
            };
            let (token, after) = rest.split_at(length);
            tokens.push(token);
            rest = after;
        }
    }
    tokens
}

/// Reads up to a closing bracket: what may stand there, and the bracket.
fn sequence(rest: &mut &[&'static str]) -> Result<(Vec<Vec<Part>>, Option<&'static str>), String> {
    let mut choices = vec![Vec::new()];
    while let Some((token, after)) = rest.split_first() {
        *rest = after;
        let part = match *token {
            "[" | "{" => bracketed(rest, token)?,
            "]" | "}" | "}*" | "}+" => return Ok((choices, Some(token))),
            "|" => {
                choices.push(Vec::new());
                continue;
            }
            "=" => Part::Key,
            _ => word(token)?,
        };
        if let Some(last) = choices.last_mut() {
            last.push(part);
        }
    }
    Ok((choices, None))
}

fn bracketed(rest: &mut &[&'static str], open: &str) -> Result<Part, String> {
    let (choices, end) = sequence(rest)?;
    let times = match (open, end) {
        ("[", Some("]")) => Times::OnceOrNot,
        ("{", Some("}")) => Times::Once,
        ("{", Some("}*")) => Times::Any,
        ("{", Some("}+")) => Times::OneOrMore,
        _ => return Err(format!("`{open}` is not closed")),
    };
    Ok(Part::Choice(choices, times))
}

fn word(token: &'static str) -> Result<Part, String> {
    // `<=` is a keyword, too, and `\=` is the keyword `=`.
    let Some(name) = token.strip_prefix('<').filter(|name| *name != "=") else {
        return Ok(Part::Keyword(token.strip_prefix('\\').unwrap_or(token)));
    };
    let name = name.strip_suffix('>').ok_or_else(|| format!("`{token}` is not closed"))?;
    Type::named(name).map(Part::Typed).ok_or_else(|| format!("there is no type <{name}>"))
}
