//! From the header `Authorization` to a caller.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, dangerous, decode, decode_header};
use naas::caller::{Caller, Subject};
use serde_json::Value;
use tokio::sync::Mutex;
use tracing::warn;

use crate::access::{Access, Issuer, OWN_ISSUER};
use crate::claims::{Claims, OwnClaims};
use crate::key_sets::{Fetch, KeySets};
use crate::reject::Rejected;

/// How far clocks may differ.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);

/// The longest token that is looked at, in bytes. Providers put long lists of groups into tokens.
pub(crate) const LONGEST_TOKEN: usize = 16 * 1024;

/// How long it takes at most until a change of the document counts.
const REREAD: SignedDuration = SignedDuration::from_secs(60);

/// How old the document may be when a token names a key that is not in it: the key may be new.
/// Nobody can make the document be read more often.
const REREAD_FOR_KEY: SignedDuration = SignedDuration::from_secs(5);

/// How long the document counts while it cannot be read again.
const STALE: SignedDuration = SignedDuration::from_mins(10);

/// Where it is written whom naas trusts.
pub trait Documents: Send + Sync {
    /// The document as it is now. If there is none, nobody is trusted.
    fn access(&self) -> impl Future<Output = Result<Access, Unreadable>> + Send;
}

/// The document cannot be read; the text says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("who is trusted cannot be read: {0}")]
pub struct Unreadable(pub String);

/// The one way in. It is asked before a request is looked at any further.
pub struct Gate<D, F> {
    documents: D,
    key_sets: KeySets<F>,
    read: Mutex<Option<Read>>,
}

#[derive(Clone)]
struct Read {
    access: Arc<Access>,
    at: Timestamp,
    tried_at: Timestamp,
}

impl<D: Documents, F: Fetch> Gate<D, F> {
    /// A gate that trusts whom `documents` names, and fetches the keys of providers with `fetch`.
    pub fn new(documents: D, fetch: F) -> Self {
        Self { documents, key_sets: KeySets::new(fetch), read: Mutex::default() }
    }

    /// The caller that the value of the header `Authorization` stands for.
    ///
    /// # Errors
    ///
    /// Why it stands for nobody.
    pub async fn caller(&self, authorization: Option<&str>, now: Timestamp) -> Result<Caller, Rejected> {
        let token = bearer(authorization)?;
        let header = decode_header(token).map_err(|_| Rejected::NotAToken)?;
        let kid = header.kid.clone().ok_or(Rejected::UnknownKey)?;
        // Not believed: it only tells whose key to take.
        let claimed = dangerous::insecure_decode::<Claims>(token).map_err(|_| Rejected::NotAToken)?.claims.iss;
        let mut access = self.access(now, REREAD).await?;
        if claimed == OWN_ISSUER {
            if access.key(&kid, now).is_none() {
                access = self.access(now, REREAD_FOR_KEY).await?;
            }
            let key = access.key(&kid, now).ok_or(Rejected::UnknownKey)?;
            let key = key.decoding().map_err(|_| Rejected::UnknownKey)?;
            return own(&verified(token, &header, &key, Algorithm::EdDSA)?, &access.audience, now);
        }
        let issuer = access.issuers.iter().find(|issuer| issuer.issuer == claimed).ok_or(Rejected::UnknownIssuer)?;
        let (key, algorithm) = self.key_sets.key(issuer, &kid, now).await.ok_or(Rejected::UnknownKey)?;
        of_provider(&verified(token, &header, &key, algorithm)?, issuer, now)
    }

    /// The document, read anew if that was tried longer ago than `age`.
    async fn access(&self, now: Timestamp, age: SignedDuration) -> Result<Arc<Access>, Rejected> {
        let mut read = self.read.lock().await;
        match &mut *read {
            Some(kept) if now.duration_since(kept.tried_at) < age => return Ok(Arc::clone(&kept.access)),
            Some(kept) => kept.tried_at = now,
            None => (),
        }
        match self.documents.access().await {
            Ok(access) => {
                let access = Arc::new(access);
                *read = Some(Read { access: Arc::clone(&access), at: now, tried_at: now });
                Ok(access)
            }
            Err(error) => {
                warn!("{error}");
                let kept = read.as_ref().filter(|kept| now.duration_since(kept.at) < STALE);
                kept.map(|kept| Arc::clone(&kept.access)).ok_or(Rejected::NotReady)
            }
        }
    }
}

/// The token of a header of the scheme Bearer.
fn bearer(authorization: Option<&str>) -> Result<&str, Rejected> {
    let (scheme, token) = authorization.unwrap_or_default().split_once(' ').ok_or(Rejected::Missing)?;
    match token.trim() {
        _ if !scheme.eq_ignore_ascii_case("bearer") => Err(Rejected::Missing),
        token if token.len() > LONGEST_TOKEN => Err(Rejected::TooLong),
        token => Ok(token),
    }
}

/// The claims of a token whose signature fits. The algorithm is the key's; that of the token's
/// header must be the same.
fn verified(token: &str, header: &Header, key: &DecodingKey, algorithm: Algorithm) -> Result<Claims, Rejected> {
    // An extension that must be understood is not.
    if header.alg != algorithm || header.crit.is_some() {
        return Err(Rejected::WrongAlgorithm);
    }
    let mut validation = Validation::new(algorithm);
    // These are checked by `Claims::check`, against a clock that tests own.
    (validation.validate_exp, validation.validate_aud) = (false, false);
    validation.required_spec_claims.clear();
    let decoded = decode::<Claims>(token, key, &validation);
    decoded.map(|token| token.claims).map_err(|error| match error.kind() {
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidKeyFormat => Rejected::WrongAlgorithm,
        _ => Rejected::WrongSignature,
    })
}

fn own(claims: &Claims, audience: &str, now: Timestamp) -> Result<Caller, Rejected> {
    claims.check(audience, now, LEEWAY)?;
    let granted = serde_json::from_value::<OwnClaims>(Value::Object(claims.other.clone()));
    let grant = granted.map_err(|_| Rejected::WrongClaim("role"))?.grant()?;
    // A colon is what the subjects of providers have.
    let subject = Subject::new(&claims.sub).filter(|_| !claims.sub.contains(':'));
    Ok(Caller::verified(subject.ok_or(Rejected::WrongClaim("sub"))?, [grant]))
}

fn of_provider(claims: &Claims, issuer: &Issuer, now: Timestamp) -> Result<Caller, Rejected> {
    claims.check(&issuer.audience, now, LEEWAY)?;
    let mut all = claims.other.clone();
    all.insert("sub".to_owned(), Value::String(claims.sub.clone()));
    let name = all.get(&issuer.subject).and_then(Value::as_str).filter(|name| !name.trim().is_empty());
    let name = name.ok_or(Rejected::WrongClaim("that names the subject"))?;
    let subject = Subject::new(&format!("{}:{name}", issuer.name)).ok_or(Rejected::WrongClaim("sub"))?;
    Ok(Caller::verified(subject, issuer.rules.iter().filter_map(|rule| rule.grant(&all))))
}

#[cfg(test)]
mod tests;
