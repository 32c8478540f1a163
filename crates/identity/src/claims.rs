//! The claims of a token, as far as naas reads them.

use intent::name::{DeviceName, GroupName, TenantName};
use jiff::{SignedDuration, Timestamp};
use naas::access::{Grant, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::mint::Role;
use crate::reject::Rejected;

/// A token's claims.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The name of the issuer that signed the token.
    pub(crate) iss: String,
    /// Whom the token stands for.
    pub(crate) sub: String,
    /// Whom the token is for.
    pub(crate) aud: Audience,
    /// The token is valid before this moment, in seconds since 1970.
    pub(crate) exp: i64,
    /// The token is valid from this moment on, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<i64>,
    /// The other claims. An issuer's rules, or naas's own claims, are read from them.
    #[serde(flatten)]
    pub(crate) other: Map<String, Value>,
}

/// One audience, or several.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    /// One audience.
    One(String),
    /// Several audiences.
    Several(Vec<String>),
}

/// What naas's own tokens grant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OwnClaims {
    /// The role that the token grants.
    pub(crate) role: Role,
    /// The groups that the role is limited to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) groups: Option<Vec<GroupName>>,
    /// The switch that the token is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<DeviceName>,
    /// The tenant that the token is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<TenantName>,
}

impl Claims {
    /// Holds the times and the audience against what is expected. `leeway` is for clocks that
    /// differ.
    pub(crate) fn check(&self, audience: &str, now: Timestamp, leeway: SignedDuration) -> Result<(), Rejected> {
        let (now, leeway) = (now.as_second(), leeway.as_secs());
        if now >= self.exp.saturating_add(leeway) {
            return Err(Rejected::Expired);
        }
        if self.nbf.is_some_and(|from| now < from.saturating_sub(leeway)) {
            return Err(Rejected::TooEarly);
        }
        if self.aud.has(audience) { Ok(()) } else { Err(Rejected::WrongAudience) }
    }
}

impl Audience {
    fn has(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

impl OwnClaims {
    /// The grant that the claims stand for. A device's token without a device, say, grants nothing.
    pub(crate) fn grant(self) -> Result<Grant, Rejected> {
        match self.role {
            Role::Viewer => Ok(Grant::Viewer(scope(self.groups))),
            Role::Operator => Ok(Grant::Operator(scope(self.groups))),
            Role::Admin if self.groups.is_some() => Err(Rejected::WrongClaim("groups")),
            Role::Admin => Ok(Grant::Admin),
            Role::Device => self.device.map(Grant::Device).ok_or(Rejected::WrongClaim("device")),
            Role::Tenant => self.tenant.map(Grant::Tenant).ok_or(Rejected::WrongClaim("tenant")),
        }
    }
}

/// No list stands for every device; an empty one for none.
pub(crate) fn scope(groups: Option<Vec<GroupName>>) -> Scope {
    groups.map_or(Scope::Every, |groups| Scope::Groups(groups.into_iter().collect()))
}
