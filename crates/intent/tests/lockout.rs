//! The lint for lock-outs finds nothing wrong with the published configurations of whole devices,
//! which nobody here wrote, and finds each of them wrong without the lines that keep it reachable.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use intent::inventory::Document;
use intent::inventory::{Device, Inventory};
use intent::lockout::{self, Rule};
use intent::name::DeviceName;
use walkdir::WalkDir;

#[test]
fn whole_devices_pass_and_not_without_their_management() {
    let Some(configurations) = whole_devices() else { return };
    assert_eq!(configurations.len(), 63);
    for (path, configuration) in configurations {
        let device = device(&configuration);
        let broken = |configuration: &str| lockout::look(configuration, &device, &BTreeSet::new()).err();

        assert_eq!(broken(&configuration), None, "{path}");
        let address = format!("ip address {}/", device.hostname);
        for (line, instead, rule) in [
            ("\nmanagement api http-commands", "\n!", Rule::ManagementApi),
            ("\nusername ", "\n!", Rule::Login),
            (&address, "ip address 203.0.113.9/", Rule::ManagementAddress),
        ] {
            let without = configuration.replace(line, instead);
            // A leased address may be the one.
            let is_leased = rule == Rule::ManagementAddress && configuration.contains("ip address dhcp");
            let expected = (!is_leased).then_some(rule);
            assert_eq!(broken(&without).map(|lockout| lockout.rule), expected, "{path} without {line}");
        }
    }
}

/// The device as an inventory would have it: its first user, and its management address or else a
/// name.
fn device(configuration: &str) -> Device {
    let users = configuration.lines().filter_map(|line| line.strip_prefix("username "));
    let user = users.filter_map(|line| line.split(' ').next()).next().expect("a whole device has a user");
    let management = configuration.split("\ninterface Management").nth(1).expect("and a management interface");
    let address = management.lines().filter_map(|line| line.trim().strip_prefix("ip address ")).next();
    let address = address.expect("with an address").split('/').next().filter(|address| *address != "dhcp");
    let host = address.unwrap_or("leaf1.example.net");
    let inventory = format!("hosts: {{leaf1: {{hostname: {host}, username: {user}}}}}");
    let inventory = Inventory::parse(&[Document::new("inventory", inventory.into_bytes())]).expect("an inventory");
    inventory.device(&DeviceName::new("leaf1").expect("a name")).expect("the one device")
}

/// Those of the published configurations that can be reached at all, with their paths. `None` where
/// there are none: they are not part of the repository, `EOS_CORPUS` names their folder.
#[expect(clippy::print_stderr, reason = "tools/tally counts the tests that say so")]
fn whole_devices() -> Option<Vec<(String, String)>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("EOS_CORPUS").map_or(beside, PathBuf::from);
    if !folder.is_dir() {
        let skipped = "skipped: whole_devices_pass_and_not_without_their_management";
        eprintln!("{skipped}: ../shared/corpus is not there, nor named by EOS_CORPUS");
        return None;
    }
    let paths = WalkDir::new(folder).into_iter().map(|entry| entry.expect("a readable folder").into_path());
    let texts = paths.filter(|path| path.extension().is_some_and(|extension| extension == "cfg")).map(|path| {
        let text = std::fs::read_to_string(&path).expect("the corpus is readable text");
        (path.display().to_string(), text)
    });
    let is_whole = |text: &str| text.contains("\nmanagement api http-commands\n") && text.contains("\nusername ");
    Some(texts.filter(|(_, text)| is_whole(text)).collect())
}
