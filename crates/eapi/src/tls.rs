//! Whom to trust on `https`: CAs, one certificate by its fingerprint, or anyone.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use sha2::{Digest, Sha256};

use crate::error::{ConnectFault, TlsFault};

/// Whose certificates are accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TlsTrust {
    /// Those of the system's certificate authorities.
    #[default]
    System,
    /// Those of the system's certificate authorities and of these, one or several in PEM.
    AlsoCa(String),
    /// Only the certificate with this fingerprint, whatever else is in it: also self-signed, expired, or made out to
    /// another name.
    Pinned(Fingerprint),
    /// Any certificate: whoever is on the path reads the password and the configuration, and can change it. Logged as
    /// a warning.
    Insecure,
}

/// The SHA-256 of a certificate in DER, as `openssl x509 -noout -fingerprint -sha256` prints it: 64 hexadecimal digits, in
/// pairs with colons between them or without.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl FromStr for Fingerprint {
    type Err = BadFingerprint;

    fn from_str(text: &str) -> Result<Self, BadFingerprint> {
        let digits: Vec<u8> = text.trim().bytes().filter(|byte| *byte != b':').collect();
        let mut bytes = [0; 32];
        if digits.len() != 64 {
            return Err(BadFingerprint);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let nibble = |digit: u8| char::from(digit).to_digit(16).ok_or(BadFingerprint);
            *byte = u8::try_from(nibble(pair[0])? * 16 + nibble(pair[1])?).map_err(|_| BadFingerprint)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if index == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// Not a SHA-256 fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 fingerprint is 64 hexadecimal digits, with or without colons between the pairs")]
pub struct BadFingerprint;

/// Sets a client up to trust as told.
pub(crate) fn configure(http: reqwest::ClientBuilder, trust: &TlsTrust) -> Result<reqwest::ClientBuilder, String> {
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
            let config = pinned(*fingerprint).map_err(|error| format!("TLS cannot be set up: {error}"))?;
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

fn pinned(fingerprint: Fingerprint) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(PinVerifier { fingerprint, provider: Arc::clone(&provider) });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(config)
}

/// Accepts one certificate. webpki is not asked about it, because it refuses what switches have: a self-signed
/// certificate that is its own CA. The handshake's signature is still verified, so the peer holds the key.
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

/// What an attempt to connect failed of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    Connect(ConnectFault),
    Tls(TlsFault),
}

impl Attempt {
    /// Reads it from the chain of an error that `reqwest` calls a connect error.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(attempt) = recognised(error) {
                return attempt;
            }
            cause = error.source();
        }
        let fault = if error.is_timeout() { ConnectFault::TimedOut } else { ConnectFault::Other };
        Self::Connect(fault)
    }
}

fn recognised(error: &(dyn std::error::Error + 'static)) -> Option<Attempt> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(Attempt::Tls(tls_fault(error)));
    }
    if let Some(error) = error.downcast_ref::<std::io::Error>() {
        // An io::Error's source skips the error it wraps, so that is looked at here.
        if let Some(attempt) = error.get_ref().and_then(|inner| recognised(inner)) {
            return Some(attempt);
        }
        return match error.kind() {
            std::io::ErrorKind::ConnectionRefused => Some(Attempt::Connect(ConnectFault::Refused)),
            std::io::ErrorKind::TimedOut => Some(Attempt::Connect(ConnectFault::TimedOut)),
            // While connecting, only the handshake reads: the peer hung up in it.
            std::io::ErrorKind::UnexpectedEof => Some(Attempt::Tls(TlsFault::NoCommonCipher)),
            _ => None,
        };
    }
    // hyper-util's error for it is not public, its text is.
    (error.to_string() == "dns error").then_some(Attempt::Connect(ConnectFault::NotResolved))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_openssl_prints_it_and_without_colons() {
        let fingerprint = Fingerprint::of(b"certificate");
        let text = fingerprint.to_string();
        assert_eq!(text.len(), 95);
        assert_eq!(text.parse(), Ok(fingerprint));
        assert_eq!(text.replace(':', "").to_lowercase().parse(), Ok(fingerprint));
    }

    #[test]
    fn anything_else_is_not_a_fingerprint() {
        for text in ["", "AA:BB", &"g".repeat(64), &"a".repeat(65), &"é".repeat(32)] {
            assert_eq!(text.parse::<Fingerprint>(), Err(BadFingerprint));
        }
    }
}
