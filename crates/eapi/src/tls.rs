//! Whom to trust on HTTPS, which certificate to show, and which library speaks TLS.

use std::fmt;
use std::str::FromStr;

use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// Which certificates of a switch are accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TlsTrust {
    /// Certificates signed by a certificate authority of the system.
    #[default]
    System,
    /// Certificates signed by a certificate authority of the system or by one of these, which are
    /// given in PEM.
    AlsoCa(String),
    /// Only the certificate with this fingerprint. It may be self-signed, expired or made out to
    /// another name.
    Pinned(Fingerprint),
    /// Any certificate. Whoever is on the path can read the password and the configuration and can
    /// change them. The client logs a warning.
    Insecure,
}

/// The SHA-256 of a certificate in DER. It is written as `openssl x509 -noout -fingerprint -sha256`
/// prints it, 64 hexadecimal digits in pairs with colons between them; the colons may be left out.
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

/// The error for a text that is not a SHA-256 fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 fingerprint is 64 hexadecimal digits, with or without colons between the pairs")]
pub struct BadFingerprint;

/// The certificate that a client shows in the TLS handshake.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// The certificate, followed by those between it and its authority, in PEM.
    pub chain: String,
    /// The private key of the certificate, in PEM.
    pub key: SecretString,
}

/// The library that speaks TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsBackend {
    /// rustls: TLS 1.2 and 1.3 with current cipher suites only.
    #[default]
    Rustls,
    /// OpenSSL, which also speaks what older EOS releases offer by default: TLS 1.2 with
    /// `AES256-SHA`, `DHE-RSA-AES256-SHA`, `AES128-SHA` and `DHE-RSA-AES128-SHA`. These suites have
    /// no forward secrecy or weak groups, so give such a switch an `ssl profile` where you can.
    #[cfg(feature = "legacy-tls")]
    OpenSsl,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_with_and_without_colons() {
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
