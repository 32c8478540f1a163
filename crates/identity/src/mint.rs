//! Minting tokens.

use std::fmt;
use std::str::FromStr;

use intent::name::{DeviceName, GroupName, TenantName};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, Header, encode};
use naas::caller::Subject;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::OWN_ISSUER;
use crate::claims::{Audience, Claims, OwnClaims};
use crate::keys::{KeyRing, WrongKey};

/// The longest life of a token. A token that lives longer is one that nobody rotates.
const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(24 * 366);

/// A role, as tokens and rules spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Works on devices.
    Operator,
    /// Does everything.
    Admin,
    /// Is a switch.
    Device,
    /// Is a tenant.
    Tenant,
}

/// What a token is to stand for.
#[derive(Debug, Clone)]
pub struct Pass {
    claims: OwnClaims,
    subject: String,
}

/// How long a token is valid: from a minute to a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life(SignedDuration);

/// A new token, and when it ends.
#[derive(Debug)]
pub struct Minted {
    /// The signed token, as it stands behind `Bearer`.
    pub token: SecretString,
    /// The token is not valid from this moment on.
    pub until: Timestamp,
}

/// Why nothing can stand for this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongPass {
    /// The subject has characters that a table or another issuer's names would not bear.
    #[error("the subject {0:?} is expected to be visible text without a colon")]
    Subject(String),
    /// The fields do not go with the role.
    #[error("{0}")]
    Contradiction(&'static str),
}

impl Pass {
    /// A person or a pipeline with a role; without groups, for every device.
    ///
    /// # Errors
    ///
    /// A subject that is none, a role that is for switches or tenants, or groups for an admin.
    pub fn person(subject: &str, role: Role, groups: Option<Vec<GroupName>>) -> Result<Self, WrongPass> {
        let visible = Subject::new(subject).filter(|found| found.to_string() == subject && !subject.contains(':'));
        if visible.is_none() {
            return Err(WrongPass::Subject(intent::name::excerpt(subject)));
        }
        match role {
            Role::Device | Role::Tenant => return Err(WrongPass::Contradiction("a person is no device and no tenant")),
            Role::Admin if groups.is_some() => {
                return Err(WrongPass::Contradiction("an admin is not limited to groups; take the role operator"));
            }
            _ => (),
        }
        Ok(Self { subject: subject.to_owned(), claims: OwnClaims { role, groups, device: None, tenant: None } })
    }

    /// A pass with which this switch may ask for itself.
    pub fn device(device: DeviceName) -> Self {
        let subject = format!("device/{device}");
        Self { subject, claims: OwnClaims { role: Role::Device, groups: None, device: Some(device), tenant: None } }
    }

    /// A pass with which this tenant may order its ports.
    pub fn tenant(tenant: TenantName) -> Self {
        let subject = format!("tenant/{tenant}");
        Self { subject, claims: OwnClaims { role: Role::Tenant, groups: None, device: None, tenant: Some(tenant) } }
    }

    /// Mints a token, signed with the newest key. It ends with its key at the latest.
    ///
    /// # Errors
    ///
    /// The ring has no valid key.
    pub fn mint(&self, ring: &KeyRing, audience: &str, now: Timestamp, life: Life) -> Result<Minted, WrongKey> {
        let (public, key) = ring.signing(now)?;
        let until = now.checked_add(life.0).unwrap_or(Timestamp::MAX).min(public.until);
        let other = match serde_json::to_value(&self.claims) {
            Ok(Value::Object(other)) => other,
            _ => Map::new(),
        };
        let claims = Claims {
            iss: OWN_ISSUER.to_owned(),
            sub: self.subject.clone(),
            aud: Audience::One(audience.to_owned()),
            exp: until.as_second(),
            nbf: Some(now.as_second()),
            other,
        };
        let header = Header { kid: Some(public.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        let token = encode(&header, &claims, &key).map_err(|_| WrongKey("it does not sign"))?;
        Ok(Minted { token: token.into(), until })
    }
}

impl Life {
    /// A life of this many days.
    ///
    /// # Errors
    ///
    /// No day, or more than a year.
    pub fn days(days: u16) -> Result<Self, WrongPass> {
        let life = SignedDuration::from_hours(24 * i64::from(days));
        if days > 0 && life <= LONGEST_LIFE {
            Ok(Self(life))
        } else {
            Err(WrongPass::Contradiction("a token lives from 1 to 366 days"))
        }
    }
}

impl FromStr for Role {
    type Err = WrongPass;

    fn from_str(text: &str) -> Result<Self, WrongPass> {
        let roles = [Self::Viewer, Self::Operator, Self::Admin, Self::Device, Self::Tenant];
        let role = roles.into_iter().find(|role| role.to_string() == text);
        role.ok_or(WrongPass::Contradiction("expected a role: viewer, operator, admin, device or tenant"))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Device => "device",
            Self::Tenant => "tenant",
        })
    }
}
