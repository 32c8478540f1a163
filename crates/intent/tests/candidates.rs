//! No configuration that a real device shows is refused as a candidate. Their folders are not part
//! of the repository; `EOS_CORPUS` and `EOS_WILD` name them.

#![expect(clippy::unwrap_used, reason = "helpers of a test, where an unwrap is the expectation")]

use std::path::{Path, PathBuf};

use intent::candidate;
use intent::inventory::{Document, Inventory};
use intent::model::ModelFiles;
use intent::render::ModelSet;
use walkdir::WalkDir;

#[test]
fn no_device_dump_is_refused() {
    let dumps = texts("no_device_dump_is_refused", "EOS_WILD", "wild/configs");
    let dumps = dumps.into_iter().filter(|(_, text)| text.contains("! device: "));
    for (path, text) in dumps {
        assert_eq!(candidate::check(&text).map_err(|error| error.to_string()), Ok(()), "{}", path.display());
    }
}

#[test]
fn no_published_configuration_is_refused() {
    for (path, text) in texts("no_published_configuration_is_refused", "EOS_CORPUS", "corpus") {
        assert_eq!(candidate::check(&text).map_err(|error| error.to_string()), Ok(()), "{}", path.display());
    }
}

/// What rendering `template` for one device says.
fn rendered(template: &str, text: &str) -> Result<String, String> {
    let model = format!("{{name: m, group: global, template: {template}, data: {{lines: [vlan 5, write memory]}}}}");
    let files = [("models/all.yaml".to_owned(), model.into_bytes()), (template.to_owned(), text.as_bytes().to_vec())];
    let inventory = Inventory::parse(&[Document::new("i.yaml", b"hosts: {leaf1: {hostname: 192.0.2.1}}".to_vec())]);
    let inventory = inventory.unwrap();
    let device = inventory.device(inventory.names().next().unwrap()).unwrap();
    let rendered = ModelSet::read(&ModelFiles(files.into())).unwrap().render(&device);
    rendered.map(|rendered| rendered.configuration).map_err(|error| error.to_string())
}

#[test]
fn rendering_names_template_line_and_model() {
    let loops = "hostname leaf1\n{% for line in model.lines %}\n{{ line }}\n{% endfor %}\n";
    for (template, text, said) in [
        (
            "all.cfg",
            "hostname leaf1\nreload now\n",
            "template all.cfg, line 2 (model models/all.yaml): line 2 of the configuration, `reload now`",
        ),
        (
            "all.j2",
            loops,
            "template all.j2, line 3 (model models/all.yaml): line 3 of the configuration, `write memory`",
        ),
        (
            "all.cfg",
            "banner motd\nhello\n!\nend\n",
            "template all.cfg, line 1 (model models/all.yaml): line 1 of the configuration, `banner motd`, begins a text",
        ),
        ("all.cfg", "end\nvlan 5\n", "`vlan 5`, stands behind `end` in line 1"),
    ] {
        let error = rendered(template, text).unwrap_err();

        assert!(error.contains(said), "{error}");
    }
    assert_eq!(rendered("all.cfg", "vlan 5\nend\n").as_deref(), Ok("vlan 5\nend\n"));
}

/// The `.cfg` files below the folder that `variable` names, or else below `../shared`; none if it
/// is not there.
#[expect(clippy::print_stderr, reason = "a test that is skipped should say so")]
fn texts(test: &str, variable: &str, folder: &str) -> Vec<(PathBuf, String)> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    let root = std::env::var_os(variable).map_or(default, PathBuf::from);
    if !root.is_dir() {
        eprintln!("skipped: {test}: ../shared/{folder} is not there");
        return Vec::new();
    }
    let files = WalkDir::new(root).into_iter().map(|entry| entry.unwrap().into_path());
    let files = files.filter(|path| path.is_file() && path.extension().is_some_and(|extension| extension != "md"));
    files.map(|path| (path.clone(), String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned())).collect()
}
