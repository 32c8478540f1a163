//! The enforcer over real eAPI against simulated switches: what each failure of a switch becomes,
//! and that it stays that switch's own.

#![cfg(feature = "eos")]
#![expect(clippy::unwrap_used, reason = "helpers of tests, where an unwrap is the expectation")]

mod left_over;
mod ports;
mod proofs;

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Duration;

use adapters::SystemClock;
use adapters::eos::EosSwitches;
use eos_sim::{DeviceHandle, Event, Faults, Fleet, Handle, SessionState};
use intent::name::{DeviceName, RunId};
use jiff::{SignedDuration, Timestamp};
use naas::enforce::{Delivery, Enforcer, Limits, Ports};
use naas::fakes::FakeStore;
use naas::ports::{Clock, History};
use naas::records::installation::InstallationId;
use naas::records::outcome::{Outcome, Status, SwitchState};

const RUN: &str = "20261123-201530-7f3a9c";
const MODEL: &str = "{name: m, group: global, template: t.tera}";
const TEMPLATE: &str = "hostname {{ host.name }}
username naas privilege 15 role network-admin secret sha512 $6$canary$hash
alias FOO BAR
{% for number in range(end=53) %}vlan {{ number + 100 }}
{% endfor %}alias LINE57 here
management api http-commands
   protocol http
   no shutdown
";

/// Two switches that work and one, `b`, that a test breaks, between them.
async fn fleet() -> Handle {
    let device = |name: &str| format!("{{name: {name}, username: naas, password: pw}}");
    let fleet = format!("devices: [{}, {}, {}]", device("a"), device("b"), device("c"));
    eos_sim::start(Fleet::parse(&fleet).unwrap(), "127.0.0.1:0".parse().unwrap()).await.unwrap()
}

fn store(fleet: &Handle, password: &str) -> FakeStore {
    let host = |device: &DeviceHandle| {
        let password = if device.spec().name == "b" { password } else { "pw" };
        format!(
            "  {}: {{hostname: 127.0.0.1, port: {}, password: {password}}}\n",
            device.spec().name,
            device.address().port()
        )
    };
    let hosts: String = fleet.devices().map(|device| host(&device)).collect();
    let defaults = "defaults: {username: naas, connection_options: {eapi: {extras: {transport: http}}}}\n";
    let store = FakeStore::with(&format!("hosts:\n{hosts}{defaults}"), &[("m.yaml", MODEL), ("t.tera", TEMPLATE)]);
    *store.installation.lock().unwrap() = Some(InstallationId::new(0x7f3a_9c21));
    store
}

/// The system's clock and dice, but that waiting takes no time: it moves the clock, and those of
/// the switches. Only what is to end after longer than a push takes never comes.
struct QuickClock<'f> {
    ahead: Mutex<Duration>,
    fleet: &'f Handle,
}

impl Clock for QuickClock<'_> {
    fn now(&self) -> Timestamp {
        SystemClock.now() + *self.ahead.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        if duration > Duration::from_secs(600) {
            std::future::pending::<()>().await;
        }
        *self.ahead.lock().unwrap() += duration;
        self.fleet.devices().for_each(|device| device.advance(duration));
    }

    fn entropy(&self) -> u64 {
        SystemClock.entropy()
    }

    fn random(&self) -> u128 {
        SystemClock.random()
    }
}

async fn enforce(fleet: &Handle, store: &FakeStore, mode: &str) {
    enforce_devices(fleet, store, mode, &["a", "b", "c"]).await;
}

async fn enforce_devices(fleet: &Handle, store: &FakeStore, mode: &str, devices: &[&str]) {
    enforce_with(fleet, store, mode, devices, serde_json::json!({})).await;
}

async fn enforce_with(fleet: &Handle, store: &FakeStore, mode: &str, devices: &[&str], more: serde_json::Value) {
    let clock = QuickClock { ahead: Mutex::default(), fleet };
    let deadline = clock.now() + SignedDuration::from_mins(15);
    let ports = Ports {
        inventories: store,
        models: store,
        switches: EosSwitches::default(),
        state: store,
        queue: store,
        dead_letters: store,
        clock,
    };
    // The last attempt, whose outcome is recorded whatever it is.
    let mut slice = serde_json::json!({
        "version": 2, "run": RUN, "mode": mode, "devices": devices, "inventory": ["naas/inventory"], "attempt": 7,
    });
    slice.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let limits = Limits { concurrency: NonZeroUsize::new(3).unwrap(), ..Limits::default() };
    Enforcer::new(ports, limits).receive(&slice.to_string(), Delivery::First, deadline).await.unwrap();
}

fn outcome(store: &FakeStore, device: &str) -> Outcome {
    let key = (RunId::parse(RUN).unwrap(), DeviceName::new(device).unwrap());
    store.outcomes.lock().unwrap()[&key].clone()
}

/// Breaks `b`, configures all three, and gives `b`'s outcome back once the others are known to be
/// configured.
async fn outcome_of_broken(fleet: &Handle, password: &str, faults: Faults) -> Outcome {
    let store = store(fleet, password);
    fleet.device("b").unwrap().set_faults(faults);
    enforce(fleet, &store, "apply").await;
    for other in ["a", "c"] {
        assert_eq!(outcome(&store, other).status, Status::Changed, "{:?}", outcome(&store, other));
        assert!(fleet.device(other).unwrap().startup_config().contains("alias FOO BAR"));
    }
    outcome(&store, "b")
}

#[tokio::test]
async fn switches_are_replaced_saved_and_then_left_alone() {
    let fleet = fleet().await;
    let store = store(&fleet, "pw");

    enforce(&fleet, &store, "apply").await;
    let first = outcome(&store, "b");
    store.outcomes.lock().unwrap().clear();
    enforce(&fleet, &store, "apply").await;
    let second = outcome(&store, "b");

    assert_eq!((first.status, first.switch), (Status::Changed, SwitchState::Saved));
    assert!(first.diff.contains("+alias FOO BAR") && !first.diff.contains("canary"), "{}", first.diff);
    assert_eq!((second.status, second.switch, second.diff.as_str()), (Status::InSync, SwitchState::Unchanged, ""));
    let journal = fleet.device("b").unwrap().journal();
    let count = |is: fn(&Event) -> bool| journal.iter().filter(|entry| is(&entry.event)).count();
    assert_eq!(count(|event| matches!(event, Event::SessionCommitted { .. })), 1);
    assert_eq!(count(|event| matches!(event, Event::Saved)), 1);
    assert!(!fleet.device("b").unwrap().sessions().values().any(|state| *state == SessionState::Pending));
}

#[tokio::test]
async fn a_check_opens_a_session_only_if_the_switch_drifted() {
    let fleet = fleet().await;
    let store = store(&fleet, "pw");
    enforce(&fleet, &store, "apply").await;
    let sessions = fleet
        .device("b")
        .unwrap()
        .journal()
        .iter()
        .filter(|entry| matches!(entry.event, Event::SessionOpened { .. }))
        .count();
    store.outcomes.lock().unwrap().clear();
    configure_by_hand(&fleet, "a").await;

    enforce(&fleet, &store, "check").await;

    assert_eq!((outcome(&store, "a").status, outcome(&store, "b").status), (Status::Drifted, Status::InSync));
    assert!(outcome(&store, "a").diff.contains("-alias BY hand"), "{:?}", outcome(&store, "a"));
    let journal = fleet.device("b").unwrap().journal();
    assert_eq!(journal.iter().filter(|entry| matches!(entry.event, Event::SessionOpened { .. })).count(), sessions);
}

/// What `b` runs, by its canonical text, and how it ended, after one more run on it.
async fn next_run(fleet: &Handle, store: &FakeStore, more: serde_json::Value) -> (String, Outcome) {
    store.outcomes.lock().unwrap().clear();
    enforce_with(fleet, store, "apply", &["b"], more).await;
    (fleet.device("b").unwrap().running_config(), outcome(store, "b"))
}

#[tokio::test]
async fn a_switch_is_brought_back_and_pinned_until_unpinned() {
    let fleet = fleet().await;
    let store = &store(&fleet, "pw");
    let nothing = || serde_json::json!({});
    let (a, _) = next_run(&fleet, store, nothing()).await;
    store.set_models(&[
        ("m.yaml", MODEL),
        ("t.tera", &TEMPLATE.replace("alias FOO BAR", "alias FOO BAZ\nalias NEWER here")),
    ]);
    let (b, _) = next_run(&fleet, store, nothing()).await;
    let device = DeviceName::new("b").unwrap();
    let kept = store.entries(&device, 10).await.unwrap();

    let restore = serde_json::json!({"restore": kept[1].configuration});
    let (restored, outcome) = next_run(&fleet, store, restore).await;
    let (held, webhook) = next_run(&fleet, store, nothing()).await;
    naas::lease::unpin(&store, &SystemClock, &device).await.unwrap();
    let (released, forward) = next_run(&fleet, store, nothing()).await;

    assert!(a.contains("alias FOO BAR") && b.contains("alias NEWER here"), "{b}");
    assert_eq!((outcome.status, &outcome.switch, &restored), (Status::Changed, &SwitchState::Saved, &a));
    assert!(outcome.diff.contains("-alias NEWER here"), "{}", outcome.diff);
    assert_eq!((webhook.status, webhook.pinned.as_ref(), &held), (Status::InSync, Some(&kept[1].configuration), &a));
    assert_eq!((forward.status, forward.pinned, released), (Status::Changed, None, b));
    assert_eq!(store.entries(&device, 10).await.unwrap().len(), 4);
}

/// Somebody's own change, over eAPI.
async fn configure_by_hand(fleet: &Handle, device: &str) {
    let body = serde_json::json!({"jsonrpc": "2.0", "method": "runCmds", "id": 1, "params": {
        "version": 1, "format": "json", "cmds": ["enable", "configure", "alias BY hand"],
    }});
    let answer = fleet.device(device).unwrap().call(body.to_string().as_bytes()).unwrap();
    assert!(!String::from_utf8_lossy(&answer).contains("error"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn a_failing_check_puts_the_switch_back_at_once() {
    let fleet = fleet().await;
    let store = store(&fleet, "pw");
    let before = fleet.device("b").unwrap().running_config();
    let checks = "checks: [{command: show version, path: $.modelName, expect: not this one, tries: 2}]";
    let checked = MODEL.replace('}', &format!(", {checks}}}"));
    store.set_models(&[("m.yaml", &checked), ("t.tera", TEMPLATE)]);

    enforce(&fleet, &store, "apply").await;

    let outcome = outcome(&store, "b");
    assert_eq!((outcome.status, &outcome.switch), (Status::Reverted, &SwitchState::Unchanged), "{outcome:?}");
    assert!(
        outcome.error.as_deref().unwrap().contains("check `show version`: $.modelName is \"not this one\""),
        "{outcome:?}"
    );
    assert_eq!(fleet.device("b").unwrap().running_config(), before);
    assert!(!fleet.device("b").unwrap().journal().iter().any(|entry| matches!(entry.event, Event::Saved)));
}

#[tokio::test]
async fn a_plan_shows_the_switches_own_diff_and_changes_nothing() {
    let fleet = fleet().await;
    let before = fleet.device("b").unwrap().running_config();
    let store = store(&fleet, "pw");

    enforce(&fleet, &store, "plan").await;

    assert_eq!(outcome(&store, "b").status, Status::Planned);
    assert!(outcome(&store, "b").diff.contains("+alias FOO BAR"));
    assert_eq!(fleet.device("b").unwrap().running_config(), before);
    assert!(!fleet.device("b").unwrap().sessions().values().any(|state| *state == SessionState::Pending));
}

#[tokio::test]
async fn a_switch_that_is_down_is_unreachable() {
    let fleet = fleet().await;

    let outcome = outcome_of_broken(&fleet, "pw", Faults { down: true, ..Faults::default() }).await;

    assert_eq!(outcome.status, Status::Unreachable, "{outcome:?}");
}

#[tokio::test]
async fn a_refused_password_is_denied_and_not_shown() {
    let fleet = fleet().await;

    let outcome = outcome_of_broken(&fleet, "canary-4711", Faults::default()).await;

    assert_eq!((outcome.status, &outcome.switch), (Status::Denied, &SwitchState::Unchanged), "{outcome:?}");
    assert!(outcome.error.as_deref().unwrap().contains("Bad username/password"), "{outcome:?}");
    assert!(!format!("{outcome:?}").contains("canary-4711"));
}

#[tokio::test]
async fn a_switch_that_refuses_line_57_says_so_and_keeps_what_it_ran() {
    let fleet = fleet().await;
    let before = fleet.device("b").unwrap().running_config();
    let faults = Faults { refuse_lines: vec!["LINE57".to_owned()], ..Faults::default() };

    let outcome = outcome_of_broken(&fleet, "pw", faults).await;

    assert_eq!((outcome.status, &outcome.switch), (Status::Refused, &SwitchState::Unchanged), "{outcome:?}");
    let error = outcome.error.as_deref().unwrap();
    assert!(error.contains("line 57: the switch refused `alias LINE57 here`"), "{error}");
    assert!(error.contains("its running-config is unchanged"), "{error}");
    assert_eq!(fleet.device("b").unwrap().running_config(), before);
    assert!(!fleet.device("b").unwrap().sessions().values().any(|state| *state == SessionState::Pending));
}

#[tokio::test]
async fn a_push_whose_answers_are_all_lost_is_finished() {
    let fleet = fleet().await;
    let faults = Faults { drop_reply_of: Some(" commit".to_owned()), ..Faults::default() };

    let outcome = outcome_of_broken(&fleet, "pw", faults).await;

    assert_eq!((outcome.status, &outcome.switch), (Status::Changed, &SwitchState::Saved), "{outcome:?}");
    assert!(fleet.device("b").unwrap().startup_config().contains("alias FOO BAR"));
}

#[tokio::test]
async fn a_switch_that_a_push_cut_off_is_reverted_by_itself() {
    let fleet = fleet().await;
    let before = fleet.device("b").unwrap().running_config();
    let faults = Faults { lose_management_on_commit: true, ..Faults::default() };

    let outcome = outcome_of_broken(&fleet, "pw", faults).await;

    assert_eq!((outcome.status, &outcome.switch), (Status::Reverted, &SwitchState::Reverting), "{outcome:?}");
    assert!(outcome.error.as_deref().unwrap().contains("brings the old one back by itself"), "{outcome:?}");
    let device = fleet.device("b").unwrap();
    device.advance(Duration::from_secs(30));
    assert_eq!(device.running_config(), before);
    let journal = device.journal();
    assert!(journal.iter().any(|entry| matches!(entry.event, Event::SessionReverted { .. })), "{journal:?}");
    assert!(!journal.iter().any(|entry| matches!(entry.event, Event::Saved)), "what was on trial was not saved");
}

#[cfg(feature = "legacy-tls")]
#[tokio::test]
async fn a_switch_with_the_suites_of_older_eos_is_configured() {
    let outcome = old_switch("legacy").await;
    assert_eq!((outcome.status, &outcome.switch), (Status::Changed, &SwitchState::Saved), "{outcome:?}");
}

#[cfg(not(feature = "legacy-tls"))]
#[tokio::test]
async fn a_switch_with_the_suites_of_older_eos_wants_another_build() {
    let outcome = old_switch("modern").await;
    assert_eq!((outcome.status, &outcome.switch), (Status::Invalid, &SwitchState::NotContacted), "{outcome:?}");
    assert!(outcome.error.as_deref().unwrap().contains("--features legacy-tls"), "{outcome:?}");
}

#[tokio::test]
async fn a_full_disk_leaves_the_new_configuration_unsaved() {
    let fleet = fleet().await;
    let saved = fleet.device("b").unwrap().startup_config();

    let outcome = outcome_of_broken(&fleet, "pw", Faults { disk_full: true, ..Faults::default() }).await;

    assert_eq!((outcome.status, &outcome.switch), (Status::NotSaved, &SwitchState::NotSaved), "{outcome:?}");
    assert!(fleet.device("b").unwrap().running_config().contains("alias FOO BAR"));
    assert_eq!(fleet.device("b").unwrap().startup_config(), saved);

    fleet.device("b").unwrap().set_faults(Faults::default());
    let store = store(&fleet, "pw");
    enforce(&fleet, &store, "apply").await;

    let outcome = self::outcome(&store, "b");
    assert_eq!((outcome.status, &outcome.switch), (Status::InSync, &SwitchState::Saved), "{outcome:?}");
    assert!(fleet.device("b").unwrap().startup_config().contains("alias FOO BAR"), "the next run saved it");
}

/// One switch that has only the suites of older EOS, and its outcome.
async fn old_switch(tls: &str) -> Outcome {
    let yaml = format!("devices: [{{name: b, username: naas, password: pw, tls: {tls}}}]");
    let fleet = eos_sim::start(Fleet::parse(&yaml).unwrap(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let port = fleet.device("b").unwrap().address().port();
    let extras = "{transport: https, verify: insecure, tls: legacy}";
    let host = format!("hostname: 127.0.0.1, port: {port}, username: naas, password: pw");
    let inventory = format!("hosts: {{b: {{{host}, connection_options: {{eapi: {{extras: {extras}}}}}}}}}");
    let store = FakeStore::with(&inventory, &[("m.yaml", MODEL), ("t.tera", TEMPLATE)]);
    enforce_devices(&fleet, &store, "apply", &["b"]).await;
    outcome(&store, "b")
}
