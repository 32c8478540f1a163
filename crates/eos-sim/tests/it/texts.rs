//! Whole configurations, loaded by the client into strict and lenient devices and read back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::{fleet, text};
use eapi::{Candidate, Command};
use eos_sim::DeviceHandle;
use serde_json::{Value, json};

/// The commands of a replacement by `config` in the session `name`, and `last` in the same request.
fn replace(name: &str, config: &str, last: &str) -> Value {
    let mut cmds = vec![json!("enable"), json!(format!("configure session {name}")), json!("rollback clean-config")];
    let candidate = Candidate::parse(config).unwrap();
    cmds.extend(candidate.commands().map(|command: &Command| serde_json::to_value(command).unwrap()));
    cmds.push(json!(last));
    Value::Array(cmds)
}

#[tokio::test]
async fn the_repositorys_templates_are_taken_by_a_strict_device_and_show_no_second_difference() {
    let handle = fleet("devices: [{name: devicea, username: admin, password: admin}]").await;
    let device = handle.device("devicea").unwrap();
    let config = rendered();

    let first = text(&device, replace("one", &config, "show session-config diffs")).await;
    text(&device, json!(["enable", "configure session one commit"])).await;
    let second = text(&device, replace("two", &config, "show session-config diffs")).await;

    assert!(first.contains("\n+event-handler naas\n"), "{first}");
    assert!(device.running_config().contains("interface Ethernet2\n   description spare\n   shutdown\n"));
    assert_eq!(second, "");
}

#[tokio::test]
async fn what_is_shown_is_the_same_when_it_is_loaded_again() {
    let handle = fleet("devices: [{name: a, username: admin, password: admin, mode: lenient}]").await;
    let device = handle.device("a").unwrap();
    let Some(files) = corpus() else { return };
    assert_eq!(files.len(), 63);
    let (mut same, mut different) = (0, Vec::new());
    for file in &files {
        let config = std::fs::read_to_string(file).unwrap();
        let shown = text(&device, replace("s", &config, "show session-config named s")).await;
        let (expected, found) = (paths(&config), paths(&shown));
        if expected == found {
            same += 1;
        } else {
            let lost: Vec<_> = expected.difference(&found).collect();
            let new: Vec<_> = found.difference(&expected).collect();
            different.push(format!("{}: lost {lost:?}, new {new:?}", file.display()));
        }
        assert_eq!(reloaded(&device, &shown).await, shown, "{}", file.display());
    }
    assert_eq!((same, different.as_slice()), (63, [].as_slice()), "{}", different.join("\n"));
}

/// What is shown after `shown` is loaded in place of everything; the same text has no difference.
async fn reloaded(device: &DeviceHandle, shown: &str) -> String {
    text(device, replace("s", shown, "show session-config named s")).await
}

/// Each line with the lines that it is below, without what EOS does not show: see `forgotten`.
fn paths(config: &str) -> BTreeSet<Vec<String>> {
    let (mut paths, mut path) = (BTreeSet::new(), Vec::<String>::new());
    for line in config.lines() {
        let depth = (line.len() - line.trim_start().len()) / 3;
        let words = line.trim().to_owned();
        if words.is_empty() || words.starts_with('!') && !words.starts_with("!!") {
            continue;
        }
        path.truncate(depth);
        path.push(words);
        if !forgotten(&path) {
            paths.insert(path.clone());
        }
    }
    paths
}

/// An interface is up by default and EOS shows it only when it is not, but the corpus, which a generator wrote and no
/// switch, says so.
fn forgotten(path: &[String]) -> bool {
    path.first().is_some_and(|mode| mode.starts_with("interface "))
        && path.last().is_some_and(|line| line == "no shutdown")
}

/// The 63 configurations of AVD's examples; none if they are not on this machine.
fn corpus() -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let corpus = root.join(std::env::var_os("EOS_CORPUS").unwrap_or_else(|| "../shared/corpus".into()));
    let mut folders = vec![corpus.join("avd/examples")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).ok()? {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "cfg") {
                files.push(path);
            }
        }
    }
    Some(files)
}

fn rendered() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/templates");
    let context = json!({
        "host": {"name": "devicea", "admin_secret": "$6$salt$hash", "naas_url": "http://127.0.0.1:1", "api_protocol": "http"},
        "model": {
            "aliases": {"last": "show clock", "first": "show version"}, "vlans": {"20": "twenty", "100": "hundred"},
            "description": "spare", "ports": {"Ethernet1": {"description": "up", "vlan": 20}, "Ethernet2": {"shutdown": true}},
        },
    });
    let context = tera::Context::from_serialize(&context).unwrap();
    let texts = ["generic.tera", "interface.tera"].map(|name| {
        let mut tera = tera::Tera::default();
        tera.add_raw_template(name, &std::fs::read_to_string(folder.join(name)).unwrap()).unwrap();
        tera.render(name, &context).unwrap()
    });
    texts.concat()
}
