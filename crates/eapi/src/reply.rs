//! The body of an answer, read as one result for each command or as the command that failed.

use secrecy::SecretString;
use serde_json::Value;

use crate::command_error::{CommandError, FailedAt};
use crate::redact::{self, ShownLine};
use crate::wire::{Command, Response, RpcError};

/// Reads the answer to one request.
pub(crate) struct ReplyReader<'a> {
    /// The id of the request, which the answer must repeat.
    pub(crate) id: u64,
    /// `enable` and the caller's commands.
    pub(crate) commands: &'a [Command],
    /// Secrets that are taken out of the words of the switch.
    pub(crate) secrets: &'a [&'a SecretString],
}

/// Why an answer has no results.
#[derive(Debug)]
pub(crate) enum ReplyFault {
    /// The switch refused a command.
    Command(Box<CommandError>),
    /// The body does not answer the request: what was found and what was expected.
    NotEapi(String),
}

impl ReplyReader<'_> {
    /// The results of the caller's commands.
    // EOS-8: a refused command comes with HTTP status 200.
    pub(crate) fn results(&self, body: &[u8]) -> Result<Vec<Value>, ReplyFault> {
        let response: Response =
            serde_json::from_slice(body).map_err(|error| ReplyFault::NotEapi(self.not_json(&error, body)))?;
        // A server that could not read the request cannot repeat its id either, so errors are read
        // without it.
        if let Some(error) = response.error {
            return Err(ReplyFault::Command(Box::new(self.refused(error))));
        }
        if response.id != self.id {
            return Err(ReplyFault::NotEapi("the answer belongs to another request, its id differs".to_owned()));
        }
        let mut results = response.result.ok_or_else(|| {
            ReplyFault::NotEapi("the answer has neither `result` nor `error`, one of them was expected".to_owned())
        })?;
        if results.len() != self.commands.len() {
            let (found, expected) = (results.len(), self.commands.len());
            return Err(ReplyFault::NotEapi(format!("the answer has {found} results, {expected} were expected")));
        }
        results.remove(0);
        Ok(results)
    }

    fn not_json(&self, error: &serde_json::Error, body: &[u8]) -> String {
        // A body that is not JSON is mostly a web page, which its first characters give away. JSON
        // that is cut off may be a configuration and is not quoted.
        let begins = match body.first() {
            Some(b'{' | b'[') | None => String::new(),
            Some(_) => {
                let start = String::from_utf8_lossy(&body[..body.len().min(80)]);
                format!(", it begins `{}`", redact::words(&start, self.secrets.iter().copied()))
            }
        };
        let place = (error.line(), error.column());
        match error.classify() {
            serde_json::error::Category::Eof => format!("the JSON breaks off after {} bytes{begins}", body.len()),
            serde_json::error::Category::Data => {
                format!("the JSON is not a JSON-RPC response (column {}{begins})", place.1)
            }
            _ => format!("not JSON at line {} column {}{begins}", place.0, place.1),
        }
    }

    // EOS-27: the number in the message includes `enable`; `data` ends with the failure.
    fn refused(&self, error: RpcError) -> CommandError {
        let mut data = error.data.unwrap_or_default();
        let errors = data.last_mut().map(take_errors).unwrap_or_default();
        let failed = numbered(&error.message).or_else(|| (!errors.is_empty()).then_some(data.len()));
        let failed = failed.filter(|number| (1..=self.commands.len()).contains(number));
        let at = match failed {
            None => FailedAt::Unknown,
            Some(1) => FailedAt::Enable,
            Some(number) => FailedAt::Command(number - 2),
        };
        let line = ShownLine::new(failed.map_or("", |number| self.commands[number - 1].line()));
        let reason = error.message.rsplit_once("' failed: ").map_or(error.message.as_str(), |(_, reason)| reason);
        let show = |words: &str| line.clean(&redact::words(words, self.secrets.iter().copied()));
        data.truncate(failed.map_or(0, |number| number - 1));
        CommandError {
            at,
            total: self.commands.len() - 1,
            code: error.code,
            reason: show(reason),
            errors: errors.iter().map(|words| show(words)).collect(),
            passed: data.into_iter().skip(1).collect(),
            command: line.text,
        }
    }
}

/// The `errors` of the failing entry without the empty ones that EOS sometimes sends.
fn take_errors(entry: &mut Value) -> Vec<String> {
    let Some(Value::Array(errors)) = entry.get_mut("errors").map(Value::take) else { return Vec::new() };
    let words = errors.into_iter().filter_map(|error| match error {
        Value::String(words) => Some(words),
        _ => None,
    });
    words.filter(|words| !words.trim().is_empty()).collect()
}

/// The number in `CLI command 2 of 3 '...' failed: ...`, from 1.
fn numbered(message: &str) -> Option<usize> {
    message.strip_prefix("CLI command ")?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn commands() -> Vec<Command> {
        ["enable", "show version", "bad thing", "show clock"].map(Command::from).into()
    }

    fn read(answer: &Value) -> Result<Vec<Value>, ReplyFault> {
        ReplyReader { id: 1, commands: &commands(), secrets: &[] }.results(answer.to_string().as_bytes())
    }

    fn refused(error: Value) -> CommandError {
        match read(&json!({"jsonrpc": "2.0", "id": 1, "error": error})) {
            Err(ReplyFault::Command(error)) => *error,
            other => panic!("expected a refused command, found {other:?}"),
        }
    }

    fn not_eapi(answer: &Value) -> String {
        match read(answer) {
            Err(ReplyFault::NotEapi(what)) => what,
            other => panic!("expected something else than eAPI, found {other:?}"),
        }
    }

    #[test]
    fn results_are_those_of_the_callers_commands() {
        let results = read(&json!({"jsonrpc": "2.0", "id": 1, "result": [{}, 1, 2, 3], "more": true})).unwrap();
        assert_eq!(results, [1, 2, 3]);
    }

    #[test]
    fn a_refused_command_says_what_passed_and_what_never_ran() {
        let error = refused(json!({
            "code": 1002,
            "message": "CLI command 3 of 4 'bad thing' failed: invalid command",
            "data": [{}, {"version": "4.32"}, {"errors": ["", "Invalid input (at token 0: 'bad')"]}],
        }));
        assert_eq!((error.at, error.never_ran(), error.code), (FailedAt::Command(1), Some(1), 1002));
        assert_eq!((error.command.as_str(), error.reason.as_str()), ("bad thing", "invalid command"));
        assert_eq!(error.errors, ["Invalid input (at token 0: 'bad')"]);
        assert_eq!(error.passed, [json!({"version": "4.32"})]);
    }

    #[test]
    fn missing_and_empty_data_leave_the_message() {
        for data in [json!(null), json!([]), json!({"x": 1})] {
            let message = "CLI command 3 of 4 'bad thing' failed: could not run command";
            let error = refused(json!({"code": 1000, "message": message, "data": data}));
            assert_eq!((error.at, error.words().as_str()), (FailedAt::Command(1), "could not run command"));
            assert!(error.passed.is_empty());
        }
    }

    #[test]
    fn a_message_without_a_number_leaves_the_data() {
        let error = refused(json!({"code": 1000, "message": "oops", "data": [{}, {"errors": ["no"]}]}));
        assert_eq!(error.at, FailedAt::Command(0));
        let error = refused(json!({"code": 1000, "message": "oops"}));
        assert_eq!((error.at, error.never_ran()), (FailedAt::Unknown, None));
        let error = refused(json!({"code": 1000, "message": "CLI command 9 of 9 'x' failed: y"}));
        assert_eq!(error.at, FailedAt::Unknown);
    }

    #[test]
    fn a_refused_enable_is_not_one_of_the_callers_commands() {
        let message = "CLI command 1 of 4 'enable' failed: permission to run command denied";
        let error = refused(json!({"code": 1005, "message": message, "data": [{"errors": ["Bad secret"]}]}));
        assert_eq!((error.at, error.never_ran()), (FailedAt::Enable, Some(3)));
        assert_eq!(error.kind(), crate::ErrorKind::Denied);
    }

    #[test]
    fn answers_to_something_else_are_told_apart() {
        let base = |key: &str, value: Value| {
            let mut answer = json!({"jsonrpc": "2.0", "id": 1, "result": [1, 2, 3, 4]});
            answer[key] = value;
            answer
        };
        assert!(not_eapi(&base("id", json!(2))).contains("another request"));
        assert!(not_eapi(&base("result", json!([1]))).contains("1 results, 4 were expected"));
        assert!(not_eapi(&base("result", Value::Null)).contains("neither"));
        assert!(not_eapi(&base("result", json!("x"))).contains("not a JSON-RPC response"));
        assert!(not_eapi(&json!([])).contains("not a JSON-RPC response"));
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let deep = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}", "[".repeat(100_000));
        let asked = ReplyReader { id: 1, commands: &commands(), secrets: &[] };
        assert!(matches!(asked.results(deep.as_bytes()), Err(ReplyFault::NotEapi(_))));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = ReplyReader { id: 1, commands: &commands(), secrets: &[] }.results(&bytes);
        }

        #[test]
        fn no_error_object_makes_it_panic(message in "(CLI command [0-9]{0,3} )?.{0,40}", entries in 0..8usize, code: i64) {
            let data = vec![json!({"errors": ["e"]}); entries];
            let error = refused(json!({"code": code, "message": message, "data": data}));
            prop_assert!(error.passed.len() <= error.total);
        }
    }
}
