//! Whom naas trusts to say who somebody is: one document, in a site folder or in a secret.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::keys::PublicKey;
use crate::rules::Rule;

/// The `iss` of tokens that naas mints.
pub(crate) const OWN_ISSUER: &str = "naas";

/// The document. It holds no secret, but who can write it decides who may do what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// The `aud` of tokens that naas mints for this installation.
    #[serde(default = "own_audience")]
    pub audience: String,
    /// The public keys of tokens that naas mints.
    #[serde(default)]
    pub keys: Vec<PublicKey>,
    /// OpenID Connect providers.
    #[serde(default)]
    pub issuers: Vec<Issuer>,
}

/// An OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// What its subjects begin with in records and logs, such as `github`.
    pub name: String,
    /// The `iss` of its tokens: an HTTPS address, exactly as the provider writes it.
    pub issuer: String,
    /// The `aud` of tokens that are meant for this installation.
    pub audience: String,
    /// Where its keys are; by default its discovery document says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// The claim that names the subject in records and logs.
    #[serde(default = "subject_claim")]
    pub subject: String,
    /// What its tokens grant. A token that fits no rule grants nothing.
    pub rules: Vec<Rule>,
}

/// Why a text does not say whom to trust.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("who is trusted cannot be read: {0}")]
pub struct InvalidAccess(String);

impl Default for Access {
    /// Nobody is trusted.
    fn default() -> Self {
        Self { audience: own_audience(), keys: Vec::new(), issuers: Vec::new() }
    }
}

impl Access {
    /// Reads the document. An empty text trusts nobody.
    ///
    /// # Errors
    ///
    /// A text of another form, or one that contradicts itself.
    pub fn parse(text: &str) -> Result<Self, InvalidAccess> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let access: Self = serde_json::from_str(text).map_err(|error| InvalidAccess(error.to_string()))?;
        match access.contradiction() {
            None => Ok(access),
            Some(words) => Err(InvalidAccess(words)),
        }
    }

    /// The document as text.
    pub fn to_document(&self) -> String {
        serde_json::to_string_pretty(self).expect("addresses and rules always serialise")
    }

    /// The key of this name, if it is valid at `now`.
    pub(crate) fn key(&self, kid: &str, now: Timestamp) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.kid == kid && key.until > now)
    }

    fn contradiction(&self) -> Option<String> {
        let mut names = BTreeSet::new();
        self.issuers.iter().find_map(|issuer| {
            if !names.insert(&issuer.name) {
                return Some(format!("two issuers have the name {:?}", issuer.name));
            }
            issuer.contradiction().map(|words| format!("issuer {:?}: {words}", issuer.name))
        })
    }
}

impl Issuer {
    fn contradiction(&self) -> Option<&'static str> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let addresses = [Some(&self.issuer), self.jwks_uri.as_ref()];
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Some("expected a name of letters, digits, dots and dashes");
        }
        if !addresses.into_iter().flatten().all(|address| is_protected(address)) {
            return Some("expected addresses that begin with https://");
        }
        if self.audience.is_empty() {
            return Some("expected an audience; without one, a token for anybody would do here");
        }
        self.rules.iter().find_map(Rule::contradiction)
    }
}

/// True for HTTPS, and for this machine.
fn is_protected(address: &str) -> bool {
    let local = |host: &str| address.strip_prefix(host).is_some_and(|rest| rest.starts_with([':', '/']));
    address.starts_with("https://") || local("http://127.0.0.1") || local("http://localhost")
}

fn own_audience() -> String {
    "naas".to_owned()
}

fn subject_claim() -> String {
    "sub".to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with_issuer(change: &str) -> Result<Access, InvalidAccess> {
        let issuer = r#"{"name":"company","issuer":"https://login.example.net","audience":"naas",
            "rules":[{"when":{"groups":"netops"},"role":"operator","groups":["leaf"]}]}"#;
        let (before, after) = change.split_once(" -> ").unwrap_or(("", ""));
        Access::parse(&format!(r#"{{"issuers":[{}]}}"#, issuer.replacen(before, after, 1)))
    }

    #[test]
    fn nothing_trusts_nobody() {
        assert_eq!(Access::parse(" \n").unwrap(), Access::default());
        assert_eq!(Access::parse("{}").unwrap(), Access::default());
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        assert!(with_issuer("").is_ok());
        for (change, said) in [
            ("company -> a:b", "a name of letters"),
            ("https://login -> http://login", "https://"),
            ("\"audience\":\"naas\" -> \"audience\":\"\"", "an audience"),
            ("{\"groups\":\"netops\"} -> {}", "at least one claim"),
            ("operator -> admin", "not limited to groups"),
            ("operator -> device", "no rule can make"),
            ("operator -> owner", "unknown variant"),
        ] {
            let error = with_issuer(change).unwrap_err().to_string();
            assert!(error.contains(said), "{change}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_says_whom_to_trust_or_is_an_error(text in "(?s).{0,200}") {
            let _ = Access::parse(&text);
        }
    }
}
