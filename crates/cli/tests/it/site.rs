//! init, demo, validate and render.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use insta::assert_snapshot;
use serde_json::Value;

use crate::lab::{Lab, command, naas, snapshot};

/// A running `naas demo`; killed when dropped.
struct Demo(Child);

impl Demo {
    fn of(site: &Path) -> Self {
        let mut process = command(site, &["demo"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        lines.by_ref().map(Result::unwrap).find(|line| line.contains("In another terminal")).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        Self(process)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_new_site_works_at_once_on_simulated_switches() {
    let folder = tempfile::tempdir().unwrap();
    let made = naas(folder.path(), &["init", "x"]);
    let site = folder.path().join("x");
    let _demo = Demo::of(&site);

    let validated = naas(&site, &["validate"]);
    let planned = naas(&site, &["plan"]);
    let applied = naas(&site, &["apply", "--all", "--yes"]);
    let checked = naas(&site, &["check"]);

    assert_eq!((made.status, validated.status), (0, 0), "{made:?} {validated:?}");
    snapshot(|| assert_snapshot!("init", made.out));
    assert_eq!(validated.out, "Validated 3 devices, 2 models and 2 templates: no problems.\n");
    assert_eq!(planned.status, 2, "{planned:?}");
    assert!(planned.out.contains("Plan: 3 to change. 2 distinct diffs over 3 devices."), "{}", planned.out);
    assert_eq!(applied.status, 0, "{applied:?}");
    assert_eq!((checked.status, checked.out.as_str()), (0, "Check: 3 in sync.\n"));
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes"), "mine").unwrap();

    let ran = naas(folder.path(), &["init", "."]);

    assert_eq!(
        (ran.status, ran.err.as_str()),
        (1, "naas: . is not empty; name a folder that is, or that does not exist yet\n")
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_problem_of_a_site_is_printed_once() {
    let lab = Lab::of(2).await;
    lab.write("models/spine.yaml", "{name: spine, group: spine, template: spare.tera}");
    lab.write("models/spare.tera", "vlan {{ model.vlan }}\n");
    lab.write("models/unused.tera", "x\n");
    lab.write("models/m.yaml", "{name: m, group: global, template: t.tera}");

    let ran = lab.naas(&["validate"]);

    snapshot(|| assert_snapshot!("validate", ran.out));
    assert_eq!(ran.status, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_would_lock_naas_out_is_a_problem() {
    let lab = Lab::of(1).await;
    lab.write("models/t.tera", "hostname {{ host.name }}\nusername naas secret sha512 x\n");

    let ran = lab.naas(&["validate"]);

    assert_eq!(ran.status, 1);
    assert!(
        ran.out.contains("leaf1: it would lock naas out of the device: there is no `management api http-commands`"),
        "{}",
        ran.out
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_rendered_goes_to_standard_output() {
    let lab = Lab::of(1).await;

    let text = lab.naas(&["render", "leaf1"]);
    let json: Value = lab.json(&["render", "leaf1"]);
    let unknown = lab.naas(&["render", "leaf9"]);

    assert_eq!((text.status, text.err.as_str()), (0, ""));
    assert_eq!(json["configuration"], text.out);
    assert!(text.out.starts_with("hostname leaf1\n"), "{}", text.out);
    assert_eq!((unknown.status, unknown.err.as_str()), (1, "naas: the inventory does not have device leaf9\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rendered_line_tells_its_template_and_model_if_asked() {
    let lab = Lab::of(1).await;

    let text = lab.naas(&["render", "leaf1", "--origins"]);
    let json: Value = lab.json(&["render", "leaf1", "--origins"]);

    let first = text.out.lines().next().unwrap();
    assert!(first.starts_with("hostname leaf1 ") && first.contains("  ! template "), "{first}");
    assert_eq!(json["lines"][0]["text"], "hostname leaf1");
    assert_eq!(json["lines"].as_array().unwrap().len(), text.out.lines().count());
}

#[test]
fn shells_and_man_know_every_verb() {
    let folder = tempfile::tempdir().unwrap();

    let pages = naas(folder.path(), &["man", "--to", "man1"]);
    let words = naas(folder.path(), &["completions", "bash"]);

    assert_eq!((pages.status, words.status), (0, 0));
    let plan = fs::read_to_string(folder.path().join("man1/naas-plan.1")).unwrap();
    assert!(plan.contains("without changing anything"), "{plan}");
    assert!(words.out.contains("rollback") && words.out.contains("unpin"), "{}", words.out);
}
