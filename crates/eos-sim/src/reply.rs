//! What a command answers: a reply, or a failure with its code.

use eapi::wire::code;
use serde_json::{Value, json};

/// The code of an internal error. EOS documents it; what its message says is not known.
pub(crate) const INTERNAL: i64 = 1001;

/// The answer of a command that succeeded.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) text: String,
    /// The answer in JSON; `None` for a command without a JSON model.
    pub(crate) json: Option<Value>,
}

/// The answer of a command that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: i64,
    pub(crate) errors: Vec<String>,
}

impl Reply {
    /// The reply of a command that prints nothing.
    pub(crate) fn silent() -> Self {
        Self { text: String::new(), json: Some(json!({})) }
    }

    /// What a command without a model of its own prints.
    pub(crate) fn messages(lines: &[String]) -> Self {
        Self { text: lines.iter().map(|line| format!("{line}\n")).collect(), json: Some(json!({"messages": lines})) }
    }
}

impl Failure {
    /// The failure of a command that the parser does not take.
    pub(crate) fn invalid(error: impl Into<String>) -> Self {
        Self { code: code::INVALID, errors: vec![error.into()] }
    }

    /// The failure of a command that was parsed, and refused when it was run.
    pub(crate) fn could_not_run(error: impl Into<String>) -> Self {
        Self { code: code::COULD_NOT_RUN, errors: vec![error.into()] }
    }

    /// The failure of a command that authorisation refuses.
    pub(crate) fn denied(error: impl Into<String>) -> Self {
        Self { code: code::DENIED, errors: vec![error.into()] }
    }

    /// The failure of a command at which the device itself failed.
    pub(crate) fn internal(error: impl Into<String>) -> Self {
        Self { code: INTERNAL, errors: vec![error.into()] }
    }

    /// The failure of a command that needs `enable` first.
    pub(crate) fn unprivileged(token: usize, word: &str) -> Self {
        Self::invalid(format!("Invalid input (at token {token}: '{word}') (privileged mode required)"))
    }
}
