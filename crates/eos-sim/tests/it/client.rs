//! The client of the crate `eapi` against simulated switches: what it must not get wrong on a real
//! one.

use std::time::Duration;

use crate::support::{events, fleet};
use eapi::{
    Candidate, Client, Confirmation, ErrorKind, Load, Session, SessionState, Staged, StartupConfig, SwitchStatus,
    TokioClock, Transport,
};
use eos_sim::{Answer, DeviceHandle, ExpiredSession, FailingRequest, Faults, Handle};

const ONE: &str = "devices: [{name: a, username: admin, password: admin, serial: JPE123}]";

/// A configuration that keeps the switch reachable and ends in a mode that stores its lines when it
/// is left.
const ENDS_IN_AN_ACL: &str = "hostname a\nusername admin privilege 15 role network-admin nopassword\n\
    management api http-commands\n   protocol http\n   no shutdown\n!\n\
    ip access-list MGMT-IN\n   10 permit tcp 192.0.2.0/24 any eq ssh\n   20 deny ip any any log\n!\nend\n";

async fn switch(faults: Faults) -> (Handle, DeviceHandle, Client) {
    let handle = fleet(ONE).await;
    let device = handle.device("a").unwrap();
    device.set_faults(faults);
    let client = client_of(&device);
    (handle, device, client)
}

fn client_of(device: &DeviceHandle) -> Client {
    let (host, port) = (device.address().ip().to_string(), device.address().port());
    Client::builder(host, "admin", "admin".into()).transport(Transport::Http).port(port).build().unwrap()
}

async fn stage(client: &Client, name: &str, text: &str) -> Staged {
    let candidate = Candidate::parse(text).unwrap();
    Session::stage(client, name.parse().unwrap(), &candidate, Load::Replace).await.unwrap()
}

/// A switch on which the configuration runs until a timer of one minute is over.
async fn on_trial(faults: Faults) -> (Handle, DeviceHandle, Session, String) {
    let (handle, device, client) = switch(faults).await;
    let staged = stage(&client, "trial", ENDS_IN_AN_ACL).await;
    let minute = Duration::from_secs(60).try_into().unwrap();
    let digest = staged.session.commit_with_timer(minute).await.unwrap().unwrap();
    (handle, device, staged.session, digest)
}

#[tokio::test]
async fn a_new_acl_at_the_end_is_in_the_diff_and_pushed() {
    let (_fleet, device, client) = switch(Faults::default()).await;

    let staged = stage(&client, "first", ENDS_IN_AN_ACL).await;
    staged.session.commit_and_save().await.unwrap();

    assert!(staged.diff.contains("+ip access-list MGMT-IN\n+   10 permit tcp"), "{}", staged.diff);
    assert!(device.running_config().contains("   20 deny ip any any log\n"));
}

#[tokio::test]
async fn an_acl_that_runs_is_not_shown_as_removed() {
    let (_fleet, _device, client) = switch(Faults::default()).await;
    stage(&client, "first", ENDS_IN_AN_ACL).await.session.commit_and_save().await.unwrap();

    assert_eq!(stage(&client, "second", ENDS_IN_AN_ACL).await.diff, "");
}

#[tokio::test]
async fn staging_runs_no_command_that_acts() {
    let (_fleet, device, client) = switch(Faults::default()).await;

    let staged = stage(&client, "plan", ENDS_IN_AN_ACL).await;
    staged.session.abort().await.unwrap();

    assert_eq!(events(&device), ["session_opened", "session_aborted"]);
}

#[tokio::test]
async fn remarks_are_returned_with_line_and_number() {
    let remark = "! Change will take effect only after switch reboot";
    let remark_lines = [("10 permit".to_owned(), remark.to_owned())].into();
    let (_fleet, _device, client) = switch(Faults { remark_lines, ..Faults::default() }).await;

    let staged = stage(&client, "plan", ENDS_IN_AN_ACL).await;

    let [found] = &staged.remarks[..] else { panic!("{:?}", staged.remarks) };
    let expected = (8, "10 permit tcp 192.0.2.0/24 any eq ssh", remark);
    assert_eq!((found.line_number, found.line.as_str(), found.text.as_str()), expected);
}

#[tokio::test]
async fn the_status_tells_the_switch_and_what_is_not_saved() {
    let (_fleet, device, client) = switch(Faults::default()).await;
    let before = SwitchStatus::of(&client).await.unwrap();
    let staged = stage(&client, "mine", ENDS_IN_AN_ACL).await;
    staged.session.commit_with_timer(Duration::from_secs(60).try_into().unwrap()).await.unwrap();

    let after = SwitchStatus::of(&client).await.unwrap();

    assert_eq!(after.identity.serial_number.as_deref(), Some("JPE123"));
    assert_eq!(after.identity.hostname.as_deref(), Some("a"));
    assert_eq!((before.startup, after.startup), (StartupConfig::SameAsRunning, StartupConfig::Differs));
    assert!(before.digest != after.digest && after.digest.is_some());
    assert_eq!(after.sessions.on_trial(), Some("mine"), "{:?}", device.sessions());
}

#[tokio::test]
async fn an_expired_session_is_never_a_confirmation() {
    for (expired_session, listed) in [
        (ExpiredSession::Gone, None),
        (ExpiredSession::Completed, Some(SessionState::Completed)),
        (ExpiredSession::Aborted, Some(SessionState::Aborted)),
    ] {
        let (_fleet, device, session, digest) = on_trial(Faults { expired_session, ..Faults::default() }).await;
        device.advance(Duration::from_secs(61));

        let Confirmation::TimerGone(gone) = session.confirm().await.unwrap() else { panic!("nothing was confirmed") };

        assert_eq!((gone.listed.clone(), gone.runs(&digest)), (listed, false));
        assert!(!device.running_config().contains("MGMT-IN"));
    }
}

#[tokio::test]
async fn a_confirmation_whose_answer_was_lost_is_proved_by_the_digest() {
    let (_fleet, device, session, digest) = on_trial(Faults::default()).await;
    device.set_faults(Faults { drop_reply_of: Some("trial commit".to_owned()), ..Faults::default() });

    let confirmed = session.confirm_until(&TokioClock::start(), Duration::from_secs(30)).await.unwrap();

    let Confirmation::TimerGone(gone) = confirmed else { panic!("{confirmed:?}") };
    assert!(gone.confirmation_sent && gone.runs(&digest));
    assert_eq!(gone.status.startup, StartupConfig::SameAsRunning);
}

#[tokio::test]
async fn faults_that_pass_do_not_end_a_confirmation() {
    let fails = |with: &str, answer| FailingRequest { with: with.to_owned(), answer, times: 2 };
    let (_fleet, device, session, digest) = on_trial(Faults::default()).await;
    let client = client_of(&device);
    let failing_requests = vec![
        fails("show configuration", Answer::Unauthorized),
        fails("enable", Answer::Denied),
        fails("trial commit", Answer::BadGateway),
        fails("enable", Answer::InternalError),
    ];
    device.set_faults(Faults { failing_requests, ..Faults::default() });

    let confirmed = session.confirm_until(&TokioClock::start(), Duration::from_secs(50)).await.unwrap();

    let Confirmation::ConfirmationTaken(saved) = confirmed else { panic!("{confirmed:?}") };
    let status = SwitchStatus::of(&client).await.unwrap();
    assert_eq!((saved.digest, status.startup), (Some(digest), StartupConfig::SameAsRunning));
}

#[tokio::test]
async fn a_held_configuration_lock_passes() {
    let (_fleet, _device, client) = switch(Faults { config_locked: true, ..Faults::default() }).await;
    let candidate = Candidate::parse(ENDS_IN_AN_ACL).unwrap();

    let error = Session::stage(&client, "late".parse().unwrap(), &candidate, Load::Replace).await.unwrap_err();

    assert_eq!((error.cause.kind(), error.cause.is_passing()), (ErrorKind::Busy, true), "{}", error.cause);
}
