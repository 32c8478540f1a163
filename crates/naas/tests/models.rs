//! Every model in `models/`, rendered as it is deployed. A change of what switches get shows up here as a changed snapshot.

#![expect(clippy::unwrap_used, reason = "helpers of a test, where an unwrap is the expectation")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use naas::inventory::Inventory;
use naas::ports::{Document, ModelFiles};
use naas::render::Intent;

const INVENTORY: &str = "\
hosts:
  devicea: {hostname: 192.0.2.1}
  deviceb: {hostname: 192.0.2.2}
defaults:
  data:
    admin_secret: $6$salt$hash
    naas_url: https://naas.example.net/prod
";

#[test]
fn the_worked_example_renders_as_reviewed() {
    let intent = Intent::read(&models()).unwrap();
    let documents = [Document::new("naas/inventory", INVENTORY.into())];
    let inventory = Inventory::parse(&documents).unwrap();

    for name in inventory.names() {
        let device = inventory.device(name).unwrap();
        insta::assert_snapshot!(name.to_string(), intent.render(&device).unwrap().configuration);
    }
}

fn models() -> ModelFiles {
    let mut files = BTreeMap::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    collect(&folder, "", &mut files);
    ModelFiles(files)
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
