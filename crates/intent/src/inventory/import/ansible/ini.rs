//! Ansible's INI form.

use serde_json::{Number, Value};

use super::super::imported::ImportError;
use super::range;
use super::site::{ALL, AnsibleInventory, UNGROUPED, VAULT};
use crate::yaml;

/// What the lines of a section are.
enum Section {
    Hosts(String),
    Vars(String),
    Children(String),
}

pub(super) fn read(site: &mut AnsibleInventory, file: &str, text: &[u8]) -> Result<(), ImportError> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let before = text[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64;
        ImportError::new(file, before + 1, "is not UTF-8 text")
    })?;
    let mut section = Section::Hosts(UNGROUPED.to_owned());
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let read = match line.strip_prefix('[') {
            Some(header) => header_of(site, header).map(|header| section = header),
            None => content(site, &section, line),
        };
        read.map_err(|reason| ImportError::new(file, number, reason))?;
    }
    Ok(())
}

fn header_of(site: &mut AnsibleInventory, header: &str) -> Result<Section, String> {
    let (header, rest) = header.split_once(']').ok_or("expected a section such as [leaf] or [leaf:vars]")?;
    let rest = rest.trim_start();
    if !rest.is_empty() && !rest.starts_with(['#', ';']) {
        return Err("expected nothing behind the section".to_owned());
    }
    let (name, kind) = header.split_once(':').unwrap_or((header, "hosts"));
    let name = name.trim().to_owned();
    site.group(&name);
    if kind.trim() != "vars" {
        site.order.group(&name);
    }
    match kind.trim() {
        "hosts" => Ok(Section::Hosts(name)),
        "vars" => Ok(Section::Vars(name)),
        "children" => Ok(Section::Children(name)),
        _ => Err("expected nothing, vars or children behind the group's name".to_owned()),
    }
}

fn content(site: &mut AnsibleInventory, section: &Section, line: &str) -> Result<(), String> {
    match section {
        Section::Hosts(group) => hosts(site, group, line),
        Section::Vars(group) => {
            let (key, value) = line.split_once('=').ok_or("expected key=value")?;
            let value = literal(value.trim())?;
            site.group(group).inline.insert(key.trim().to_owned(), value);
            Ok(())
        }
        Section::Children(group) => {
            let child = line.split(['#', ';']).next().unwrap_or_default().trim();
            site.order.child(group, child);
            if group != ALL {
                site.group(child).above.insert(group.clone());
            }
            site.group(child);
            Ok(())
        }
    }
}

fn hosts(site: &mut AnsibleInventory, group: &str, line: &str) -> Result<(), String> {
    let words = words(line)?;
    let Some((pattern, vars)) = words.split_first() else { return Ok(()) };
    let (pattern, port) = port_of(pattern);
    for name in range::expand(pattern)? {
        let host = site.host(&name, group)?;
        host.inline.extend(port.map(|port| ("ansible_port".to_owned(), port.into())));
        for var in vars {
            let (key, value) = var.split_once('=').ok_or("expected key=value behind the host")?;
            host.inline.insert(key.to_owned(), literal(value)?);
        }
    }
    Ok(())
}

/// `leaf1:8443`; the colons of a range are inside brackets.
fn port_of(pattern: &str) -> (&str, Option<u16>) {
    match pattern.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (pattern, None),
        },
        _ => (pattern, None),
    }
}

/// Words as a shell takes them: quotes are taken off, `#` begins a comment.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(letters.next()),
            (letter, Some(_)) => word.get_or_insert_default().push(letter),
            ('"' | '\'', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            // Also within a word, as Python's shlex has it.
            ('#', None) => break,
            (letter, None) if letter.is_whitespace() => words.extend(word.take()),
            (letter, None) => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

/// A value as Python's literals: numbers, `True`, `False`, `None`, quoted text, lists and dicts;
/// everything else is text.
fn literal(text: &str) -> Result<Value, String> {
    if text.contains("$ANSIBLE_VAULT") {
        return Err(VAULT.to_owned());
    }
    let quoted =
        |quote: char| text.strip_prefix(quote)?.strip_suffix(quote).filter(|inside| !inside.contains([quote, '\\']));
    Ok(match text {
        "True" => true.into(),
        "False" => false.into(),
        "None" => Value::Null,
        _ if text.starts_with('(') && text.ends_with(')') && text.contains(',') => {
            return Err("a tuple of Python's has no counterpart; write a list in square brackets".to_owned());
        }
        _ if text.starts_with(['[', '{']) && !text.starts_with("{{") => match yaml::read_strictly(text.as_bytes()) {
            Ok(node) => without_none(node.to_value()),
            Err(_) => text.into(),
        },
        _ => match quoted('"').or_else(|| quoted('\'')) {
            Some(inside) => inside.into(),
            None => number(text).map_or_else(|| text.into(), Value::Number),
        },
    })
}

/// A number as Python writes them: `-5`, `1_000`, `0x1f`, `1.5`, `.5`, `1e3`. `010` is none.
fn number(text: &str) -> Option<Number> {
    let (sign, body) = match text.strip_prefix('-') {
        Some(body) => ("-", body),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let body = body.trim_start().to_lowercase();
    for (prefix, base) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = body.strip_prefix(prefix) {
            let digits = without_underscores(digits.strip_prefix('_').unwrap_or(digits))?;
            let plain = digits.chars().all(|c| c.is_digit(base));
            return i64::from_str_radix(&format!("{sign}{digits}"), base).ok().filter(|_| plain).map(Number::from);
        }
    }
    let is_float = body.contains(['.', 'e']);
    let parts = body
        .split(['.', 'e', '+', '-'])
        .map(|part| if part.is_empty() { Some(String::new()) } else { without_underscores(part) });
    let all_digits = parts.map(|part| part.filter(|part| part.bytes().all(|byte| byte.is_ascii_digit())));
    all_digits.collect::<Option<Vec<_>>>()?;
    let plain = format!("{sign}{}", body.replace('_', ""));
    if is_float {
        return Number::from_f64(plain.parse().ok()?);
    }
    let zeros = body.starts_with('0') && !body.trim_matches(['0', '_']).is_empty();
    plain.parse::<i64>().ok().filter(|_| !zeros).map(Number::from)
}

/// Digits without the underscores that stand between two of them.
fn without_underscores(digits: &str) -> Option<String> {
    let misplaced = digits.is_empty() || digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
    (!misplaced).then(|| digits.replace('_', ""))
}

fn without_none(value: Value) -> Value {
    match value {
        Value::String(text) if text == "None" => Value::Null,
        Value::Array(items) => items.into_iter().map(without_none).collect(),
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (key, without_none(value))).collect()),
        other => other,
    }
}
