//! Every model in `models/`, rendered as it is deployed. A change of what switches get shows up
//! here as a changed snapshot.

#![expect(clippy::unwrap_used, reason = "helpers of a test, where an unwrap is the expectation")]

mod fabric;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use intent::inventory::Document;
use intent::inventory::{Device, Inventory};
use intent::model::ModelFiles;
use intent::render::ModelSet;

const TWO_SWITCHES: &str = "\
hosts:
  devicea: {hostname: 192.0.2.1, groups: [two-switches]}
  deviceb: {hostname: 192.0.2.2, groups: [two-switches]}
groups:
  two-switches: {}
defaults:
  data:
    admin_secret: $6$salt$hash
    naas_url: https://naas.example.net/prod
";

#[test]
fn the_two_switches_render_as_reviewed() {
    for (device, configuration) in rendered(TWO_SWITCHES) {
        insta::assert_snapshot!(device.name.to_string(), configuration);
    }
}

/// Each device of an inventory, and the configuration that `models/` says it should run.
fn rendered(inventory: &str) -> Vec<(Device, String)> {
    let mut files = BTreeMap::new();
    collect(&repository().join("models"), "", &mut files);
    let models = ModelSet::read(&ModelFiles(files)).unwrap();
    let inventory =
        Inventory::parse(&[Document::new("naas/inventory", inventory.into()).with_local_addresses()]).unwrap();
    let render = |name| {
        let device = inventory.device(name).unwrap();
        let configuration = models.render(&device).unwrap().configuration;
        (device, configuration)
    };
    inventory.names().map(render).collect()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else {
            files.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}
