//! The connections of `naas serve`. Whoever opens many and sends nothing, or a byte now and then,
//! delays nobody: a connection that has not sent a whole request yet is *waiting*, only so many may
//! wait, and one more ends the one that has waited longest. Work on a request that has arrived is
//! never ended for that.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use naas::api::MAX_BODY;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tracing::{debug, warn};

use super::api::{self, Api};

/// How many connections may wait for a request at once, far below the files that a process may have
/// open (1,024).
const MAX_WAITING: usize = 256;

/// How long the head of a request may take, and how long a connection is kept open for another
/// request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the body of a request may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long requests under way may take once the process is told to end.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

/// Pause after a connection that could not be accepted, such as when too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Answers connections until `told_to_end`; then requests under way are answered, within
/// [`LAST_ANSWERS`].
pub(super) async fn serve(listener: TcpListener, api: Arc<Api>, told_to_end: impl Future<Output = ()>) {
    let waiting = Arc::new(WaitingConnections::default());
    let (end, ending) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut told_to_end = std::pin::pin!(told_to_end);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut told_to_end => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let place = Place::new(&waiting);
                let connection = converse(stream, peer, Arc::clone(&api), place.clone(), ending.clone());
                place.hold(connections.spawn(connection));
            }
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    end.send_replace(true);
    let answered = tokio::time::timeout(LAST_ANSWERS, async { while connections.join_next().await.is_some() {} });
    if answered.await.is_err() {
        connections.shutdown().await;
    }
}

/// Answers the requests of one connection, one after the other.
async fn converse(stream: TcpStream, peer: SocketAddr, api: Arc<Api>, place: Place, mut ending: watch::Receiver<bool>) {
    // Answers are single writes; waiting for more to send with them would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let (api, place) = (Arc::clone(&api), place.clone());
        async move { Ok::<_, Infallible>(answer(&api, &place, peer, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        _ = ending.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%peer, %error, "a connection ended");
    }
    place.leave();
}

async fn answer(api: &Api, place: &Place, peer: SocketAddr, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let caller = match api.admit(peer, &head).await {
        Ok(caller) => caller,
        Err(refusal) => return *refusal,
    };
    let body = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY).collect()).await;
    let body = match body {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return api::too_large(),
        Ok(Err(_)) | Err(_) => return empty(StatusCode::REQUEST_TIMEOUT),
    };
    place.leave();
    let response = api.answer(&caller, &head, &body).await;
    place.come_back();
    response
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// The connections that have not sent a whole request, in the order in which they began to wait.
#[derive(Debug, Default)]
struct WaitingConnections(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    next: u64,
    waiting: BTreeMap<u64, AbortHandle>,
}

/// The place of one connection among those that wait. Clones are the same place.
#[derive(Debug, Clone)]
struct Place {
    all: Arc<WaitingConnections>,
    own: Arc<Mutex<Own>>,
}

#[derive(Debug, Default)]
struct Own {
    handle: Option<AbortHandle>,
    number: Option<u64>,
    /// The connection left before its handle was known.
    is_gone: bool,
}

impl Place {
    fn new(all: &Arc<WaitingConnections>) -> Self {
        Self { all: Arc::clone(all), own: Arc::default() }
    }

    /// Takes a place for a connection that was just accepted.
    fn hold(&self, handle: AbortHandle) {
        let mut own = lock(&self.own);
        if !own.is_gone {
            own.number = Some(self.all.enter(handle.clone()));
        }
        own.handle = Some(handle);
    }

    /// A request has arrived whole, or the connection has ended: it waits no longer.
    fn leave(&self) {
        let mut own = lock(&self.own);
        own.is_gone = true;
        if let Some(number) = own.number.take() {
            lock(&self.all.0).waiting.remove(&number);
        }
    }

    /// The request is answered, and the connection waits for another one, behind all others.
    fn come_back(&self) {
        let mut own = lock(&self.own);
        own.is_gone = false;
        if let Some(handle) = own.handle.clone() {
            own.number = Some(self.all.enter(handle));
        }
    }
}

impl WaitingConnections {
    /// Gives a connection the last place, and ends the first one if there are too many.
    fn enter(&self, handle: AbortHandle) -> u64 {
        let mut queue = lock(&self.0);
        let number = queue.next;
        queue.next += 1;
        queue.waiting.insert(number, handle);
        if queue.waiting.len() > MAX_WAITING
            && let Some((_, longest)) = queue.waiting.pop_first()
        {
            longest.abort();
        }
        number
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
