//! Errors as API callers see them: problem documents,
//! [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), media type `application/problem+json`.

use intent::inventory::InventoryError;
use intent::tenancy::NotAdmitted;
use serde::Serialize;

use crate::access::Refused;
use crate::history::NoSuchConfiguration;
use crate::ports::{StoreError, StoreFault};
use crate::schedule::{OrderError, ReportError, ScheduleError, UnknownNames};

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

    /// True if the same call may be answered otherwise in some seconds.
    pub(super) fn may_pass(&self) -> bool {
        let is_taken = self.kind.ends_with("owned-port") || self.kind.ends_with("operators-port");
        matches!(self.status, 429 | 503) || self.status == 409 && !is_taken
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

impl From<&OrderError> for Problem {
    fn from(error: &OrderError) -> Self {
        let told = |status, kind: &str, title| Self::new(status, kind, title, error.to_string());
        match error {
            OrderError::Order(_) | OrderError::IfMatch(_) => told(400, "invalid-request", "The request cannot be read"),
            OrderError::NoSuchTenant(_) | OrderError::NoTenants => {
                told(404, "unknown-tenant", "There is no such tenant")
            }
            OrderError::Port(_) => told(404, "unknown-port", "There is no such port"),
            OrderError::UnknownDevice(_) => told(404, "unknown-device", "There is no such device"),
            OrderError::NotAdmitted(refusal) => not_admitted(refusal),
            OrderError::Contended(_) => told(503, "not-available", "Others order at the same moment"),
            OrderError::NotStarted { .. } => told(503, "not-started", "The order stands and is not on its way"),
            OrderError::Models(_) => told(500, "models-malformed", "The models cannot be used"),
            OrderError::Inventory(_) => told(500, "inventory-malformed", "The inventory cannot be read"),
            OrderError::InventoryStore(error) | OrderError::ModelsStore(error) | OrderError::State(error) => {
                store(error, "it is not known whether anything was ordered; sending the request again is safe")
            }
        }
    }
}

fn not_admitted(refusal: &NotAdmitted) -> Problem {
    let (status, kind, title) = match refusal {
        NotAdmitted::NoSuchTenant(_) => (404, "unknown-tenant", "There is no such tenant"),
        NotAdmitted::NotInPatch { .. } => (404, "unknown-port", "The tenant has no such port"),
        NotAdmitted::Operators { .. } => (409, "operators-port", "The port is the operator's"),
        NotAdmitted::Owned { .. } => (409, "owned-port", "The port is somebody else's"),
        NotAdmitted::Vlan { .. } => (422, "foreign-vlan", "The VLAN is not the tenant's"),
        NotAdmitted::NoPortsLeft { .. } => (422, "no-quota-left", "The quota is used up"),
        NotAdmitted::TooManyWaiting { .. } => (429, "too-many-waiting", "Too many changes wait"),
        NotAdmitted::Changed { .. } => (412, "changed-since", "The port was changed since"),
    };
    Problem::new(status, kind, title, refusal.to_string())
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
