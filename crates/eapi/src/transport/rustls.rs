//! HTTP by reqwest over rustls.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use secrecy::ExposeSecret as _;

use super::fault::{ConnectFailure, Source, connect_failure};
use super::message::{HttpRequest, HttpResponse, HttpSettings, TransportFault, USER_AGENT};
use crate::error::TlsFault;
use crate::tls::{ClientCertificate, Fingerprint, TlsTrust};

/// Builds the client for these settings. The error says which setting makes no sense.
pub(super) fn client(settings: &HttpSettings<'_>) -> Result<reqwest::Client, String> {
    let http = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never()) // a commit must not be sent twice
        .http1_only()
        .pool_max_idle_per_host(1)
        .connect_timeout(settings.connect_timeout);
    let http = match settings.trust {
        // Without this every client would read the certificates of the system, and fail where there
        // are none.
        None => http.tls_certs_only([]),
        Some(trust) => configure(http, trust, settings.own)?,
    };
    http.build().map_err(|error| format!("no HTTP client: {}", innermost(&error)))
}

/// Sends a request and reads the whole answer.
pub(super) async fn post(client: &reqwest::Client, post: HttpRequest<'_>) -> Result<HttpResponse, TransportFault> {
    let mut request = client.post(post.url.clone()).timeout(post.timeout).body(post.body);
    for (name, value) in post.headers {
        request = request.header(name, value);
    }
    let mut response = request.send().await.map_err(|error| fault(error, TransportFault::NoAnswer))?;
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| fault(error, TransportFault::Lost))? {
        if body.len() + chunk.len() > post.limit {
            return Err(TransportFault::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpResponse { status, headers, body })
}

/// What an error means; `broken` is what it means that the connection broke.
fn fault(error: reqwest::Error, broken: fn(Source) -> TransportFault) -> TransportFault {
    let error = error.without_url();
    if error.is_connect() {
        let failure = connect_failure(&error, &recognised, error.is_timeout());
        return TransportFault::from_connecting(failure, error.into());
    }
    if error.is_timeout() { TransportFault::Timeout } else { broken(error.into()) }
}

/// Tells a client whom to trust and which certificate to show.
fn configure(
    http: reqwest::ClientBuilder,
    trust: &TlsTrust,
    own: Option<&ClientCertificate>,
) -> Result<reqwest::ClientBuilder, String> {
    let http = match own {
        // With a pinned certificate the whole TLS configuration is made below.
        Some(own) if !matches!(trust, TlsTrust::Pinned(_)) => {
            let pem = format!("{}\n{}", own.chain, own.key.expose_secret());
            let identity = reqwest::Identity::from_pem(pem.as_bytes());
            http.identity(identity.map_err(|_| not_a_client_certificate())?)
        }
        _ => http,
    };
    match trust {
        TlsTrust::System => Ok(http),
        TlsTrust::AlsoCa(pem) => {
            let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|error| format!("the CA certificates are not PEM: {}", innermost(&error)))?;
            if certificates.is_empty() {
                return Err("no certificate among the CA certificates, PEM was expected".to_owned());
            }
            Ok(http.tls_certs_merge(certificates))
        }
        TlsTrust::Pinned(fingerprint) => {
            let config = pinned(*fingerprint, own)?;
            Ok(http.tls_backend_preconfigured(config))
        }
        TlsTrust::Insecure => Ok(http.tls_danger_accept_invalid_certs(true)),
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Does not quote what was found, which may be half a key.
fn not_a_client_certificate() -> String {
    "the client certificate or its key is not PEM, or they do not belong together".to_owned()
}

fn pinned(fingerprint: Fingerprint, own: Option<&ClientCertificate>) -> Result<ClientConfig, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(PinVerifier { fingerprint, provider: Arc::clone(&provider) });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let Some(own) = own else { return Ok(config.with_no_client_auth()) };
    let chain = CertificateDer::pem_slice_iter(own.chain.as_bytes()).collect::<Result<Vec<_>, _>>();
    let key = PrivateKeyDer::from_pem_slice(own.key.expose_secret().as_bytes());
    let (Ok(chain), Ok(key)) = (chain, key) else { return Err(not_a_client_certificate()) };
    config.with_client_auth_cert(chain, key).map_err(|_| not_a_client_certificate())
}

/// Accepts one certificate. webpki is not asked about it, because it refuses what switches have: a
/// self-signed certificate that is its own CA. The signature of the handshake is still verified, so
/// the peer holds the key.
#[derive(Debug)]
struct PinVerifier {
    fingerprint: Fingerprint,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug, thiserror::Error)]
#[error("expected the certificate {expected}, found {found}")]
struct WrongFingerprint {
    expected: Fingerprint,
    found: Fingerprint,
}

// EOS-14: webpki refuses a self-signed certificate that is an authority.
impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let found = Fingerprint::of(end_entity);
        if found == self.fingerprint {
            return Ok(ServerCertVerified::assertion());
        }
        let wrong = WrongFingerprint { expected: self.fingerprint, found };
        Err(CertificateError::Other(OtherError(Arc::new(wrong))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn recognised(error: &(dyn std::error::Error + 'static)) -> Option<ConnectFailure> {
    error.downcast_ref::<rustls::Error>().map(|error| ConnectFailure::Tls(tls_fault(error)))
}

fn tls_fault(error: &rustls::Error) -> TlsFault {
    match error {
        rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity
            | AlertDescription::ProtocolVersion,
        ) => TlsFault::NoCommonCipher,
        rustls::Error::PeerIncompatible(_) => TlsFault::NoCommonCipher,
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) if other.0.is::<WrongFingerprint>() => {
            TlsFault::WrongFingerprint
        }
        rustls::Error::InvalidCertificate(_) => TlsFault::Untrusted,
        rustls::Error::InvalidMessage(_) => TlsFault::NotTls,
        _ => TlsFault::Other,
    }
}
