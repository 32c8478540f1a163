//! A JSON-RPC request to its answer: what `runCmds` asks for, run command by command.

use std::sync::Arc;

use eapi::wire::{Command, Format, Params, Response, RpcError, code};
use serde_json::{Map, Value, json};

use crate::cli::{Cli, Failure, Reply};
use crate::device::Device;

const PARSE: i64 = -32700;
const BAD_REQUEST: i64 = -32600;
const NO_METHOD: i64 = -32601;
const BAD_PARAMS: i64 = -32602;

/// A request that can be run.
#[derive(Debug)]
pub(crate) struct Call {
    id: Value,
    params: Params,
}

impl Call {
    /// Reads a request's body; the answer to one that cannot be run is the error.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Box<Response>> {
        let request: Value = serde_json::from_slice(body)
            .map_err(|error| refused(Value::Null, PARSE, format!("parse error: {error}")))?;
        let id = request.get("id").cloned().unwrap_or_default();
        let Some(method) = request.get("method").and_then(Value::as_str) else {
            return Err(refused(id, BAD_REQUEST, "invalid request: an object with `method` was expected".to_owned()));
        };
        if method != "runCmds" {
            return Err(refused(id, NO_METHOD, "method not found: only runCmds is simulated".to_owned()));
        }
        let params = named(request.get("params").cloned().unwrap_or_default());
        match serde_json::from_value(params) {
            Ok(params) => Ok(Self { id, params }),
            Err(error) => Err(refused(id, BAD_PARAMS, format!("invalid params: {error}"))),
        }
    }

    /// Whether a command contains `part`.
    pub(crate) fn mentions(&self, part: &str) -> bool {
        self.params.cmds.iter().any(|command| command.line().contains(part))
    }

    /// Runs the commands in order.
    pub(crate) fn run(self, device: &Arc<Device>) -> Response {
        let Params { cmds, format, stop_on_error, .. } = self.params;
        let total = cmds.len();
        let mut cli = Cli::new(device.clone());
        let (mut data, mut error) = (Vec::new(), None);
        for (index, command) in cmds.iter().enumerate() {
            match one(&mut cli, command, format) {
                Ok(result) => data.push(result),
                Err(failure) => {
                    let line = command.line();
                    let message =
                        format!("CLI command {} of {total} '{line}' failed: {}", index + 1, reason(failure.code));
                    data.push(json!({"errors": failure.errors}));
                    error = error.or(Some((failure.code, message)));
                    if stop_on_error {
                        break;
                    }
                }
            }
        }
        cli.finish();
        let response = Response { jsonrpc: "2.0".to_owned(), id: self.id, result: None, error: None };
        match error {
            None => Response { result: Some(data), ..response },
            Some((code, message)) => Response { error: Some(RpcError { code, message, data: Some(data) }), ..response },
        }
    }
}

fn one(cli: &mut Cli, command: &Command, format: Format) -> Result<Value, Failure> {
    let input = match command {
        Command::Line(_) => None,
        Command::WithInput { input, .. } => input.as_deref(),
    };
    let Reply { text, json } = cli.run(command.line(), input)?;
    match format {
        Format::Text => Ok(json!({"output": text})),
        Format::Json => json.ok_or_else(|| Failure {
            code: code::UNCONVERTED,
            errors: vec!["Command cannot be used over the API at this time.".to_owned()],
        }),
    }
}

/// The positional form `[version, cmds, format]` as the object form.
fn named(params: Value) -> Value {
    match params {
        Value::Array(values) => Value::Object(
            ["version", "cmds", "format"].map(str::to_owned).into_iter().zip(values).collect::<Map<_, _>>(),
        ),
        params => params,
    }
}

fn reason(of: i64) -> &'static str {
    match of {
        code::INVALID => "invalid command",
        code::UNCONVERTED => "unconverted command",
        _ => "could not run command",
    }
}

fn refused(id: Value, code: i64, message: String) -> Box<Response> {
    let error = Some(RpcError { code, message, data: None });
    Box::new(Response { jsonrpc: "2.0".to_owned(), id, result: None, error })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(body: &str) -> i64 {
        Call::read(body.as_bytes()).unwrap_err().error.unwrap().code
    }

    #[test]
    fn what_is_no_request_is_told_apart() {
        assert_eq!(error("{"), PARSE);
        assert_eq!(error(&"[".repeat(100_000)), PARSE);
        assert_eq!(error("[]"), BAD_REQUEST);
        assert_eq!(error(r#"{"method": "getCommandCompletions"}"#), NO_METHOD);
        assert_eq!(error(r#"{"method": "runCmds"}"#), BAD_PARAMS);
        assert_eq!(error(r#"{"method": "runCmds", "params": {"version": 1, "cmds": [1]}}"#), BAD_PARAMS);
    }

    #[test]
    fn parameters_may_be_positional_and_unknown_keys_are_passed_over() {
        let call = Call::read(br#"{"method": "runCmds", "params": [1, ["show version"], "text"], "streaming": false}"#)
            .unwrap();
        assert_eq!((call.params.cmds.len(), call.params.format), (1, Format::Text));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Call::read(&bytes);
        }
    }
}
