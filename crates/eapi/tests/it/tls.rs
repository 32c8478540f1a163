//! Whom the client trusts on https, against certificates as switches have them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::support::{Answer, Switch};
use eapi::{Client, Error, Fingerprint, Format, Kind, Sent, TlsFault, TlsTrust, Transport};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A self-signed certificate that is its own CA, which is what EOS makes for itself and webpki refuses.
struct Certificate {
    der: CertificateDer<'static>,
    pem: String,
    key: PrivateKeyDer<'static>,
}

fn self_signed() -> Certificate {
    let mut params = CertificateParams::new(vec!["switch.example".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Certificate {
        der: certificate.der().clone(),
        pem: certificate.pem(),
        key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
    }
}

/// A certificate for 127.0.0.1 and the PEM of the CA that signed it.
fn signed() -> (Certificate, String) {
    let mut ca = CertificateParams::new(Vec::<String>::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    (Certificate { der: leaf.der().clone(), pem: leaf.pem(), key }, ca.pem())
}

/// Serves one answer over TLS and returns the port.
async fn serve(certificate: &Certificate) -> u16 {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der.clone()], certificate.key.clone_key())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        if let Ok(stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await {
            let answers = Arc::new(Mutex::new(VecDeque::from([Answer::texts(&["hello"])])));
            crate::support::serve(stream, answers, Arc::default()).await;
        }
    });
    port
}

async fn run(port: u16, trust: TlsTrust) -> Result<(), Error> {
    let client = Client::builder("127.0.0.1", "admin", "canary".into()).port(port).transport(Transport::Https(trust));
    client.build().unwrap().run(["show clock"], Format::Text).await.map(|_| ())
}

fn fault(error: &Error) -> TlsFault {
    assert_eq!((error.kind(), error.sent()), (Kind::Tls, Sent::No));
    match error {
        Error::Tls { fault, .. } => *fault,
        other => panic!("expected a TLS fault, found {other:?}"),
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_by_its_fingerprint() {
    let certificate = self_signed();
    run(serve(&certificate).await, TlsTrust::Pinned(Fingerprint::of(&certificate.der))).await.unwrap();
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one_is_refused() {
    let error =
        run(serve(&self_signed()).await, TlsTrust::Pinned(Fingerprint::of(&self_signed().der))).await.unwrap_err();
    assert_eq!(fault(&error), TlsFault::WrongFingerprint);
}

#[tokio::test]
async fn a_self_signed_certificate_is_not_trusted_by_default_and_not_as_its_own_ca() {
    let certificate = self_signed();
    for trust in [TlsTrust::System, TlsTrust::AlsoCa(certificate.pem.clone())] {
        let error = run(serve(&certificate).await, trust).await.unwrap_err();
        assert_eq!(fault(&error), TlsFault::Untrusted);
    }
}

#[tokio::test]
async fn a_certificate_of_an_additional_ca_is_trusted() {
    let (certificate, ca) = signed();
    run(serve(&certificate).await, TlsTrust::AlsoCa(ca)).await.unwrap();
}

#[tokio::test]
async fn insecure_trusts_anyone() {
    run(serve(&self_signed()).await, TlsTrust::Insecure).await.unwrap();
}

#[tokio::test]
async fn a_switch_that_breaks_off_the_handshake_is_told_of_its_ssl_profile() {
    let handshake_failure = vec![21, 3, 3, 0, 2, 2, 40];
    let error = run(raw(handshake_failure).await, TlsTrust::Insecure).await.unwrap_err();
    assert_eq!(fault(&error), TlsFault::NoCommonCipher);
    assert!(error.to_string().contains("`ssl profile`"), "{error}");
}

#[tokio::test]
async fn a_plain_http_port_does_not_speak_tls() {
    let error = run(raw(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()).await, TlsTrust::Insecure).await.unwrap_err();
    assert_eq!(fault(&error), TlsFault::NotTls);
}

#[tokio::test]
async fn tls_to_a_client_that_speaks_plain_http_is_lost_not_a_panic() {
    let switch = Switch::start([Answer::Bytes(vec![21, 3, 3, 0, 2, 2, 70])]).await;
    let error = switch.client().run(["show clock"], Format::Text).await.unwrap_err();
    assert!(matches!(error, Error::Lost { .. }), "{error}");
}

/// Answers whatever comes first with these bytes, and returns the port.
async fn raw(bytes: Vec<u8>) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 4096];
        let _ = stream.read(&mut hello).await;
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        // Held open until the client hangs up, so that it reads the bytes and not a reset.
        while stream.read(&mut hello).await.is_ok_and(|read| read > 0) {}
    });
    port
}
