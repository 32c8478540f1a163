//! What a tenant sees of its ports: what it ordered beside what the switch runs, and what is in the
//! way.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};
use intent::name::{DeviceName, RunId, TenantName};
use intent::tenancy::{PortDocument, PortEntry, PortIntent, PortName};
use jiff::Timestamp;
use serde::Serialize;

use super::{OrderError, OrderSite, PortPath, Scheduler, SchedulerPorts, tenant_of};
use crate::access::Action;
use crate::caller::Caller;
use crate::ports::Runs;
use crate::records::applied_ports::{AppliedPort, AppliedPorts};
use crate::records::outcome::{Outcome, Status};

/// How many devices are read at a time.
const CONCURRENCY: usize = 16;

/// How many runs an order is followed through that were left to each other.
const MAX_FOLLOWED: usize = 4;

/// The ports of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PortsReport {
    /// The name of the tenant.
    pub tenant: TenantName,
    /// The ports, by device and number.
    pub ports: Vec<PortReport>,
}

/// A port as it was ordered, and as the switch has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PortReport {
    /// The name of the device.
    pub device: DeviceName,
    /// The name of the port.
    pub port: PortName,
    /// The version of the port, which `If-Match` compares; 0 if it was never ordered.
    pub version: u64,
    /// `applied`, `waiting` or `failed`; `free` if nobody has the port.
    pub status: OrderState,
    /// What was ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired: Option<PortIntent>,
    /// Who ordered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When it was ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The run that brings it to the switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// What was last brought to the switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<AppliedState>,
    /// Why the switch does not run what was ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_the_way: Option<String>,
}

/// How far an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Nobody has the port.
    Free,
    /// The switch runs what was ordered.
    Applied,
    /// A run is to bring it to the switch.
    Waiting,
    /// The run has ended, and the switch does not run what was ordered.
    Failed,
}

/// A port as it was last brought to the switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppliedState {
    /// What the port was made.
    #[serde(flatten)]
    pub intent: PortIntent,
    /// The version of its order.
    pub version: u64,
    /// The run that brought it.
    pub run: RunId,
    /// When that run ended.
    pub at: Timestamp,
}

impl<P: SchedulerPorts> Scheduler<P> {
    /// A port of a tenant's patch.
    ///
    /// # Errors
    ///
    /// There is no such tenant or port; or a store fails.
    pub async fn port(&self, caller: &Caller, path: PortPath<'_>) -> Result<PortsReport, OrderError> {
        let asked = self.asked(caller, Action::ReadDevice, path, None)?;
        let site = OrderSite::read::<P>(self.ports()).await?;
        let (document, _) = self.document(&asked.device).await?;
        let has = |port: &PortName| {
            let in_patch = site.tenants().is_ok_and(|tenants| {
                tenants.patch(&asked.tenant, &asked.device).is_some_and(|patch| patch.contains(port))
            });
            in_patch || document.ports.get(port).is_some_and(|entry| entry.is_of(&asked.tenant))
        };
        if let Some(port) = asked.ports.iter().find(|port| !has(port)) {
            let (tenant, port, device) = (asked.tenant.clone(), port.clone(), asked.device.clone());
            return Err(intent::tenancy::NotAdmitted::NotInPatch { tenant, port, device }.into());
        }
        let applied = self.applied(&asked.device).await?;
        let foreign = |port: &PortName| document.ports.get(port).is_some_and(|entry| !entry.is_of(&asked.tenant));
        let (foreign, own): (BTreeSet<_>, BTreeSet<_>) = asked.ports.iter().cloned().partition(foreign);
        let mut ports = self.reports(&asked.device, &document, &applied, &own).await?;
        // Of what others have, a tenant learns nothing here.
        ports.extend(foreign.into_iter().map(|port| PortReport::free(&asked.device, port, &document)));
        Ok(PortsReport { tenant: asked.tenant, ports })
    }

    /// Every port that a tenant has, on this device or on all of its patch.
    ///
    /// # Errors
    ///
    /// There is no such tenant; or a store fails.
    pub async fn ports_of(
        &self,
        caller: &Caller,
        tenant: &str,
        device: Option<&str>,
    ) -> Result<PortsReport, OrderError> {
        let tenant = tenant_of(caller, Action::ReadDevice, tenant)?;
        let site = OrderSite::read::<P>(self.ports()).await?;
        let known = site.tenants()?.tenants.get(&tenant).ok_or_else(|| OrderError::unknown_tenant(tenant.as_ref()))?;
        let devices: Vec<_> =
            known.patch.keys().filter(|name| device.is_none_or(|device| name.as_ref() == device)).cloned().collect();
        if let Some(device) = device.filter(|_| devices.is_empty()) {
            return Err(OrderError::unknown_device(device));
        }
        let of_device = |device: DeviceName| {
            let tenant = &tenant;
            async move {
                let (document, _) = self.document(&device).await?;
                let applied = self.applied(&device).await?;
                let own = document.ports_of(tenant).map(|(port, _)| port.clone()).collect();
                self.reports(&device, &document, &applied, &own).await
            }
        };
        let ports: Vec<Vec<_>> = stream::iter(devices).map(of_device).buffered(CONCURRENCY).try_collect().await?;
        Ok(PortsReport { tenant, ports: ports.into_iter().flatten().collect() })
    }

    pub(super) async fn reports(
        &self,
        device: &DeviceName,
        document: &PortDocument,
        applied: &AppliedPorts,
        ports: &BTreeSet<PortName>,
    ) -> Result<Vec<PortReport>, OrderError> {
        let mut reports = Vec::new();
        for port in ports {
            reports.push(match document.ports.get(port) {
                Some(entry) => self.report_of(device, port, entry, applied.ports.get(port)).await?,
                None => PortReport::free(device, port.clone(), document),
            });
        }
        Ok(reports)
    }

    async fn report_of(
        &self,
        device: &DeviceName,
        port: &PortName,
        entry: &PortEntry,
        applied: Option<&AppliedPort>,
    ) -> Result<PortReport, OrderError> {
        let is_applied = applied.is_some_and(|applied| applied.generation >= entry.generation);
        let (status, in_the_way) = match is_applied {
            true => (OrderState::Applied, None),
            false => self.in_the_way(&entry.request, device).await?,
        };
        let applied = applied.filter(|applied| applied.tenant == entry.tenant);
        Ok(PortReport {
            device: device.clone(),
            port: port.clone(),
            version: entry.generation,
            status: if entry.idle && is_applied { OrderState::Free } else { status },
            desired: Some(entry.intent.clone()),
            by: Some(entry.by.clone()),
            at: Some(entry.at),
            run: Some(entry.request.clone()),
            applied: applied.map(|AppliedPort { intent, generation, run, at, .. }| AppliedState {
                intent: intent.clone(),
                version: *generation,
                run: run.clone(),
                at: *at,
            }),
            in_the_way,
        })
    }

    /// Why an order is not on its switch yet, in words that tell a tenant nothing of others.
    async fn in_the_way(&self, order: &RunId, device: &DeviceName) -> Result<(OrderState, Option<String>), OrderError> {
        let state = &self.ports().state;
        let mut run = order.clone();
        for _ in 0..MAX_FOLLOWED {
            let Some(outcome) = state.outcome(&run, device).await.map_err(OrderError::State)? else {
                let attempt = state.attempt(&run, device).await.map_err(OrderError::State)?;
                let tried =
                    attempt.map(|attempt| format!("it was tried {} times; it is tried again", attempt.attempts));
                return Ok((OrderState::Waiting, tried));
            };
            match outcome.superseded_by.clone() {
                Some(by) => run = by,
                None => return Ok((OrderState::Failed, Some(words_of(&outcome)))),
            }
        }
        Ok((OrderState::Waiting, None))
    }
}

/// How the run of an order ended, without the lines that an operator reads.
fn words_of(outcome: &Outcome) -> String {
    let words = match outcome.status {
        Status::Unreachable => "the switch did not answer",
        Status::Denied => "the switch refused the credentials of naas",
        Status::Reverted => "the switch went back to what it ran before",
        Status::Invalid => "what operators wrote for the switch cannot be used",
        Status::Cancelled => "the run was cancelled",
        Status::NotSaved => "the switch runs it, but could not save it",
        Status::EditedMeanwhile => "somebody changed the switch by hand meanwhile",
        Status::Unknown => "the switch did not say whether it runs it",
        _ => "the switch was not changed",
    };
    format!("{words} ({}); an operator sees the reason in run {}", outcome.status.word(), outcome.run)
}

impl PortReport {
    /// A port that the asking tenant does not have.
    fn free(device: &DeviceName, port: PortName, document: &PortDocument) -> Self {
        Self {
            device: device.clone(),
            version: document.generation_of(&port),
            port,
            status: OrderState::Free,
            desired: None,
            by: None,
            at: None,
            run: None,
            applied: None,
            in_the_way: None,
        }
    }
}
