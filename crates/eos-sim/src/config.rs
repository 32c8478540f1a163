//! A configuration: lines in modes, changed line by line as at the prompt and shown as canonical text.

use crate::grammar::{self, begins};
use crate::order;

/// A running-config, a startup-config or a session's candidate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    root: Node,
}

/// A line with what belongs to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Node {
    line: String,
    kind: Kind,
    comment: Vec<String>,
    children: Vec<Node>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Command,
    Mode,
    Body(String),
}

/// What happens to commands the grammar does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strictness {
    /// They are refused, as by a switch.
    #[default]
    Strict,
    /// They are taken as lines of the current mode.
    Lenient,
}

/// A line that the parser does not take; the words are those of EOS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("Invalid input (at token {token}: '{word}')")]
    Invalid { token: usize, word: String },
    #[error("Incomplete command (at token {token}: '{word}')")]
    Incomplete { token: usize, word: String },
}

/// How many first words name a command of which there is one: entering it again replaces it. `*` is one word of the name.
const SINGLE: [&str; 49] = [
    "hostname",
    "description",
    "alias *",
    "username *",
    "username * ssh-key *",
    "ip address",
    "ip address virtual",
    "ip address virtual source-nat vrf *",
    "ipv6 address *",
    "switchport access vlan",
    "switchport mode",
    "switchport trunk native vlan",
    "switchport trunk allowed vlan",
    "switchport phone vlan",
    "delay",
    "timeout",
    "trigger",
    "action bash",
    "action log",
    "mtu",
    "speed",
    "name",
    "router-id",
    "spanning-tree mode",
    "spanning-tree priority",
    "spanning-tree mst * priority",
    "clock timezone",
    "dns domain",
    "load-interval",
    "channel-group",
    "mlag",
    "domain-id",
    "peer-link",
    "reload-delay mlag",
    "reload-delay non-mlag",
    "snmp-server contact",
    "snmp-server location",
    "logging buffered",
    "rd",
    "rd evpn domain *",
    "vrf",
    "state",
    "bandwidth",
    "exec",
    "vlan internal order",
    "service routing protocols model",
    "banner *",
    "idle-timeout",
    "maximum-paths",
];

const INTERFACES: [&str; 12] = [
    "Ethernet",
    "Port-Channel",
    "Loopback",
    "Management",
    "Vlan",
    "Vxlan",
    "Tunnel",
    "Dps",
    "Recirc-Channel",
    "Fabric",
    "UnconnectedEthernet",
    "Switch",
];

impl Config {
    /// Takes one line in the mode at `path`, the lines that opened it, and moves `path` to where the line leaves it.
    pub(crate) fn enter(
        &mut self,
        path: &mut Vec<String>,
        line: &str,
        input: Option<&str>,
        strictness: Strictness,
    ) -> Result<(), Refused> {
        let words: Vec<&str> = line.split_whitespace().collect();
        // Spaces within free text count: a bash action may quote several.
        let free = matches!(words.first(), Some(&("action" | "alias" | "description" | "exec")));
        let line = if free { line.trim().to_owned() } else { words.join(" ") };
        match words.as_slice() {
            [] => return Ok(()),
            [first, ..] if first.starts_with('#') || first.starts_with("!!") => return Err(invalid(0, first)),
            [first, ..] if first.starts_with('!') => return Ok(()),
            ["exit"] => {
                path.pop();
                return Ok(());
            }
            ["comment"] => {
                let text = input.ok_or_else(|| incomplete(&words))?;
                self.root.at(path).comment = text.lines().map(str::to_owned).collect();
                return Ok(());
            }
            ["no" | "default", "comment"] => {
                self.root.at(path).comment.clear();
                return Ok(());
            }
            ["no" | "default"] => return Err(incomplete(&words)),
            _ => {}
        }
        let (verb, bare) = Verb::of(&line);
        path.truncate(home(path, bare, strictness, verb)?);
        self.change(path, verb, bare, input)
    }

    fn change(&mut self, path: &mut Vec<String>, verb: Verb, line: &str, input: Option<&str>) -> Result<(), Refused> {
        let modes = grammar::along(path);
        let mode = modes.last().filter(|_| modes.len() == path.len() + 1).copied();
        let opens = mode.is_some_and(|mode| mode.opened_by(line).is_some());
        let shows_negated = mode.is_some_and(|mode| mode.shows_negated(line));
        let node = self.root.at(path);
        match verb {
            Verb::Default => node.remove(line),
            Verb::No if shows_negated && !opens => node.put_negated(line),
            Verb::No => node.remove(line),
            Verb::Plain if opens => {
                check_interface(line)?;
                node.open(line);
                path.push(line.to_owned());
            }
            Verb::Plain if line == "shutdown" && shows_negated => node.remove(line),
            Verb::Plain => node.put(line, body(line, input)?),
        }
        Ok(())
    }

    /// The canonical text: sections in EOS's order, three spaces for each level, `!` between blocks, `end`.
    pub(crate) fn text(&self) -> String {
        let mut out = Vec::new();
        out.extend(self.root.comment.iter().map(|text| format!("!! {text}")));
        let mut nodes: Vec<&Node> = self.root.children.iter().collect();
        nodes.sort_by(|a, b| order::top_level(&a.line, &b.line));
        let mut before: Option<&Node> = None;
        for node in nodes {
            let together = before.is_some_and(|before| {
                let plain = before.kind == Kind::Command && node.kind == Kind::Command;
                plain && order::section(&before.line) == order::section(&node.line)
            });
            if before.is_some() && !together {
                out.push("!".to_owned());
            }
            node.write(0, &mut out);
            before = Some(node);
        }
        out.extend(before.map(|_| "!".to_owned()));
        out.push("end".to_owned());
        out.join("\n") + "\n"
    }

    /// The rest of the first top-level line that begins with `prefix`.
    pub(crate) fn value(&self, prefix: &str) -> Option<&str> {
        self.root.value(prefix)
    }

    /// The rests of all top-level lines that begin with `prefix`.
    pub(crate) fn values<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.root.children.iter().filter_map(move |node| node.line.strip_prefix(prefix))
    }

    /// The configured host name, or EOS's default.
    pub(crate) fn hostname(&self) -> &str {
        self.value("hostname ").unwrap_or("localhost")
    }

    /// Whether a mode has a line.
    pub(crate) fn has(&self, mode: &str, line: &str) -> bool {
        let mode = self.root.children.iter().find(|node| node.line == mode);
        mode.is_some_and(|mode| mode.children.iter().any(|node| node.line == line))
    }

    /// The modes whose opening line begins with `prefix`: the rest of that line, and what is in them as (line, body).
    pub(crate) fn modes<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, Vec<(&'a str, &'a str)>)> {
        self.root.children.iter().filter_map(move |node| {
            let name = node.line.strip_prefix(prefix)?;
            Some((name, node.children.iter().map(|child| (child.line.as_str(), child.kind.body())).collect()))
        })
    }

    /// As `show running-config` gives it in JSON: `{"cmds": {line: null or such an object}, "comments": [...]}`.
    pub(crate) fn json(&self) -> serde_json::Value {
        self.root.json()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Plain,
    No,
    Default,
}

impl Verb {
    fn of(line: &str) -> (Self, &str) {
        let no = line.strip_prefix("no ").map(|bare| (Self::No, bare));
        no.or_else(|| line.strip_prefix("default ").map(|bare| (Self::Default, bare))).unwrap_or((Self::Plain, line))
    }
}

/// How deep in `path` the mode is that takes the line.
fn home(path: &[String], line: &str, strictness: Strictness, verb: Verb) -> Result<usize, Refused> {
    let known = grammar::along(path).into_iter().map(|mode| mode.knows(line)).enumerate();
    match known.max_by_key(|(depth, known)| (*known, *depth)) {
        Some((depth, known)) if known > 0 => Ok(depth),
        _ if strictness == Strictness::Lenient => Ok(path.len()),
        _ => Err(invalid(usize::from(verb != Verb::Plain), line.split(' ').next().unwrap_or_default())),
    }
}

impl Node {
    /// The node at the end of `path`, which is made if need be: another line of the request may have removed it.
    fn at(&mut self, path: &[String]) -> &mut Node {
        path.iter().fold(self, |node, line| node.open(line))
    }

    fn open(&mut self, line: &str) -> &mut Node {
        let index = self.children.iter().position(|node| node.line == line).unwrap_or_else(|| {
            self.children.push(Node { line: line.to_owned(), kind: Kind::Mode, ..Node::default() });
            self.children.len() - 1
        });
        &mut self.children[index]
    }

    fn put(&mut self, line: &str, kind: Kind) {
        let no = format!("no {line}");
        self.children.retain(|node| node.line != no);
        let node = Node { line: line.to_owned(), kind, ..Node::default() };
        match self.children.iter_mut().find(|node| node.kind != Kind::Mode && key(&node.line) == key(line)) {
            Some(old) => *old = node,
            None => self.children.push(node),
        }
    }

    fn put_negated(&mut self, line: &str) {
        let no = format!("no {line}");
        self.children.retain(|node| node.line != line && node.line != no);
        self.children.push(Node { line: no, ..Node::default() });
    }

    fn remove(&mut self, line: &str) {
        let no = format!("no {line}");
        let prefix: Vec<&str> = line.split(' ').collect();
        let before = self.children.len();
        self.children.retain(|node| !begins(&prefix, &node.line.split(' ').collect::<Vec<_>>()) && node.line != no);
        if self.children.len() == before {
            self.children.retain(|node| node.kind == Kind::Mode || key(&node.line) != key(line));
        }
    }

    fn value(&self, prefix: &str) -> Option<&str> {
        self.children.iter().find_map(|node| node.line.strip_prefix(prefix))
    }

    fn write(&self, depth: usize, out: &mut Vec<String>) {
        let margin = "   ".repeat(depth);
        let inner = "   ".repeat(depth + 1);
        out.push(format!("{margin}{}", self.line));
        if let Kind::Body(body) = &self.kind {
            let at_zero = self.line.starts_with("banner ") || self.line == "protocol https certificate";
            let margin = if at_zero { "" } else { &inner };
            out.extend(
                body.lines().map(|line| if line.is_empty() { String::new() } else { format!("{margin}{line}") }),
            );
            out.push(format!("{margin}EOF"));
            out.extend(self.line.starts_with("banner ").then(String::new));
        }
        out.extend(self.comment.iter().map(|text| format!("{inner}!! {text}").trim_end().to_owned()));
        let mut children: Vec<&Node> = self.children.iter().collect();
        children.sort_by_key(|node| (node.kind == Kind::Mode, order::rank(&node.line)));
        for node in children {
            if node.kind == Kind::Mode {
                out.push(format!("{inner}!"));
            }
            node.write(depth + 1, out);
        }
    }

    fn json(&self) -> serde_json::Value {
        let lines = self.children.iter().map(|node| {
            let inner = if node.kind == Kind::Mode { node.json() } else { serde_json::Value::Null };
            (node.line.clone(), inner)
        });
        let lines: serde_json::Map<_, _> = lines.collect();
        serde_json::json!({"cmds": lines, "comments": self.comment})
    }
}

impl Kind {
    fn body(&self) -> &str {
        if let Self::Body(body) = self { body } else { "" }
    }
}

/// The words that tell a command from others of its mode.
fn key(line: &str) -> Vec<&str> {
    let words: Vec<&str> = line.split(' ').collect();
    if words.first().is_some_and(|word| word.parse::<u32>().is_ok()) {
        return words[..1].to_vec();
    }
    if words.last() == Some(&"secondary") {
        return words;
    }
    let single = SINGLE.iter().map(|pattern| pattern.split(' ').collect::<Vec<_>>());
    let length = single.filter(|pattern| begins(pattern, &words)).map(|pattern| pattern.len()).max();
    words[..length.unwrap_or(words.len())].to_vec()
}

/// What follows a line that is typed over several lines.
fn body(line: &str, input: Option<&str>) -> Result<Kind, Refused> {
    let words: Vec<&str> = line.split(' ').collect();
    let multi = matches!(
        words.as_slice(),
        ["banner", _] | ["action", "bash"] | ["code"] | ["code", "unit", _] | ["protocol", "https", "certificate"]
    );
    match (multi, input) {
        (false, _) => Ok(Kind::Command),
        (true, Some(input)) => Ok(Kind::Body(input.to_owned())),
        (true, None) => Err(incomplete(&words)),
    }
}

fn check_interface(line: &str) -> Result<(), Refused> {
    let Some(name) = line.strip_prefix("interface ") else { return Ok(()) };
    if name == "defaults" || name.starts_with("profile ") {
        return Ok(());
    }
    let number = |class: &&str| {
        let number = name.strip_prefix(*class)?;
        let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
        number.split(['/', '.']).all(digits).then_some(())
    };
    INTERFACES.iter().find_map(number).ok_or_else(|| invalid(1, name))
}

fn invalid(token: usize, word: &str) -> Refused {
    Refused::Invalid { token, word: word.to_owned() }
}

fn incomplete(words: &[&str]) -> Refused {
    let word = words.last().copied().unwrap_or_default().to_owned();
    Refused::Incomplete { token: words.len().saturating_sub(1), word }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(lines: &[&str]) -> Config {
        let mut config = Config::default();
        let mut path = Vec::new();
        for line in lines {
            config.enter(&mut path, line, None, Strictness::Strict).unwrap();
        }
        config
    }

    #[test]
    fn lines_fall_through_to_the_mode_that_knows_them() {
        let config = loaded(&["interface Ethernet2", "description x", "interface Ethernet1", "shutdown", "ip routing"]);
        let expected =
            "interface Ethernet1\n   shutdown\n!\ninterface Ethernet2\n   description x\n!\nip routing\n!\nend\n";
        assert_eq!(config.text(), expected);
    }

    #[test]
    fn a_command_of_which_there_is_one_is_replaced() {
        let config = loaded(&["alias a show version", "alias a show clock", "alias b x", "hostname a", "hostname b"]);
        assert_eq!(config.text(), "alias a show clock\nalias b x\n!\nhostname b\n!\nend\n");
    }

    #[test]
    fn spaces_in_free_text_are_kept() {
        let config = loaded(&["event-handler  x", " action bash echo 'a  b' "]);
        assert_eq!(config.text(), "event-handler x\n   action bash echo 'a  b'\n!\nend\n");
    }

    #[test]
    fn no_removes_by_the_commands_name() {
        let config = loaded(&["alias a show version", "no alias a", "vlan 2", "name x", "no vlan 2", "vlan 20"]);
        assert_eq!(config.text(), "vlan 20\n!\nend\n");
    }

    #[test]
    fn shutdown_is_shown_where_it_is_not_the_default() {
        let api = "management api http-commands";
        let config = loaded(&["interface Ethernet1", "shutdown", "no shutdown", api, "no shutdown"]);
        assert_eq!(config.text(), format!("interface Ethernet1\n!\n{api}\n   no shutdown\n!\nend\n"));
        let config = loaded(&[api, "no shutdown", "shutdown"]);
        assert_eq!(config.text(), format!("{api}\n!\nend\n"));
    }

    #[test]
    fn bodies_are_shown_where_eos_shows_them() {
        let (mut config, mut path) = (Config::default(), Vec::new());
        let lines = [
            ("event-handler x", None),
            ("delay 1", None),
            ("action bash", Some("if true\n\n  then x\nfi")),
            ("banner motd", Some("  hi\n")),
            ("interface Ethernet1", None),
            ("comment", Some("mine\n")),
        ];
        for (line, input) in lines {
            config.enter(&mut path, line, input, Strictness::Strict).unwrap();
        }
        let expected = "interface Ethernet1\n   !! mine\n!\nbanner motd\n  hi\nEOF\n\n!\nevent-handler x\n   action bash\n      \
                        if true\n\n        then x\n      fi\n      EOF\n   delay 1\n!\nend\n";
        assert_eq!(config.text(), expected);
    }

    #[test]
    fn what_is_not_known_is_refused_or_taken_as_it_is() {
        let enter = |line: &str, strictness| Config::default().enter(&mut Vec::new(), line, None, strictness);
        let refused = |line: &str| enter(line, Strictness::Strict).unwrap_err().to_string();
        assert_eq!(refused("nonsense here"), "Invalid input (at token 0: 'nonsense')");
        assert_eq!(refused("# remark"), "Invalid input (at token 0: '#')");
        assert_eq!(refused("interface Quark1"), "Invalid input (at token 1: 'Quark1')");
        assert_eq!(refused("banner motd"), "Incomplete command (at token 1: 'motd')");
        assert_eq!(enter("nonsense here", Strictness::Lenient), Ok(()));
        assert_eq!(enter("! remark", Strictness::Strict), Ok(()));
    }
}
