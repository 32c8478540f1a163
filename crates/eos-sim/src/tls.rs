//! TLS as switches have it: a self-signed certificate that is its own CA, with today's suites or
//! with those that EOS offered by default for years.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde::Deserialize;

/// Why TLS cannot be set up, in the words of the library that failed.
#[derive(Debug)]
pub(crate) struct TlsError(pub(crate) String);

/// Which protocol a device speaks on its port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// The port speaks plain HTTP.
    #[default]
    None,
    /// HTTPS with TLS 1.2 and 1.3 and suites that rustls knows, as after `ssl profile` with
    /// `cipher-list`.
    Modern,
    /// HTTPS with TLS 1.2 and only `AES256-SHA`, `DHE-RSA-AES256-SHA`, `AES128-SHA` and
    /// `DHE-RSA-AES128-SHA`, the default of older EOS. Needs the feature `legacy-tls`.
    Legacy,
}

impl Tls {
    /// The scheme of URLs to such a port.
    pub fn scheme(self) -> &'static str {
        if self == Self::None { "http" } else { "https" }
    }
}

/// What accepts the connections of a device.
#[derive(Clone)]
pub(crate) enum Acceptor {
    Plain,
    Modern(tokio_rustls::TlsAcceptor),
    #[cfg(feature = "legacy-tls")]
    Legacy(openssl::ssl::SslAcceptor),
}

/// The certificate of a fleet's devices, which share one since making ten thousand takes long. Its
/// key is RSA: the old suites know no other.
pub(crate) struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Identity {
    pub(crate) fn new() -> Result<Self, TlsError> {
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let made = || {
            let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256)?;
            let mut params = CertificateParams::new(names)?;
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            Ok(Self { certificate: params.self_signed(&key)?, key })
        };
        made().map_err(|error: rcgen::Error| TlsError(error.to_string()))
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// The acceptor of devices that speak `tls`.
    pub(crate) fn acceptor(&self, tls: Tls) -> Result<Acceptor, TlsError> {
        match tls {
            Tls::None => Ok(Acceptor::Plain),
            Tls::Modern => self.modern().map_err(|error| TlsError(error.to_string())),
            #[cfg(feature = "legacy-tls")]
            Tls::Legacy => self.legacy().map_err(|error| TlsError(error.to_string())),
            #[cfg(not(feature = "legacy-tls"))]
            Tls::Legacy => Err(TlsError(
                "this eos-sim was built without OpenSSL; build it with `--features legacy-tls`".to_owned(),
            )),
        }
    }

    fn modern(&self) -> Result<Acceptor, rustls::Error> {
        let key = PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.der().clone()], key)?;
        Ok(Acceptor::Modern(Arc::new(config).into()))
    }

    #[cfg(feature = "legacy-tls")]
    fn legacy(&self) -> Result<Acceptor, openssl::error::ErrorStack> {
        use openssl::ssl::{SslAcceptor, SslMethod, SslVersion};
        // Level 0: the level of a distribution may forbid what is imitated here.
        const SUITES: &str = "AES256-SHA:DHE-RSA-AES256-SHA:AES128-SHA:DHE-RSA-AES128-SHA:@SECLEVEL=0";
        let mut acceptor = SslAcceptor::mozilla_intermediate(SslMethod::tls_server())?;
        acceptor.set_min_proto_version(None)?;
        acceptor.set_max_proto_version(Some(SslVersion::TLS1_2))?;
        acceptor.set_cipher_list(SUITES)?;
        let certificate = openssl::x509::X509::from_der(self.certificate.der())?;
        acceptor.set_certificate(&certificate)?;
        let key = openssl::pkey::PKey::private_key_from_der(&self.key.serialize_der())?;
        acceptor.set_private_key(&key)?;
        acceptor.check_private_key()?;
        Ok(Acceptor::Legacy(acceptor.build()))
    }
}

/// The handshake of a device with the old suites.
#[cfg(feature = "legacy-tls")]
pub(crate) async fn accept_legacy(
    acceptor: &openssl::ssl::SslAcceptor,
    stream: tokio::net::TcpStream,
) -> Result<tokio_openssl::SslStream<tokio::net::TcpStream>, Box<dyn std::error::Error + Send + Sync>> {
    let mut stream = tokio_openssl::SslStream::new(openssl::ssl::Ssl::new(acceptor.context())?, stream)?;
    std::pin::Pin::new(&mut stream).accept().await?;
    Ok(stream)
}
