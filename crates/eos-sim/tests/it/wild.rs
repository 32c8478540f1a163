//! Configurations that others wrote, entered and read back: what share comes back the same.

mod pairs;
mod share;
mod shown;
mod wrong_words;

use std::path::{Path, PathBuf};

use crate::texts::{call, spec};
use eos_sim::{DeviceHandle, DeviceSpec, Strictness};
use jiff::Timestamp;
use serde_json::json;
use walkdir::WalkDir;

use pairs::Pairs;
use share::Share;
pub(crate) use shown::as_shown;
use wrong_words::refusals;

/// The texts of files, with their paths.
type Files = Vec<(PathBuf, String)>;

/// The files below a folder of `../shared`; none if it is not there.
#[expect(clippy::print_stderr, reason = "a test that is skipped should say so")]
fn files(test: &str, folder: &str) -> Files {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    let root = match (std::env::var_os("EOS_WILD"), folder.strip_prefix("wild/")) {
        (Some(wild), Some(inside)) => Path::new(&wild).join(inside),
        _ => beside,
    };
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

/// The model and the release of the device that showed a text.
fn shown_by(text: &str) -> Option<(String, String)> {
    let line = text.lines().find(|line| line.starts_with("! device: "))?;
    let (before, release) = line.rsplit_once(", EOS-")?;
    let (_, model) = before.rsplit_once('(')?;
    Some((model.to_owned(), release.trim_end_matches(')').split(' ').next()?.to_owned()))
}

fn release(text: &str) -> Option<String> {
    shown_by(text).map(|(_, release)| release)
}

/// What a device of the text's own release refuses of it, by line, and what it shows then.
fn entered(text: &str, strictness: Strictness) -> (Vec<usize>, String) {
    let eos = release(text).unwrap_or_else(|| "4.36.0F".to_owned());
    entered_on(DeviceSpec { eos, mode: strictness, ..spec(None) }, text)
}

/// What a device refuses of a text, by line, and what it shows then.
fn entered_on(spec: DeviceSpec, text: &str) -> (Vec<usize>, String) {
    let device = DeviceHandle::detached(spec, Timestamp::UNIX_EPOCH).unwrap();
    let copy = json!({"cmd": "copy terminal: session-config", "input": text});
    let said = call(&device, json!(["enable", "configure session s", "rollback clean-config", copy])).unwrap();
    let refused = said.lines().filter_map(|line| line.strip_prefix("% Invalid input at line ")?.parse().ok()).collect();
    let shown = call(&device, json!(["enable", "show session-config named s"])).unwrap();
    (refused, shown)
}

/// The files that devices showed, and the others. Tests of other programs' parsers that begin like
/// a dump are with the others.
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

/// Prints the share of the files below the folder that `EOS_SIM_FILES` names, for each folder in it:
/// `EOS_SIM_FILES=/my/dumps cargo test -p eos-sim --test it of_a_folder -- --ignored --nocapture`.
#[test]
#[ignore = "prints figures of files that are not here"]
#[expect(clippy::print_stdout, reason = "that is what it is for")]
fn figures_of_a_folder() {
    let folder = std::env::var("EOS_SIM_FILES").unwrap();
    let mut found: std::collections::BTreeMap<_, Files> = std::collections::BTreeMap::new();
    for (path, text) in files("figures_of_a_folder", &folder) {
        let inside = path.strip_prefix(&folder).unwrap().iter().next().unwrap().to_owned();
        found.entry(inside).or_default().push((path, text));
    }
    println!("| folder | files | strict: taken | equal | stable |\n|---|---|---|---|---|");
    for (inside, files) in found {
        let Share { of, taken, equal, stable } = Share::of(&files, Strictness::Strict);
        println!("| {} | {of} | {taken} | {equal} | {stable} |", inside.display());
    }
}

/// Prints the table of figures for the README: `cargo test -p eos-sim --test it figures --
/// --ignored --nocapture`.
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
    let Pairs { dropped, dropped_here, added, added_here } = Pairs::read();
    println!("\nlines that devices dropped or wrote in another way: {dropped}, {dropped_here} of them here, too");
    println!("lines that devices showed and that were not pushed: {added}, {added_here} of them here, too");
    println!("misspelt words refused and named: {} of {}", count.misspelt, count.misspelt_of);
    println!("words too many refused and named: {} of {}", count.too_many, count.too_many_of);
}
