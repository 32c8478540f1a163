//! What a line does in the mode it belongs to.

use sha2::{Digest, Sha256};

use super::tree::{Kind, Node};
use super::understood::{Inside, Understood, Verb, understood};
use super::{Changed, Refused, eofs, incomplete};
use crate::grammar::{self, Mode, Parsed, Reading, Type};

/// What a line does to the mode that it belongs to.
pub(super) enum Change {
    /// It opens modes of this kind.
    Enter(Vec<String>, Inside),
    /// It is there from now on, in place of what has its name.
    Put { name: String, line: String, kind: Kind },
    /// It is there from now on, below the next free number.
    Number { line: String },
    /// `no` and the line are shown.
    Negate { name: String, line: String },
    /// What has one of these names is gone, and all that begins with it.
    Remove(Vec<String>),
    /// What has this name is gone, since it is so anyway now.
    Forget(String),
    /// VLANs are added to those that a trunk allows, or taken from them.
    Allow { add: bool, vlans: Vec<u16> },
    /// `switchport`, which is so anyway unless there is `switchport default mode routed`; or `no
    /// switchport`.
    Switchport { negated: bool },
}

const ALLOWED: &str = "switchport trunk allowed vlan";

/// How many times a line may be written anew. Once is enough for the grammar as it is.
const REWRITES: usize = 3;

impl Change {
    /// Whether it depends on what interfaces are when they say nothing.
    pub(super) fn is_switchport(&self) -> bool {
        matches!(self, Self::Switchport { .. })
    }

    /// Makes the change in a mode; `routed` if interfaces are routed ports unless they say
    /// otherwise.
    pub(super) fn apply(&self, node: &mut Node, routed: bool) -> Changed {
        match self {
            Self::Enter(..) => Changed::No,
            Self::Put { name, line, kind } => node.put(name, line, kind.clone()),
            Self::Number { line } => {
                let line = format!("{} {line}", node.next_number());
                let name = line.split(' ').next().unwrap_or_default().to_owned();
                node.put(&name, &line, Kind::Command)
            }
            Self::Negate { name, line } => node.put(name, &format!("no {line}"), Kind::Command),
            Self::Remove(names) => names.iter().fold(Changed::No, |changed, name| changed.or(node.remove(name))),
            Self::Forget(name) => node.forget(name),
            Self::Allow { add, vlans } => allow(node, *add, vlans),
            Self::Switchport { negated: false } if !routed => node.forget("switchport"),
            Self::Switchport { negated } => {
                let line = if *negated { "no switchport" } else { "switchport" };
                node.put("switchport", line, Kind::Command)
            }
        }
    }
}

/// What a line that `mode` understood does there.
pub(super) fn of(
    mode: &'static Mode,
    found: Understood<'_>,
    line: &str,
    input: Option<&str>,
    how: Reading,
    depth: usize,
) -> Result<Change, Refused> {
    rewritten(mode, found, line, input, how, depth, 0)
}

fn rewritten(
    mode: &'static Mode,
    found: Understood<'_>,
    line: &str,
    input: Option<&str>,
    how: Reading,
    depth: usize,
    times: usize,
) -> Result<Change, Refused> {
    if let Some(text) = found.parsed.rewritten(how.release).filter(|_| times < REWRITES) {
        let text = match found.verb {
            Verb::Plain => text,
            Verb::No => format!("no {text}"),
            Verb::Default => format!("default {text}"),
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        if let Ok(found) = understood(mode, &words, how) {
            return rewritten(mode, found, &text, input, how, depth, times + 1);
        }
    }
    change(found, line, input, depth)
}

fn change(found: Understood<'_>, line: &str, input: Option<&str>, depth: usize) -> Result<Change, Refused> {
    let Understood { verb, parsed } = found;
    let text = text(&parsed, line, verb);
    let bare: Vec<&str> = text.split_whitespace().collect();
    if bare == ["switchport"] {
        return Ok(Change::Switchport { negated: verb == Verb::No });
    }
    let opened = parsed.rule.opens();
    Ok(match (verb, opened) {
        (Verb::Plain, Some(mode)) => Change::Enter(opened_lines(&parsed, text, depth), Inside::Known(mode)),
        (Verb::Plain, None) => put(&parsed, text, input)?,
        (Verb::No, _) if parsed.rule.shows_no && parsed.is_whole() => {
            Change::Negate { name: parsed.name(), line: text }
        }
        (Verb::No | Verb::Default, opened) => {
            let lines = if opened.is_some() { opened_lines(&parsed, text, depth) } else { vec![parsed.name()] };
            Change::Remove(lines)
        }
    })
}

fn put(parsed: &Parsed<'_>, text: String, input: Option<&str>) -> Result<Change, Refused> {
    let name = parsed.name();
    let words: Vec<&str> = text.split_whitespace().collect();
    if let ["switchport", "trunk", "allowed", "vlan", how @ ("add" | "remove" | "except"), list] = words.as_slice() {
        return Ok(allowed(how, list));
    }
    // A line of the grammar that begins with `no` is known by what it negates.
    if let Some(negated) = name.strip_prefix("no ") {
        return Ok(if parsed.rule.removes_all {
            Change::Remove(vec![negated.to_owned()])
        } else {
            Change::Put { name: negated.to_owned(), line: text, kind: Kind::Command }
        });
    }
    if parsed.rule.is_default {
        return Ok(Change::Forget(name));
    }
    if parsed.rule.numbered {
        return Ok(Change::Number { line: text });
    }
    let kind = body(&words, input)?;
    let line = if parsed.rule.hashed { hashed(parsed) } else { text };
    Ok(Change::Put { name, line, kind })
}

/// The command as EOS writes it; free text as it was typed, with its spaces.
fn text(parsed: &Parsed<'_>, line: &str, verb: Verb) -> String {
    let Some(at) = parsed.types.iter().position(|found| *found == Some(&Type::Text)) else {
        return parsed.words.join(" ");
    };
    let verbs = usize::from(verb != Verb::Plain);
    let free = from_word(line, at + verbs);
    parsed.words[..at].iter().map(|word| &**word).chain([free]).collect::<Vec<_>>().join(" ")
}

/// The line from its n-th word on, without spaces at its end.
fn from_word(line: &str, n: usize) -> &str {
    let mut rest = line.trim();
    for _ in 0..n {
        rest = rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
    }
    rest
}

/// The lines that a line which opens a mode stands for: itself, or one for each interface or VLAN
/// of its ranges.
fn opened_lines(parsed: &Parsed<'_>, text: String, depth: usize) -> Vec<String> {
    let ranges = parsed.types.iter().position(|found| matches!(found, Some(Type::Interfaces | Type::Vlans)));
    let Some(at) = ranges.filter(|at| depth == 0 && *at == 1) else { return vec![text] };
    let names: Option<Vec<String>> = match parsed.types[at] {
        Some(Type::Vlans) => grammar::vlans(&parsed.words[at]).map(|vlans| vlans.iter().map(u16::to_string).collect()),
        _ => grammar::interfaces(&parsed.words[at]),
    };
    names.map_or(vec![text], |names| names.iter().map(|name| format!("{} {name}", parsed.words[0])).collect())
}

/// The change of a line that is the text of a description.
pub(super) fn described(text: String) -> Change {
    Change::Put { name: "description".to_owned(), line: text, kind: Kind::Command }
}

/// The change of a line that nothing is known of.
pub(super) fn unknown(words: &[&str], input: Option<&str>) -> Change {
    let text = words.join(" ");
    match words {
        ["no" | "default", bare @ ..] if words[0] == "default" || bare.len() > 1 => {
            Change::Remove(vec![bare.join(" ")])
        }
        ["no", bare @ ..] => Change::Negate { name: bare.join(" "), line: bare.join(" ") },
        _ => {
            let kind = match body(words, input) {
                Ok(kind) => kind,
                Err(_) => Kind::Command,
            };
            Change::Put { name: text.clone(), line: text, kind }
        }
    }
}

fn body(words: &[&str], input: Option<&str>) -> Result<Kind, Refused> {
    match (eofs(words), input) {
        (0, _) => Ok(Kind::Command),
        (_, Some(input)) => Ok(Kind::Body(input.into())),
        (_, None) => Err(incomplete(words)),
    }
}

fn allowed(how: &str, list: &str) -> Change {
    let vlans = grammar::vlans(list).unwrap_or_default();
    match how {
        "add" => Change::Allow { add: true, vlans },
        "remove" => Change::Allow { add: false, vlans },
        _ => {
            let rest: Vec<u16> = (1..=4094).filter(|vlan| !vlans.contains(vlan)).collect();
            let line = format!("{ALLOWED} {}", grammar::joined(&rest));
            Change::Put { name: ALLOWED.to_owned(), line, kind: Kind::Command }
        }
    }
}

/// Adds VLANs to those that are allowed, or takes them away. Without a line all are allowed.
fn allow(node: &mut Node, add: bool, vlans: &[u16]) -> Changed {
    let now = node.beginning(&format!("{ALLOWED} ")).next().map(|(list, _)| list.to_owned());
    let mut now: Vec<u16> = match now.as_deref() {
        None | Some("all") => (1..=4094).collect(),
        Some("none") => Vec::new(),
        Some(list) => grammar::vlans(list).unwrap_or_default(),
    };
    if add {
        now.extend(vlans);
        now.sort_unstable();
        now.dedup();
    } else {
        now.retain(|vlan| !vlans.contains(vlan));
    }
    match now.len() {
        4094 => node.remove(ALLOWED),
        0 => node.put(ALLOWED, &format!("{ALLOWED} none"), Kind::Command),
        _ => node.put(ALLOWED, &format!("{ALLOWED} {}", grammar::joined(&now)), Kind::Command),
    }
}

/// The command with a hash in place of its secret: of the form that EOS shows, with a new salt each
/// time as there, but not by EOS's algorithm.
fn hashed(parsed: &Parsed<'_>) -> String {
    let Some(at) = parsed.types.iter().position(|found| *found == Some(&Type::Secret)) else {
        return parsed.words.join(" ");
    };
    let salt: String = std::iter::repeat_with(fastrand::alphanumeric).take(16).collect();
    let mut hash = String::new();
    for part in 0..2 {
        let digest = Sha256::digest(format!("{part}{salt}{}", parsed.words[at]));
        digest.iter().for_each(|byte| hash.push_str(&format!("{byte:02x}")));
    }
    let before = at - usize::from(parsed.words[at - 1] == "0");
    let words = parsed.words[..before].iter().map(|word| if word == "password" { "secret" } else { word });
    let words = words.chain(["sha512"]).chain(std::iter::once("")).collect::<Vec<_>>();
    let after = parsed.words[at + 1..].iter().map(|word| format!(" {word}")).collect::<String>();
    format!("{}$6${salt}${}{after}", words.join(" "), &hash[..86])
}
