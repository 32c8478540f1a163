//! Switches over eAPI: the domain's verbs on configuration sessions, and eAPI's errors in the
//! domain's words.

use std::sync::Arc;
use std::time::Duration;

use eapi::{
    Candidate, Carrier, Client, Command, CommitError, CommitTimer, ErrorKind as Kind, Fingerprint, Format, Left, Load,
    Session, SessionName, SessionState, StageError, StartupConfig, TimerGone, TlsBackend, TlsTrust,
};
use intent::check::{Form, Shown};
use intent::inventory::{Device, Password, Tls, Transport, Verify};
use naas::ports::{Confirmation, Staged, Switch, SwitchError, SwitchFault, SwitchIdentity, SwitchStatus, Switches};
use naas::records::order;
use naas::records::outcome::{Remark, SwitchState};
use secrecy::{ExposeSecret, SecretString};

use crate::with_causes;

/// Arista EOS switches.
#[derive(Clone, Default)]
pub struct EosSwitches {
    way: Option<Way>,
    passwords: Option<FindPassword>,
}

/// Finds a password that the inventory does not hold; the error is a sentence for an operator.
type FindPassword = Arc<dyn Fn(&Password) -> Result<SecretString, String> + Send + Sync>;

/// How a switch is reached that is not reached over HTTP from here.
type Way = Arc<dyn Fn(&Device) -> Arc<dyn Carrier> + Send + Sync>;

impl EosSwitches {
    /// Switches that are reached in another way than over HTTP from here.
    pub fn by(way: impl Fn(&Device) -> Arc<dyn Carrier> + Send + Sync + 'static) -> Self {
        Self { way: Some(Arc::new(way)), passwords: None }
    }

    /// The same switches; `find` is asked for passwords that the inventory does not hold.
    pub fn with_passwords(
        self,
        find: impl Fn(&Password) -> Result<SecretString, String> + Send + Sync + 'static,
    ) -> Self {
        Self { passwords: Some(Arc::new(find)), ..self }
    }

    fn reveal(&self, password: &Password) -> Result<SecretString, SwitchError> {
        let found = password.reveal(|elsewhere| match &self.passwords {
            Some(find) => find(elsewhere),
            None => Err(format!("its password is in {elsewhere}, which is not looked up here")),
        });
        found.map_err(|reason| misconfigured(&reason))
    }
}

/// One switch; its client keeps one connection alive.
#[derive(Debug)]
pub struct EosSwitch {
    client: Client,
}

impl Switches for EosSwitches {
    type Switch = EosSwitch;

    fn open(&self, device: &Device) -> Result<EosSwitch, SwitchError> {
        let username = device.username.clone().ok_or_else(|| misconfigured("the inventory gives it no username"))?;
        let password = device.password.as_ref().ok_or_else(|| misconfigured("the inventory gives it no password"))?;
        let password = self.reveal(password)?;
        if let Some(platform) = device.platform.as_deref().filter(|platform| !is_eos(platform)) {
            return Err(misconfigured(&format!("its platform is {platform}; naas configures eos only")));
        }
        let transport = match device.connection.transport {
            Transport::Http => eapi::Transport::Http,
            Transport::Https => eapi::Transport::Https(trust(&device.connection.verify)?),
        };
        let mut client = Client::builder(&device.hostname, username, password).transport(transport);
        if device.connection.tls == Tls::Legacy {
            client = client.tls_backend(old_suites()?);
        }
        if let Some(port) = device.connection.port {
            client = client.port(port);
        }
        if let Some(password) = &device.connection.enable_password {
            client = client.enable_password(self.reveal(password)?);
        }
        if let Some(way) = &self.way {
            client = client.carrier(way(device));
        }
        Ok(EosSwitch { client: client.build().map_err(|error| misconfigured(&with_causes(&error)))? })
    }
}

impl EosSwitch {
    /// Writes `text` into a file such as `flash:naas-authorization`, whatever was in it. Files are
    /// no part of the configuration: no diff, history or backup shows them, and no replace changes
    /// them.
    ///
    /// # Errors
    ///
    /// The switch is not reached, or refuses.
    // EOS-95.
    pub async fn write_file(&self, file: &str, text: &SecretString) -> Result<(), SwitchError> {
        let input = Some(text.expose_secret().to_owned());
        let copy = Command::WithInput { cmd: format!("copy terminal: {file}"), input, revision: None };
        let written = self.client.run([copy], Format::Text).await;
        written.map(drop).map_err(|error| self.failed(&error, fault(error.kind()), SwitchState::Unchanged))
    }
}

impl Switch for EosSwitch {
    async fn status(&mut self) -> Result<SwitchStatus, SwitchError> {
        let status = eapi::SwitchStatus::of(&self.client).await;
        status.map(switch_status).map_err(|error| self.failed(&error, fault(error.kind()), untouched(&error)))
    }

    async fn stage(&mut self, session: &str, configuration: &str, load: order::Load) -> Result<Staged, SwitchError> {
        let name = session_name(session)?;
        let candidate = Candidate::parse(configuration).map_err(|error| SwitchError {
            fault: SwitchFault::Misconfigured,
            state: SwitchState::NotContacted,
            line: Some(error.line),
            message: format!("the rendered configuration cannot be sent: {error}; correct the template"),
        })?;
        let load = match load {
            order::Load::Replace => Load::Replace,
            order::Load::Merge => Load::Merge,
        };
        let staged = Session::stage(&self.client, name, &candidate, load).await;
        let remark = |eapi::Remark { line_number, line, text }| Remark { line: line_number, command: line, text };
        let staged = staged.map_err(|error| self.not_staged(error))?;
        Ok(Staged { diff: staged.diff, remarks: staged.remarks.into_iter().map(remark).collect() })
    }

    async fn running_config(&mut self) -> Result<String, SwitchError> {
        let shown = self.client.run(["show running-config"], Format::Text).await;
        let shown = shown.map_err(|error| self.failed(&error, fault(error.kind()), SwitchState::Unchanged))?;
        Ok(shown.first().and_then(|shown| shown["output"].as_str()).unwrap_or_default().to_owned())
    }

    async fn commit(&mut self, session: &str, timer: Duration) -> Result<Option<String>, SwitchError> {
        let session = Session::resume(&self.client, session_name(session)?);
        let timer = CommitTimer::try_from(timer).map_err(|error| misconfigured(&with_causes(&error)))?;
        session.commit_with_timer(timer).await.map_err(|error| match error {
            // If it was committed at all, it is on trial.
            // EOS-15.
            CommitError::Unknown { .. } => self.failed(&error, SwitchFault::Unreachable, SwitchState::Reverting),
            error => self.not_committed(error),
        })
    }

    async fn show(&mut self, command: &str, form: Form) -> Result<Shown, SwitchError> {
        let format = if form == Form::Json { Format::Json } else { Format::Text };
        let shown = self.client.run([command], format).await;
        let shown = shown.map_err(|error| self.failed(&error, fault(error.kind()), SwitchState::Reverting))?;
        let shown = shown.into_iter().next().unwrap_or_default();
        Ok(match form {
            Form::Json => Shown::Json(shown),
            Form::Text => Shown::Text(shown["output"].as_str().unwrap_or_default().to_owned()),
        })
    }

    async fn confirm(&mut self, session: &str, within: Duration) -> Result<Confirmation, SwitchError> {
        let session = Session::resume(&self.client, session_name(session)?);
        let Ok(confirmed) = tokio::time::timeout(within, session.confirm()).await else {
            return Err(no_answer(&session, within));
        };
        match confirmed.map_err(|error| self.not_committed(error))? {
            eapi::Confirmation::ConfirmationTaken(saved) => Ok(Confirmation::Taken { digest: saved.digest }),
            eapi::Confirmation::TimerGone(TimerGone { listed: Some(SessionState::Pending), .. }) => {
                Err(never_committed(&session).await)
            }
            eapi::Confirmation::TimerGone(gone) => Ok(Confirmation::TimerGone(switch_status(gone.status))),
        }
    }

    async fn save(&mut self, session: &str) -> Result<Option<String>, SwitchError> {
        let saved = Session::resume(&self.client, session_name(session)?).save().await;
        saved
            .map(|saved| saved.digest)
            .map_err(|error| self.failed(&error, SwitchFault::Refused, SwitchState::NotSaved))
    }

    async fn abort(&mut self, session: &str) -> Result<SwitchStatus, SwitchError> {
        let aborted = Session::resume(&self.client, session_name(session)?).abort_and_status().await;
        aborted.map(switch_status).map_err(|error| {
            let state = SwitchState::SessionLeft(session.to_owned());
            let message = format!("session {session} could not be aborted: {}; {}", with_causes(&error), left(&state));
            SwitchError { fault: fault(error.kind()), state, line: None, message }
        })
    }
}

impl EosSwitch {
    fn not_staged(&self, error: StageError) -> SwitchError {
        let reached = error.left != Left::NotOpened || !matches!(error.cause.kind(), Kind::Unreachable | Kind::Tls);
        let state = match error.left {
            Left::MayBePending => SwitchState::SessionLeft(error.session.to_string()),
            Left::NotOpened if !reached => SwitchState::NotContacted,
            _ => SwitchState::Unchanged,
        };
        let at_line = error.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        SwitchError {
            fault: fault(error.cause.kind()),
            line: error.line,
            message: format!("{at_line}{}; {}", with_causes(&error.cause), left(&state)),
            state,
        }
    }

    fn not_committed(&self, error: CommitError) -> SwitchError {
        let (fault, state) = match &error {
            CommitError::NotCommitted { session, left, cause } => {
                let state = match left {
                    Left::MayBePending => SwitchState::SessionLeft(session.to_string()),
                    _ => SwitchState::Unchanged,
                };
                (fault(cause.kind()), state)
            }
            CommitError::NotConfirmed { cause, .. } => (fault(cause.kind()), SwitchState::Reverting),
            CommitError::TooLate { .. } => (SwitchFault::Refused, SwitchState::Reverting),
            CommitError::NotSaved { .. } => (SwitchFault::Refused, SwitchState::NotSaved),
            _ => (SwitchFault::Unreachable, SwitchState::Unknown),
        };
        self.failed(&error, fault, state)
    }

    fn failed(&self, error: &dyn std::error::Error, fault: SwitchFault, state: SwitchState) -> SwitchError {
        SwitchError { fault, line: None, message: format!("{}; {}", with_causes(error), left(&state)), state }
    }
}

/// The status in the words of the domain.
fn switch_status(status: eapi::SwitchStatus) -> SwitchStatus {
    let eapi::SwitchStatus { sessions, digest, startup, identity } = status;
    let on_trial = sessions.on_trial().map(str::to_owned);
    let pending = sessions.states.into_iter().filter(|(_, state)| *state == SessionState::Pending);
    SwitchStatus {
        digest,
        on_trial,
        pending: pending.map(|(name, _)| name).collect(),
        unsaved: startup == StartupConfig::Differs,
        identity: SwitchIdentity { serial: identity.serial_number, hostname: identity.hostname },
    }
}

/// A confirmation that may have been sent, and was not answered in time.
fn no_answer(session: &Session, within: Duration) -> SwitchError {
    let (name, seconds, state) = (session.name(), within.as_secs(), SwitchState::Unknown);
    let message = format!("the confirmation of session {name} was not answered within {seconds} s; {}", left(&state));
    SwitchError { fault: SwitchFault::Unreachable, state, line: None, message }
}

/// Aborts a session that was to be committed, and is still pending: the commit never reached the
/// switch.
async fn never_committed(session: &Session) -> SwitchError {
    let aborted = session.abort().await;
    let state = aborted.map_or(SwitchState::SessionLeft(session.name().to_string()), |()| SwitchState::Unchanged);
    SwitchError {
        fault: SwitchFault::Unreachable,
        line: None,
        message: format!("the commit was sent and never arrived; {}", left(&state)),
        state,
    }
}

/// How a switch is left by a request that changes nothing.
fn untouched(error: &eapi::Error) -> SwitchState {
    match error.kind() {
        Kind::Unreachable | Kind::Tls => SwitchState::NotContacted,
        _ => SwitchState::Unchanged,
    }
}

fn trust(verify: &Verify) -> Result<TlsTrust, SwitchError> {
    Ok(match verify {
        Verify::Ca => TlsTrust::System,
        Verify::AlsoCa(pem) => TlsTrust::AlsoCa(pem.clone()),
        Verify::Insecure => TlsTrust::Insecure,
        Verify::Fingerprint(text) => {
            let fingerprint: Fingerprint = text.parse().map_err(|error| misconfigured(&with_causes(&error)))?;
            TlsTrust::Pinned(fingerprint)
        }
    })
}

#[cfg(feature = "legacy-tls")]
fn old_suites() -> Result<TlsBackend, SwitchError> {
    Ok(TlsBackend::OpenSsl)
}

#[cfg(not(feature = "legacy-tls"))]
fn old_suites() -> Result<TlsBackend, SwitchError> {
    let reason = "the inventory says `tls: legacy`, but this naas was built without OpenSSL; build it with `--features \
                  legacy-tls`, or give the switch an `ssl profile` with `cipher-list ECDHE-RSA-AES256-GCM-SHA384`";
    Err(misconfigured(reason))
}

fn is_eos(platform: &str) -> bool {
    matches!(platform, "eos" | "arista_eos" | "arista")
}

fn session_name(session: &str) -> Result<SessionName, SwitchError> {
    session.parse().map_err(|error| misconfigured(&with_causes(&error)))
}

fn misconfigured(reason: &str) -> SwitchError {
    SwitchError {
        fault: SwitchFault::Misconfigured,
        state: SwitchState::NotContacted,
        line: None,
        message: reason.to_owned(),
    }
}

fn fault(kind: Kind) -> SwitchFault {
    match kind {
        Kind::Settings => SwitchFault::Misconfigured,
        Kind::Unreachable | Kind::Tls => SwitchFault::Unreachable,
        Kind::Denied => SwitchFault::Denied,
        Kind::Busy => SwitchFault::Busy,
        Kind::NotEapi => SwitchFault::NotEapi,
        _ => SwitchFault::Refused,
    }
}

/// What an operator must know about the switch now.
fn left(state: &SwitchState) -> String {
    match state {
        SwitchState::NotContacted => "nothing was sent to the switch".to_owned(),
        SwitchState::Unchanged => "its running-config is unchanged".to_owned(),
        SwitchState::SessionLeft(session) => format!(
            "its running-config is unchanged, but session {session} may be pending; `configure session {session} abort` frees it"
        ),
        SwitchState::Saved => "it runs the new configuration".to_owned(),
        SwitchState::NotSaved => {
            "it runs the new configuration, but a reload brings the old one back; `write memory` saves it".to_owned()
        }
        SwitchState::Reverting => {
            "if it ran the new configuration, its commit timer brings the old one back by itself".to_owned()
        }
        SwitchState::Unknown => "it may or may not run the new configuration; a run in mode plan will tell".to_owned(),
    }
}
