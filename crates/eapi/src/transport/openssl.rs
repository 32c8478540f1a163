//! HTTP over OpenSSL, for switches whose cipher suites rustls does not speak.

use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::{BodyExt as _, Full};
use hyper_openssl::client::legacy::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{SslConnector, SslConnectorBuilder, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::{X509, X509StoreContextRef};
use reqwest::Method;
use reqwest::header;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tower_service::Service;

use super::fault::{ConnectFailure, Source, connect_failure};
use super::message::{HttpRequest, HttpResponse, HttpSettings, TransportFault, USER_AGENT};
use crate::error::TlsFault;
use crate::tls::{ClientCertificate, Fingerprint, TlsTrust};

/// The cipher suites that are offered: the current ones first, then those of older EOS. Security
/// level 1 accepts RSA keys and DH groups of 1024 bits, which a distribution may forbid, and
/// nothing weaker.
const SUITES: &str = "DEFAULT:AES256-SHA:DHE-RSA-AES256-SHA:AES128-SHA:DHE-RSA-AES128-SHA:@SECLEVEL=1";

/// An HTTP client, and the fault that a refused certificate is reported as.
pub(crate) struct Client {
    http: hyper_util::client::legacy::Client<Connector, Full<Bytes>>,
    refused: TlsFault,
}

/// Connects with TLS, or gives up after a time.
#[derive(Clone)]
struct Connector {
    https: HttpsConnector<HttpConnector>,
    timeout: Duration,
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = Source;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Source>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Source>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = tokio::time::timeout(self.timeout, self.https.call(uri));
        Box::pin(async { connecting.await.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))? })
    }
}

/// Builds the client for these settings. The error says which setting makes no sense.
pub(super) fn client(settings: &HttpSettings<'_>) -> Result<Client, String> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let mut tls = SslConnector::builder(SslMethod::tls_client()).map_err(not_set_up)?;
    tls.set_min_proto_version(Some(SslVersion::TLS1_2)).map_err(not_set_up)?;
    tls.set_cipher_list(SUITES).map_err(not_set_up)?;
    let trust = settings.trust.cloned().unwrap_or_default();
    configure(&mut tls, &trust)?;
    if let Some(own) = settings.own {
        show_certificate(&mut tls, own)
            .map_err(|_| "the client certificate or its key is not PEM, or they do not belong together")?;
    }
    let mut connector = HttpsConnector::with_connector(tcp, tls).map_err(not_set_up)?;
    let verified_by_name = matches!(trust, TlsTrust::System | TlsTrust::AlsoCa(_));
    connector.set_callback(move |connection, _| {
        connection.set_verify_hostname(verified_by_name);
        Ok(())
    });
    let refused = if matches!(trust, TlsTrust::Pinned(_)) { TlsFault::WrongFingerprint } else { TlsFault::Untrusted };
    let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(1)
        .retry_canceled_requests(false) // a commit must not be sent twice
        .build(Connector { https: connector, timeout: settings.connect_timeout });
    Ok(Client { http, refused })
}

/// Sends a request and reads the whole answer.
pub(super) async fn post(client: &Client, post: HttpRequest<'_>) -> Result<HttpResponse, TransportFault> {
    let timeout = post.timeout;
    tokio::time::timeout(timeout, exchange(client, post)).await.unwrap_or(Err(TransportFault::Timeout))
}

async fn exchange(client: &Client, post: HttpRequest<'_>) -> Result<HttpResponse, TransportFault> {
    let mut request = http::Request::builder().method(Method::POST).uri(post.url.as_str());
    for (name, value) in post.headers {
        request = request.header(name, value);
    }
    let request = request.header(header::USER_AGENT, USER_AGENT).body(Full::new(post.body.into()));
    let request = request.map_err(|error| TransportFault::Lost(error.into()))?;
    let response = client.http.request(request).await.map_err(|error| fault(error, client.refused))?;
    let (head, mut incoming) = response.into_parts();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| TransportFault::Lost(error.into()))?;
        let chunk = frame.into_data().unwrap_or_default();
        if body.len() + chunk.len() > post.limit {
            return Err(TransportFault::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpResponse { status: head.status, headers: head.headers, body })
}

fn fault(error: hyper_util::client::legacy::Error, refused: TlsFault) -> TransportFault {
    if !error.is_connect() {
        return TransportFault::NoAnswer(error.into());
    }
    let recognised = |error: &(dyn std::error::Error + 'static)| recognised(error, refused);
    TransportFault::from_connecting(connect_failure(&error, &recognised, false), error.into())
}

fn recognised(error: &(dyn std::error::Error + 'static), refused: TlsFault) -> Option<ConnectFailure> {
    let error = error.downcast_ref::<openssl::ssl::Error>()?;
    // If the connection broke in the middle of the handshake, the I/O error says how.
    if error.io_error().is_some_and(|error| error.kind() != std::io::ErrorKind::UnexpectedEof) {
        return None;
    }
    let reasons: Vec<&str> =
        error.ssl_error().into_iter().flat_map(ErrorStack::errors).filter_map(|e| e.reason()).collect();
    let says = |part: &str| reasons.iter().any(|reason| reason.contains(part));
    Some(ConnectFailure::Tls(if says("certificate verify failed") {
        refused
    } else if says("wrong version number") || says("packet length too long") || says("http request") {
        TlsFault::NotTls
    } else if reasons.is_empty()
        || says("handshake failure")
        || says("no ciphers")
        || says("alert protocol version")
        || says("eof")
    {
        TlsFault::NoCommonCipher
    } else {
        TlsFault::Other
    }))
}

fn not_set_up(error: ErrorStack) -> String {
    format!("TLS cannot be set up: {error}")
}

fn configure(tls: &mut SslConnectorBuilder, trust: &TlsTrust) -> Result<(), String> {
    if matches!(trust, TlsTrust::System | TlsTrust::AlsoCa(_)) {
        // An OpenSSL that was built with this crate looks for the authorities of the system where
        // it would have been installed itself.
        let system = openssl_probe::probe();
        let folder = system.cert_dir.first().map(PathBuf::as_path);
        if system.cert_file.is_some() || folder.is_some() {
            tls.load_verify_locations(system.cert_file.as_deref(), folder).map_err(not_set_up)?;
        }
    }
    match trust {
        TlsTrust::System => {}
        TlsTrust::AlsoCa(pem) => {
            let certificates = X509::stack_from_pem(pem.as_bytes()).unwrap_or_default();
            if certificates.is_empty() {
                return Err("no certificate among the CA certificates, PEM was expected".to_owned());
            }
            for certificate in certificates {
                tls.cert_store_mut().add_cert(certificate).map_err(not_set_up)?;
            }
        }
        TlsTrust::Pinned(pin) => {
            let pin = *pin;
            tls.set_verify_callback(SslVerifyMode::PEER, move |_, chain| is_pinned(chain, pin));
        }
        TlsTrust::Insecure => tls.set_verify(SslVerifyMode::NONE),
    }
    Ok(())
}

/// Returns true if the certificate under verification is accepted: the certificate of the switch
/// must be the pinned one, the others that it sends do not matter.
fn is_pinned(chain: &mut X509StoreContextRef, pin: Fingerprint) -> bool {
    if chain.error_depth() > 0 {
        return true;
    }
    let leaf = chain.current_cert().and_then(|certificate| certificate.to_der().ok());
    let pinned = leaf.is_some_and(|der| Fingerprint::of(&der) == pin);
    if !pinned {
        chain.set_error(openssl::x509::X509VerifyResult::APPLICATION_VERIFICATION);
    }
    pinned
}

fn show_certificate(tls: &mut SslConnectorBuilder, own: &ClientCertificate) -> Result<(), ErrorStack> {
    let mut chain = X509::stack_from_pem(own.chain.as_bytes())?.into_iter();
    tls.set_certificate(&*chain.next().ok_or_else(ErrorStack::get)?)?;
    for certificate in chain {
        tls.add_extra_chain_cert(certificate)?;
    }
    tls.set_private_key(&*PKey::private_key_from_pem(own.key.expose_secret().as_bytes())?)?;
    tls.check_private_key()
}
