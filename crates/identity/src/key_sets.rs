//! The keys of OpenID Connect providers, fetched and kept for a bounded time.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use tokio::sync::Mutex;
use tracing::warn;

use crate::access::Issuer;

/// Keys are fetched anew when they are this old, so that one that was withdrawn ends.
const LONGEST_KEPT: SignedDuration = SignedDuration::from_mins(60);

/// No issuer is asked more often than this, whatever callers send.
const FLOOR: SignedDuration = SignedDuration::from_secs(60);

/// How long a provider may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The largest answer that is read, in bytes.
const LARGEST: usize = 256 * 1024;

/// Fetches documents of providers.
pub trait Fetch: Send + Sync {
    /// The text at this address; the error says why there is none.
    fn get(&self, address: &str) -> impl Future<Output = Result<String, String>> + Send;
}

/// Fetches over HTTPS. Redirects are not followed.
pub struct HttpFetch(reqwest::Client);

/// The kept keys of every provider.
pub struct KeySets<F> {
    fetch: F,
    kept: Mutex<HashMap<String, Kept>>,
}

/// The keys of one provider.
struct Kept {
    asked_at: Timestamp,
    fetched_at: Option<Timestamp>,
    keys: JwkSet,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl HttpFetch {
    /// A client; the error says why TLS cannot be set up.
    ///
    /// # Errors
    ///
    /// There are no certificates to trust.
    pub fn new() -> Result<Self, String> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
        client.build().map(Self).map_err(|error| error.to_string())
    }
}

impl Fetch for HttpFetch {
    async fn get(&self, address: &str) -> Result<String, String> {
        let failed = |error: reqwest::Error| error.to_string();
        let response = self.0.get(address).send().await.and_then(reqwest::Response::error_for_status);
        let mut response = response.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Err(format!("expected at most {LARGEST} bytes"));
            }
        }
        String::from_utf8(body).map_err(|error| error.to_string())
    }
}

impl<F: Fetch> KeySets<F> {
    /// Keys that are fetched with `fetch`.
    pub fn new(fetch: F) -> Self {
        Self { fetch, kept: Mutex::default() }
    }

    /// The key of this name and the algorithm that it is for. A name that is not known makes the
    /// keys be fetched again, but not more often than once a minute.
    pub(crate) async fn key(&self, issuer: &Issuer, kid: &str, now: Timestamp) -> Option<(DecodingKey, Algorithm)> {
        let mut kept = self.kept.lock().await;
        let kept = kept.entry(issuer.issuer.clone()).or_insert_with(Kept::nothing);
        let old = kept.fetched_at.is_none_or(|at| now.duration_since(at) >= LONGEST_KEPT);
        if old || kept.keys.find(kid).is_none() {
            self.refresh(kept, issuer, now).await;
        }
        // Keys that could not be fetched again end all the same.
        let valid = kept.fetched_at.is_some_and(|at| now.duration_since(at) < LONGEST_KEPT * 2);
        let key = kept.keys.find(kid).filter(|_| valid)?;
        Some((DecodingKey::from_jwk(key).ok()?, algorithm(key)?))
    }

    async fn refresh(&self, kept: &mut Kept, issuer: &Issuer, now: Timestamp) {
        if now.duration_since(kept.asked_at) < FLOOR {
            return;
        }
        kept.asked_at = now;
        match self.fetched(issuer).await {
            Ok(keys) => (kept.keys, kept.fetched_at) = (keys, Some(now)),
            Err(reason) => warn!(issuer = %issuer.issuer, reason, "the keys of an issuer cannot be fetched"),
        }
    }

    async fn fetched(&self, issuer: &Issuer) -> Result<JwkSet, String> {
        let address = match &issuer.jwks_uri {
            Some(address) => address.clone(),
            None => self.discovered(issuer).await?,
        };
        let text = self.fetch.get(&address).await.map_err(|error| format!("{address}: {error}"))?;
        serde_json::from_str(&text).map_err(|error| format!("{address}: expected a JSON Web Key Set: {error}"))
    }

    async fn discovered(&self, issuer: &Issuer) -> Result<String, String> {
        let address = format!("{}/.well-known/openid-configuration", issuer.issuer.trim_end_matches('/'));
        let text = self.fetch.get(&address).await.map_err(|error| format!("{address}: {error}"))?;
        let found: Discovery = serde_json::from_str(&text).map_err(|error| format!("{address}: {error}"))?;
        if found.issuer != issuer.issuer {
            return Err(format!("{address}: expected the document of this issuer, found that of {:?}", found.issuer));
        }
        Ok(found.jwks_uri)
    }
}

impl Kept {
    fn nothing() -> Self {
        Self { asked_at: Timestamp::UNIX_EPOCH, fetched_at: None, keys: JwkSet { keys: Vec::new() } }
    }
}

/// The algorithm that a key is for. A secret that both sides know is no key of a provider, and so
/// is a key for encryption.
fn algorithm(key: &Jwk) -> Option<Algorithm> {
    if !matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    match (&key.algorithm, key.common.key_algorithm) {
        (AlgorithmParameters::RSA(_), None | Some(KeyAlgorithm::RS256)) => Some(Algorithm::RS256),
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::RS384)) => Some(Algorithm::RS384),
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::RS512)) => Some(Algorithm::RS512),
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::PS256)) => Some(Algorithm::PS256),
        (AlgorithmParameters::EllipticCurve(curve), None | Some(KeyAlgorithm::ES256 | KeyAlgorithm::ES384)) => {
            match curve.curve {
                EllipticCurve::P256 => Some(Algorithm::ES256),
                EllipticCurve::P384 => Some(Algorithm::ES384),
                _ => None,
            }
        }
        (AlgorithmParameters::OctetKeyPair(_), None | Some(KeyAlgorithm::EdDSA)) => Some(Algorithm::EdDSA),
        _ => None,
    }
}
