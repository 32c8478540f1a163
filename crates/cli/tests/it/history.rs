//! runs, status of the fleet, history, rollback and blame.

use insta::assert_snapshot;
use serde_json::Value;

use crate::lab::{Lab, snapshot};

/// A lab of one switch that was pushed to twice, first with `alias FOO BAR`, then with `alias FOO
/// BAZ`.
async fn pushed_twice() -> Lab {
    let lab = Lab::of(1).await;
    apply(&lab, "BAR");
    apply(&lab, "BAZ");
    lab
}

fn apply(lab: &Lab, alias: &str) {
    lab.write("models/m.yaml", &format!("{{name: m, group: global, template: t.tera, data: {{foo: {alias}}}}}"));
    let ran = lab.naas(&["apply", "leaf1", "--yes"]);
    assert_eq!(ran.status, 0, "{ran:?}");
}

/// A table whatever the width of its columns, which that of this machine's name may change.
fn columns(table: &str) -> String {
    let cells =
        |line: &str| line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect::<Vec<_>>().join(" | ");
    table.lines().map(cells).collect::<Vec<_>>().join("\n")
}

fn running(lab: &Lab) -> String {
    lab.device("leaf1").running_config()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_lists_configurations_and_shows_one() {
    let lab = pushed_twice().await;

    let listed = lab.naas(&["history", "leaf1"]);
    let first = lab.json(&["history", "leaf1"])["versions"][1]["configuration"].as_str().unwrap().to_owned();
    let shown = lab.naas(&["history", "leaf1", "--show", &first[..12]]);

    snapshot(|| assert_snapshot!("history", columns(&listed.out)));
    assert!(shown.out.contains("alias FOO BAR") && shown.out.contains("sha512 <removed>"), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_rolled_back_is_pinned_until_it_is_unpinned() {
    let lab = pushed_twice().await;

    let back = lab.naas(&["rollback", "leaf1", "--to", "previous", "--yes"]);
    let after = running(&lab);
    let held = lab.naas(&["apply", "leaf1", "--yes"]);
    let still = running(&lab);
    let fleet = lab.naas(&["status"]);
    let checked = lab.naas(&["check"]);
    let released = lab.naas(&["unpin", "leaf1"]);
    lab.naas(&["apply", "leaf1", "--yes"]);

    snapshot(|| assert_snapshot!("rollback", back.out));
    assert_eq!((back.status, held.status, released.status), (0, 0, 0), "{back:?} {held:?} {released:?}");
    assert!(after.contains("alias FOO BAR") && still.contains("alias FOO BAR"), "{still}");
    assert!(fleet.out.contains("pinned to "), "{}", fleet.out);
    assert!(checked.out.contains("1 device is pinned to an earlier configuration"), "{checked:?}");
    assert!(running(&lab).contains("alias FOO BAZ"), "{}", running(&lab));
    for old_words in [["release", "leaf1"].as_slice(), &["rollback", "leaf1", "--release"]] {
        assert_eq!(lab.naas(old_words).status, 0, "{old_words:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_says_to_what_and_there_must_be_something_before() {
    let lab = Lab::of(1).await;
    apply(&lab, "BAR");

    let nowhere = lab.naas(&["rollback", "leaf1", "--yes"]);
    let first = lab.naas(&["rollback", "leaf1", "--to", "previous", "--yes"]);
    let unknown = lab.naas(&["rollback", "leaf1", "--to", "0123456789ab", "--yes"]);

    assert_eq!((nowhere.status, first.status, unknown.status), (1, 1, 1));
    assert!(nowhere.err.contains("<--to <HASH|RUN|previous>|--release>"), "{}", nowhere.err);
    assert!(first.err.contains("the history of leaf1 has only one configuration"), "{}", first.err);
    assert!(unknown.err.contains("0123456789ab"), "{}", unknown.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_has_the_run_and_the_model_that_brought_it() {
    let lab = pushed_twice().await;
    let runs = lab.json(&["runs"]);
    let newest = runs["runs"][0]["run"].as_str().unwrap();

    let blamed = lab.json(&["blame", "leaf1"]);
    let table = lab.naas(&["blame", "leaf1"]);

    let lines = blamed["lines"].as_array().unwrap();
    let of = |text: &str| lines.iter().find(|line| line["text"] == text).unwrap();
    assert_eq!(
        (&of("alias FOO BAZ")["run"], &of("alias FOO BAZ")["model"]),
        (&Value::from(newest), &Value::from("m.yaml"))
    );
    assert_ne!(of("hostname leaf1")["run"], newest);
    assert!(table.out.lines().any(|line| line.starts_with(newest) && line.ends_with("alias FOO BAZ")), "{}", table.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fleet_lists_devices_that_were_never_worked_on_too() {
    let lab = Lab::of(2).await;
    lab.naas(&["apply", "leaf1", "--yes"]);

    let fleet = lab.naas(&["status"]);
    let runs = lab.naas(&["runs"]);

    snapshot(|| assert_snapshot!("fleet", columns(&fleet.out)));
    snapshot(|| assert_snapshot!("runs", columns(&runs.out)));
}
