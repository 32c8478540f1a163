//! A configuration session on a switch, by its name.
//!
//! A candidate is loaded and compared in one request, and then committed and saved in another, or
//! aborted. The running-config stays as it is before the commit. Source: EOS user manual,
//! "Configure Session".
//!
//! A session outlives the client: one that is neither committed nor aborted stays pending for 24
//! hours, and EOS allows five pending sessions. So a load that fails is aborted, and its error says
//! whether that worked.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::client::Client;
use crate::error::Error;
use crate::session_name::SessionName;
use crate::session_owner::SessionOwner;
use crate::sessions::{SessionState, Sessions};
use crate::status::SwitchStatus;
use crate::wire::{Command, Format};

/// A named configuration session on a switch.
#[derive(Debug, Clone)]
pub struct Session {
    pub(crate) client: Client,
    pub(crate) name: SessionName,
}

/// What a failure left of its session on the switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The session was never opened.
    NotOpened,
    /// The session was aborted.
    Aborted,
    /// The session could not be aborted and may be pending. It counts towards the limit of the
    /// switch until it is aborted by name, times out after 24 hours, or the switch reloads.
    // EOS-55: it goes by itself after a day, or with a reboot.
    MayBePending,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOpened => "it was not opened",
            Self::Aborted => "it was aborted",
            Self::MayBePending => "it may still be pending on the switch, abort it by name",
        })
    }
}

impl Session {
    /// The session `name` as it already is on the switch, for instance to go on with it over
    /// another connection. Sends nothing.
    pub fn resume(client: &Client, name: SessionName) -> Self {
        Self { client: client.clone(), name }
    }

    /// The name of the session on the switch.
    pub fn name(&self) -> &SessionName {
        &self.name
    }

    /// Discards the session. A session whose commit timer runs is undone at once.
    ///
    /// # Errors
    ///
    /// If the request fails. The session may then still be there.
    pub async fn abort(&self) -> Result<(), Error> {
        self.run(self.client.timeouts().command, [self.abort_command()]).await.map(|_| ())
    }

    /// Discards the session and asks for the status of the switch, in one request.
    ///
    /// # Errors
    ///
    /// If the request fails. The session may then still be there.
    pub async fn abort_and_status(&self) -> Result<SwitchStatus, Error> {
        self.client.check_owner(self.name.as_str())?;
        SwitchStatus::after(&self.client, [self.abort_command()]).await
    }

    /// Aborts the pending sessions of `owner` and returns their names. A session whose commit timer
    /// runs is left alone, because aborting it would revert it. Make sure that nobody is at work in
    /// one of them: the owner's pushes to this switch must all be over.
    ///
    /// # Errors
    ///
    /// The first request that fails. The sessions before it are aborted.
    pub async fn reclaim(client: &Client, owner: &SessionOwner) -> Result<Vec<SessionName>, Error> {
        let sessions = Sessions::of(client).await?;
        let pending = sessions.states.iter().filter(|(_, state)| **state == SessionState::Pending);
        let ours = pending.filter(|(name, _)| owner.label(name).is_some());
        let mut reclaimed = Vec::new();
        for name in ours.filter_map(|(name, _)| name.parse::<SessionName>().ok()) {
            Self::resume(client, name.clone()).abort().await?;
            reclaimed.push(name);
        }
        Ok(reclaimed)
    }

    fn abort_command(&self) -> String {
        // EOS-61: with a running timer this reverts at once.
        format!("configure session {} abort", self.name)
    }

    /// Runs commands in text format, unless the session belongs to somebody else.
    pub(crate) async fn run<C: Into<Command>>(
        &self,
        timeout: Duration,
        commands: impl IntoIterator<Item = C>,
    ) -> Result<Vec<Value>, Error> {
        self.client.check_owner(self.name.as_str())?;
        self.client.run_within(timeout, commands, Format::Text).await
    }
}
