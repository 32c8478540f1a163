//! What each use case asks of the policy before it does anything.

use intent::name::GroupName;

use super::*;
use crate::access::{Grant, Scope};
use crate::caller::Subject;
use crate::ports::DeviceRecords;
use crate::records::device_state::DeviceRecord;

fn with(grant: Grant) -> Caller {
    Caller::verified(Subject::new("bob").unwrap(), [grant])
}

fn of_leafs(role: fn(Scope) -> Grant) -> Caller {
    with(role(Scope::Groups([GroupName::new("leaf").unwrap()].into())))
}

fn leaf(number: u8) -> DeviceName {
    DeviceName::new(format!("leaf{number}")).unwrap()
}

/// The same inventory for all: leaf1 is in no group, leaf2 and leaf3 are leafs.
fn store() -> FakeStore {
    FakeStore::with(INVENTORY, &[])
}

async fn ask(scheduler: &TestScheduler<'_>, caller: &Caller, body: &str) -> Result<Receipt, ScheduleError> {
    scheduler.configure(caller, body.as_bytes(), None).await
}

#[tokio::test]
async fn a_viewer_cannot_configure() {
    let store = store();
    let scheduler = scheduler(&store);
    let viewer = with(Grant::Viewer(Scope::Every));

    for mode in ["apply", "plan", "check"] {
        let body = format!(r#"{{"devices":["leaf1"],"mode":"{mode}"}}"#);
        let error = ask(&scheduler, &viewer, &body).await.unwrap_err();
        assert!(matches!(error, ScheduleError::Refused(_)), "{mode}: {error}");
    }
    assert!(store.runs.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_operator_configures_its_groups_only() {
    let store = store();
    let scheduler = scheduler(&store);
    let operator = of_leafs(Grant::Operator);

    assert_eq!(ask(&scheduler, &operator, r#"{"groups":["leaf"]}"#).await.unwrap().devices, 2);
    for (body, said) in [
        (r#"{"devices":["leaf2","leaf1"]}"#, "on device leaf1"),
        (r#"{"devices":["leaf9"]}"#, "on device leaf9"),
        (r#"{"devices":["all"]}"#, "on every device of the inventory"),
        (r#"{"groups":["leaf","global"]}"#, "of group global"),
        (r#"{"groups":["nope"]}"#, "of group nope"),
        (r#"{"devices":["leaf1"],"restore":"0123456789"}"#, "restore a configuration on device leaf1"),
    ] {
        let error = ask(&scheduler, &operator, body).await.unwrap_err();
        let ScheduleError::Refused(refused) = error else { panic!("{body}: {error}") };
        assert!(refused.to_string().contains(said), "{body}: {refused}");
    }
    assert_eq!(store.runs.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn patterns_reach_no_further_than_their_operator() {
    let store = store();
    let scheduler = scheduler(&store);
    let operator = of_leafs(Grant::Operator);

    for (devices, count) in [(r#""leaf[23]""#, 2), (r#""all,!leaf1""#, 2), (r#""leaf&leaf2""#, 1), (r#""leaf""#, 2)] {
        let body = format!(r#"{{"devices":[{devices}]}}"#);
        assert_eq!(ask(&scheduler, &operator, &body).await.unwrap().devices, count, "{body}");
    }
    for (devices, said) in [
        ("leaf*", "on every device that matches leaf*"),
        ("!leaf2", "on every device that matches !leaf2"),
        ("spine*", "on every device that matches spine*"),
        ("leaf2,nope", "on every device that matches leaf2,nope"),
    ] {
        let error = ask(&scheduler, &operator, &format!(r#"{{"devices":["{devices}"]}}"#)).await.unwrap_err();
        let ScheduleError::Refused(refused) = error else { panic!("{devices}: {error}") };
        assert!(refused.to_string().contains(said), "{devices}: {refused}");
    }
    assert_eq!(store.runs.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn an_operator_applies_no_plan_beyond_its_groups() {
    let store = store();
    let scheduler = scheduler(&store);
    let plan = ask(&scheduler, &ana(), r#"{"devices":["all"],"mode":"plan"}"#).await.unwrap().run;

    let error = ask(&scheduler, &of_leafs(Grant::Operator), &format!(r#"{{"plan":"{plan}"}}"#)).await.unwrap_err();

    assert!(matches!(error, ScheduleError::Refused(_)), "{error}");
}

#[tokio::test]
async fn a_scoped_caller_sees_its_devices_of_a_run() {
    let store = store();
    let (scheduler, viewer) = (scheduler(&store), of_leafs(Grant::Viewer));
    let run = ask(&scheduler, &ana(), r#"{"devices":["all"]}"#).await.unwrap().run;
    let other = ask(&scheduler, &ana(), r#"{"devices":["leaf1"]}"#).await.unwrap().run;

    let report = scheduler.run(&viewer, run.as_ref()).await.unwrap();

    assert_eq!(report.devices.into_keys().collect::<Vec<_>>(), [leaf(2), leaf(3)]);
    assert_eq!(report.counts["pending"], 2);
    let refused = scheduler.run(&viewer, other.as_ref()).await.unwrap_err();
    assert!(!refused.to_string().contains("leaf1"), "{refused}");
    assert!(scheduler.outcome(&viewer, run.as_ref(), "leaf2").await.is_ok());
    let refused = scheduler.outcome(&viewer, run.as_ref(), "leaf1").await.unwrap_err();
    assert!(matches!(refused, ReportError::Refused(_)), "{refused}");
}

#[tokio::test]
async fn an_operator_cancels_no_run_beyond_its_groups() {
    let store = store();
    let (scheduler, operator) = (scheduler(&store), of_leafs(Grant::Operator));
    let all = ask(&scheduler, &ana(), r#"{"devices":["all"]}"#).await.unwrap().run;
    let own = ask(&scheduler, &ana(), r#"{"groups":["leaf"]}"#).await.unwrap().run;

    let refused = scheduler.cancel(&operator, all.as_ref()).await.unwrap_err();

    assert!(matches!(refused, ReportError::Refused(_)), "{refused}");
    assert!(scheduler.cancel(&operator, own.as_ref()).await.is_ok());
}

#[tokio::test]
async fn devices_of_other_groups_look_like_none() {
    let store = store();
    for number in [1, 2] {
        (&store).replace_device_record(&leaf(number), &DeviceRecord::default(), None).await.unwrap();
    }
    let (scheduler, operator) = (scheduler(&store), of_leafs(Grant::Operator));
    let refused = async |name: &str| scheduler.device(&operator, name).await.unwrap_err().to_string();

    assert!(scheduler.device(&operator, "leaf2").await.is_ok());
    assert_eq!(refused("leaf1").await.replace("leaf1", "X"), refused("leaf9").await.replace("leaf9", "X"));
    for error in [
        scheduler.history(&operator, "leaf1", 1).await.unwrap_err(),
        scheduler.configuration(&operator, "leaf1", "0123456789").await.unwrap_err(),
        scheduler.blame(&operator, "leaf1").await.unwrap_err(),
        scheduler.unpin(&operator, "leaf1").await.unwrap_err(),
        scheduler.accept_replacement(&operator, "leaf2").await.unwrap_err(),
    ] {
        assert!(matches!(error, ReportError::Refused(_)), "{error}");
    }
}

#[tokio::test]
async fn only_an_admin_redrives() {
    let store = store();
    let scheduler = scheduler(&store);

    let refused = scheduler.redrive(&with(Grant::Operator(Scope::Every)), b"").await.unwrap_err();

    assert!(matches!(refused, ScheduleError::Refused(_)), "{refused}");
    assert!(scheduler.redrive(&with(Grant::Admin), b"").await.is_ok());
}

#[tokio::test]
async fn a_switch_asks_for_itself_only() {
    let store = store();
    let scheduler = scheduler(&store);
    let switch = with(Grant::Device(leaf(2)));

    for body in [r#"{"devices":["leaf2"]}"#, r#"{"devices":["leaf2"],"mode":"check"}"#] {
        assert_eq!(ask(&scheduler, &switch, body).await.unwrap().devices, 1, "{body}");
    }
    for body in [
        r#"{"devices":["leaf3"]}"#,
        r#"{"devices":["leaf2","leaf3"]}"#,
        r#"{"devices":["leaf[2]"]}"#,
        r#"{"devices":["all"]}"#,
        r#"{"groups":["leaf"]}"#,
        r#"{"devices":["leaf2"],"mode":"plan"}"#,
        r#"{"devices":["leaf2"],"step":"max"}"#,
        r#"{"devices":["leaf2"],"confirm":600}"#,
        r#"{"devices":["leaf2"],"restore":"0123456789"}"#,
        r#"{"plan":"20261123-201530-000001"}"#,
    ] {
        let error = ask(&scheduler, &switch, body).await.unwrap_err();
        assert!(matches!(error, ScheduleError::Refused(_)), "{body}: {error}");
    }
    assert!(matches!(scheduler.runs(&switch, 1).await.unwrap_err(), ReportError::Refused(_)));
    assert!(matches!(scheduler.device(&switch, "leaf2").await.unwrap_err(), ReportError::Refused(_)));
}

#[tokio::test]
async fn keys_of_two_callers_are_two_keys() {
    let store = store();
    let scheduler = scheduler(&store);
    let body = br#"{"devices":["leaf1"]}"#;

    let first = scheduler.configure(&ana(), body, Some("k1")).await.unwrap();
    let second = scheduler.configure(&with(Grant::Admin), body, Some("k1")).await.unwrap();

    assert_ne!(first.run, second.run);
}
