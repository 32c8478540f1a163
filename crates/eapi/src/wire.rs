//! The JSON-RPC 2.0 messages that cross the wire on `POST /command-api`.
//!
//! Only the fields that this client and a simulator need are modelled. A reader on either side must
//! tolerate other fields, as EOS does: pyeapi puts `streaming` beside `params`. Sources: the
//! "Command API" overview page on the switch, and what pyeapi 1.0.4, NAPALM 5.2.0 and ANTA's
//! asynceapi send and expect.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The HTTP path of eAPI.
// EOS-1: eAPI is JSON-RPC over POST to this one path.
pub const COMMAND_API: &str = "/command-api";

/// A JSON-RPC request that calls `runCmds`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// The JSON-RPC version, always `"2.0"`.
    pub jsonrpc: String,
    /// `runCmds`, the only method that EOS documents for running commands.
    pub method: String,
    /// The commands and how to run them.
    pub params: Params,
    /// A string or a number, which the response repeats.
    pub id: Value,
}

/// The parameters of `runCmds` as an object. EOS also takes the positional form
/// `[version, cmds, format]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
// EOS-20.
pub struct Params {
    /// `1` or `"latest"`. It selects the revision of the output models.
    pub version: Value,
    /// The commands, run in order. The mode that they leave open ends with the request.
    pub cmds: Vec<Command>,
    /// The format of all results of the request.
    #[serde(default)]
    pub format: Format,
    /// Adds `_meta.execStartTime` and `_meta.execDuration` (seconds) to each result.
    #[serde(default, skip_serializing_if = "is_false")]
    pub timestamps: bool,
    /// Accepts abbreviated commands, which EOS refuses by default.
    #[serde(default, skip_serializing_if = "is_false")]
    pub auto_complete: bool,
    /// Stops at the first command that fails. The default of EOS is true.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub stop_on_error: bool,
}

/// The format of results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Structured output. A command without a model fails with code 1003.
    #[default]
    Json,
    /// `{"output": "..."}` for each command.
    Text,
}

/// A command in a request. `Debug` shows only the size of an input, which may be a password or a
/// private key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Command {
    /// A line as typed.
    Line(String),
    /// A line and what would be typed at its prompt.
    // EOS-21.
    WithInput {
        /// The line as typed.
        cmd: String,
        /// The enable password, or the body of a multi-line command without its final `EOF`.
        /// Whether the last line of a body ends with a newline makes no difference to EOS; this
        /// crate ends every line, others do not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input: Option<String>,
        /// The revision of the output model that is wanted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<u32>,
    },
}

impl Command {
    /// The line as typed, without its input.
    pub fn line(&self) -> &str {
        match self {
            Self::Line(line) => line,
            Self::WithInput { cmd, .. } => cmd,
        }
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => f.debug_tuple("Line").field(line).finish(),
            Self::WithInput { cmd, input, revision } => f
                .debug_struct("WithInput")
                .field("cmd", cmd)
                .field("input", &input.as_ref().map(|input| format!("<{} bytes>", input.len())))
                .field("revision", revision)
                .finish(),
        }
    }
}

impl From<&str> for Command {
    fn from(line: &str) -> Self {
        Self::Line(line.to_owned())
    }
}

impl From<String> for Command {
    fn from(line: String) -> Self {
        Self::Line(line)
    }
}

/// The response to a request, always with HTTP status 200. It has either `result` or `error`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Response {
    /// The JSON-RPC version, always `"2.0"`.
    pub jsonrpc: String,
    /// The id of the request.
    pub id: Value,
    /// One result for each command, if all of them succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Vec<Value>>,
    /// The failure of the command at which the switch stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RpcError>,
}

/// The error object of a response.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RpcError {
    /// The error code, see [`code`].
    pub code: i64,
    /// `CLI command <n> of <total> '<command>' failed: <reason>`; `n` counts from 1 and includes
    /// `enable`.
    pub message: String,
    /// Results up to and including the failing command, whose entry carries `errors`; may be
    /// missing or empty. Anything but an array is read as missing.
    #[serde(default, deserialize_with = "array_or_none", skip_serializing_if = "Option::is_none")]
    pub data: Option<Vec<Value>>,
}

/// The error codes of [`RpcError`] that this crate acts on.
pub mod code {
    /// Parsed, but refused when run: "could not run command".
    // EOS-31.
    pub const COULD_NOT_RUN: i64 = 1000;
    /// The switch failed for reasons of its own. Source: pyeapi, which reports it like 1000.
    pub const INTERNAL: i64 = 1001;
    /// The parser refused it: "invalid command".
    // EOS-32.
    pub const INVALID: i64 = 1002;
    /// No JSON model for this command: "unconverted command".
    // EOS-33.
    pub const UNCONVERTED: i64 = 1003;
    /// The authorisation of commands refused it.
    // EOS-19.
    pub const DENIED: i64 = 1005;
}

fn array_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Value>>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(entries) => Some(entries),
        _ => None,
    })
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_true(value: &bool) -> bool {
    *value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_written_as_eos_documents_it() {
        let cmds = vec![
            Command::WithInput { cmd: "enable".into(), input: Some("pw".into()), revision: None },
            "show version".into(),
        ];
        let params = Params {
            version: 1.into(),
            cmds,
            format: Format::Text,
            timestamps: false,
            auto_complete: false,
            stop_on_error: true,
        };
        let request = Request { jsonrpc: "2.0".into(), method: "runCmds".into(), params, id: 7.into() };
        let expected = json!({
            "jsonrpc": "2.0", "method": "runCmds", "id": 7,
            "params": {"version": 1, "cmds": [{"cmd": "enable", "input": "pw"}, "show version"], "format": "text"},
        });
        assert_eq!(serde_json::to_value(request).unwrap(), expected);
    }

    #[test]
    fn error_data_that_is_not_an_array_is_read_as_missing() {
        for data in [json!(null), json!("x"), json!({})] {
            let error: RpcError = serde_json::from_value(json!({"code": 1, "message": "m", "data": data})).unwrap();
            assert_eq!(error.data, None);
        }
    }

    #[test]
    fn debug_hides_inputs() {
        let command = Command::WithInput { cmd: "enable".into(), input: Some("canary".into()), revision: None };
        assert!(!format!("{command:?}").contains("canary"));
    }
}
