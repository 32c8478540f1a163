//! A switch's eAPI face that gives scripted answers, down to the bytes, and remembers what it was
//! asked.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use eapi::{Client, ClientBuilder, Transport};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How the next request is answered.
pub(crate) enum Answer {
    /// A JSON-RPC result; the request's id is filled in.
    Results(Value),
    /// A JSON-RPC error; the request's id is filled in.
    Refused(Value),
    /// Any status and body.
    Http(u16, String),
    /// Status 200 and this cookie.
    Cookie(&'static str),
    /// These bytes, then the connection is closed.
    Bytes(Vec<u8>),
    /// Nothing, for as long as the client waits.
    Silence,
}

impl Answer {
    /// Text results for `enable` and then these.
    pub(crate) fn texts(outputs: &[&str]) -> Self {
        let enable = std::iter::once(&"");
        Self::Results(enable.chain(outputs).map(|output| json!({"output": output})).collect())
    }

    /// The command `number`, counted from 1 with `enable`, is refused with these words.
    pub(crate) fn refused(number: usize, code: i64, words: &str) -> Self {
        Self::refused_after(&vec![json!({"output": ""}); number - 1], code, words)
    }

    /// The command after those that brought these results is refused with these words.
    pub(crate) fn refused_after(passed: &[Value], code: i64, words: &str) -> Self {
        let number = passed.len() + 1;
        let mut data = passed.to_vec();
        data.push(json!({"output": "", "errors": [words]}));
        let message = format!("CLI command {number} of 99 'whatever' failed: invalid command");
        Self::Refused(json!({"code": code, "message": message, "data": data}))
    }
}

/// A scripted switch, which stops when the value is dropped.
pub(crate) struct Switch {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

/// A request as the switch received it.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Switch {
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answers = Arc::new(Mutex::new(answers.into_iter().collect::<VecDeque<_>>()));
        let (seen, connections) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
        let (log, count) = (Arc::clone(&seen), Arc::clone(&connections));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&answers), Arc::clone(&log)));
            }
        });
        Self { port, seen, connections, task }
    }

    /// A client for it over plain HTTP, with the password `canary`.
    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder("127.0.0.1", "admin", "canary".into()).transport(Transport::Http).port(self.port)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The commands of each request.
    pub(crate) fn commands(&self) -> Vec<Value> {
        self.requests().into_iter().map(|seen| seen.body["params"]["cmds"].clone()).collect()
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers the requests of one connection.
pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    log: Arc<Mutex<Vec<Seen>>>,
) {
    while let Some(request) = read_request(&mut stream).await {
        let id = request.body["id"].clone();
        log.lock().unwrap().push(request);
        let answer = answers.lock().unwrap().pop_front();
        let mut cookie = String::new();
        let (status, body) = match answer.unwrap_or(Answer::Http(500, "the script has no more answers".into())) {
            Answer::Results(result) => (200, json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()),
            Answer::Refused(error) => (200, json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string()),
            Answer::Http(status, body) => (status, body),
            Answer::Cookie(token) => {
                cookie = format!("Set-Cookie: Session={token}; Path=/\r\n");
                (200, String::new())
            }
            Answer::Bytes(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Answer::Silence => std::future::pending().await,
        };
        let head = format!("HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n{cookie}\r\n", body.len());
        // A client that has gone meanwhile is part of some scripts.
        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap().to_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
    while bytes.len() < head_end + length {
        stream.read_buf(&mut bytes).await.ok()?;
    }
    Some(Seen { head, body: serde_json::from_slice(&bytes[head_end..]).unwrap_or_default() })
}

/// Everything an error shows: `Display` and `Debug` of it and of its causes.
pub(crate) fn everything_shown(error: &(dyn std::error::Error + 'static)) -> String {
    let mut shown = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        shown += &format!("{error}\n{error:?}\n");
        next = error.source();
    }
    shown
}
