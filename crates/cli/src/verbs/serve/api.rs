//! The API over HTTP on one machine: the same answers as behind API Gateway.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use naas::api::{self, ApiRequest, ApiResponse};
use naas::caller::Caller;

use super::admission::Admission;
use crate::site::{LocalScheduler, SiteGate};

/// The API of a site, and who may ask it.
pub(super) struct Api {
    pub(super) scheduler: Arc<LocalScheduler>,
    pub(super) admission: Admission,
    /// Who a caller is; without it, everybody may do everything.
    pub(super) gate: Option<SiteGate>,
}

impl Api {
    /// Whom a request is from, by its head; or the answer that refuses it.
    pub(super) async fn admit(&self, peer: SocketAddr, head: &Parts) -> Result<Caller, Box<Response<Full<Bytes>>>> {
        self.admission.check(head).map_err(|problem| {
            tracing::warn!(status = problem.status, kind = %problem.kind, "{}", problem.detail);
            Box::new(response(ApiResponse::problem(&problem)))
        })?;
        let Some(gate) = &self.gate else { return Ok(Caller::owner_of_this_machine(&peer.ip().to_string())) };
        gate.caller(header(head, "authorization"), Timestamp::now()).await.map_err(|rejected| {
            tracing::warn!(%peer, path = head.uri.path(), "a caller is not known: {rejected}");
            Box::new(response(ApiResponse::from(&rejected)))
        })
    }

    /// Answers a request of somebody who was admitted. Its body is whole and not too large.
    pub(super) async fn answer(&self, caller: &Caller, head: &Parts, body: &[u8]) -> Response<Full<Bytes>> {
        let request = ApiRequest {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query(),
            caller,
            content_type: header(head, "content-type"),
            if_match: header(head, "if-match"),
            idempotency_key: header(head, "idempotency-key"),
            body,
        };
        response(api::answer(&*self.scheduler, request).await)
    }
}

/// The value of a header. One that is not text becomes a text that is not valid in any header that
/// is read here.
fn header<'h>(head: &'h Parts, name: &str) -> Option<&'h str> {
    head.headers.get(name).map(|value| value.to_str().unwrap_or("\u{fffd}"))
}

/// The answer to a body that is too large to be read.
pub(super) fn too_large() -> Response<Full<Bytes>> {
    response(api::too_large())
}

fn response(answer: ApiResponse) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(StatusCode::from_u16(answer.status).unwrap_or_default());
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Full::from(answer.body)).expect("answers have valid headers")
}
