//! Errors as API callers see them: problem documents,
//! [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), media type `application/problem+json`.

use intent::inventory::InventoryError;
use serde::Serialize;

use crate::access::Refused;
use crate::history::NoSuchConfiguration;
use crate::ports::{StoreError, StoreFault};
use crate::schedule::{ReportError, ScheduleError, UnknownNames};

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A problem document. `kind` is stable and meant for programs, `detail` for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// A URN naming the kind of problem, such as `urn:naas:problem:unknown-name`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words; the same for every problem of a kind.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time, and what to do next.
    pub detail: String,
    /// What the request names and the inventory does not have.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Box<UnknownNames>>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(status: u16, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        let kind = format!("urn:naas:problem:{kind}");
        Self { kind, title, status, detail: detail.into(), unknown: None }
    }
}

impl From<&ScheduleError> for Problem {
    fn from(error: &ScheduleError) -> Self {
        match error {
            ScheduleError::Request(error) => {
                Self::new(400, "invalid-request", "The request cannot be read", error.to_string())
            }
            ScheduleError::Refused(error) => not_allowed(error),
            ScheduleError::Key(error) => {
                Self::new(400, "invalid-idempotency-key", "The Idempotency-Key cannot be used", error.to_string())
            }
            ScheduleError::Unknown(unknown) => Self {
                unknown: Some(Box::new(unknown.clone())),
                ..Self::new(
                    404,
                    "unknown-name",
                    "The inventory does not know a name",
                    format!("{unknown}; nothing was scheduled"),
                )
            },
            ScheduleError::NoSuchConfiguration(error) => no_such_configuration(error, "; nothing was scheduled"),
            ScheduleError::NoSuchPlan(_) => {
                Self::new(404, "unknown-run", "There is no such run", format!("{error}; nothing was scheduled"))
            }
            ScheduleError::NotAPlan { .. } | ScheduleError::NothingPlanned(_) => {
                Self::new(422, "not-a-plan", "The run cannot be applied", format!("{error}; nothing was scheduled"))
            }
            ScheduleError::PlanUnfinished { .. } => {
                Self::new(409, "plan-unfinished", "The plan is not finished", format!("{error}; nothing was scheduled"))
            }
            ScheduleError::KeyInUse => {
                Self::new(409, "request-in-progress", "The same request is being scheduled", error.to_string())
            }
            ScheduleError::KeyReused => Self::new(
                422,
                "idempotency-key-reused",
                "The Idempotency-Key belongs to another request",
                error.to_string(),
            ),
            ScheduleError::NameTaken(_) => Self::new(
                503,
                "run-name-taken",
                "The run's name belongs to another run",
                format!("{error}; nothing was scheduled; send the request again"),
            ),
            ScheduleError::Inventory(error) => malformed(error, "nothing was scheduled"),
            ScheduleError::InventoryStore(error) => store(error, "nothing was scheduled"),
            ScheduleError::State(error) => store(error, "nothing was scheduled"),
            ScheduleError::Queue { run, source } => store(
                source,
                &format!("some slices of run {run} may be queued already; sending the request again is safe"),
            ),
        }
    }
}

impl From<&ReportError> for Problem {
    fn from(error: &ReportError) -> Self {
        match error {
            ReportError::Refused(error) => not_allowed(error),
            ReportError::Inventory(error) => malformed(error, "nothing was done"),
            ReportError::InventoryStore(error) => store(error, "nothing was done"),
            ReportError::NoSuchRun(_) => Self::new(404, "unknown-run", "There is no such run", error.to_string()),
            ReportError::NotInRun { .. } => {
                Self::new(404, "not-in-run", "The run does not concern this device", error.to_string())
            }
            ReportError::NoSuchDevice(_) => {
                Self::new(404, "unknown-device", "Nothing is known of this device", error.to_string())
            }
            ReportError::NoSuchConfiguration(error) => no_such_configuration(error, ""),
            ReportError::NoHistory(_) => {
                Self::new(404, "nothing-kept", "The device has no history yet", error.to_string())
            }
            ReportError::BadQuery(words) => {
                Self::new(400, "invalid-request", "The request cannot be read", words.clone())
            }
            ReportError::State(error) => store(error, "try again"),
        }
    }
}

fn not_allowed(error: &Refused) -> Problem {
    Problem::new(403, "not-allowed", "The caller may not do this", error.to_string())
}

fn malformed(error: &InventoryError, consequence: &str) -> Problem {
    Problem::new(500, "inventory-malformed", "The inventory cannot be read", format!("{error}; {consequence}"))
}

fn no_such_configuration(error: &NoSuchConfiguration, consequence: &str) -> Problem {
    let (status, kind, title) = match error {
        NoSuchConfiguration::Unknown { .. } => (404, "unknown-configuration", "No such configuration is kept"),
        NoSuchConfiguration::Ambiguous { .. } => (422, "ambiguous-configuration", "Several configurations begin so"),
    };
    Problem::new(status, kind, title, format!("{error}{consequence}"))
}

/// A store's failure. What an operator must fix is a 503 as well: the caller did nothing wrong and
/// may come again.
fn store(error: &StoreError, consequence: &str) -> Problem {
    let detail = |cure: &str| format!("{error}; {cure}; {consequence}");
    match error.fault {
        StoreFault::NotFound => Problem::new(
            503,
            "not-configured",
            "Something naas needs is missing",
            detail("create it or correct the deployment's settings"),
        ),
        StoreFault::Denied => Problem::new(
            503,
            "access-denied",
            "naas may not reach something it needs",
            detail("allow it in the function's role or the folder's permissions"),
        ),
        StoreFault::Unavailable => {
            Problem::new(503, "not-available", "Something naas needs does not answer", detail("the log has the cause"))
        }
        StoreFault::Unreadable => Problem::new(
            500,
            "unreadable-state",
            "Stored state cannot be read",
            detail("a newer version may have written it, or a hand"),
        ),
    }
}
