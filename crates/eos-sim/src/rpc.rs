//! A JSON-RPC request to its answer: what `runCmds` asks for, run command by command.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use eapi::wire::{Command, Format, Params, Response, RpcError, code};
use serde_json::{Map, Value, json};

use crate::cli::Cli;
use crate::device::Device;
use crate::reply::{self, Failure, Reply};
use crate::vocabulary;

const PARSE: i64 = -32700;
const BAD_REQUEST: i64 = -32600;
const NO_METHOD: i64 = -32601;
const BAD_PARAMS: i64 = -32602;

/// How much of a command an error repeats, in characters.
const LONGEST_QUOTE: usize = 1000;

/// A request that can be run.
#[derive(Debug)]
pub(crate) struct Call {
    id: Value,
    params: Params,
    /// Whether a command may be the name of an alias.
    expand_aliases: bool,
}

impl Call {
    /// Reads a request's body; the answer to one that cannot be run is the error.
    // EOS-23: unknown keys beside `params` are ignored.
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
        let expand_aliases = params.get("expandAliases") == Some(&Value::Bool(true));
        match serde_json::from_value(params) {
            Ok(params) => Ok(Self { id, params, expand_aliases }),
            Err(error) => Err(refused(id, BAD_PARAMS, format!("invalid params: {error}"))),
        }
    }

    /// The commands of the request, as they came.
    pub(crate) fn lines(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.params.cmds.iter().map(Command::line)
    }

    /// Runs the commands in order and returns the answer.
    pub(crate) fn run(self, device: &Arc<Device>) -> Response {
        let total = self.params.cmds.len();
        let mut cli = Cli::new(device.clone(), self.params.auto_complete);
        let (mut data, mut error) = (Vec::new(), None);
        for (index, command) in self.params.cmds.iter().enumerate() {
            match self.one(&mut cli, command) {
                Ok(result) => data.push(result),
                Err(failure) => {
                    let line: String = command.line().chars().take(LONGEST_QUOTE).collect();
                    let message =
                        format!("CLI command {} of {total} '{line}' failed: {}", index + 1, reason(failure.code));
                    data.push(json!({"errors": failure.errors}));
                    error = error.or(Some((failure.code, message)));
                    // EOS-29: with `stopOnError: false` the rest is run.
                    if self.params.stop_on_error {
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

    fn one(&self, cli: &mut Cli, command: &Command) -> Result<Value, Failure> {
        let input = match command {
            Command::Line(_) => None,
            Command::WithInput { input, .. } => input.as_deref(),
        };
        let (started, clock) = (cli.device.clock.now(), Instant::now());
        let Reply { text, json } = cli.run(&self.meant(&cli.device, command.line()), input)?;
        let mut result = match self.params.format {
            Format::Text => json!({"output": text}),
            Format::Json => json.ok_or_else(|| Failure {
                code: code::UNCONVERTED,
                errors: vec!["Command cannot be used over the API at this time.".to_owned()],
            })?,
        };
        if self.params.timestamps {
            let (start, duration) = (started.as_duration().as_secs_f64(), clock.elapsed().as_secs_f64());
            result["_meta"] = json!({"execStartTime": start, "execDuration": duration});
        }
        Ok(result)
    }

    /// A line with its alias and its abbreviations written out, where the request asks for that.
    // EOS-30: abbreviations and aliases only if the request says so.
    fn meant<'l>(&self, device: &Device, line: &'l str) -> Cow<'l, str> {
        let mut line = Cow::Borrowed(line);
        if self.expand_aliases {
            let (first, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let state = device.state();
            if let Some(command) = state.running.value(&format!("alias {first} ")) {
                line = Cow::Owned(format!("{command} {rest}"));
            }
        }
        if self.params.auto_complete { Cow::Owned(vocabulary::completed(&line)) } else { line }
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
        reply::INTERNAL => "internal error",
        code::INVALID => "invalid command",
        code::UNCONVERTED => "unconverted command",
        code::DENIED => "permission to run command denied",
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
    fn positional_parameters_and_unknown_keys_are_accepted() {
        let call = Call::read(br#"{"method": "runCmds", "params": [1, ["show version"], "text"], "streaming": false}"#)
            .unwrap();
        assert_eq!((call.lines().len(), call.params.format), (1, Format::Text));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Call::read(&bytes);
        }
    }
}
