//! The API in words: which method and path does what, and how results are written. It knows HTTP's vocabulary but no HTTP
//! library, so that API Gateway events and a local server get the same answers from the same code.

pub mod problem;

use serde::Serialize;
use tracing::{error, warn};

pub use problem::Problem;

use crate::schedule::{ReportError, Scheduler, SchedulerPorts};

/// Largest body accepted, in bytes: a request naming ten thousand devices fits several times.
pub const MAX_BODY: usize = 1024 * 1024;

/// How long a list is when the caller does not say.
const DEFAULT_LIMIT: usize = 20;

/// How long it is at most.
const MAX_LIMIT: usize = 200;

/// A call as it came in.
#[derive(Debug, Clone, Copy)]
pub struct ApiRequest<'a> {
    /// In capitals.
    pub method: &'a str,
    /// Without stage, query and fragment; not percent-decoded: no name needs it.
    pub path: &'a str,
    /// What follows the question mark, percent-encoded.
    pub query: Option<&'a str>,
    /// Who asks, as far as the front end knows: a name, or the address. Never a secret: it is recorded.
    pub caller: Option<&'a str>,
    /// The header of that name.
    pub idempotency_key: Option<&'a str>,
    /// Decoded.
    pub body: &'a [u8],
}

/// What goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiResponse {
    /// HTTP status.
    pub status: u16,
    /// Header names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
}

/// Answers `call`. It never fails: failures are answers.
pub async fn answer<P: SchedulerPorts>(scheduler: &Scheduler<P>, request: ApiRequest<'_>) -> ApiResponse {
    let path: Vec<_> = request.path.trim_matches('/').split('/').collect();
    match (request.method, path.as_slice()) {
        ("POST", ["configure"]) => configure(scheduler, request).await,
        ("GET", ["runs"]) => match limit(request) {
            Ok(limit) => report(200, scheduler.runs(limit).await),
            Err(problem) => ApiResponse::problem(&problem),
        },
        ("GET", ["runs", run]) => report(200, scheduler.run(run).await),
        ("GET", ["runs", run, "devices", device]) => match scheduler.outcome(run, device).await {
            Ok(Ok(outcome)) => ApiResponse::json(200, &outcome),
            Ok(Err(pending)) => ApiResponse::json(200, &pending),
            Err(error) => refuse(Problem::from(&error), &error),
        },
        ("POST", ["runs", run, "cancel"]) => report(202, scheduler.cancel(run).await),
        ("GET", ["devices", device]) => report(200, scheduler.device(device).await),
        ("GET", ["devices", device, "history"]) => match limit(request) {
            Ok(limit) => report(200, scheduler.history(device, limit).await),
            Err(problem) => ApiResponse::problem(&problem),
        },
        ("GET", ["devices", device, "configurations", configuration]) => {
            report(200, scheduler.configuration(device, configuration).await)
        }
        ("GET", ["devices", device, "blame"]) => report(200, scheduler.blame(device).await),
        // The second word is the one of earlier versions.
        ("POST", ["devices", device, "unpin" | "release"]) => report(200, scheduler.unpin(device).await),
        ("POST", ["redrive"]) => match scheduler.redrive().await {
            Ok(redriven) => ApiResponse::json(202, &redriven),
            Err(error) => refuse(Problem::from(&error), &error),
        },
        (_, ["configure" | "redrive"] | ["runs", _, "cancel"] | ["devices", _, "unpin" | "release"]) => {
            not_allowed(request, "POST")
        }
        (
            _,
            ["runs"] | ["runs", _] | ["runs", _, "devices", _] | ["devices", _] | ["devices", _, "history" | "blame"],
        )
        | (_, ["devices", _, "configurations", _]) => not_allowed(request, "GET"),
        _ => {
            let known = "POST /configure, GET /runs, GET /runs/{run}, GET /runs/{run}/devices/{device}, POST /runs/{run}/cancel, GET \
                         /devices/{device}, GET /devices/{device}/history, GET /devices/{device}/configurations/{hash}, GET \
                         /devices/{device}/blame, POST /devices/{device}/unpin, POST /redrive";
            ApiResponse::problem(&Problem::new(
                404,
                "unknown-path",
                "There is nothing at this path",
                format!("expected one of {known}"),
            ))
        }
    }
}

fn report(status: u16, report: Result<impl Serialize, ReportError>) -> ApiResponse {
    match report {
        Ok(report) => ApiResponse::json(status, &report),
        Err(error) => refuse(Problem::from(&error), &error),
    }
}

async fn configure<P: SchedulerPorts>(scheduler: &Scheduler<P>, request: ApiRequest<'_>) -> ApiResponse {
    if request.body.len() > MAX_BODY {
        return too_large();
    }
    match scheduler.configure(request.body, request.idempotency_key, request.caller).await {
        Ok(receipt) => {
            // Relative, so that it holds behind a stage prefix such as /prod (RFC 9110, section 10.2.2).
            let location = format!("runs/{}", receipt.run);
            let mut answer = ApiResponse::json(202, &receipt);
            answer.headers.push(("location", location));
            answer
        }
        Err(error) => refuse(Problem::from(&error), &error),
    }
}

/// How many of a list are asked for.
fn limit(request: ApiRequest<'_>) -> Result<usize, Problem> {
    let refuse = |words: String| Err(Problem::new(400, "invalid-request", "The request cannot be read", words));
    let mut limit = DEFAULT_LIMIT;
    for (name, value) in form_urlencoded::parse(request.query.unwrap_or_default().as_bytes()) {
        let excerpt = |text: &str| text.chars().take(64).collect::<String>();
        if name != "limit" {
            return refuse(format!("{:?} is not a parameter; known is limit", excerpt(&name)));
        }
        match value.parse() {
            Ok(number @ 1..=MAX_LIMIT) => limit = number,
            _ => {
                return refuse(format!(
                    "limit: expected a whole number from 1 to {MAX_LIMIT}, found {:?}",
                    excerpt(&value)
                ));
            }
        }
    }
    Ok(limit)
}

/// The answer to a body over [`MAX_BODY`], for front ends that stop reading there.
pub fn too_large() -> ApiResponse {
    let detail = format!("expected a body of at most {MAX_BODY} bytes; name groups or \"all\" instead of every device");
    ApiResponse::problem(&Problem::new(413, "body-too-large", "The request is too large", detail))
}

impl ApiResponse {
    fn json(status: u16, body: &impl Serialize) -> Self {
        Self::typed(status, "application/json", body)
    }

    /// An answer that is a problem document.
    pub fn problem(problem: &Problem) -> Self {
        Self::typed(problem.status, problem::MEDIA_TYPE, problem)
    }

    fn typed(status: u16, media_type: &str, body: &impl Serialize) -> Self {
        let body = serde_json::to_string(body).expect("answers have text keys only and always serialise");
        Self { status, headers: vec![("content-type", media_type.to_owned())], body }
    }
}

/// Logs a failure once, here at the edge, with its causes; what callers got wrong is no error of ours.
fn refuse(problem: Problem, cause: &dyn std::error::Error) -> ApiResponse {
    let causes = causes(cause);
    if problem.status >= 500 {
        error!(status = problem.status, kind = %problem.kind, causes, "{}", problem.detail);
    } else {
        warn!(status = problem.status, kind = %problem.kind, "{}", problem.detail);
    }
    let mut answer = ApiResponse::problem(&problem);
    if matches!(problem.status, 409 | 503) {
        answer.headers.push(("retry-after", "5".to_owned()));
    }
    answer
}

fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(error.source(), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn not_allowed(request: ApiRequest<'_>, allowed: &str) -> ApiResponse {
    let detail = format!("expected {allowed}, found {}", request.method.chars().take(16).collect::<String>());
    let mut answer =
        ApiResponse::problem(&Problem::new(405, "method-not-allowed", "This path has another method", detail));
    answer.headers.push(("allow", allowed.to_owned()));
    answer
}

#[cfg(test)]
mod tests;
