//! The API over HTTP on one machine: the same answers as behind API Gateway.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use naas::api::{self, ApiRequest, ApiResponse, MAX_BODY};
use naas::caller::Caller;

use crate::site::LocalScheduler;

/// Everything goes to [`naas::api::answer`], which knows the paths.
pub(super) fn routes(scheduler: Arc<LocalScheduler>) -> Router {
    Router::new().fallback(answer).with_state(scheduler)
}

async fn answer(
    State(scheduler): State<Arc<LocalScheduler>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return response(api::too_large());
    };
    let call = ApiRequest {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query(),
        caller: &Caller::named(&peer.ip().to_string()),
        content_type: header(&head.headers, "content-type"),
        idempotency_key: header(&head.headers, "idempotency-key"),
        body: &body,
    };
    response(api::answer(&*scheduler, call).await)
}

/// The value of a header. One that is not text becomes a text that is not valid in any header that is read here.
fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("\u{fffd}"))
}

fn response(answer: ApiResponse) -> Response<Body> {
    let mut response = Response::builder().status(StatusCode::from_u16(answer.status).unwrap_or_default());
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).expect("answers have valid headers")
}
