//! Whether a request for ports is granted. A pure decision over the tenants, the device's document
//! and the request: the next document, or the reason why the whole request is refused.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::catalog::{Conflicts, Tenant, Tenants};
use super::document::{PortDocument, PortEntry};
use super::order::PortIntent;
use super::port_name::PortName;
use super::vlan::{Vlan, VlanSet};
use crate::name::{DeviceName, RunId, TenantName};

/// What a request is held against.
#[derive(Debug, Clone, Copy)]
pub struct Admission<'a> {
    /// The tenants, and what each may order.
    pub tenants: &'a Tenants,
    /// The device that the ports are on.
    pub device: &'a DeviceName,
    /// The document of the device as it stands.
    pub document: &'a PortDocument,
    /// The ports that the operator's models configure.
    pub operators: &'a BTreeSet<PortName>,
    /// The generation of each port that is on the switch.
    pub applied: &'a BTreeMap<PortName, u64>,
}

/// A request for ports of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortRequest {
    /// For whom it is.
    pub tenant: TenantName,
    /// The ports, at least one.
    pub ports: BTreeSet<PortName>,
    /// What each port is to be; none to give them back.
    pub intent: Option<PortIntent>,
    /// The generation that each port must have, if the request says.
    pub expected: Option<u64>,
    /// The subject of who asks.
    pub by: String,
    /// When it is asked.
    pub at: Timestamp,
    /// The run that is to bring it to the switch.
    pub request: RunId,
}

/// What a request comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admitted {
    /// Every port is what the request asks for already.
    Unchanged,
    /// The document that takes the place of the present one.
    Next(PortDocument),
}

/// Why a request is refused. Nothing of it was taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// There is no such tenant.
    #[error("there is no tenant {0}; an operator lists the tenants in tenants.yaml")]
    NoSuchTenant(TenantName),
    /// The tenant may not order the port, or there is no such port.
    #[error("tenant {tenant} has no port {port} on {device}; nothing was ordered")]
    NotInPatch {
        /// The tenant that asks.
        tenant: TenantName,
        /// The first of its ports that it may not order.
        port: PortName,
        /// The device that the port is on.
        device: DeviceName,
    },
    /// The operator's models configure the port.
    #[error(
        "port {port} of {device} is configured by the operator's models, so nobody can order it; nothing was ordered"
    )]
    Operators {
        /// The first port that is refused.
        port: PortName,
        /// The device that the port is on.
        device: DeviceName,
    },
    /// Another tenant has the port.
    #[error("port {port} of {device} belongs to {}; nothing was ordered", owner_named(.owner))]
    Owned {
        /// The first port that is refused.
        port: PortName,
        /// The device that the port is on.
        device: DeviceName,
        /// Who has it, if the policy lets it be said.
        owner: Option<TenantName>,
    },
    /// The tenant may not use a VLAN.
    #[error("tenant {tenant} has no VLAN {vlan}; expected one of {allowed}; nothing was ordered")]
    Vlan {
        /// The tenant that asks.
        tenant: TenantName,
        /// The first VLAN that it may not use.
        vlan: Vlan,
        /// Those that it may.
        allowed: VlanSet,
    },
    /// The tenant would have too many ports.
    #[error(
        "tenant {tenant} would have {wanted} ports on {device}, and its quota is {quota}; give one back first; nothing was ordered"
    )]
    NoPortsLeft {
        /// The tenant that asks.
        tenant: TenantName,
        /// The device that the port is on.
        device: DeviceName,
        /// How many ports it would have.
        wanted: usize,
        /// How many it may have.
        quota: usize,
    },
    /// Too many changes of the tenant are not on the switch yet.
    #[error(
        "{wanted} changes of tenant {tenant} would wait for {device}, and its quota is {quota}; wait until some are applied; nothing \
         was ordered"
    )]
    TooManyWaiting {
        /// The tenant that asks.
        tenant: TenantName,
        /// The device that the port is on.
        device: DeviceName,
        /// How many changes would wait.
        wanted: usize,
        /// How many may wait.
        quota: usize,
    },
    /// The port has another generation than the request expects.
    #[error(
        "port {port} of {device} was changed since: expected version {expected}, found {found}; read it again; nothing was ordered"
    )]
    Changed {
        /// The first port that is refused.
        port: PortName,
        /// The device that the port is on.
        device: DeviceName,
        /// The generation that the request expects.
        expected: u64,
        /// The generation that stands.
        found: u64,
    },
}

fn owner_named(owner: &Option<TenantName>) -> String {
    owner.as_ref().map_or_else(|| "another tenant".to_owned(), |owner| format!("tenant {owner}"))
}

/// Decides about a request. It is granted as a whole, or refused as a whole.
///
/// A tenant may give back what it has, whatever became of its patch. Nobody loses a port because a
/// quota was lowered: a quota is only held against what would be more than before.
///
/// # Errors
///
/// The first reason to refuse it.
pub fn admit(admission: &Admission<'_>, request: &PortRequest) -> Result<Admitted, NotAdmitted> {
    let tenant = admission.tenants.tenants.get(&request.tenant);
    for port in &request.ports {
        admission.may_have(tenant, request, port)?;
    }
    if let Some(intent) = &request.intent {
        vlans(tenant.ok_or_else(|| NotAdmitted::NoSuchTenant(request.tenant.clone()))?, &request.tenant, intent)?;
    }
    let Some(next) = admission.next(request) else { return Ok(Admitted::Unchanged) };
    if let Some(tenant) = tenant {
        admission.quotas(tenant, &request.tenant, &next)?;
    }
    Ok(Admitted::Next(next))
}

fn vlans(tenant: &Tenant, name: &TenantName, intent: &PortIntent) -> Result<(), NotAdmitted> {
    match intent.vlans().into_iter().find(|vlan| !tenant.vlans.contains(*vlan)) {
        None => Ok(()),
        Some(vlan) => Err(NotAdmitted::Vlan { tenant: name.clone(), vlan, allowed: tenant.vlans.clone() }),
    }
}

impl Admission<'_> {
    fn may_have(&self, tenant: Option<&Tenant>, request: &PortRequest, port: &PortName) -> Result<(), NotAdmitted> {
        let (device, port) = (self.device.clone(), port.clone());
        let entry = self.document.ports.get(&port);
        let gives_back_own = request.intent.is_none() && entry.is_some_and(|entry| entry.is_of(&request.tenant));
        if !gives_back_own {
            let tenant = tenant.ok_or_else(|| NotAdmitted::NoSuchTenant(request.tenant.clone()))?;
            if !tenant.patch.get(&device).is_some_and(|patch| patch.contains(&port)) {
                return Err(NotAdmitted::NotInPatch { tenant: request.tenant.clone(), port, device });
            }
            if self.operators.contains(&port) {
                return Err(NotAdmitted::Operators { port, device });
            }
        }
        if let Some(entry) = entry.filter(|entry| !entry.idle && entry.tenant != request.tenant) {
            let owner = (self.tenants.conflicts == Conflicts::Name).then(|| entry.tenant.clone());
            return Err(NotAdmitted::Owned { port, device, owner });
        }
        let found = self.document.generation_of(&port);
        match request.expected.filter(|expected| *expected != found) {
            Some(expected) => Err(NotAdmitted::Changed { port, device, expected, found }),
            None => Ok(()),
        }
    }

    /// The document after the request; none if that would be the same.
    fn next(&self, request: &PortRequest) -> Option<PortDocument> {
        let generation = self.document.generation + 1;
        let entry = PortEntry {
            tenant: request.tenant.clone(),
            idle: request.intent.is_none(),
            intent: request.intent.clone().unwrap_or_else(|| PortIntent::idle(self.tenants.idle_vlan)),
            by: request.by.clone(),
            at: request.at,
            request: request.request.clone(),
            generation,
        };
        let stands = |port: &PortName| self.document.ports.get(port).is_some_and(|before| is_same(before, &entry));
        let changed: Vec<_> = request.ports.iter().filter(|port| !stands(port)).cloned().collect();
        if changed.is_empty() {
            return None;
        }
        let mut next = self.document.clone();
        next.generation = generation;
        next.ports.extend(changed.into_iter().map(|port| (port, entry.clone())));
        Some(next)
    }

    fn quotas(&self, tenant: &Tenant, name: &TenantName, next: &PortDocument) -> Result<(), NotAdmitted> {
        let beyond = |quota: Option<usize>, before: usize, wanted: usize| {
            quota.filter(|quota| wanted > before && wanted > *quota).map(|quota| (wanted, quota))
        };
        let ports = |document: &PortDocument| document.ports_of(name).count();
        let (device, tenant_name) = (self.device.clone(), name.clone());
        if let Some((wanted, quota)) = beyond(tenant.quota.ports_per_device, ports(self.document), ports(next)) {
            return Err(NotAdmitted::NoPortsLeft { tenant: tenant_name, device, wanted, quota });
        }
        let waiting = |document: &PortDocument| self.waiting(document, name);
        if let Some((wanted, quota)) = beyond(tenant.quota.waiting_per_device, waiting(self.document), waiting(next)) {
            return Err(NotAdmitted::TooManyWaiting { tenant: tenant_name, device, wanted, quota });
        }
        Ok(())
    }

    /// How many ports of a document were changed by a tenant, and are not on the switch as they are.
    fn waiting(&self, document: &PortDocument, tenant: &TenantName) -> usize {
        let applied = |port: &PortName| self.applied.get(port).copied().unwrap_or_default();
        let waits =
            |(port, entry): &(&PortName, &PortEntry)| entry.tenant == *tenant && entry.generation > applied(port);
        document.ports.iter().filter(waits).count()
    }
}

/// True if two entries ask the same of a port. Whoever gave it back does not matter.
fn is_same(before: &PortEntry, after: &PortEntry) -> bool {
    let same_owner = before.idle || before.tenant == after.tenant;
    before.idle == after.idle && same_owner && before.intent == after.intent
}
