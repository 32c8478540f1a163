//! The commands of a mode as a net of words: each node says which words may follow, and which
//! command has ended there.
//!
//! Commands share the nodes of what they begin with. A line is followed along all ways at once; of
//! those that end with a command, the one with the most keywords counts.

use std::borrow::Cow;

use super::read::{Part, Times};
use super::{Parsed, Reading, Rule, Type, Unknown, Why};

/// The commands of a mode; node 0 is where they begin.
#[derive(Debug, Default)]
pub(super) struct Net {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    /// Keywords in order, each with the node after it; a keyword may be there several times.
    keywords: Vec<(&'static str, u32)>,
    typed: Vec<(Type, u32)>,
    /// Nodes that are reached without a word; `true` where the name of the command ends.
    jumps: Vec<(u32, bool)>,
    ends: Vec<u32>,
    /// Only one way leads here, so that other commands may share it.
    alone: bool,
}

/// One way through the net that fits the words read so far.
#[derive(Debug, Clone, Copy)]
struct Way {
    node: u32,
    /// The last step of it, by its place in the list of steps.
    step: u32,
    /// How many words name the command, once that is known.
    key: Option<u32>,
    keywords: u32,
}

/// A step of a way: the one before it, and what took the word.
struct Step<'n> {
    before: u32,
    took: Took<'n>,
}

#[derive(Clone, Copy)]
enum Took<'n> {
    Nothing,
    Keyword(&'static str),
    Typed(&'n Type),
}

impl Net {
    /// Adds a command, which ends with the rule of this number.
    pub(super) fn add(&mut self, parts: &[Part], rule: u32) {
        if self.nodes.is_empty() {
            self.nodes.push(Node { alone: true, ..Node::default() });
        }
        for end in self.link(vec![0], parts) {
            self.nodes[end as usize].ends.push(rule);
        }
    }

    /// Puts the keywords in order, once all commands are there.
    pub(super) fn finish(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.keywords.sort_unstable());
    }

    /// Leads `from` along `parts` and returns where that ends.
    fn link(&mut self, mut from: Vec<u32>, parts: &[Part]) -> Vec<u32> {
        for part in parts {
            from = match part {
                Part::Keyword(word) => vec![self.keyword(&from, word)],
                Part::Typed(found) => vec![self.typed(&from, found)],
                Part::Key => vec![self.jump(&from, true)],
                Part::Choice(choices, times) => self.choice(from, choices, *times),
            };
        }
        from
    }

    fn choice(&mut self, mut from: Vec<u32>, choices: &[Vec<Part>], times: Times) -> Vec<u32> {
        let many = matches!(times, Times::Any | Times::OneOrMore);
        if many {
            from = vec![self.jump(&from, false)];
        }
        let mut ends: Vec<u32> = choices.iter().flat_map(|choice| self.link(from.clone(), choice)).collect();
        if many {
            for end in &ends {
                self.nodes[*end as usize].jumps.push((from[0], false));
            }
        }
        if matches!(times, Times::Any | Times::OnceOrNot) {
            ends.extend(from);
        }
        ends
    }

    fn keyword(&mut self, from: &[u32], word: &'static str) -> u32 {
        if let Some(known) =
            self.shared(from, |node| node.keywords.iter().find(|(known, _)| *known == word).map(|(_, to)| *to))
        {
            return known;
        }
        let to = self.node(from.len() == 1 && self.nodes[from[0] as usize].alone);
        from.iter().for_each(|from| self.nodes[*from as usize].keywords.push((word, to)));
        to
    }

    fn typed(&mut self, from: &[u32], found: &Type) -> u32 {
        if let Some(known) =
            self.shared(from, |node| node.typed.iter().find(|(known, _)| known == found).map(|(_, to)| *to))
        {
            return known;
        }
        let to = self.node(from.len() == 1 && self.nodes[from[0] as usize].alone);
        from.iter().for_each(|from| self.nodes[*from as usize].typed.push((found.clone(), to)));
        if *found == Type::Text {
            self.nodes[to as usize].typed.push((Type::Text, to));
        }
        to
    }

    /// The node after a word that other commands have there already.
    fn shared(&self, from: &[u32], known: impl Fn(&Node) -> Option<u32>) -> Option<u32> {
        let [from] = from else { return None };
        let node = &self.nodes[*from as usize];
        let to = known(node).filter(|_| node.alone)?;
        self.nodes[to as usize].alone.then_some(to)
    }

    fn jump(&mut self, from: &[u32], key: bool) -> u32 {
        let to = self.node(false);
        from.iter().for_each(|from| self.nodes[*from as usize].jumps.push((to, key)));
        to
    }

    fn node(&mut self, alone: bool) -> u32 {
        self.nodes.push(Node { alone, ..Node::default() });
        u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX)
    }

    /// Understands `words`; with `negated`, the beginning of a command may be enough.
    pub(super) fn parse<'w>(
        &'static self,
        rules: &'static [Rule],
        words: &[&'w str],
        how: Reading,
        negated: bool,
    ) -> Result<Parsed<'w>, Unknown> {
        let mut steps = vec![Step { before: 0, took: Took::Nothing }];
        let mut ways = vec![Way { node: 0, step: 0, key: None, keywords: 0 }];
        if self.nodes.is_empty() {
            return Err(Unknown { token: 0, why: Why::Invalid });
        }
        self.jump_all(&mut ways, 0);
        for (token, word) in words.iter().enumerate() {
            let mut next = self.step(&ways, word, how.abbreviations, &mut steps);
            if next.is_empty() {
                let abbreviated = !how.abbreviations && self.begins(&ways, word);
                return Err(Unknown { token, why: if abbreviated { Why::Abbreviated } else { Why::Invalid } });
            }
            self.jump_all(&mut next, u32::try_from(token + 1).unwrap_or(u32::MAX));
            ways = next;
        }
        let ended = ways.iter().flat_map(|way| self.nodes[way.node as usize].ends.iter().map(move |rule| (way, *rule)));
        let ended = ended.filter(|(_, rule)| rules[*rule as usize].is_in(how.release));
        let best = ended.max_by_key(|(way, rule)| (way.keywords, u32::MAX - rule));
        if let Some((way, rule)) = best {
            return Ok(parsed(&steps, way, &rules[rule as usize], words));
        }
        let begun =
            ways.iter().filter(|way| negated && self.is_enough(way, words.len())).max_by_key(|way| way.keywords);
        let begun = begun.and_then(|way| Some((way, self.any_rule(way.node, 0)?)));
        match begun {
            Some((way, rule)) => {
                let mut begun = parsed(&steps, way, &rules[rule as usize], words);
                begun.whole = way.key.is_some();
                begun.key = begun.words.len();
                Ok(begun)
            }
            None => Err(Unknown { token: words.len().saturating_sub(1), why: Why::Incomplete }),
        }
    }

    /// Whether `no` may end here: after the name of a command, where its value would be, or after
    /// two words of it.
    fn is_enough(&self, way: &Way, words: usize) -> bool {
        let node = &self.nodes[way.node as usize];
        let value = node.keywords.is_empty() && !node.typed.is_empty();
        way.keywords > 0 && (way.key.is_some() || value || words > 1)
    }

    /// Some command that goes on from here.
    fn any_rule(&self, node: u32, depth: u32) -> Option<u32> {
        let found = &self.nodes[node as usize];
        let after = found.keywords.iter().map(|(_, to)| to).chain(found.typed.iter().map(|(_, to)| to));
        let mut after = after.chain(found.jumps.iter().map(|(to, _)| to)).filter(|to| **to != node && depth < 16);
        found.ends.first().copied().or_else(|| after.find_map(|to| self.any_rule(*to, depth + 1)))
    }

    fn step(&'static self, ways: &[Way], word: &str, abbreviations: bool, steps: &mut Vec<Step<'static>>) -> Vec<Way> {
        let lower = if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(word.to_ascii_lowercase())
        } else {
            Cow::Borrowed(word)
        };
        let mut next = Vec::new();
        for way in ways {
            let node = &self.nodes[way.node as usize];
            let mut go = |to: u32, took: Took<'static>| {
                steps.push(Step { before: way.step, took });
                let keywords = way.keywords + u32::from(matches!(took, Took::Keyword(_)));
                let step = u32::try_from(steps.len() - 1).unwrap_or(u32::MAX);
                next.push(Way { node: to, step, keywords, ..*way });
            };
            let as_typed = node.exact(word);
            let exact = if as_typed.is_empty() { node.exact(&lower) } else { as_typed };
            exact.iter().for_each(|(keyword, to)| go(*to, Took::Keyword(keyword)));
            if exact.is_empty() && abbreviations {
                node.beginning(&lower).for_each(|(keyword, to)| go(*to, Took::Keyword(keyword)));
            }
            for (found, to) in &node.typed {
                if found.read(word).is_some() {
                    go(*to, Took::Typed(found));
                }
            }
        }
        next
    }

    /// Adds the ways that go on without a word.
    fn jump_all(&self, ways: &mut Vec<Way>, words: u32) {
        let mut at = 0;
        while let Some(way) = ways.get(at).copied() {
            for (to, key) in &self.nodes[way.node as usize].jumps {
                let next = Way { node: *to, key: if *key { Some(words) } else { way.key }, ..way };
                if !ways.iter().any(|known| known.node == next.node && known.key == next.key && known.step == next.step)
                {
                    ways.push(next);
                }
            }
            at += 1;
        }
    }

    /// Whether a keyword that may follow begins with the word.
    fn begins(&self, ways: &[Way], word: &str) -> bool {
        let lower = word.to_ascii_lowercase();
        ways.iter().any(|way| self.nodes[way.node as usize].beginning(&lower).next().is_some())
    }
}

impl Node {
    /// The edges that this keyword leads along.
    fn exact(&self, word: &str) -> &[(&'static str, u32)] {
        let from = self.keywords.partition_point(|(keyword, _)| *keyword < word);
        let length = self.keywords[from..].iter().take_while(|(keyword, _)| *keyword == word).count();
        &self.keywords[from..from + length]
    }

    /// The edges of the keywords that begin so.
    fn beginning<'n>(&'n self, word: &'n str) -> impl Iterator<Item = &'n (&'static str, u32)> {
        let from = self.keywords.partition_point(|(keyword, _)| *keyword < word);
        self.keywords[from..].iter().take_while(move |(keyword, _)| keyword.starts_with(word))
    }
}

fn parsed<'w>(steps: &[Step<'static>], way: &Way, rule: &'static Rule, words: &[&'w str]) -> Parsed<'w> {
    let mut types = vec![None; words.len()];
    let mut written: Vec<Cow<'w, str>> = words.iter().map(|word| Cow::Borrowed(*word)).collect();
    let mut step = &steps[way.step as usize];
    for at in (0..words.len()).rev() {
        match step.took {
            Took::Keyword(keyword) => written[at] = Cow::Borrowed(keyword),
            Took::Typed(found) => {
                written[at] = found.read(words[at]).unwrap_or(Cow::Borrowed(words[at]));
                types[at] = Some(found);
            }
            Took::Nothing => {}
        }
        step = &steps[step.before as usize];
    }
    let key = way.key.map_or(words.len(), |key| key as usize);
    Parsed { rule, words: written, key, types, keywords: way.keywords as usize, whole: true }
}
