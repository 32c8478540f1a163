//! Whole configurations, loaded by the client into strict and lenient devices and read back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::{fleet, text};
use crate::wild::as_shown;
use eapi::{Candidate, Command};
use eos_sim::{DeviceHandle, DeviceSpec, Strictness};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use walkdir::WalkDir;

/// The commands of a replacement by `config` in the session `name`, and `last` in the same request.
fn replace(name: &str, config: &str, last: &str) -> Value {
    let mut cmds = vec![json!("enable"), json!(format!("configure session {name}")), json!("rollback clean-config")];
    let candidate = Candidate::parse(config).unwrap();
    cmds.extend(candidate.commands().map(|command: &Command| serde_json::to_value(command).unwrap()));
    // A diff or a candidate that is asked for inside a group-change mode lacks what was entered in
    // it.
    cmds.push(json!(format!("configure session {name}")));
    cmds.push(json!(last));
    Value::Array(cmds)
}

#[tokio::test]
async fn a_strict_device_takes_our_templates_once() {
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

/// What of the corpus does not come back as it is written, and why.
const EXCEPTIONS: [(&str, &str); 8] = [
    ("custom-templates.cfg", "its lines are no EOS commands, but a test of its generator: `test-custom-template-…`"),
    (
        "aaa.cfg",
        "`aaa authentication dot1x default DOT1X default group` is no EOS command, but a test of its generator",
    ),
    (
        "router-bgp-evpn.cfg",
        "its generator indents `layer-2 fec in-place update` as if `route-target import` were a mode",
    ),
    ("ip-access-lists.cfg", "a rule without a number comes after the one with the highest number"),
    ("ethernet-interfaces.cfg", "two interfaces have one subnet, which EOS refuses"),
    ("loopbacks-interfaces.cfg", "two interfaces have one subnet, which EOS refuses"),
    ("tunnel-interfaces.cfg", "two interfaces have one subnet, which EOS refuses"),
    ("vlan-interfaces.cfg", "two interfaces have one subnet, which EOS refuses"),
];

#[tokio::test]
async fn every_configuration_of_avd_comes_back() {
    let Some(files) = corpus("every_configuration_of_avd_comes_back") else { return };
    assert_eq!(files.len(), 267);
    let mut wrong = Vec::new();
    for file in &files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let config = std::fs::read_to_string(file).unwrap();
        let found = came_back(&config).await;
        match (found, EXCEPTIONS.iter().any(|(exception, _)| *exception == name)) {
            (Err(difference), false) => wrong.push(format!("{name}: {difference}")),
            (Ok(()), true) => wrong.push(format!("{name} is no exception any more")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

/// Commits a configuration on a strict device, reads it back, and loads that into a device that
/// starts with it.
async fn came_back(config: &str) -> Result<(), String> {
    let device = DeviceHandle::detached(spec(None), Timestamp::UNIX_EPOCH).unwrap();
    call(&device, replace("s", config, "commit"))?;
    let shown = device.running_config();
    let (expected, found) = (as_shown(config, "4.36"), as_shown(&shown, "4.36"));
    if expected != found {
        let lost: Vec<_> = expected.difference(&found).collect();
        let new: Vec<_> = found.difference(&expected).collect();
        return Err(format!("lost {lost:?}, new {new:?}"));
    }
    let again = DeviceHandle::detached(spec(Some(shown.clone())), Timestamp::UNIX_EPOCH).unwrap();
    if again.running_config() != shown {
        return Err("it is shown in another way once it was loaded from what is shown".to_owned());
    }
    match call(&again, replace("s", &shown, "show session-config diffs"))?.as_str() {
        "" => Ok(()),
        diff => Err(format!("loaded again it differs: {diff}")),
    }
}

/// A device that answers whatever it is configured to.
pub(crate) fn spec(startup_config: Option<String>) -> DeviceSpec {
    DeviceSpec { always_answers: true, startup_config, ..DeviceSpec::new("a", "admin", "admin".into()) }
}

/// The text of the last command, or the error.
pub(crate) fn call(device: &DeviceHandle, cmds: Value) -> Result<String, String> {
    let params = json!({"version": 1, "cmds": cmds, "format": "text"});
    let body = json!({"jsonrpc": "2.0", "method": "runCmds", "params": params, "id": 1});
    let answer = device.call(body.to_string().as_bytes()).expect("it always answers");
    let mut answer: Value = serde_json::from_slice(&answer).unwrap();
    match answer["result"].as_array_mut().and_then(Vec::pop) {
        Some(last) => Ok(last["output"].as_str().unwrap().to_owned()),
        None => Err(answer["error"].to_string()),
    }
}

/// Configurations as a device shows them.
fn canonical() -> impl Strategy<Value = String> {
    let word = "[a-z][a-z-]{0,8}";
    let free = "[a-zA-Z0-9!#$%'()*+,./:;<=>?@^_{|}~-]([ a-zA-Z0-9!'\"]{0,16}[a-z0-9])?";
    let body = prop::collection::vec("( {0,4}[!a-zA-Z0-9$(){}'\"#-][ !a-zA-Z0-9$]{0,20}[a-z!])?", 1..6);
    let aliases = prop::collection::btree_map(word, free, 0..4);
    let vlans = prop::collection::btree_map(2..4094u16, word, 0..4);
    let ports = prop::collection::btree_map(1..49u8, (prop::option::of(free), any::<bool>(), 0..3u8), 0..5);
    let rules = prop::collection::btree_set(1..500u16, 0..5);
    let script = prop::option::of(body.clone());
    (aliases, word, vlans, prop::option::of(body), ports, rules, script).prop_map(
        |(aliases, host, vlans, banner, ports, rules, script)| {
            let mut blocks = vec![aliases.iter().map(|(name, command)| format!("alias {name} {command}\n")).collect()];
            blocks.push(format!("hostname {host}\n"));
            for (number, name) in vlans {
                // VLANs that are alike are shown as one.
                blocks.push(format!("vlan {number}\n   name {name}{number}\n"));
            }
            if let Some(lines) = banner {
                blocks.push(format!("banner login\n{}EOF\n\n", indented(&lines, "")));
            }
            for (number, (description, shutdown, comments)) in ports {
                let comment: String = (0..comments).map(|n| format!("   !! remark  {n}\n")).collect();
                let description = description.map(|text| format!("   description {text}\n")).unwrap_or_default();
                let shutdown = if shutdown { "   shutdown\n" } else { "" };
                blocks.push(format!("interface Ethernet{number}\n{comment}{description}{shutdown}"));
            }
            if let Some(lines) = script {
                let body = indented(&lines, "      ");
                blocks.push(format!("event-handler x\n   action bash\n{body}      EOF\n   delay 5\n"));
            }
            if !rules.is_empty() {
                let rules: String = rules.iter().map(|number| format!("   {number} permit ip any any\n")).collect();
                blocks.push(format!("ip access-list a\n{rules}"));
            }
            blocks.push(
                "router general\n   control-functions\n      code unit u\n         f() {\n           }\n         EOF\n"
                    .into(),
            );
            blocks.retain(|block: &String| !block.is_empty());
            blocks.push("end\n".into());
            // A control-functions mode is shown behind a separator, like every mode in a mode.
            blocks.join("!\n").replace("router general\n", "router general\n   !\n")
        },
    )
}

fn indented(lines: &[String], margin: &str) -> String {
    lines.iter().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{margin}{line}\n") }).collect()
}

proptest! {
    #[test]
    fn what_a_device_shows_comes_back_the_same_through_the_client(config in canonical()) {
        let device = DeviceHandle::detached(spec(None), Timestamp::UNIX_EPOCH).unwrap();
        let shown = call(&device, replace("s", &config, "show session-config named s")).unwrap();
        let (_, shown) = shown.split_once("!\n").unwrap();
        prop_assert_eq!(shown, config);
    }

    #[test]
    fn whatever_is_accepted_comes_back_the_same(lines in prop::collection::vec("(no )?[a-z]{1,9}( [a-zA-Z0-9./-]{1,9}){0,3}", 1..20)) {
        let lenient = DeviceSpec { mode: Strictness::Lenient, ..spec(None) };
        let device = DeviceHandle::detached(lenient, Timestamp::UNIX_EPOCH).unwrap();
        let config = lines.join("\n");
        prop_assume!(Candidate::parse(&config).is_ok());
        let Ok(shown) = call(&device, replace("s", &config, "show session-config named s")) else { return Ok(()) };
        prop_assume!(Candidate::parse(&shown).is_ok());
        let again = call(&device, replace("t", &shown, "show session-config named t")).unwrap();
        prop_assert_eq!(again.split_once('\n').unwrap().1, shown.split_once('\n').unwrap().1);
    }
}

#[test]
fn a_hundred_thousand_lines_are_taken_flat_and_in_one_mode() {
    let flat: String =
        (0..100_000).map(|n| format!("ip route 10.{}.{}.{}/32 Null0\n", n >> 16, n >> 8 & 255, n & 255)).collect();
    let deep: String = (1..=100_000).map(|n| format!("   {n} permit ip any any\n")).collect();
    let config = format!("{flat}!\nip access-list a\n{deep}!\nend\n");
    let device = DeviceHandle::detached(spec(None), Timestamp::UNIX_EPOCH).unwrap();

    call(&device, replace("s", &config, "commit")).unwrap();

    assert_eq!(device.running_config().lines().filter(|line| line.starts_with("ip route")).count(), 100_000);
    assert_eq!(device.running_config().lines().filter(|line| line.ends_with("permit ip any any")).count(), 100_000);
}

#[test]
fn what_is_no_line_is_refused_and_changes_nothing() {
    let device = DeviceHandle::detached(spec(None), Timestamp::UNIX_EPOCH).unwrap();
    let before = device.running_config();
    for line in [
        "description \u{0}",
        "hostname a\u{1b}[31m",
        &format!("alias x {}", "y".repeat(10_000_000)),
        "!! remark",
        "# remark",
    ] {
        let refused = call(&device, json!(["enable", "configure", line])).unwrap_err();
        assert!(refused.contains("1002") && refused.len() < 3000, "{} bytes", refused.len());
        assert_eq!(device.running_config(), before);
    }
}

/// Each line with the lines that it is below, bodies as one line.
pub(crate) fn paths(config: &str) -> BTreeSet<Vec<String>> {
    let (mut paths, mut path) = (BTreeSet::new(), Vec::<(usize, String)>::new());
    let mut lines = config.lines();
    while let Some(line) = lines.next() {
        let margin = line.len() - line.trim_start().len();
        let words = line.trim();
        if words.is_empty() || words.starts_with('!') && !words.starts_with("!!") || ["end", "exit"].contains(&words) {
            continue;
        }
        let eofs = match words.split(' ').collect::<Vec<_>>().as_slice() {
            ["protocol", "https", "certificate"] => 2,
            ["banner", _] | ["comment"] | ["action", "bash"] | ["code"] | ["code", "unit", _] => 1,
            _ => 0,
        };
        let mut body = Vec::new();
        while body.iter().filter(|line| **line == "EOF").count() < eofs {
            body.push(lines.next().unwrap().trim());
        }
        while path.last().is_some_and(|(outer, _)| *outer >= margin) {
            path.pop();
        }
        // A comment is shown in another form than it is typed.
        let texts = match words {
            "comment" => body.iter().filter(|line| **line != "EOF").map(|line| format!("!! {line}")).collect(),
            _ => vec![[&[words][..], &body].concat().join("\n")],
        };
        for text in texts {
            path.push((margin, text));
            let lines: Vec<String> = path.iter().map(|(_, line)| line.clone()).collect();
            paths.insert(lines);
            if words == "comment" {
                path.pop();
            }
        }
    }
    paths
}

/// The published configurations of AVD, or `None` where they are not: they are no part of the
/// repository.
#[expect(clippy::print_stderr, reason = "tools/tally counts the tests that say so")]
fn corpus(test: &str) -> Option<Vec<PathBuf>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("EOS_CORPUS").map_or(beside, PathBuf::from);
    if !folder.is_dir() {
        eprintln!("skipped: {test}: ../shared/corpus is not there, nor named by EOS_CORPUS");
        return None;
    }
    let found = WalkDir::new(folder).sort_by_file_name().into_iter().map(|entry| entry.unwrap().into_path());
    Some(found.filter(|path| path.extension().is_some_and(|extension| extension == "cfg")).collect())
}

fn rendered() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/two-switches/templates");
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
        // Nothing in this data needs quotes.
        tera.register_filter("quote", |text: &str, _: tera::Kwargs, _: &tera::State| text.to_owned());
        tera.add_raw_template(name, &std::fs::read_to_string(folder.join(name)).unwrap()).unwrap();
        tera.render(name, &context).unwrap()
    });
    texts.concat()
}
