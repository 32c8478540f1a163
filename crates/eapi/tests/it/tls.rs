//! Whom the client trusts on https, against certificates as switches have them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::support::{Answer, Switch};
use eapi::{
    Authentication, Client, ClientCertificate, Error, ErrorKind, Fingerprint, Format, Sent, TlsBackend, TlsFault,
    TlsTrust, Transport,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A self-signed certificate that is its own CA, which is what EOS makes for itself and webpki
/// refuses.
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

/// A CA of another name than its certificates, which OpenSSL would take for self-signed otherwise.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut ca = CertificateParams::new(Vec::<String>::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name.push(DnType::CommonName, "authority");
    CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for 127.0.0.1 and the PEM of the CA that signed it.
fn signed() -> (Certificate, String) {
    let ca = authority();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    (Certificate { der: leaf.der().clone(), pem: leaf.pem(), key }, ca.pem())
}

/// Serves one answer over TLS and returns the port.
async fn serve(certificate: &Certificate) -> u16 {
    serve_to(certificate, None).await
}

/// The same, for those who show a certificate of this CA.
async fn serve_to(certificate: &Certificate, ca: Option<CertificateDer<'static>>) -> u16 {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let config = match ca {
        None => config.with_no_client_auth(),
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            roots.add(ca).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            config.with_client_cert_verifier(verifier)
        }
    };
    let config = config.with_single_cert(vec![certificate.der.clone()], certificate.key.clone_key()).unwrap();
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
    run_by(TlsBackend::Rustls, port, trust).await
}

async fn run_by(backend: TlsBackend, port: u16, trust: TlsTrust) -> Result<(), Error> {
    let client = Client::builder("127.0.0.1", "admin", "canary".into()).port(port).transport(Transport::Https(trust));
    client.tls_backend(backend).build().unwrap().run(["show clock"], Format::Text).await.map(|_| ())
}

/// A client's certificate, and the CA that signed it.
fn own_certificate() -> (ClientCertificate, CertificateDer<'static>) {
    let ca = authority();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["admin".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    (ClientCertificate { chain: leaf.pem(), key: key.serialize_pem().into() }, ca.der().clone())
}

/// Which backends there are.
fn backends() -> Vec<TlsBackend> {
    #[cfg(feature = "legacy-tls")]
    return vec![TlsBackend::Rustls, TlsBackend::OpenSsl];
    #[cfg(not(feature = "legacy-tls"))]
    vec![TlsBackend::Rustls]
}

#[tokio::test]
async fn a_client_certificate_is_shown_whatever_is_trusted() {
    let (server, ca) = signed();
    for backend in backends() {
        for trust in [TlsTrust::AlsoCa(ca.clone()), TlsTrust::Pinned(Fingerprint::of(&server.der)), TlsTrust::Insecure]
        {
            let (own, own_ca) = own_certificate();
            let port = serve_to(&server, Some(own_ca)).await;
            let client = Client::builder("127.0.0.1", "admin", "".into()).port(port);
            let client = client.transport(Transport::Https(trust.clone())).tls_backend(backend).client_certificate(own);
            let client = client.authentication(Authentication::Certificate).build().unwrap();
            client
                .run(["show clock"], Format::Text)
                .await
                .unwrap_or_else(|error| panic!("{backend:?} {trust:?}: {error:?}"));
        }
    }
}

#[tokio::test]
async fn a_switch_that_wants_a_certificate_lets_nobody_in_without() {
    let (server, _) = signed();
    for backend in backends() {
        let port = serve_to(&server, Some(own_certificate().1)).await;
        assert!(run_by(backend, port, TlsTrust::Insecure).await.is_err());
    }
}

#[test]
fn a_bad_certificate_is_an_error_before_anything_is_sent() {
    let (own, _) = own_certificate();
    let broken = ClientCertificate { chain: "canary".into(), key: "canary".into() };
    let others = ClientCertificate { chain: own.chain.clone(), key: own_certificate().0.key };
    let builder = || Client::builder("leaf1", "admin", "canary".into());
    for backend in backends() {
        for trust in [TlsTrust::System, TlsTrust::Insecure, TlsTrust::Pinned(Fingerprint::of(b"x"))] {
            let builder = builder().tls_backend(backend).transport(Transport::Https(trust));
            let error = builder.client_certificate(broken.clone()).build().unwrap_err();
            assert!(matches!(error, Error::Settings { .. }), "{backend:?} {error}");
            assert!(!crate::support::everything_shown(&error).contains("canary"));
        }
        let error = builder().tls_backend(backend).client_certificate(others.clone()).build().unwrap_err();
        assert!(matches!(error, Error::Settings { .. }), "{backend:?} {error}");
    }
    assert!(builder().transport(Transport::Http).client_certificate(own).build().is_err());
    assert!(builder().authentication(Authentication::Certificate).build().is_err());
}

#[cfg(feature = "legacy-tls")]
mod legacy {
    //! The same claims for OpenSSL, and those that only it can make.

    use std::io::{Read as _, Write as _};

    use openssl::ssl::{SslAcceptor, SslMethod, SslVersion};

    use super::*;

    /// Serves one answer with a suite of older EOS, and returns the port and the certificate's
    /// fingerprint.
    fn old_switch(suite: &str) -> (u16, Fingerprint) {
        let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let mut params = CertificateParams::new(vec!["switch.example".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let mut acceptor = SslAcceptor::mozilla_intermediate(SslMethod::tls_server()).unwrap();
        acceptor.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
        acceptor.set_cipher_list(&format!("{suite}:@SECLEVEL=0")).unwrap();
        acceptor.set_certificate(&openssl::x509::X509::from_der(certificate.der()).unwrap()).unwrap();
        acceptor.set_private_key(&openssl::pkey::PKey::private_key_from_der(&key.serialize_der()).unwrap()).unwrap();
        let acceptor = acceptor.build();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let Ok(mut stream) = acceptor.accept(listener.accept().unwrap().0) else { return };
            // The request is small and comes at once.
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).unwrap();
            assert!(String::from_utf8_lossy(&request[..length]).starts_with("POST /command-api "));
            let body = r#"{"jsonrpc": "2.0", "id": 1, "result": [{"output": ""}, {"output": "noon"}]}"#;
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        });
        (port, Fingerprint::of(certificate.der()))
    }

    #[tokio::test]
    async fn the_suites_of_older_eos_are_spoken_and_rustls_says_who_could() {
        for suite in ["AES256-SHA", "DHE-RSA-AES256-SHA", "AES128-SHA", "DHE-RSA-AES128-SHA"] {
            let (port, pin) = old_switch(suite);
            run_by(TlsBackend::OpenSsl, port, TlsTrust::Pinned(pin)).await.unwrap();

            let (port, pin) = old_switch(suite);
            let error = run(port, TlsTrust::Pinned(pin)).await.unwrap_err();
            assert_eq!(fault(&error), TlsFault::NoCommonCipher);
            assert!(error.to_string().contains("`legacy-tls`"), "{error}");
        }
    }

    #[tokio::test]
    async fn faults_are_told_apart_as_by_rustls() {
        let openssl = TlsBackend::OpenSsl;
        let (port, _) = old_switch("AES256-SHA");
        let wrong = run_by(openssl, port, TlsTrust::Pinned(Fingerprint::of(b"another"))).await.unwrap_err();
        let (port, _) = old_switch("AES256-SHA");
        let untrusted = run_by(openssl, port, TlsTrust::System).await.unwrap_err();
        let not_tls = raw(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()).await;
        let not_tls = run_by(openssl, not_tls, TlsTrust::Insecure).await.unwrap_err();
        let refused = run_by(openssl, 1, TlsTrust::Insecure).await.unwrap_err();

        assert_eq!(fault(&wrong), TlsFault::WrongFingerprint);
        assert_eq!(fault(&untrusted), TlsFault::Untrusted);
        assert_eq!(fault(&not_tls), TlsFault::NotTls);
        assert!(matches!(refused, Error::Connect { fault: eapi::ConnectFault::Refused, .. }), "{refused:?}");
    }

    #[tokio::test]
    async fn authorities_and_nobody_are_trusted_as_by_rustls() {
        let (certificate, ca) = signed();
        run_by(TlsBackend::OpenSsl, serve(&certificate).await, TlsTrust::AlsoCa(ca)).await.unwrap();
        run_by(TlsBackend::OpenSsl, serve(&self_signed()).await, TlsTrust::Insecure).await.unwrap();
    }

    #[tokio::test]
    async fn plain_http_and_timeouts_are_the_same() {
        let switch = Switch::start([Answer::texts(&["noon"]), Answer::Silence]).await;
        let client = switch.builder().tls_backend(TlsBackend::OpenSsl).reply_limit(1000).build().unwrap();
        client.run(["show clock"], Format::Text).await.unwrap();
        let soon = std::time::Duration::from_millis(100);
        let error = client.run_within(soon, ["show clock"], Format::Text).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
        assert_eq!(switch.connections(), 1);
    }
}

fn fault(error: &Error) -> TlsFault {
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Tls, Sent::No));
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
async fn a_self_signed_certificate_is_not_trusted_by_default() {
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
async fn a_broken_off_handshake_names_the_ssl_profile() {
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
