//! What a push may say of a switch, and what proves it: faults that pass, timers that run out, and
//! other switches.

use eos_sim::{Answer, ExpiredSession, FailingRequest};

use super::*;

/// The outcome of `b`, whose next confirmation fails in this way.
async fn outcome_after(answer: Answer) -> Outcome {
    let fleet = fleet().await;
    // The confirmation comes after the commit with its timer, which is the first request with these
    // words.
    let commit = FailingRequest { with: "write memory".to_owned(), answer, times: 1 };
    outcome_of_broken(&fleet, "pw", Faults { failing_requests: vec![commit], ..Faults::default() }).await
}

#[tokio::test]
async fn one_401_or_502_does_not_end_a_confirmation() {
    for answer in [Answer::Unauthorized, Answer::BadGateway] {
        let outcome = outcome_after(answer).await;

        assert_eq!((outcome.status, &outcome.switch), (Status::Changed, &SwitchState::Saved), "{answer:?} {outcome:?}");
    }
}

#[tokio::test]
async fn an_expired_timer_is_no_confirmation_however_it_is_listed() {
    for listed in [ExpiredSession::Gone, ExpiredSession::Completed, ExpiredSession::Aborted] {
        let fleet = fleet().await;
        let device = fleet.device("b").unwrap();
        let before = device.running_config();
        // The switch is silent until its timer has run out.
        let silent = FailingRequest { with: "write memory".to_owned(), answer: Answer::BadGateway, times: 1_000 };
        let faults = Faults { failing_requests: vec![silent], expired_session: listed, ..Faults::default() };

        let outcome = outcome_of_broken(&fleet, "pw", faults).await;
        device.advance(Duration::from_secs(30));

        assert!([Status::Reverted, Status::Unknown].contains(&outcome.status), "{listed:?} {outcome:?}");
        assert_eq!(device.running_config(), before, "{listed:?}");
        assert!(!device.journal().iter().any(|entry| matches!(entry.event, Event::Saved)), "{listed:?}");
    }
}

#[tokio::test]
async fn a_held_configuration_lock_is_refused_and_leaves_nothing() {
    let fleet = fleet().await;
    let before = fleet.device("b").unwrap().running_config();

    let outcome = outcome_of_broken(&fleet, "pw", Faults { config_locked: true, ..Faults::default() }).await;

    assert_eq!((outcome.status, &outcome.switch), (Status::Refused, &SwitchState::Unchanged), "{outcome:?}");
    assert_eq!(fleet.device("b").unwrap().running_config(), before);
}

#[tokio::test]
async fn swapped_addresses_push_nothing_to_the_wrong_switch() {
    let fleet = fleet().await;
    let store = store(&fleet, "pw");
    enforce(&fleet, &store, "apply").await;
    store.outcomes.lock().unwrap().clear();
    let (a, b) = (fleet.device("a").unwrap(), fleet.device("b").unwrap());
    let before = (a.running_config(), b.running_config());
    let (port_a, port_b) = (a.address().port().to_string(), b.address().port().to_string());
    {
        let mut inventory = store.inventory.lock().unwrap();
        let document = inventory.get_mut("naas/inventory").unwrap();
        let text = String::from_utf8(document.clone()).unwrap();
        *document = text.replace(&port_a, "PORT-B").replace(&port_b, &port_a).replace("PORT-B", &port_b).into_bytes();
    }
    store.set_models(&[("m.yaml", MODEL), ("t.tera", &TEMPLATE.replace("alias FOO BAR", "alias FOO BAZ"))]);

    enforce(&fleet, &store, "apply").await;

    for device in ["a", "b"] {
        let outcome = outcome(&store, device);
        assert_eq!(outcome.status, Status::Refused, "{outcome:?}");
        assert!(outcome.error.unwrap().contains(&format!("is not {device}: serial number SIM-")));
    }
    assert_eq!((a.running_config(), b.running_config()), before);
    assert_eq!(outcome(&store, "c").status, Status::Changed);
}

#[tokio::test]
async fn what_a_reload_would_undo_is_reported_and_saved() {
    let fleet = fleet().await;
    let store = store(&fleet, "pw");
    enforce(&fleet, &store, "apply").await;
    let device = fleet.device("b").unwrap();
    // Saved by hand over it: what runs is as it was.
    let by_hand = |commands: serde_json::Value| {
        let params = serde_json::json!({"version": 1, "format": "text", "cmds": commands});
        let body = serde_json::json!({"jsonrpc": "2.0", "method": "runCmds", "id": 1, "params": params});
        assert!(device.call(body.to_string().as_bytes()).is_some());
    };
    by_hand(serde_json::json!(["enable", "configure", "alias BY hand", "write memory", "no alias BY"]));
    assert!(device.startup_config().contains("alias BY hand") && !device.running_config().contains("alias BY hand"));

    store.outcomes.lock().unwrap().clear();
    enforce(&fleet, &store, "check").await;
    let checked = outcome(&store, "b");
    store.outcomes.lock().unwrap().clear();
    enforce(&fleet, &store, "apply").await;

    assert_eq!((checked.status, &checked.switch), (Status::NotSaved, &SwitchState::NotSaved), "{checked:?}");
    assert_eq!((outcome(&store, "b").status, outcome(&store, "b").switch), (Status::InSync, SwitchState::Saved));
    assert!(!device.startup_config().contains("alias BY hand"));
}

#[tokio::test]
async fn what_a_switch_remarks_is_in_the_outcome() {
    let fleet = fleet().await;
    let store = store(&fleet, "pw");
    let said = [
        ("username naas", "! secret hunter2 takes effect only after reboot"),
        ("vlan 101", "! VLAN id 101 not found in current VLAN configuration"),
    ];
    let remark_lines = said.map(|(line, text)| (line.to_owned(), text.to_owned())).into();
    fleet.device("b").unwrap().set_faults(Faults { remark_lines, ..Faults::default() });

    enforce(&fleet, &store, "plan").await;

    let remarks = outcome(&store, "b").remarks;
    let vlan = remarks.iter().find(|remark| remark.command == "vlan 101").expect("a remark on the VLAN");
    assert!(vlan.text.contains("VLAN id 101 not found"), "{vlan:?}");
    assert!(!format!("{remarks:?}").contains("hunter2") && remarks.len() == 2, "{remarks:?}");
    assert_eq!(outcome(&store, "a").remarks, []);
}
