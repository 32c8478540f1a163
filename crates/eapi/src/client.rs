//! The client: commands to requests, and answers to results.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::connection::{Connection, Exchange, Repeat};
use crate::error::Error;
use crate::login::{self, Login};
use crate::reply::{ReplyFault, ReplyReader};
use crate::session_owner::SessionOwner;
use crate::settings::{Authentication, Timeouts};
use crate::transport::HttpResponse;
use crate::wire::{COMMAND_API, Command, Format, Params, Request};

/// A client of one switch, built by [`Client::builder`].
///
/// Requests made one after the other share one connection, which the first request opens and which
/// is kept alive; clones of a client share it too. Requests made at the same time each get a
/// connection, though EOS runs them one after the other.
///
/// Environment variables that name proxies are ignored and redirects are not followed, so that a
/// password goes to the switch only.
#[derive(Clone)]
// EOS-11: EOS works on requests in turn, however many arrive.
pub struct Client {
    // EOS-16: EOS keeps connections open between requests.
    pub(crate) connection: Connection,
    pub(crate) authentication: Authentication,
    pub(crate) login: Arc<Login>,
    pub(crate) enable_password: Option<SecretString>,
    pub(crate) timeouts: Timeouts,
    /// Whose sessions may be opened, committed and aborted. `None` is anybody's.
    pub(crate) owner: Option<SessionOwner>,
    pub(crate) ids: Arc<AtomicU64>,
}

impl Client {
    /// Host and port, as errors name them.
    pub fn address(&self) -> &str {
        &self.connection.address
    }

    /// How long the client waits for the switch.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Runs commands in one request, after an `enable`, and returns one result for each. The first
    /// command that fails stops the request; those before it have taken effect. The configuration
    /// mode that the commands leave open ends with the request.
    ///
    /// A request of `show` commands only is sent again if the kept-alive connection turns out to be
    /// closed. Any other request is sent once.
    ///
    /// # Errors
    ///
    /// A request that could not be sent or answered, or a command that the switch refused.
    /// [`Error::sent`] says whether commands may have run.
    // EOS-28: there is no transaction over a request.
    pub async fn run<C: Into<Command>>(
        &self,
        commands: impl IntoIterator<Item = C>,
        format: Format,
    ) -> Result<Vec<Value>, Error> {
        self.run_within(self.timeouts.command, commands, format).await
    }

    /// Runs commands like [`run`](Self::run) and waits `timeout` for the whole answer.
    ///
    /// # Errors
    ///
    /// Those of [`Client::run`].
    pub async fn run_within<C: Into<Command>>(
        &self,
        timeout: Duration,
        commands: impl IntoIterator<Item = C>,
        format: Format,
    ) -> Result<Vec<Value>, Error> {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let cmds: Vec<Command> = std::iter::once(self.enable()).chain(commands.into_iter().map(Into::into)).collect();
        let repeat = if cmds[1..].iter().all(only_reads) { Repeat::IfStale } else { Repeat::Never };
        let params =
            Params { version: 1.into(), cmds, format, timestamps: false, auto_complete: false, stop_on_error: true };
        let request = Request { jsonrpc: "2.0".to_owned(), method: "runCmds".to_owned(), params, id: id.into() };
        let body = self.send(&request, timeout, repeat).await?;
        self.read(id, &request.params.cmds, &body)
    }

    /// Ends the login of [`Authentication::Cookie`], if there is one. The next request opens
    /// another.
    ///
    /// # Errors
    ///
    /// If the switch was not reached, or answered with another HTTP status than 200 and 401.
    pub async fn logout(&self) -> Result<(), Error> {
        self.login.close(&self.connection, self.timeouts.command).await
    }

    /// Refuses a session that does not belong to the owner of the client, if it has one.
    pub(crate) fn check_owner(&self, session: &str) -> Result<(), Error> {
        match &self.owner {
            Some(owner) if owner.label(session).is_none() => {
                Err(Error::ForeignSession { session: session.to_owned(), prefix: owner.to_string() })
            }
            _ => Ok(()),
        }
    }

    // EOS-24: each request starts unprivileged.
    fn enable(&self) -> Command {
        match &self.enable_password {
            None => "enable".into(),
            Some(password) => Command::WithInput {
                cmd: "enable".to_owned(),
                input: Some(password.expose_secret().to_owned()),
                revision: None,
            },
        }
    }

    /// Sends a request and returns the body of an answer with HTTP status 200.
    async fn send(&self, request: &Request, timeout: Duration, repeat: Repeat) -> Result<Vec<u8>, Error> {
        let started = Instant::now();
        let body = serde_json::to_vec(request)
            .map_err(|error| Error::Settings { what: format!("the request cannot be written as JSON: {error}") })?;
        let exchange = |credentials| Exchange { path: COMMAND_API, credentials, body, timeout, repeat };
        let answer = match self.authentication {
            Authentication::Basic => self.connection.exchange(exchange(Some(self.connection.basic()))).await?,
            Authentication::Certificate => self.connection.exchange(exchange(None)).await?,
            Authentication::Cookie => self.send_with_cookie(exchange(None)).await?,
        };
        let (address, commands) = (self.address(), request.params.cmds.len());
        let (bytes, elapsed_ms) = (answer.body.len(), started.elapsed().as_millis());
        tracing::debug!(%address, commands, bytes, elapsed_ms, "answered");
        if answer.status == StatusCode::OK { Ok(answer.body) } else { Err(self.connection.unexpected(&answer)) }
    }

    /// Sends a request again, once, if its cookie has expired. That is safe for requests that act
    /// as well, because EOS runs nothing of a request that it answers with 401.
    async fn send_with_cookie(&self, exchange: Exchange) -> Result<HttpResponse, Error> {
        let token = self.login.token(&self.connection, self.timeouts.command).await?;
        let answer = self.connection.exchange(with(&exchange, login::cookie(&token))).await?;
        // EOS-6: a login expires, and nothing of the request was run.
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        tracing::debug!(address = %self.address(), "the login has expired, and is renewed");
        self.login.forget(&token).await;
        let token = self.login.token(&self.connection, self.timeouts.command).await?;
        self.connection.exchange(with(&exchange, login::cookie(&token))).await
    }

    /// Reads the results of the caller's commands from the body of an answer.
    fn read(&self, id: u64, commands: &[Command], body: &[u8]) -> Result<Vec<Value>, Error> {
        let secrets: Vec<&SecretString> =
            std::iter::once(&self.connection.password).chain(&self.enable_password).collect();
        let reader = ReplyReader { id, commands, secrets: &secrets };
        reader.results(body).map_err(|fault| match fault {
            ReplyFault::Command(error) => Error::Command(error),
            ReplyFault::NotEapi(what) => Error::NotEapi { address: self.address().to_owned(), what },
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Connection { url, user, .. } = &self.connection;
        f.debug_struct("Client").field("url", &url.as_str()).field("user", user).finish_non_exhaustive()
    }
}

fn with(exchange: &Exchange, credentials: (HeaderName, HeaderValue)) -> Exchange {
    let Exchange { path, body, timeout, repeat, .. } = exchange;
    Exchange { path, credentials: Some(credentials), body: body.clone(), timeout: *timeout, repeat: *repeat }
}

/// Returns true for a command that changes nothing on the switch. `>` and `| tee` write files.
fn only_reads(command: &Command) -> bool {
    let Command::Line(line) = command else { return false };
    let mut words = line.split_whitespace();
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("show"))
        && !line.contains('>')
        && !words.any(|word| word.eq_ignore_ascii_case("tee") || word.eq_ignore_ascii_case("redirect"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_show_commands_without_a_file_read() {
        for (line, reads) in [
            ("show version", true),
            ("Show running-config diffs", true),
            ("show version | include Serial", true),
            ("show version > flash:x", false),
            ("show version | tee flash:x", false),
            ("show version | redirect flash:x", false),
            ("showing", false),
            ("configure session x commit", false),
            ("write memory", false),
            ("", false),
        ] {
            assert_eq!(only_reads(&line.into()), reads, "{line}");
        }
    }
}
