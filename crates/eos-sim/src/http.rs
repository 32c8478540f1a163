//! The wire face of a device: eAPI over HTTP or HTTPS, with Basic authentication or a cookie, and
//! what the faults break of it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use eapi::wire::COMMAND_API;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::browser;
use crate::device::Device;
use crate::faults::Faults;
use crate::journal::Event;
use crate::login::Credentials;
use crate::rpc::Call;
use crate::tls::Acceptor;

/// The largest body that is read, far above the largest configuration.
const LIMIT: usize = 64 * 1024 * 1024;

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the device drops the connection")]
struct Dropped;

/// Serves a device until the task is aborted.
pub(crate) async fn serve(device: Arc<Device>, listener: TcpListener, acceptor: Acceptor) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) if device.answers() => {
                connections.spawn(accepted(device.clone(), stream, acceptor.clone()));
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn accepted(device: Arc<Device>, stream: TcpStream, acceptor: Acceptor) {
    // Answers are single writes; waiting for more to send with them would only delay them.
    let _ = stream.set_nodelay(true);
    device.counters.connected();
    let ended = match acceptor {
        Acceptor::Plain => connection(device, stream).await,
        Acceptor::Modern(tls) => match tls.accept(stream).await {
            Ok(stream) => encrypted(device, stream).await,
            Err(error) => Err(error.into()),
        },
        #[cfg(feature = "legacy-tls")]
        Acceptor::Legacy(tls) => match crate::tls::accept_legacy(&tls, stream).await {
            Ok(stream) => encrypted(device, stream).await,
            Err(error) => Err(error),
        },
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

async fn encrypted<S>(device: Arc<Device>, stream: S) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    device.counters.shook_hands();
    connection(device, stream).await
}

async fn connection<S>(device: Arc<Device>, stream: S) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let service = service_fn(|request| answer(device.clone(), request));
    Ok(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await?)
}

async fn answer(device: Arc<Device>, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
    device.counters.asked();
    if !device.answers() {
        return Err(Dropped);
    }
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    if device.spec.allow_bash && browser::sent(&head.headers) {
        return Ok(plain(
            StatusCode::FORBIDDEN,
            "Forbidden: its actions run on this machine, so web pages may not ask it",
        ));
    }
    if !matches!(path, COMMAND_API | "/login" | "/logout") {
        return Ok(plain(StatusCode::NOT_FOUND, "Not Found"));
    }
    match head.method {
        Method::HEAD => return Ok(plain(StatusCode::OK, "")),
        Method::POST => {}
        _ => return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")),
    }
    if path == COMMAND_API && !may_come_in(&device, &head.headers) {
        return Ok(unauthorized(&device));
    }
    let Ok(body) = to_bytes(Body::new(body), LIMIT).await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large"));
    };
    match path {
        "/login" => Ok(log_in(&device, &body)),
        "/logout" => Ok(log_out(&device, &head.headers)),
        _ => run(&device, &body).await,
    }
}

/// Runs a request when its turn comes, with the faults that are set by then.
async fn run(device: &Arc<Device>, body: &[u8]) -> Result<Response<Body>, Dropped> {
    let call = match Call::read(body) {
        Ok(call) => call,
        Err(refused) => return Ok(json(&refused)),
    };
    let turn = device.turn.lock().await;
    let failing = device.state().faults.status_of(call.lines());
    match failing {
        Some(401) => return Ok(unauthorized(device)),
        Some(_) => return Ok(plain(StatusCode::BAD_GATEWAY, "Bad Gateway")),
        None => {}
    }
    let faults = device.state().faults.clone();
    let wanted = |part: &Option<String>| part.as_ref().is_some_and(|part| call.lines().any(|line| line.contains(part)));
    if wanted(&faults.drop_request_of) {
        return Err(Dropped);
    }
    let drop_reply = wanted(&faults.drop_reply_of);
    tokio::time::sleep(latency(&faults, &call)).await;
    // It may have been taken down, or rebooted, while the request was waiting.
    if !device.answers() {
        return Err(Dropped);
    }
    let response = call.run(device);
    drop(turn);
    if drop_reply || !device.answers() { Err(Dropped) } else { Ok(json(&response)) }
}

fn latency(faults: &Faults, call: &Call) -> Duration {
    let commands = u32::try_from(call.lines().len()).unwrap_or(u32::MAX);
    let commits = call.lines().filter(|line| line.split_whitespace().any(|word| word == "commit")).count();
    let commits = u32::try_from(commits).unwrap_or(u32::MAX);
    Duration::from_millis(faults.latency_ms)
        + Duration::from_micros(faults.command_latency_us) * commands
        + Duration::from_millis(faults.commit_latency_ms) * commits
}

fn may_come_in(device: &Device, headers: &HeaderMap) -> bool {
    let state = device.state();
    if state.faults.refuse_login {
        return false;
    }
    let basic =
        Credentials::basic(headers).is_some_and(|given| given.are(&device.spec.username, &device.spec.password));
    basic || state.logins.has(headers, device.clock.now())
}

fn log_in(device: &Device, body: &[u8]) -> Response<Body> {
    let mut state = device.state();
    let given = serde_json::from_slice::<Credentials>(body).ok();
    let welcome = given.is_some_and(|given| given.are(&device.spec.username, &device.spec.password));
    if !welcome || state.faults.refuse_login {
        drop(state);
        return unauthorized(device);
    }
    let api = "management api http-commands";
    let minutes = state.running.modes(api).find_map(|(_, lines)| {
        lines
            .iter()
            .find_map(|(line, _)| line.strip_prefix("session timeout ")?.trim_end_matches(" minutes").parse().ok())
    });
    let token = state.logins.open(minutes, device.clock.now());
    let mut response = plain(StatusCode::OK, "");
    if let Ok(cookie) = HeaderValue::from_str(&format!("Session={token}; Path=/")) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn log_out(device: &Device, headers: &HeaderMap) -> Response<Body> {
    device.state().logins.close(headers);
    plain(StatusCode::OK, "")
}

fn unauthorized(device: &Device) -> Response<Body> {
    device.note(Event::LoginRefused);
    plain(StatusCode::UNAUTHORIZED, "Unable to authenticate user: Bad username/password combination")
}

fn json(response: &eapi::wire::Response) -> Response<Body> {
    let body = serde_json::to_vec(response).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn plain(status: StatusCode, words: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(words));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
