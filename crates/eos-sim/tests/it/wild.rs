//! Configurations that others wrote, entered and read back: what share comes back the same.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::texts::{call, paths, spec};
use eos_sim::{DeviceHandle, DeviceSpec, Strictness};
use jiff::Timestamp;
use serde_json::json;
use walkdir::WalkDir;

/// Files by their path.
type Files = Vec<(PathBuf, String)>;

/// The files below a folder of `../shared`; none if it is not there.
#[expect(clippy::print_stderr, reason = "a test that is skipped should say so")]
fn files(test: &str, folder: &str) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    if !root.is_dir() {
        eprintln!("skipped: {test}: ../shared/{folder} is not there");
        return Vec::new();
    }
    let found = WalkDir::new(root).sort_by_file_name().into_iter().filter_map(Result::ok);
    let found = found.map(walkdir::DirEntry::into_path).filter(|path| path.is_file());
    let texts = found.map(|path| {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        (path, text)
    });
    texts.filter(|(path, _)| path.extension().is_none_or(|extension| extension != "md")).collect()
}

fn release(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("! device: "))?;
    let (_, release) = line.rsplit_once("EOS-")?;
    Some(release.trim_end_matches(')').split(' ').next()?.to_owned())
}

/// What a device of the text's own release refuses of it, by line, and what it shows then.
fn entered(text: &str, strictness: Strictness) -> (Vec<usize>, String) {
    let eos = release(text).unwrap_or_else(|| "4.36.0F".to_owned());
    let device =
        DeviceHandle::detached(DeviceSpec { eos, mode: strictness, ..spec(None) }, Timestamp::UNIX_EPOCH).unwrap();
    let copy = json!({"cmd": "copy terminal: session-config", "input": text});
    let said = call(&device, json!(["enable", "configure session s", "rollback clean-config", copy])).unwrap();
    let refused = said.lines().filter_map(|line| line.strip_prefix("% Invalid input at line ")?.parse().ok()).collect();
    let shown = call(&device, json!(["enable", "show session-config named s"])).unwrap();
    (refused, shown)
}

/// The lines of a configuration as a device of this release shows them, each with the lines that it is below.
pub(crate) fn as_shown(config: &str, eos: &str) -> BTreeSet<Vec<String>> {
    let routed = config.contains("switchport default mode routed");
    let shown = paths(config).into_iter().filter_map(|path| rewritten(&path, eos, routed));
    shown.flat_map(|path| each_vlan(&path)).collect()
}

/// A line once for each VLAN, if it is one of several VLANs that are shown in one block because they are alike.
fn each_vlan(path: &[String]) -> Vec<Vec<String>> {
    let list = path[0].strip_prefix("vlan ").filter(|list| list.starts_with(|c: char| c.is_ascii_digit()));
    let Some(list) = list else { return vec![path.to_vec()] };
    let ranges = list.split(',').map(|part| part.split_once('-').unwrap_or((part, part)));
    let numbers = ranges.filter_map(|(low, high)| Some(low.parse::<u16>().ok()?..=high.parse().ok()?)).flatten();
    numbers.map(|number| [&[format!("vlan {number}")], &path[1..]].concat()).collect()
}

/// What EOS shows of a line in place of what was entered; none for a line that it does not show. Sources: dumps of devices,
/// and pairs of what was pushed and what was shown then.
fn rewritten(path: &[String], eos: &str, routed: bool) -> Option<Vec<String>> {
    let minor: u32 = eos.split('.').nth(1)?.parse().ok()?;
    let mut path: Vec<String> = path.iter().map(|line| words_as_shown(line)).collect();
    let (mode, inside) = (path[0].clone(), path.len() > 1);
    let last = path.last_mut()?;
    if mode.contains("access-list") && inside {
        // EOS numbers rules that come without a number.
        *last = last.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().to_owned();
    }
    if let Some((before, _)) = last.split_once(" secret ").filter(|_| !inside) {
        // What comes in plain text is shown as a hash.
        *last = format!("{before} secret");
    }
    match last.as_str() {
        "spanning-tree portfast" if minor >= 33 => last.push_str(" edge"),
        "switchport" if routed => {}
        "no shutdown" if mode.starts_with("interface ") => return None,
        "switchport"
        | "switchport mode access"
        | "protocol https"
        | "no enable password"
        | "no logging console"
        | "state active" => return None,
        // What takes away something that is not there.
        line if line.starts_with("default ") => return None,
        line if ["access-list", "neighbor", "prefix-list", "route-map"]
            .iter()
            .any(|what| line.starts_with("no ") && line.contains(what))
            && !line.ends_with("activate") =>
        {
            return None;
        }
        _ => {}
    }
    Some(path)
}

/// The words of a line as EOS writes them: names of interfaces in full, areas and addresses in their usual form, lists joined.
fn words_as_shown(line: &str) -> String {
    let classes = [
        ("ethernet", "Ethernet"),
        ("eth", "Ethernet"),
        ("et", "Ethernet"),
        ("loopback", "Loopback"),
        ("lo", "Loopback"),
        ("vlan", "Vlan"),
        ("vxlan", "Vxlan"),
        ("port-channel", "Port-Channel"),
        ("po", "Port-Channel"),
        ("management", "Management"),
        ("ma", "Management"),
    ];
    let mut words: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        let digits = word.find(|c: char| c.is_ascii_digit()).unwrap_or(word.len());
        let class = classes.iter().find(|(short, _)| word[..digits].eq_ignore_ascii_case(short));
        let before = words.last().map_or("", String::as_str).to_owned();
        let list = word.contains([',', '-']) && word.bytes().all(|b| b.is_ascii_digit() || b == b',' || b == b'-');
        words.push(match (class, before.as_str()) {
            (Some((_, class)), _) if digits < word.len() => format!("{class}{}", &word[digits..]),
            (_, "area") if word.parse::<u32>().is_ok() => {
                std::net::Ipv4Addr::from(word.parse::<u32>().unwrap()).to_string()
            }
            (_, "mac-address") => colons(word),
            _ if list => joined(word),
            _ => word.to_owned(),
        });
        // The number of an interface may stand apart.
        let apart = classes.iter().find(|(short, _)| before.eq_ignore_ascii_case(short) && before != "vlan");
        if let (Some((_, class)), true) = (apart, word.starts_with(|c: char| c.is_ascii_digit())) {
            words.truncate(words.len() - 2);
            words.push(format!("{class}{word}"));
        }
    }
    let line = words.join(" ").replace(" peer-group", " peer group").replace("min_rx", "min-rx");
    let line = line.replace("no spanning-tree vlan ", "no spanning-tree vlan-id ");
    line.replace("vrf definition ", "vrf instance ").replace("vrf forwarding ", "vrf ")
}

/// A MAC address with colons.
fn colons(word: &str) -> String {
    let digits: String = word.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_lowercase();
    if digits.len() != 12 || !word.contains('.') {
        return word.to_lowercase();
    }
    (0..6).map(|at| &digits[2 * at..2 * at + 2]).collect::<Vec<_>>().join(":")
}

/// A list of numbers, ascending, ranges joined.
fn joined(word: &str) -> String {
    let mut numbers = BTreeSet::new();
    for part in word.split(',') {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (Ok(low), Ok(high)) = (low.parse::<u32>(), high.parse::<u32>()) else { return word.to_owned() };
        if high.saturating_sub(low) > 70_000 {
            return word.to_owned();
        }
        numbers.extend(low..=high);
    }
    let mut parts: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => parts.push((number, number)),
        }
    }
    let parts = parts.iter().map(|(low, high)| if low == high { low.to_string() } else { format!("{low}-{high}") });
    parts.collect::<Vec<_>>().join(",")
}

/// How many of some files come back.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Share {
    of: usize,
    /// Every line is taken.
    taken: usize,
    /// And shown again as it was entered, but for what EOS writes in another way.
    equal: usize,
    /// What is shown then is taken and shown the same.
    stable: usize,
}

impl Share {
    fn of(files: &[(PathBuf, String)], strictness: Strictness) -> Self {
        let mut share = Self { of: files.len(), ..Self::default() };
        for (path, text) in files {
            let eos = release(text).unwrap_or_else(|| "4.36.0F".to_owned());
            let (refused, shown) = entered(text, strictness);
            let equal = as_shown(text, &eos) == as_shown(&shown, &eos);
            let (again, same) = entered(&shown.replace("EOS-4.36.0F", &format!("EOS-{eos}")), strictness);
            share.taken += usize::from(refused.is_empty());
            share.equal += usize::from(refused.is_empty() && equal);
            share.stable += usize::from(again.is_empty() && same.lines().skip(1).eq(shown.lines().skip(1)));
            report(path, text, &refused, &as_shown(text, &eos), &as_shown(&shown, &eos));
        }
        share
    }
}

/// Writes what is wrong with a file where `EOS_SIM_REPORT` says.
fn report(path: &Path, text: &str, refused: &[usize], expected: &BTreeSet<Vec<String>>, found: &BTreeSet<Vec<String>>) {
    let Some(file) = std::env::var_os("EOS_SIM_REPORT") else { return };
    let lines: Vec<&str> = text.lines().collect();
    let mut out = format!("== {}\n", path.display());
    refused.iter().for_each(|number| out.push_str(&format!("  refused {number}: {}\n", lines[number - 1])));
    expected.difference(found).for_each(|lost| out.push_str(&format!("  lost {lost:?}\n")));
    found.difference(expected).for_each(|new| out.push_str(&format!("  new {new:?}\n")));
    let file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
    std::io::Write::write_all(&mut &file, out.as_bytes()).unwrap();
}

/// The files that devices showed, and the others. Tests of other programs' parsers that begin like a dump are with the others.
fn wild(test: &str) -> (Files, Files) {
    files(test, "wild/configs").into_iter().partition(|(path, text)| {
        let path = path.to_string_lossy();
        release(text).is_some() && !NO_DUMPS.iter().any(|(part, _)| path.contains(part))
    })
}

/// What begins like a dump and is none, and why.
const NO_DUMPS: [(&str, &str); 3] = [
    ("/testconfigs/", "tests of another program's parser"),
    ("kne/examples/arista/ceos-ipv6/", "edited by hand: both `service routing protocols model ribd` and `multi-agent`"),
    ("kne/examples/multivendor/", "the same"),
];

/// A keyword with a letter too many.
fn misspelt(word: &str) -> String {
    let (start, end) = word.split_at(word.len() - 1);
    format!("{start}q{end}")
}

fn is_keyword(word: &str) -> bool {
    word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// How many wrong lines are refused at the right word, of how many.
#[derive(Debug, Default, Clone, Copy)]
struct Refusals {
    misspelt: usize,
    misspelt_of: usize,
    too_many: usize,
    too_many_of: usize,
}

/// Lines of devices in their modes, each with its second or third word misspelt, or with a word too many.
fn refusals(dumps: &[(PathBuf, String)]) -> Refusals {
    let mut count = Refusals::default();
    let device =
        DeviceHandle::detached(DeviceSpec { eos: "4.36.0F".into(), ..spec(None) }, Timestamp::UNIX_EPOCH).unwrap();
    let mut seen = BTreeSet::new();
    for path in dumps.iter().flat_map(|(_, text)| paths(text)) {
        let (line, modes) = path.split_last().unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let shape = (
            modes.first().and_then(|mode| mode.split(' ').next().map(str::to_owned)),
            words.iter().take(3).map(|word| (*word).to_owned()).collect::<Vec<_>>(),
        );
        if line.contains('\n') || line.starts_with('!') || words.len() < 2 || !seen.insert(shape) {
            continue;
        }
        let at = if words.len() > 2 && is_keyword(words[2]) { 2 } else { 1 };
        if is_keyword(words[at]) && !is_named(&words, at) {
            let mut wrong: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            wrong[at] = misspelt(words[at]);
            count.misspelt_of += 1;
            count.misspelt += usize::from(refused_at(&device, modes, &wrong.join(" ")) == Some(at));
        }
        if !is_free_text(&words) {
            count.too_many_of += 1;
            count.too_many += usize::from(refused_at(&device, modes, &format!("{line} toomany")) == Some(words.len()));
        }
    }
    count
}

/// Whether a word is a name that somebody gave, as far as the word before it tells.
fn is_named(words: &[&str], at: usize) -> bool {
    let before = [
        "vrf",
        "neighbor",
        "username",
        "profile",
        "name",
        "alias",
        "route-map",
        "community",
        "location",
        "contact",
        "group",
        "hostname",
        "isis",
        "daemon",
        "event-handler",
        "domain",
        "description",
        "access-list",
        "prefix-list",
        "policy",
        "mode",
        "host",
        "instance",
        "exec",
        "session",
        "tracker",
    ];
    before.contains(&words[at - 1])
        || ["alias", "description", "exec", "name", "hostname", "daemon", "username"].contains(&words[0])
}

fn is_free_text(words: &[&str]) -> bool {
    let free = [
        "alias",
        "description",
        "exec",
        "name",
        "username",
        "snmp-server",
        "clock",
        "domain-id",
        "action",
        "remark",
        "seq",
        "secret",
    ];
    free.contains(&words[0]) || words.contains(&"description") || words.contains(&"remark") || words.contains(&"rcf")
}

/// The token that the device names when it refuses a line in some modes; none if it takes it.
fn refused_at(device: &DeviceHandle, modes: &[String], line: &str) -> Option<usize> {
    let mut cmds = vec![json!("enable"), json!("configure session s")];
    cmds.extend(modes.iter().map(|mode| json!(mode)));
    cmds.push(json!(line));
    let refused = call(device, json!(cmds)).err()?;
    let (_, token) = refused.rsplit_once("(at token ")?;
    token.split(':').next()?.parse().ok()
}

fn percent(part: usize, of: usize) -> usize {
    (part * 100).checked_div(of).unwrap_or(100)
}

#[test]
fn dumps_of_devices_come_back_equal() {
    let (dumps, written) = wild("dumps_of_devices_come_back_equal");
    let dump = Share::of(&dumps, Strictness::Strict);
    assert!(percent(dump.equal, dump.of) >= 98, "{dump:?}");
    assert_eq!(dump.stable, dump.of, "{dump:?}");
    let hand = Share::of(&written, Strictness::Strict);
    assert!(percent(hand.taken, hand.of) >= 90 && percent(hand.stable, hand.of) >= 90, "{hand:?}");
}

#[test]
fn wrong_words_are_refused_and_named() {
    let (dumps, _) = wild("wrong_words_are_refused_and_named");
    let count = refusals(&dumps);
    assert!(percent(count.misspelt, count.misspelt_of) >= 90, "{count:?}");
    assert!(percent(count.too_many, count.too_many_of) >= 90, "{count:?}");
}

/// Of the lines that were pushed to devices and that these did not show as they were: how many there are, and how many this
/// simulator does not show either.
fn pairs() -> (usize, usize) {
    let (mut of, mut alike) = (0, 0);
    for (path, pushed) in files("pairs", "wild/pairs") {
        let shown = path.with_file_name(path.file_name().unwrap().to_string_lossy().replace(".pushed.", ".shown."));
        let Ok(shown) = std::fs::read_to_string(&shown)
            .and_then(|text| if shown == path { Err(std::io::ErrorKind::Other.into()) } else { Ok(text) })
        else {
            continue;
        };
        let eos = release(&shown).unwrap_or_else(|| "4.32.0F".to_owned());
        let (_, ours) = entered(&format!("! device: x (y, EOS-{eos})\n{pushed}"), Strictness::Lenient);
        let (shown, ours) = (paths(&shown), paths(&ours));
        let rewritten: Vec<_> = paths(&pushed).into_iter().filter(|line| !shown.contains(line)).collect();
        of += rewritten.len();
        alike += rewritten.iter().filter(|line| !ours.contains(*line)).count();
    }
    (of, alike)
}

/// Prints the table of figures for the README: `cargo test -p eos-sim --test it figures -- --ignored --nocapture`.
#[test]
#[ignore = "prints figures"]
#[expect(clippy::print_stdout, reason = "that is what it is for")]
fn figures() {
    let (dumps, written) = wild("figures");
    println!("| set | files | strict: taken | equal | stable | lenient: equal |\n|---|---|---|---|---|---|");
    for (name, files) in [
        ("dumps of devices", dumps.clone()),
        ("written by hand or tools", written),
        ("AVD", files("figures", "corpus")),
    ] {
        let (strict, lenient) = (Share::of(&files, Strictness::Strict), Share::of(&files, Strictness::Lenient));
        let Share { of, taken, equal, stable } = strict;
        println!("| {name} | {of} | {taken} | {equal} | {stable} | {} |", lenient.equal);
    }
    let count = refusals(&dumps);
    let (of, alike) = pairs();
    println!("\nlines that devices dropped or wrote in another way: {of}, {alike} of them here, too");
    println!("misspelt words refused and named: {} of {}", count.misspelt, count.misspelt_of);
    println!("words too many refused and named: {} of {}", count.too_many, count.too_many_of);
}
