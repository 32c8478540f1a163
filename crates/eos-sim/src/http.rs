//! The wire face of a device: eAPI over HTTP, with Basic authentication.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eapi::wire::COMMAND_API;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use secrecy::ExposeSecret;
use tokio::net::{TcpListener, TcpStream};

use crate::device::Device;
use crate::journal::Event;
use crate::rpc::Call;

/// The largest body that is read, far above the largest configuration.
const LIMIT: usize = 16 * 1024 * 1024;

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the device drops the connection")]
struct Dropped;

/// Serves a device until the task is aborted.
pub(crate) async fn serve(device: Arc<Device>, listener: TcpListener) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) if device.answers() => drop(connections.spawn(connection(device.clone(), stream))),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(device: Arc<Device>, stream: TcpStream) {
    let service = service_fn(|request| answer(device.clone(), request));
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection ended");
    }
}

async fn answer(device: Arc<Device>, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
    if !device.answers() {
        return Err(Dropped);
    }
    let (head, body) = request.into_parts();
    if head.uri.path() != COMMAND_API {
        return Ok(plain(StatusCode::NOT_FOUND, "Not Found"));
    }
    match head.method {
        Method::HEAD => return Ok(plain(StatusCode::OK, "")),
        Method::POST => {}
        _ => return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")),
    }
    if !may_log_in(&device, &head.headers) {
        device.journal.note(Event::LoginRefused);
        return Ok(plain(StatusCode::UNAUTHORIZED, "Unable to authenticate user: Bad username/password combination"));
    }
    match to_bytes(Body::new(body), LIMIT).await {
        Ok(body) => run(device, &body).await,
        Err(_) => Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large")),
    }
}

async fn run(device: Arc<Device>, body: &[u8]) -> Result<Response<Body>, Dropped> {
    let call = match Call::read(body) {
        Ok(call) => call,
        Err(refused) => return Ok(json(&refused)),
    };
    let turn = device.turn.lock().await;
    let faults = device.state().faults.clone();
    tokio::time::sleep(Duration::from_millis(faults.latency_ms)).await;
    let dropped = faults.drop_reply_of.is_some_and(|part| call.mentions(&part));
    let response = call.run(&device);
    drop(turn);
    if dropped { Err(Dropped) } else { Ok(json(&response)) }
}

fn may_log_in(device: &Device, headers: &HeaderMap) -> bool {
    let expected = format!("{}:{}", device.spec.username, device.spec.password.expose_secret());
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Basic ")).and_then(|value| STANDARD.decode(value).ok());
    given.is_some_and(|given| given == expected.as_bytes())
}

fn json(response: &eapi::wire::Response) -> Response<Body> {
    let body = serde_json::to_vec(response).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

fn plain(status: StatusCode, words: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(words));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain"));
    response
}
