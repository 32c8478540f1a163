//! The status of a switch in one request: what it runs, whether that is saved, which switch it is,
//! and its sessions.

use serde_json::Value;

use crate::client::Client;
use crate::command_error::{FailedAt, output};
use crate::error::Error;
use crate::sessions::Sessions;
use crate::wire::Format;

/// A switch at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchStatus {
    /// Its configuration sessions by name, with the state of each.
    pub sessions: Sessions,
    /// The hash that EOS computes over the running-config. It is the same as long as the
    /// running-config is the same. `None` on a release without `show running-config digest`.
    pub digest: Option<String>,
    /// Whether a reload would bring another configuration.
    pub startup: StartupConfig,
    /// Which switch it is.
    pub identity: SwitchIdentity,
}

/// The startup-config compared with the running-config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartupConfig {
    /// A reload brings back what the switch runs.
    SameAsRunning,
    /// A reload undoes what was not saved.
    Differs,
}

/// What tells one switch from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchIdentity {
    /// The serial number of `show version`. `None` where it is empty, as on virtual switches.
    pub serial_number: Option<String>,
    /// The host name of `show hostname`, without the domain.
    pub hostname: Option<String>,
}

/// The commands of the status. The digest comes last, because older releases refuse it; what came
/// before it is then part of the error.
// EOS-72: empty when all is saved.
const COMMANDS: [&str; 4] = [Sessions::COMMAND, "show running-config diffs", "show version", "show hostname"];

/// The command that prints the digest of the running-config.
// EOS-71: older releases do not have it.
pub(crate) const DIGEST: &str = "show running-config digest";

impl SwitchStatus {
    /// Asks the switch in one request, which changes nothing.
    ///
    /// The request is in text format, because `show running-config diffs` has no JSON model. Should
    /// the table of sessions not look as expected, a second request asks for it as JSON.
    ///
    /// # Errors
    ///
    /// If a request fails, or an answer has another shape ([`Error::NotEapi`]).
    pub async fn of(client: &Client) -> Result<Self, Error> {
        Self::after(client, []).await
    }

    /// Runs `first` and asks for the status in the same request. `first` has run if this is `Ok`.
    pub(crate) async fn after<const N: usize>(client: &Client, first: [String; N]) -> Result<Self, Error> {
        let commands = || first.iter().cloned().chain(COMMANDS.map(str::to_owned));
        let digest_at = N + COMMANDS.len();
        let results = match client.run(commands().chain([DIGEST.to_owned()]), Format::Text).await {
            Ok(results) => results,
            Err(Error::Command(error)) if error.at == FailedAt::Command(digest_at) => {
                if error.passed.len() == digest_at {
                    error.passed
                } else {
                    return Box::pin(Self::without_digest(client)).await;
                }
            }
            Err(error) => return Err(error),
        };
        Self::read(client, &results[N..]).await
    }

    async fn without_digest(client: &Client) -> Result<Self, Error> {
        let results = client.run(COMMANDS, Format::Text).await?;
        Self::read(client, &results).await
    }

    /// Reads the results of [`COMMANDS`] and of [`DIGEST`], if there is one.
    async fn read(client: &Client, results: &[Value]) -> Result<Self, Error> {
        let text = |index: usize| {
            results.get(index).and_then(output).ok_or_else(|| Error::NotEapi {
                address: client.address().to_owned(),
                what: format!("`{}` has no `output`, which text format has", COMMANDS[index]),
            })
        };
        let (table, diffs, version, hostname) = (text(0)?, text(1)?, text(2)?, text(3)?);
        let sessions = match Sessions::from_text(table) {
            Some(sessions) => sessions,
            None => Sessions::of(client).await?,
        };
        let saved = diffs.trim().is_empty();
        Ok(Self {
            sessions,
            digest: results.get(COMMANDS.len()).and_then(digest),
            startup: if saved { StartupConfig::SameAsRunning } else { StartupConfig::Differs },
            identity: SwitchIdentity {
                serial_number: value(version, "Serial number:"),
                hostname: value(hostname, "Hostname:"),
            },
        })
    }
}

/// The digest in an answer in text format: the last word of it.
pub(crate) fn digest(result: &Value) -> Option<String> {
    output(result)?.split_whitespace().next_back().map(str::to_owned)
}

/// The first value after `label` at the start of a line, whatever its case. `None` if it is empty.
fn value(text: &str, label: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim);
    let value = lines.find_map(|line| {
        let (start, value) = line.split_at_checked(label.len())?;
        start.eq_ignore_ascii_case(label).then_some(value.trim())
    })?;
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_follows_its_label() {
        let version = "Arista DCS-7050TX-64-R\nHardware version:    01.11\nSerial number:       JPE15012345\n";
        assert_eq!(value(version, "Serial number:").as_deref(), Some("JPE15012345"));
        assert_eq!(value("Serial Number:  X1\n", "Serial number:").as_deref(), Some("X1"));
        assert_eq!(value("Hostname: leaf1\nFQDN:     leaf1.example\n", "Hostname:").as_deref(), Some("leaf1"));
        for text in ["Serial number: \n", "", "number", "Serialnummer: ü"] {
            assert_eq!(value(text, "Serial number:"), None, "{text}");
        }
    }
}
