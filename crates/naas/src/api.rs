//! The API: which method and path does what, and how results are written. It knows HTTP's
//! vocabulary but no HTTP library, so that API Gateway events and a local server get the same
//! answers from the same code.

mod ports;
pub mod problem;

use intent::name::excerpt;
use serde::Serialize;
use tracing::{error, warn};

pub use problem::Problem;

use crate::caller::Caller;
use crate::causes::causes;
use crate::schedule::{Scheduler, SchedulerPorts};

/// The largest body that is accepted, in bytes: a request that names ten thousand devices fits
/// several times.
pub const MAX_BODY: usize = 1024 * 1024;

/// How many entries a list has when the caller does not say.
const DEFAULT_LIMIT: usize = 20;

/// The most entries that a list may have.
const MAX_LIMIT: usize = 200;

/// A method and a path that is answered. A part of the path in braces stands for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The HTTP method, in capitals.
    pub method: &'static str,
    /// The path, such as `/runs/{run}`.
    pub path: &'static str,
}

/// Every route. What is not here is not answered, so a test of all routes forgets none.
pub const ROUTES: [Route; 19] = [
    Route::new("POST", "/configure"),
    Route::new("GET", "/runs"),
    Route::new("GET", "/runs/{run}"),
    Route::new("GET", "/runs/{run}/devices/{device}"),
    Route::new("POST", "/runs/{run}/cancel"),
    Route::new("GET", "/devices/{device}"),
    Route::new("GET", "/devices/{device}/history"),
    Route::new("GET", "/devices/{device}/configurations/{hash}"),
    Route::new("GET", "/devices/{device}/blame"),
    Route::new("POST", "/devices/{device}/unpin"),
    // The word of earlier versions for it.
    Route::new("POST", "/devices/{device}/release"),
    Route::new("POST", "/devices/{device}/accept"),
    Route::new("POST", "/redrive"),
    Route::new("GET", "/tenants/{tenant}/ports"),
    Route::new("GET", "/tenants/{tenant}/ports/{device}"),
    Route::new("PUT", "/tenants/{tenant}/ports/{device}"),
    Route::new("GET", "/tenants/{tenant}/ports/{device}/{port}"),
    Route::new("PUT", "/tenants/{tenant}/ports/{device}/{port}"),
    Route::new("DELETE", "/tenants/{tenant}/ports/{device}/{port}"),
];

/// A call of the API, as a front end received it.
#[derive(Debug, Clone, Copy)]
pub struct ApiRequest<'a> {
    /// The HTTP method, in capitals.
    pub method: &'a str,
    /// The path without stage, query and fragment. It is not percent-decoded: no name needs that.
    pub path: &'a str,
    /// What follows the question mark, percent-encoded.
    pub query: Option<&'a str>,
    /// The caller, as far as the front door knows.
    pub caller: &'a Caller,
    /// The header `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The header `If-Match`.
    pub if_match: Option<&'a str>,
    /// The header `Idempotency-Key`.
    pub idempotency_key: Option<&'a str>,
    /// The bytes of the body, without any transfer encoding.
    pub body: &'a [u8],
}

/// The answer to a call of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiResponse {
    /// The HTTP status.
    pub status: u16,
    /// The names of headers, in lower case, and their values.
    pub headers: Vec<(&'static str, String)>,
    /// The body, which is JSON.
    pub body: String,
}

/// Answers `request`. It never fails: failures are answers.
pub async fn answer<P: SchedulerPorts>(scheduler: &Scheduler<P>, request: ApiRequest<'_>) -> ApiResponse {
    let path: Vec<_> = request.path.trim_matches('/').split('/').collect();
    if let ["tenants", tenant, "ports", rest @ ..] = path.as_slice() {
        return ports::answer(scheduler, request, tenant, rest).await;
    }
    match method_of(&path) {
        None => unknown_path(),
        Some(method) if method != request.method => not_allowed(request, method),
        Some("GET") => read(scheduler, request, &path).await,
        Some(_) => match acceptable(request) {
            Ok(()) => command(scheduler, request, &path).await,
            Err(problem) => ApiResponse::problem(&problem),
        },
    }
}

/// The method of a path, if there is something at the path.
fn method_of(path: &[&str]) -> Option<&'static str> {
    ROUTES.into_iter().find(|route| route.is_at(path)).map(|route| route.method)
}

async fn read<P: SchedulerPorts>(scheduler: &Scheduler<P>, request: ApiRequest<'_>, path: &[&str]) -> ApiResponse {
    let caller = request.caller;
    match path {
        ["runs"] => match limit(request) {
            Ok(limit) => report(200, scheduler.runs(caller, limit).await),
            Err(problem) => ApiResponse::problem(&problem),
        },
        ["runs", run] => report(200, scheduler.run(caller, run).await),
        ["runs", run, "devices", device] => report(200, scheduler.outcome(caller, run, device).await),
        ["devices", device] => report(200, scheduler.device(caller, device).await),
        ["devices", device, "history"] => match limit(request) {
            Ok(limit) => report(200, scheduler.history(caller, device, limit).await),
            Err(problem) => ApiResponse::problem(&problem),
        },
        ["devices", device, "configurations", configuration] => {
            report(200, scheduler.configuration(caller, device, configuration).await)
        }
        ["devices", device, "blame"] => report(200, scheduler.blame(caller, device).await),
        _ => unknown_path(),
    }
}

async fn command<P: SchedulerPorts>(scheduler: &Scheduler<P>, request: ApiRequest<'_>, path: &[&str]) -> ApiResponse {
    let ApiRequest { caller, body, .. } = request;
    match path {
        ["configure"] => configure(scheduler, request).await,
        ["runs", run, "cancel"] => report(202, scheduler.cancel(caller, run).await),
        // The second word is the one of earlier versions.
        ["devices", device, "unpin" | "release"] => report(200, scheduler.unpin(caller, device).await),
        ["devices", device, "accept"] => report(200, scheduler.accept_replacement(caller, device).await),
        ["redrive"] => report(202, scheduler.redrive(caller, body).await),
        _ => unknown_path(),
    }
}

async fn configure<P: SchedulerPorts>(scheduler: &Scheduler<P>, request: ApiRequest<'_>) -> ApiResponse {
    let scheduled = scheduler.configure(request.caller, request.body, request.idempotency_key).await;
    // Relative, so that it holds behind a stage prefix such as /prod (RFC 9110, section 10.2.2).
    let location = scheduled.as_ref().ok().map(|receipt| format!("runs/{}", receipt.run));
    let mut answer = report(202, scheduled);
    answer.headers.extend(location.map(|location| ("location", location)));
    answer
}

/// Refuses a body that is too large or not said to be JSON. A web page of another origin cannot
/// send that type without asking first, so no page that an operator happens to visit can command
/// switches.
fn acceptable(request: ApiRequest<'_>) -> Result<(), Problem> {
    let media_type = request.content_type.and_then(|header| header.split(';').next()).unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        let found = if media_type.is_empty() { "none".to_owned() } else { format!("{:?}", excerpt(media_type)) };
        let detail = format!("expected the header Content-Type: application/json, found {found}");
        return Err(Problem::new(415, "not-json", "The body must be JSON", detail));
    }
    if request.body.len() > MAX_BODY { Err(body_too_large()) } else { Ok(()) }
}

/// The answer for a result of the scheduler.
fn report<E>(status: u16, result: Result<impl Serialize, E>) -> ApiResponse
where
    E: std::error::Error,
    for<'e> Problem: From<&'e E>,
{
    match result {
        Ok(document) => ApiResponse::json(status, &document),
        Err(error) => refuse(Problem::from(&error), &error),
    }
}

/// The limit of a list, from the query.
fn limit(request: ApiRequest<'_>) -> Result<usize, Problem> {
    let refuse = |words: String| Err(Problem::new(400, "invalid-request", "The request cannot be read", words));
    let mut limit = DEFAULT_LIMIT;
    for (name, value) in form_urlencoded::parse(request.query.unwrap_or_default().as_bytes()) {
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
    ApiResponse::problem(&body_too_large())
}

fn body_too_large() -> Problem {
    let detail = format!("expected a body of at most {MAX_BODY} bytes; name groups or \"all\" instead of every device");
    Problem::new(413, "body-too-large", "The request is too large", detail)
}

fn unknown_path() -> ApiResponse {
    let routes: Vec<_> = ROUTES.iter().map(|Route { method, path }| format!("{method} {path}")).collect();
    let detail = format!("expected one of {}", routes.join(", "));
    ApiResponse::problem(&Problem::new(404, "unknown-path", "There is nothing at this path", detail))
}

impl Route {
    const fn new(method: &'static str, path: &'static str) -> Self {
        Self { method, path }
    }

    fn is_at(&self, path: &[&str]) -> bool {
        let parts = self.path.trim_matches('/').split('/');
        parts.clone().count() == path.len()
            && parts.zip(path).all(|(part, found)| part.starts_with('{') || part == *found)
    }
}

impl ApiResponse {
    /// The answer to somebody who is not known, see RFC 6750. `error` is its word for what is wrong
    /// with the token; none if there is no token.
    pub fn not_authenticated(detail: &str, error: Option<&str>) -> Self {
        let cure = "; see docs/security.md for how to get a token, which naas sends from --token-file or NAAS_TOKEN";
        let detail = format!("{detail}{cure}");
        let mut answer = Self::problem(&Problem::new(401, "not-authenticated", "The caller is not known", detail));
        let challenge = error.map_or_else(|| "Bearer".to_owned(), |error| format!("Bearer error=\"{error}\""));
        answer.headers.push(("www-authenticate", challenge));
        answer
    }

    /// The answer if it cannot be told now whether somebody is known.
    pub fn cannot_authenticate(detail: &str) -> Self {
        let mut answer =
            Self::problem(&Problem::new(503, "not-available", "Something naas needs does not answer", detail));
        answer.headers.push(("retry-after", "5".to_owned()));
        answer
    }

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

/// The answer for a failure. It is logged once, here at the edge, with its causes; what the caller
/// got wrong is only a warning.
fn refuse(problem: Problem, error: &dyn std::error::Error) -> ApiResponse {
    let causes = causes(error);
    if problem.status >= 500 {
        error!(status = problem.status, kind = %problem.kind, causes, "{}", problem.detail);
    } else {
        warn!(status = problem.status, kind = %problem.kind, "{}", problem.detail);
    }
    let mut answer = ApiResponse::problem(&problem);
    if problem.may_pass() {
        answer.headers.push(("retry-after", "5".to_owned()));
    }
    answer
}

fn not_allowed(request: ApiRequest<'_>, allowed: &str) -> ApiResponse {
    let detail = format!("expected {allowed}, found {}", excerpt(request.method));
    let mut answer =
        ApiResponse::problem(&Problem::new(405, "method-not-allowed", "This path has another method", detail));
    answer.headers.push(("allow", allowed.to_owned()));
    answer
}

#[cfg(test)]
mod tests;
