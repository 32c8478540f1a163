//! How a switch stands, in one request: which sessions it has, and the digest of what it runs.

use serde_json::Value;

use crate::client::Client;
use crate::error::{Error, FailedAt};
use crate::sessions::Sessions;
use crate::wire::Format;

/// A switch at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its sessions.
    pub sessions: Sessions,
    /// EOS's own hash of the running-config: the same as long as that is the same. None where EOS has no digest.
    pub digest: Option<String>,
}

impl Standing {
    /// Asks the switch.
    pub async fn of(client: &Client) -> Result<Self, Error> {
        Self::after(client, []).await
    }

    pub(crate) const DIGEST: &str = "show running-config digest";

    /// Asks the switch after it has run `first`, which it did if this is `Ok`.
    pub(crate) async fn after<const N: usize>(client: &Client, first: [String; N]) -> Result<Self, Error> {
        let commands = first.into_iter().chain([Sessions::COMMAND.to_owned(), Self::DIGEST.to_owned()]);
        let mut results = match client.run(commands, Format::Json).await {
            Ok(results) => results.into_iter().skip(N),
            Err(Error::Command(error)) if error.at == FailedAt::Command(N + 1) => {
                return Ok(Self { sessions: Sessions::of(client).await?, digest: None });
            }
            Err(error) => return Err(error),
        };
        let sessions = Sessions::from_answer(client, results.next().unwrap_or_default())?;
        let digest = results.next().and_then(|digest| digest.get("digest").and_then(Value::as_str).map(str::to_owned));
        Ok(Self { sessions, digest })
    }
}
