//! Each of 267 published configurations, as a `.cfg` template, renders to itself. They are not part
//! of the repository: `EOS_CORPUS` names their folder, and without one this test is skipped.

#![expect(clippy::unwrap_used, reason = "helpers of a test, where an unwrap is the expectation")]

use std::fs;
use std::path::{Path, PathBuf};

use intent::inventory::Document;
use intent::inventory::Inventory;
use intent::model::ModelFiles;
use intent::render::ModelSet;

#[test]
#[expect(clippy::print_stderr, reason = "tools/tally counts the tests that say so")]
fn published_configurations_render_to_themselves() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("EOS_CORPUS").map_or(beside, PathBuf::from);
    if !folder.is_dir() {
        let skipped = "skipped: published_configurations_render_to_themselves";
        eprintln!("{skipped}: ../shared/corpus is not there, nor named by EOS_CORPUS");
        return;
    }
    let mut files = Vec::new();
    collect(&folder, &mut files);
    assert!(files.len() >= 267, "only {} files in the corpus", files.len());
    let inventory = Inventory::parse(&[Document::new("i.yaml", b"hosts: {leaf1: {hostname: 192.0.2.1}}".to_vec())]);
    let inventory = inventory.unwrap();
    let device = inventory.device(inventory.names().next().unwrap()).unwrap();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let model = b"{name: m, group: global, template: t.cfg}".to_vec();
        let files = [("m.yaml".to_owned(), model), ("t.cfg".to_owned(), text.clone().into_bytes())];

        let rendered = ModelSet::read(&ModelFiles(files.into())).unwrap().render(&device);

        let found = rendered.unwrap_or_else(|error| panic!("{}: {error}", file.display())).configuration;
        assert_eq!(found.trim_end(), text.trim_end(), "{}", file.display());
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), files);
        } else if entry.path().extension().is_some_and(|extension| extension == "cfg") {
            files.push(entry.path());
        }
    }
}
