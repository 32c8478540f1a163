//! The keys that naas signs its tokens with.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// How many keys are valid at once: the one that signs, and the one before.
const VALID_AT_ONCE: usize = 2;

/// The version of the document.
const VERSION: u32 = 1;

/// Signing keys, the newest last. This is a secret: whoever can read it can mint any token.
#[derive(Debug, Default)]
pub struct KeyRing {
    keys: Vec<SigningKey>,
}

#[derive(Debug)]
struct SigningKey {
    public: PublicKey,
    /// PKCS #8 in base64.
    private: SecretString,
}

/// The half of a signing key that tells whether a signature is its.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    /// The name of the key, which its tokens carry.
    pub kid: String,
    /// The algorithm, which is pinned to the key. There is one.
    pub alg: KeyAlgorithm,
    /// The key, as in a JWK: base64url without padding.
    pub x: String,
    /// Tokens of this key are not believed from this moment on.
    pub until: Timestamp,
}

/// The algorithm of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyAlgorithm {
    /// Ed25519.
    EdDSA,
}

/// The stored form of a key ring.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    keys: Vec<StoredKey>,
}

#[derive(Serialize, Deserialize)]
struct StoredKey {
    #[serde(flatten)]
    public: PublicKey,
    private: String,
}

/// Why a text is no key ring. It never shows the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the signing keys cannot be read: {0}; restore the document, or delete it to begin with new keys")]
pub struct InvalidKeys(&'static str);

/// A key could not be made or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing key cannot be used: {0}")]
pub struct WrongKey(pub(crate) &'static str);

impl KeyRing {
    /// Reads the stored form.
    ///
    /// # Errors
    ///
    /// A text of another form.
    pub fn parse(text: &str) -> Result<Self, InvalidKeys> {
        // The error of the parser could quote a key.
        let document: Document = serde_json::from_str(text).map_err(|_| InvalidKeys("they are not in naas's form"))?;
        if document.version != VERSION {
            return Err(InvalidKeys("another version of naas wrote them"));
        }
        let keys = document.keys.into_iter();
        let keys = keys.map(|StoredKey { public, private }| SigningKey { public, private: private.into() });
        Ok(Self { keys: keys.collect() })
    }

    /// The stored form, with its secrets.
    pub fn to_document(&self) -> SecretString {
        let stored = |key: &SigningKey| StoredKey {
            public: key.public.clone(),
            private: key.private.expose_secret().to_owned(),
        };
        let document = Document { version: VERSION, keys: self.keys.iter().map(stored).collect() };
        serde_json::to_string_pretty(&document).expect("keys always serialise").into()
    }

    /// Adds a new key, which signs from now on for `life`. Keys that have ended and keys beyond the
    /// one before are left out.
    ///
    /// # Errors
    ///
    /// The operating system gives no random numbers.
    pub fn rotate(&mut self, now: Timestamp, life: SignedDuration) -> Result<(), WrongKey> {
        let key = SigningKey::new(now, life)?;
        self.keys.retain(|key| key.public.until > now);
        self.keys.push(key);
        let surplus = self.keys.len().saturating_sub(VALID_AT_ONCE);
        self.keys.drain(..surplus);
        Ok(())
    }

    /// The public halves of the keys that are valid at `now`.
    pub fn public(&self, now: Timestamp) -> Vec<PublicKey> {
        self.keys.iter().filter(|key| key.public.until > now).map(|key| key.public.clone()).collect()
    }

    /// The name, the end and the private half of the key that signs at `now`.
    pub(crate) fn signing(&self, now: Timestamp) -> Result<(&PublicKey, EncodingKey), WrongKey> {
        let valid = self.keys.iter().rfind(|key| key.public.until > now);
        let key = valid.ok_or(WrongKey("every key has ended; rotate the keys"))?;
        let pkcs8 = Base64::decode_vec(key.private.expose_secret()).map_err(|_| WrongKey("it is not base64"))?;
        Ok((&key.public, EncodingKey::from_ed_der(&pkcs8)))
    }
}

impl SigningKey {
    fn new(now: Timestamp, life: SignedDuration) -> Result<Self, WrongKey> {
        let pair = Ed25519KeyPair::generate().map_err(|_| WrongKey("the system gives no random numbers"))?;
        let pkcs8 = pair.to_pkcs8().map_err(|_| WrongKey("it cannot be written"))?;
        let x = Base64UrlUnpadded::encode_string(pair.public_key().as_ref());
        // The beginning of the key itself tells two keys of one day apart.
        let kid = format!("{}-{}", now.strftime("%Y%m%d"), &x[..8]);
        let until = now.checked_add(life).map_err(|_| WrongKey("its life is too long"))?;
        let public = PublicKey { kid, alg: KeyAlgorithm::EdDSA, x, until };
        Ok(Self { public, private: Base64::encode_string(pkcs8.as_ref()).into() })
    }
}

impl PublicKey {
    pub(crate) fn decoding(&self) -> Result<DecodingKey, WrongKey> {
        DecodingKey::from_ed_components(&self.x).map_err(|_| WrongKey("its x is not base64url"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn now() -> Timestamp {
        "2026-11-25T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn two_keys_are_valid_at_once() {
        let mut ring = KeyRing::default();
        for _ in 0..3 {
            ring.rotate(now(), DAY).unwrap();
        }

        let public = ring.public(now());

        assert_eq!(public.len(), 2);
        assert_eq!(ring.signing(now()).unwrap().0, &public[1]);
        assert!(ring.public(now() + DAY).is_empty() && ring.signing(now() + DAY).is_err());
    }

    #[test]
    fn a_ring_is_read_as_it_was_written() {
        let mut ring = KeyRing::default();
        ring.rotate(now(), DAY).unwrap();

        let read = KeyRing::parse(ring.to_document().expose_secret()).unwrap();

        assert_eq!(read.public(now()), ring.public(now()));
        assert!(read.signing(now()).is_ok());
    }

    #[test]
    fn no_debug_text_and_no_error_shows_a_key() {
        let mut ring = KeyRing::default();
        ring.rotate(now(), DAY).unwrap();
        let document = ring.to_document();
        let private = document.expose_secret().split("\"private\": \"").nth(1).unwrap().split('"').next().unwrap();

        let broken = document.expose_secret().replace("\"version\"", "\"canary\"");

        assert!(!format!("{ring:?}").contains(private));
        assert!(!KeyRing::parse(&broken).unwrap_err().to_string().contains(private));
    }
}
