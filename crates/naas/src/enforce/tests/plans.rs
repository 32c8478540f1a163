//! Plans, and applies that are bound to one.

use super::*;

#[tokio::test]
async fn a_plan_changes_nothing_and_its_diff_has_no_secrets() {
    let site = Site::usual();

    site.enforce("plan", &["leaf1"]).await;

    let outcome = site.outcome("leaf1");
    assert_eq!((outcome.status, site.switches.running("leaf1").as_str()), (Status::Planned, ""));
    assert!(outcome.diff.contains("+hostname leaf1\n+username admin secret sha512 <removed>\n"), "{}", outcome.diff);
}

/// A second run, bound to the plan that [`RUN`] was.
fn bound(devices: &[&str]) -> String {
    message_with("apply", devices, serde_json::json!({"plan": RUN}))
        .replace(&format!(r#""run":"{RUN}""#), r#""run":"20261123-201531-000008""#)
}

fn bound_outcome(site: &Site) -> Outcome {
    let key = (RunId::parse("20261123-201531-000008").unwrap(), DeviceName::new("leaf1").unwrap());
    site.store.outcomes.lock().unwrap()[&key].clone()
}

#[tokio::test]
async fn a_plan_is_applied_as_long_as_nothing_has_moved() {
    let site = Site::usual();
    site.enforce("plan", &["leaf1"]).await;

    site.receive(&bound(&["leaf1"]), Delivery::First).await.unwrap();

    assert_eq!(bound_outcome(&site).status, Status::Changed);
}

#[tokio::test]
async fn a_plan_whose_config_or_device_moved_is_refused() {
    type Move = fn(&Site);
    let moves: [(Move, &str); 3] = [
        (
            |site| site.switches.run("leaf1", "hostname other\n"),
            "the switch runs something else than when this was planned",
        ),
        (
            |site| site.store.set_models(&[MODEL, ("t.tera", &TEMPLATE.1.replace("hostname", "hostname x"))]),
            "models, templates or inventory have changed since plan",
        ),
        (Site::forget_outcomes, "has no plan for it"),
    ];
    for (moved, said) in moves {
        let site = Site::usual();
        site.enforce("plan", &["leaf1"]).await;
        moved(&site);
        let running = site.switches.running("leaf1");

        site.receive(&bound(&["leaf1"]), Delivery::First).await.unwrap();

        let outcome = bound_outcome(&site);
        assert_eq!(outcome.status, Status::Refused);
        assert!(outcome.error.as_deref().unwrap().contains(said), "{outcome:?}");
        assert_eq!(site.switches.running("leaf1"), running);
    }
}

#[tokio::test]
async fn a_plan_applied_twice_is_refused_the_second_time() {
    let site = Site::usual();
    site.enforce("plan", &["leaf1"]).await;
    site.receive(&bound(&["leaf1"]), Delivery::First).await.unwrap();

    let twice = bound(&["leaf1"]).replace("20261123-201531-000008", "20261123-201532-000009");
    site.receive(&twice, Delivery::First).await.unwrap();

    let outcomes = site.store.outcomes.lock().unwrap();
    let second = outcomes.values().last().unwrap();
    assert_eq!(second.status, Status::Refused);
    assert!(second.error.as_deref().unwrap().contains("perhaps because the plan was applied already"), "{second:?}");
}

#[tokio::test]
async fn a_plan_binds_the_diff_also_where_there_is_no_digest() {
    let site = Site::usual();
    site.switches.has_no_digest("leaf1");
    site.enforce("plan", &["leaf1"]).await;
    site.switches.run("leaf1", "hostname other\n");

    site.receive(&bound(&["leaf1"]), Delivery::First).await.unwrap();

    let outcome = bound_outcome(&site);
    assert_eq!(outcome.status, Status::Refused);
    assert!(outcome.error.unwrap().contains("the switch runs something else than when this was planned"));
    assert_eq!(site.switches.running("leaf1"), "hostname other\n");
}

#[tokio::test]
async fn a_plan_binds_checks_confirm_and_allowed_rules() {
    let model = |more: &str| format!("{{name: m, group: global, template: t.tera{more}}}");
    let address = "allow: {management-address: no need}";
    for changed in [
        format!(", {address}, confirm: 300"),
        format!(", {address}, checks: [{{command: show version, path: $.ok}}]"),
        ", allow: {management-address: no need, login: none}".to_owned(),
    ] {
        for (before, after) in [(format!(", {address}"), changed.clone()), (changed, format!(", {address}"))] {
            let site = Site::new(&[("m.yaml", &model(&before)), TEMPLATE]);
            site.enforce("plan", &["leaf1"]).await;
            site.store.set_models(&[("m.yaml", &model(&after)), TEMPLATE]);
            site.calls();

            site.receive(&bound(&["leaf1"]), Delivery::First).await.unwrap();

            let outcome = bound_outcome(&site);
            assert_eq!(outcome.status, Status::Refused, "{after}");
            assert!(outcome.error.unwrap().contains("its checks, its confirm or the lock-out rules"), "{after}");
            assert!(site.calls().is_empty());
        }
    }
}

#[tokio::test]
async fn a_plan_of_an_earlier_version_binds_no_apply() {
    let site = Site::usual();
    site.enforce("plan", &["leaf1"]).await;
    for outcome in site.store.outcomes.lock().unwrap().values_mut() {
        outcome.plan.as_mut().unwrap().safety = None;
    }

    site.receive(&bound(&["leaf1"]), Delivery::First).await.unwrap();

    assert_eq!(bound_outcome(&site).status, Status::Refused);
}

#[tokio::test]
async fn remarks_of_the_switch_are_recorded_without_secrets() {
    for (mode, status) in [("plan", Status::Planned), ("check", Status::Drifted), ("apply", Status::Changed)] {
        let site = Site::usual();
        site.switches.remark("leaf1", "! key CANARY takes effect only after reboot, password CANARY");

        site.enforce(mode, &["leaf1"]).await;

        let outcome = site.outcome("leaf1");
        let [remark] = outcome.remarks.as_slice() else { panic!("{outcome:?}") };
        assert_eq!((outcome.status, remark.line), (status, 1));
        assert!(remark.text.contains("takes effect only after reboot"), "{remark:?}");
        assert!(!remark.command.contains("CANARY") && !remark.text.contains("password CANARY"), "{remark:?}");
    }
}

#[tokio::test]
async fn remarks_are_recorded_of_a_push_that_failed_later() {
    let site = Site::usual();
    site.switches.remark("leaf1", "! takes effect only after reboot");
    site.switches.fail("leaf1", SwitchCall::Commit, SwitchFault::Refused, SwitchState::Unchanged);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!((site.outcome("leaf1").status, site.outcome("leaf1").remarks.len()), (Status::Refused, 1));
}
