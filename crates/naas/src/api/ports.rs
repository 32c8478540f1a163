//! The routes of ordered ports, below `/tenants/{tenant}/ports`.
//!
//! A port's name may have slashes, as `Ethernet3/1` has: whatever follows the device is the port.

use super::problem::Problem;
use super::{ApiRequest, ApiResponse, acceptable, not_allowed, refuse, report, unknown_path};
use crate::schedule::{OrderError, Ordered, PortPath, PortsReport, Scheduler, SchedulerPorts};

/// Answers a call below `/tenants/{tenant}/ports`; `rest` is what follows.
pub(super) async fn answer<P: SchedulerPorts>(
    scheduler: &Scheduler<P>,
    request: ApiRequest<'_>,
    tenant: &str,
    rest: &[&str],
) -> ApiResponse {
    let port = rest.get(1..).unwrap_or_default().join("/").replace("%2F", "/").replace("%2f", "/");
    let path = match rest {
        [] => None,
        [device, ..] => Some(PortPath { tenant, device, port: Some(port.as_str()).filter(|port| !port.is_empty()) }),
    };
    match (request.method, path) {
        ("GET", Some(path)) if path.port.is_some() => one(scheduler.port(request.caller, path).await),
        ("GET", path) => report(200, scheduler.ports_of(request.caller, tenant, path.map(|path| path.device)).await),
        (_, None) => not_allowed(request, "GET"),
        ("DELETE", Some(path)) if path.port.is_some() => {
            ordered(scheduler.clear_port(request.caller, path, request.if_match).await)
        }
        ("PUT", Some(path)) => match acceptable(request) {
            Ok(()) => put(scheduler, request, path).await,
            Err(problem) => ApiResponse::problem(&problem),
        },
        (_, Some(path)) if path.port.is_some() => not_allowed(request, "GET, PUT, DELETE"),
        (_, Some(_)) => not_allowed(request, "GET, PUT"),
    }
}

async fn put<P: SchedulerPorts>(scheduler: &Scheduler<P>, request: ApiRequest<'_>, path: PortPath<'_>) -> ApiResponse {
    let ApiRequest { caller, if_match, body, .. } = request;
    match path.port {
        Some(_) => ordered(scheduler.order_port(caller, path, if_match, body).await),
        None => ordered(scheduler.order_ports(caller, path, body).await),
    }
}

/// The answer for one port: the port itself, with its version as the ETag.
fn one(result: Result<PortsReport, OrderError>) -> ApiResponse {
    match result {
        Ok(PortsReport { ports, .. }) => match ports.as_slice() {
            [port] => {
                let mut answer = ApiResponse::json(200, port);
                answer.headers.push(("etag", format!("\"{}\"", port.version)));
                answer
            }
            _ => unknown_path(),
        },
        Err(error) => failed(&error),
    }
}

/// The answer for an order: 202 if a run brings it to the switch, 200 if nothing was to be changed.
fn ordered(result: Result<Ordered, OrderError>) -> ApiResponse {
    match result {
        Ok(Ordered { ports, changed }) => {
            let etag = match ports.ports.as_slice() {
                [port] => Some(format!("\"{}\"", port.version)),
                _ => None,
            };
            let mut answer = ApiResponse::json(if changed { 202 } else { 200 }, &ports);
            answer.headers.extend(etag.map(|etag| ("etag", etag)));
            answer
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &OrderError) -> ApiResponse {
    refuse(Problem::from(error), error)
}
