//! plan, apply, check, status and cancel.

use insta::assert_snapshot;
use serde_json::json;

use crate::lab::{Lab, snapshot};

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_shows_equal_diffs_once_and_changes_nothing() {
    let lab = Lab::of(3).await;
    let before = lab.device("leaf1").running_config();

    let planned = lab.naas(&["plan"]);

    snapshot(|| assert_snapshot!("plan", planned.out));
    assert_eq!((planned.status, planned.err.as_str()), (2, ""));
    assert_eq!(lab.device("leaf1").running_config(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_planned_is_applied_and_then_in_sync() {
    let lab = Lab::of(2).await;
    let plan = lab.json(&["plan"]);

    let applied = lab.naas(&["apply", "--plan", plan["run"].as_str().unwrap()]);
    let checked = lab.naas(&["check"]);

    snapshot(|| assert_snapshot!("apply", applied.out));
    assert_eq!((applied.status, applied.err.as_str()), (0, ""));
    assert_eq!((checked.status, checked.out.as_str()), (0, "Check: 2 in sync.\n"));
    assert!(lab.device("leaf2").startup_config().contains("alias FOO BAR"));
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_needs_devices_and_a_terminal_or_yes() {
    let lab = Lab::of(1).await;

    let whom = lab.naas(&["apply", "--yes"]);
    let unasked = lab.naas(&["apply", "--all"]);

    assert_eq!((whom.status, unasked.status), (1, 1));
    assert!(whom.err.contains("<DEVICE|--group <GROUP>|--all|--plan <RUN>>"), "{}", whom.err);
    assert!(unasked.err.contains("there is no terminal to ask at; add --yes"), "{}", unasked.err);
    assert!(!lab.device("leaf1").running_config().contains("alias FOO"));
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_ends_a_check_with_2_and_a_failure_with_1() {
    let lab = Lab::of(2).await;
    let drifted = lab.naas(&["check", "leaf1"]);
    lab.device("leaf2").reboot(std::time::Duration::from_secs(600));

    let failed = lab.naas(&["check"]);

    snapshot(|| assert_snapshot!("check", failed.out));
    assert_eq!((drifted.status, failed.status), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_name_is_named_and_nothing_is_pushed() {
    let lab = Lab::of(1).await;

    let ran = lab.naas(&["apply", "leaf1", "leaf9", "--group", "spine", "--yes"]);

    assert_eq!((ran.status, ran.out.as_str()), (1, ""));
    assert_eq!(ran.err, "naas: the inventory does not have device leaf9 and group spine; nothing was scheduled\n");
    assert!(!lab.device("leaf1").running_config().contains("alias FOO"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_in_json_is_one_document_with_every_outcome() {
    let lab = Lab::of(2).await;

    let plan = lab.json(&["plan", "--group", "leaf"]);

    assert_eq!((&plan["version"], &plan["mode"], &plan["status"]), (&json!(1), &json!("plan"), &json!("finished")));
    let summary = json!({"in_sync": 0, "changed": 0, "to_change": 2, "pending": 0, "superseded": 0, "failed": 0, "distinct_diffs": 1});
    assert_eq!(plan["summary"], summary);
    assert_eq!((&plan["devices"][0]["device"], &plan["devices"][0]["status"]), (&json!("leaf1"), &json!("planned")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_and_a_device_in_it_can_be_looked_at_later() {
    let lab = Lab::of(1).await;
    let run = lab.json(&["apply", "--all", "--yes"])["run"].as_str().unwrap().to_owned();

    let ran = lab.naas(&["status", &run]);
    let device = lab.naas(&["status", &run, "leaf1"]);

    snapshot(|| assert_snapshot!("status_of_a_run", ran.out));
    assert!(device.out.starts_with(&format!("leaf1 in run {run}: changed\n")), "{}", device.out);
    assert!(device.out.contains("runs the new configuration, saved"), "{}", device.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_no_site_is_called_so() {
    let folder = tempfile::tempdir().unwrap();

    let ran = crate::lab::naas(folder.path(), &["plan"]);

    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("is no site: expected inventory.yaml"), "{}", ran.err);
    assert!(!folder.path().join(".naas").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inventory_without_hosts_is_one_sentence() {
    let lab = Lab::of(1).await;
    lab.write("inventory.json", r#"{"hosts": {}}"#);

    let ran = lab.naas(&["apply", "--all", "--yes"]);

    assert_eq!((ran.status, ran.out.as_str()), (1, ""));
    assert_eq!(ran.err, "naas: inventory inventory.json: has no hosts; nothing was scheduled\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_plan_is_applied_without_an_error() {
    let lab = Lab::of(1).await;
    lab.naas(&["apply", "--all", "--yes"]);
    let plan = lab.json(&["plan"])["run"].as_str().unwrap().to_owned();
    lab.device("leaf1").reboot(std::time::Duration::from_secs(600));
    let failed = lab.json(&["plan"])["run"].as_str().unwrap().to_owned();

    let applied = lab.naas(&["apply", "--plan", &plan]);
    let after_failure = lab.naas(&["apply", "--plan", &failed]);
    let document = lab.json(&["apply", "--plan", &plan]);

    assert_eq!((applied.status, after_failure.status), (0, 1), "{applied:?} {after_failure:?}");
    assert!(applied.out.contains("changes no device"), "{applied:?}");
    assert_eq!(document["summary"]["changed"], 0, "{document}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_switches_remark_is_shown_once_for_all_alike() {
    let lab = Lab::of(2).await;
    for device in ["leaf1", "leaf2"] {
        let remark_lines =
            [("alias FOO BAR".to_owned(), "! Change will take effect only after reboot".to_owned())].into();
        lab.device(device).set_faults(eos_sim::Faults { remark_lines, ..Default::default() });
    }

    let plan = lab.naas(&["plan"]);
    let apply = lab.json(&["apply", "--all", "--yes"]);

    let said = "leaf1, leaf2 remarked:\n  `alias FOO BAR`: Change will take effect only after reboot\n";
    assert!(plan.out.contains(said), "{}", plan.out);
    assert_eq!(apply["devices"][0]["remarks"][0]["command"], "alias FOO BAR");
    let status = lab.naas(&["status", apply["run"].as_str().unwrap(), "leaf2"]);
    assert!(status.out.contains("`alias FOO BAR`: Change will take effect"), "{}", status.out);
}
