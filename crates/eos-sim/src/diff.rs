//! Unified diffs as EOS prints them, which are those of Python's `difflib.unified_diff` with three
//! lines of context, its heuristic for frequent lines ("autojunk") included. Source: the
//! documentation of Python's difflib.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

const CONTEXT: usize = 3;

/// The difference of two texts, each line with its end; empty when there is none.
// EOS-51: the diff of difflib, its heuristic included.
pub(crate) fn unified(a: &str, b: &str, from: &str, to: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (a.lines().collect(), b.lines().collect());
    let mut out = String::new();
    for hunk in hunks(blocks(&a, &b), a.len(), b.len()) {
        if out.is_empty() {
            out = format!("--- {from}\n+++ {to}\n");
        }
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { continue };
        let (old, new) = (first.a.start..last.a.end, first.b.start..last.b.end);
        let _ = writeln!(out, "@@ -{} +{} @@", place(&old), place(&new));
        for change in hunk {
            let mut lines =
                |sign: char, lines: &[&str]| lines.iter().for_each(|line| out.extend([&format!("{sign}{line}\n")[..]]));
            if change.equal {
                lines(' ', &a[change.a]);
            } else {
                lines('-', &a[change.a]);
                lines('+', &b[change.b]);
            }
        }
    }
    out
}

/// Ranges of both sides that are equal, or of which one takes the other's place.
#[derive(Debug, Clone)]
struct Change {
    equal: bool,
    a: Range<usize>,
    b: Range<usize>,
}

fn place(range: &Range<usize>) -> String {
    match range.len() {
        1 => format!("{}", range.start + 1),
        0 => format!("{},0", range.start),
        length => format!("{},{length}", range.start + 1),
    }
}

/// Changes with their context, those that are near together in one hunk.
fn hunks(blocks: Vec<(usize, usize, usize)>, a: usize, b: usize) -> Vec<Vec<Change>> {
    let mut changes = Vec::new();
    let (mut i, mut j) = (0, 0);
    for (at, bt, length) in blocks.into_iter().chain([(a, b, 0)]) {
        if i < at || j < bt {
            changes.push(Change { equal: false, a: i..at, b: j..bt });
        }
        if length > 0 {
            changes.push(Change { equal: true, a: at..at + length, b: bt..bt + length });
        }
        (i, j) = (at + length, bt + length);
    }
    if !changes.iter().any(|change| !change.equal) {
        return Vec::new();
    }
    let tail = |range: &Range<usize>| range.end.saturating_sub(CONTEXT).max(range.start)..range.end;
    let head = |range: &Range<usize>| range.start..range.end.min(range.start + CONTEXT);
    if let Some(first) = changes.first_mut().filter(|change| change.equal) {
        *first = Change { equal: true, a: tail(&first.a), b: tail(&first.b) };
    }
    if let Some(last) = changes.last_mut().filter(|change| change.equal) {
        *last = Change { equal: true, a: head(&last.a), b: head(&last.b) };
    }
    let mut hunks = vec![Vec::new()];
    for change in changes {
        if change.equal && change.a.len() > 2 * CONTEXT {
            let end = Change { equal: true, a: head(&change.a), b: head(&change.b) };
            hunks.last_mut().into_iter().for_each(|hunk| hunk.push(end.clone()));
            hunks.push(vec![Change { equal: true, a: tail(&change.a), b: tail(&change.b) }]);
        } else {
            hunks.last_mut().into_iter().for_each(|hunk| hunk.push(change.clone()));
        }
    }
    hunks
}

/// The equal blocks (start in a, start in b, length), in order, neighbours joined.
fn blocks(a: &[&str], b: &[&str]) -> Vec<(usize, usize, usize)> {
    let places = places(b);
    let mut queue = vec![(0, a.len(), 0, b.len())];
    let mut found = Vec::new();
    while let Some((a_low, a_high, b_low, b_high)) = queue.pop() {
        let (i, j, length) = longest(a, b, &places, a_low..a_high, b_low..b_high);
        if length > 0 {
            found.push((i, j, length));
            if a_low < i && b_low < j {
                queue.push((a_low, i, b_low, j));
            }
            if i + length < a_high && j + length < b_high {
                queue.push((i + length, a_high, j + length, b_high));
            }
        }
    }
    found.sort_unstable();
    let mut joined: Vec<(usize, usize, usize)> = Vec::new();
    for (i, j, length) in found {
        match joined.last_mut() {
            Some(last) if last.0 + last.2 == i && last.1 + last.2 == j => last.2 += length,
            _ => joined.push((i, j, length)),
        }
    }
    joined
}

/// Where each line of b stands, without the frequent ones of a long text.
fn places<'t>(b: &[&'t str]) -> HashMap<&'t str, Vec<usize>> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, line) in b.iter().enumerate() {
        places.entry(line).or_default().push(index);
    }
    if b.len() >= 200 {
        places.retain(|_, at| at.len() <= b.len() / 100 + 1);
    }
    places
}

/// The longest equal block, the first in a and then in b of several, extended over frequent lines.
fn longest(
    a: &[&str],
    b: &[&str],
    places: &HashMap<&str, Vec<usize>>,
    a_in: Range<usize>,
    b_in: Range<usize>,
) -> (usize, usize, usize) {
    let (mut i, mut j, mut length) = (a_in.start, b_in.start, 0);
    let mut lengths: HashMap<usize, usize> = HashMap::new();
    for at in a_in.clone() {
        let mut now = HashMap::new();
        for &bt in places.get(a[at]).into_iter().flatten().filter(|bt| b_in.contains(bt)) {
            let run = bt.checked_sub(1).and_then(|before| lengths.get(&before)).copied().unwrap_or(0) + 1;
            now.insert(bt, run);
            if run > length {
                (i, j, length) = (at + 1 - run, bt + 1 - run, run);
            }
        }
        lengths = now;
    }
    while i > a_in.start && j > b_in.start && a[i - 1] == b[j - 1] {
        (i, j, length) = (i - 1, j - 1, length + 1);
    }
    while i + length < a_in.end && j + length < b_in.end && a[i + length] == b[j + length] {
        length += 1;
    }
    (i, j, length)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    use super::*;

    /// What Python's difflib says of each pair.
    fn of_python(pairs: &[(String, String)]) -> Vec<String> {
        let script = "import difflib,json,sys\n\
            lines=lambda t: t.split('\\n')[:-1] if t.endswith('\\n') else t.split('\\n') if t else []\n\
            diff=lambda a,b: ''.join(l+'\\n' for l in difflib.unified_diff(lines(a),lines(b),'a','b',n=3,lineterm=''))\n\
            print(json.dumps([diff(a,b) for a,b in json.load(sys.stdin)]))";
        let mut python = Command::new("python3");
        let mut python = python.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let pairs = serde_json::to_string(pairs).unwrap();
        python.stdin.take().unwrap().write_all(pairs.as_bytes()).unwrap();
        serde_json::from_slice(&python.wait_with_output().unwrap().stdout).unwrap()
    }

    /// Lines of which some are frequent, as in configurations, some have spaces at their end and
    /// some are not ASCII.
    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => Just("!".to_owned()),
            3 => Just("   no switchport".to_owned()),
            2 => (0..48u8).prop_map(|n| format!("interface Ethernet{n}")),
            2 => (0..400u16).prop_map(|n| format!("   ip address 192.0.2.{n}/24")),
            1 => "[ a-zé✓]{0,12}",
        ]
    }

    fn pair() -> impl Strategy<Value = (String, String)> {
        let text = prop_oneof![3 => prop::collection::vec(line(), 0..60), 1 => prop::collection::vec(line(), 190..420)];
        let edits = prop::collection::vec((any::<prop::sample::Index>(), line(), 0..3u8), 0..12);
        (text, edits, any::<bool>()).prop_map(|(old, edits, ended)| {
            let mut new = old.clone();
            for (at, line, edit) in edits {
                let at = at.index(new.len() + 1);
                match edit {
                    0 => new.insert(at, line),
                    1 if at < new.len() => drop(new.remove(at)),
                    _ if at < new.len() => new[at] = line,
                    _ => {}
                }
            }
            let joined = |lines: &[String]| lines.join("\n") + if ended && !lines.is_empty() { "\n" } else { "" };
            (joined(&old), joined(&new))
        })
    }

    #[test]
    fn equal_texts_have_no_difference() {
        assert_eq!(unified("a\nb\n", "a\nb\n", "x", "y"), "");
    }

    #[test]
    fn twelve_hundred_differences_are_pythons() {
        let mut runner = TestRunner::default();
        let pairs: Vec<_> = (0..1200).map(|_| pair().new_tree(&mut runner).unwrap().current()).collect();

        let expected = of_python(&pairs);

        assert!(
            pairs.iter().filter(|(a, _)| a.lines().count() >= 200).count() > 100,
            "for autojunk, texts must be long"
        );
        for ((a, b), expected) in pairs.iter().zip(expected) {
            assert_eq!(unified(a, b, "a", "b"), expected, "{a:?} {b:?}");
        }
    }
}
