//! What the claims of a provider's token grant.

use std::collections::BTreeMap;

use intent::name::GroupName;
use naas::access::Grant;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::claims::scope;
use crate::mint::Role;

/// A rule: a token with all of these claims has this role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Claims and the text that each must be, or must have in its list. There are no patterns.
    pub when: BTreeMap<String, String>,
    /// The role: viewer, operator or admin.
    pub role: Role,
    /// The groups that the role is limited to; none stands for every device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<GroupName>>,
}

impl Rule {
    /// What the rule grants to a token with these claims.
    pub(crate) fn grant(&self, claims: &Map<String, Value>) -> Option<Grant> {
        let fits = |(claim, wanted): (&String, &String)| claims.get(claim).is_some_and(|found| has(found, wanted));
        (!self.when.is_empty() && self.when.iter().all(fits)).then_some(())?;
        match self.role {
            Role::Viewer => Some(Grant::Viewer(scope(self.groups.clone()))),
            Role::Operator => Some(Grant::Operator(scope(self.groups.clone()))),
            Role::Admin => Some(Grant::Admin),
            Role::Device | Role::Tenant => None,
        }
    }

    /// Why the rule cannot stand, if it cannot.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        match self.role {
            _ if self.when.is_empty() => Some("a rule needs at least one claim; else everybody there has the role"),
            Role::Device | Role::Tenant => Some("no rule can make a device or a tenant; mint a token for it"),
            Role::Admin if self.groups.is_some() => Some("an admin is not limited to groups; take the role operator"),
            _ => None,
        }
    }
}

/// Whether a claim is this text, or has it in its list.
fn has(claim: &Value, wanted: &str) -> bool {
    match claim {
        Value::String(text) => text == wanted,
        Value::Array(list) => list.iter().any(|entry| entry == wanted),
        _ => false,
    }
}
