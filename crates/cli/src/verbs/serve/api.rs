//! The API over HTTP on one machine: the same answers as behind API Gateway.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use naas::api::{self, ApiRequest, ApiResponse};
use naas::caller::Caller;

use super::admission::{Admission, allows_switch};
use crate::site::{Bearer, LocalScheduler};

/// The API of a site, and who may ask it.
pub(super) struct Api {
    pub(super) scheduler: Arc<LocalScheduler>,
    pub(super) admission: Admission,
}

impl Api {
    /// Whom a request is from, by its head; or the answer that refuses it.
    pub(super) fn admit(&self, head: &Parts) -> Result<Bearer, Box<Response<Full<Bytes>>>> {
        self.admission.admit(head).map_err(|problem| {
            tracing::warn!(status = problem.status, kind = %problem.kind, "{}", problem.detail);
            let mut answer = ApiResponse::problem(&problem);
            if problem.status == 401 {
                answer.headers.push(("www-authenticate", "Bearer".to_owned()));
            }
            Box::new(response(answer))
        })
    }

    /// Answers a request of somebody who was admitted. Its body is whole and not too large.
    pub(super) async fn answer(
        &self,
        bearer: Bearer,
        peer: SocketAddr,
        head: &Parts,
        body: &[u8],
    ) -> Response<Full<Bytes>> {
        if bearer == Bearer::Switch
            && let Err(problem) = allows_switch(head, body)
        {
            return response(ApiResponse::problem(&problem));
        }
        let request = ApiRequest {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query(),
            caller: &Caller::owner_of_this_machine(&peer.ip().to_string()),
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
