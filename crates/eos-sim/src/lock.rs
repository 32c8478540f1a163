//! The configuration lock: while it is held, nobody else may configure or commit.
//!
//! That it exists, and its name for a transaction, is from
//! <https://github.com/ansible-collections/arista.eos/issues/409>. What EOS says of it is not
//! known, so the words are our own; and so is it that the lock outlives the request.

use serde_json::json;

use crate::device::Device;
use crate::journal::Event;
use crate::reply::{Failure, Reply};
use crate::state::{Lock, State};

/// Runs `configure lock [transaction NAME] [REASON ...]`.
pub(crate) fn take(device: &Device, words: &[&str]) -> Result<Reply, Failure> {
    let (transaction, reason) = match words {
        ["transaction", name, reason @ ..] => (Some((*name).to_owned()), reason),
        reason => (None, reason),
    };
    let mut state = device.state();
    if let Some(refused) = refusal(&state) {
        return Err(refused);
    }
    state.lock = Some(Lock { transaction, reason: reason.join(" ") });
    drop(state);
    device.note(Event::ConfigurationLocked);
    Ok(Reply::silent())
}

/// Runs `configure unlock [transaction NAME]`.
pub(crate) fn release(device: &Device, words: &[&str]) -> Result<Reply, Failure> {
    let mut state = device.state();
    let transaction = words.strip_prefix(&["transaction"]).and_then(|rest| rest.first());
    match &state.lock {
        Some(lock) if lock.transaction.as_deref() == transaction.copied() => {
            state.lock = None;
            drop(state);
            device.note(Event::ConfigurationUnlocked);
            Ok(Reply::silent())
        }
        Some(_) => Err(Failure::could_not_run("The configuration lock is held for another transaction")),
        None => Err(Failure::could_not_run("The configuration lock is not held")),
    }
}

/// Why configuring is refused now; none if nobody holds the lock.
pub(crate) fn refusal(state: &State) -> Option<Failure> {
    if state.faults.config_locked {
        return Some(Failure::could_not_run("The configuration is locked by user other on vty7"));
    }
    let lock = state.lock.as_ref()?;
    let transaction = lock.transaction.as_ref().map(|name| format!(" for transaction {name}")).unwrap_or_default();
    Some(Failure::could_not_run(format!("The configuration is locked{transaction}")))
}

/// Answers `show configuration lock`.
pub(crate) fn show(state: &State) -> Reply {
    let held = state.faults.config_locked || state.lock.is_some();
    let reason = state.lock.as_ref().map(|lock| lock.reason.clone()).unwrap_or_default();
    let text = if held { format!("The configuration is locked {reason}\n") } else { "Not locked\n".to_owned() };
    Reply { text, json: Some(json!({"locked": held, "reason": reason})) }
}
