//! Orders of ports: taken, given back, and shown beside what the switch runs.
//!
//! An order is a document written by compare and set, and a run that brings it to the switch. The
//! run can be made again from the document, so whoever finds an order without its run starts it.

mod error;
mod report;
mod site;

use std::collections::BTreeSet;

use intent::name::{DeviceName, RunId, TenantName};
use intent::tenancy::{
    self, Admission, Admitted, NotAdmitted, PortDocument, PortEntry, PortIntent, PortName, PortRequest,
};
use jiff::SignedDuration;
use tracing::{info, warn};

pub use error::OrderError;
pub use report::{AppliedState, OrderState, PortReport, PortsReport};

use super::{Scheduler, SchedulerPorts};
use crate::access::{Action, Grant};
use crate::caller::Caller;
use crate::ports::{Clock, PortDocuments, PortsOrdered, Runs, StoreError, StoreFault, StoredPorts, Version};
use crate::records::applied_ports::AppliedPorts;
use crate::records::order::OrderedPorts;
use site::OrderSite;

/// How often an order is tried when others order ports of the same device first.
const ATTEMPTS: u32 = 8;

/// How old a run without an outcome must be, until the same order again queues it again. Before that,
/// whoever recorded it is still alive to queue it.
const OWED_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// What a call concerns, as its path names it.
#[derive(Debug, Clone, Copy)]
pub struct PortPath<'a> {
    /// The name of the tenant.
    pub tenant: &'a str,
    /// The name of the device.
    pub device: &'a str,
    /// The name of the port; of several ports none.
    pub port: Option<&'a str>,
}

/// What became of a request for ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    /// The ports that were asked for, as they stand now.
    pub ports: PortsReport,
    /// True if anything was changed.
    pub changed: bool,
}

/// A request whose names are checked.
struct Asked {
    tenant: TenantName,
    device: DeviceName,
    ports: BTreeSet<PortName>,
    intent: Option<PortIntent>,
    expected: Option<u64>,
}

impl<P: SchedulerPorts> Scheduler<P> {
    /// Orders one port. `if_match` is the header of that name: the version that the port must have.
    ///
    /// # Errors
    ///
    /// Why nothing was ordered.
    pub async fn order_port(
        &self,
        caller: &Caller,
        path: PortPath<'_>,
        if_match: Option<&str>,
        body: &[u8],
    ) -> Result<Ordered, OrderError> {
        let intent = tenancy::single(body)?;
        let asked = Asked { intent: Some(intent), ..self.asked(caller, Action::Apply, path, if_match)? };
        self.order(caller, asked).await
    }

    /// Orders several ports of a device as one: all of them, or none.
    ///
    /// # Errors
    ///
    /// Why nothing was ordered.
    pub async fn order_ports(&self, caller: &Caller, path: PortPath<'_>, body: &[u8]) -> Result<Ordered, OrderError> {
        let tenancy::BatchOrder { ports, intent } = tenancy::batch(body)?;
        let asked = Asked { intent: Some(intent), ports, ..self.asked(caller, Action::Apply, path, None)? };
        self.order(caller, asked).await
    }

    /// Gives a port back: it goes to the idle VLAN.
    ///
    /// # Errors
    ///
    /// Why it was not given back.
    pub async fn clear_port(
        &self,
        caller: &Caller,
        path: PortPath<'_>,
        if_match: Option<&str>,
    ) -> Result<Ordered, OrderError> {
        let asked = self.asked(caller, Action::Apply, path, if_match)?;
        self.order(caller, asked).await
    }

    /// The names of a path, checked. A name that cannot be is not there.
    fn asked(
        &self,
        caller: &Caller,
        action: Action,
        path: PortPath<'_>,
        if_match: Option<&str>,
    ) -> Result<Asked, OrderError> {
        let tenant = tenant_of(caller, action, path.tenant)?;
        let device = DeviceName::new(path.device).map_err(|_| OrderError::unknown_device(path.device))?;
        let port = path.port.map(PortName::parse).transpose()?;
        let expected = if_match.map(version_of).transpose()?.flatten();
        Ok(Asked { tenant, device, ports: port.into_iter().collect(), intent: None, expected })
    }

    async fn order(&self, caller: &Caller, asked: Asked) -> Result<Ordered, OrderError> {
        let site = OrderSite::read::<P>(self.ports()).await?;
        let request = PortRequest {
            tenant: asked.tenant,
            ports: asked.ports,
            intent: asked.intent,
            expected: asked.expected,
            by: caller.subject().to_owned(),
            at: self.ports().clock.now(),
            request: self.new_run(),
        };
        let (stands, changed) = self.admitted(&site, &asked.device, &request).await?;
        if changed {
            info!(%caller, tenant = %request.tenant, device = %asked.device, ports = request.ports.len(), run = %request.request,
                clear = request.intent.is_none(), "ports ordered");
        } else {
            self.start_what_is_owed(&site, &asked.device, &stands, &request.ports).await?;
        }
        let applied = self.applied(&asked.device).await?;
        let ports = self.reports(&asked.device, &stands, &applied, &request.ports).await?;
        Ok(Ordered { ports: PortsReport { tenant: request.tenant, ports }, changed })
    }

    /// Decides about a request until its document is written, or it is refused. Returns the document
    /// that stands then, and whether it was changed.
    async fn admitted(
        &self,
        site: &OrderSite,
        device: &DeviceName,
        request: &PortRequest,
    ) -> Result<(PortDocument, bool), OrderError> {
        let operators = site.operators_ports(device)?;
        let mut fault = None;
        for _ in 0..ATTEMPTS {
            let (document, version) = self.document(device).await?;
            if is_written(&document, request) {
                // The write was done, and its answer lost.
                self.start_order(site, device, &document, &request.request).await?;
                return Ok((document, true));
            }
            let applied = self.applied(device).await?.generations();
            let admission = Admission {
                tenants: site.tenants()?,
                device,
                document: &document,
                operators: &operators,
                applied: &applied,
            };
            let next = match tenancy::admit(&admission, request)? {
                Admitted::Unchanged => return Ok((document, false)),
                Admitted::Next(next) => next,
            };
            match self.write(site, device, &next, version.as_ref(), request).await {
                Ok(PortsOrdered::Refused) => {}
                Ok(PortsOrdered::WithItsRun) => return Ok((next, true)),
                Ok(PortsOrdered::WithoutItsRun) => {
                    self.start_order(site, device, &next, &request.request).await?;
                    return Ok((next, true));
                }
                Err(error) if error.fault == StoreFault::Unavailable => fault = Some(error),
                Err(error) => return Err(OrderError::State(error)),
            }
        }
        Err(fault.map_or_else(|| OrderError::Contended(device.clone()), OrderError::State))
    }

    async fn write(
        &self,
        site: &OrderSite,
        device: &DeviceName,
        next: &PortDocument,
        version: Option<&Version>,
        request: &PortRequest,
    ) -> Result<PortsOrdered, StoreError> {
        let run = site.run_of(device, next, &request.request).expect("the request has just changed a port of it");
        self.ports().state.order_ports(device, next, version, &run).await
    }

    /// Starts the run of an order. An order whose run cannot be started stands, and its run is started
    /// by whoever finds it without one.
    async fn start_order(
        &self,
        site: &OrderSite,
        device: &DeviceName,
        document: &PortDocument,
        order: &RunId,
    ) -> Result<(), OrderError> {
        let Some(run) = site.run_of(device, document, order) else { return Ok(()) };
        match self.start(run).await {
            Ok(_) => Ok(()),
            // Others have ordered some of its ports since; then the run is the one of the whole order.
            Err(super::ScheduleError::NameTaken(_)) => Ok(()),
            Err(error) => {
                warn!(%device, run = %order, %error, "an order stands whose run could not be started");
                Err(OrderError::NotStarted { run: order.clone(), source: Box::new(error) })
            }
        }
    }

    /// Starts the runs of these ports that nobody has started: whoever took the order died first.
    async fn start_what_is_owed(
        &self,
        site: &OrderSite,
        device: &DeviceName,
        document: &PortDocument,
        ports: &BTreeSet<PortName>,
    ) -> Result<(), OrderError> {
        let applied = self.applied(device).await?;
        let waiting = applied.waiting(document).filter(|port| ports.contains(*port));
        let orders: BTreeSet<_> = waiting.map(|port| &document.ports[port].request).collect();
        for order in orders {
            if self.is_owed(device, order).await.map_err(OrderError::State)? {
                self.start_order(site, device, document, order).await?;
            }
        }
        Ok(())
    }

    /// True if nobody has recorded the run of an order, or perhaps nobody has queued it since. A run
    /// that is queued twice is worked on once.
    async fn is_owed(&self, device: &DeviceName, order: &RunId) -> Result<bool, StoreError> {
        let state = &self.ports().state;
        let Some(run) = state.load(order).await? else { return Ok(true) };
        let is_old = self.ports().clock.now().duration_since(run.accepted_at) > OWED_AFTER;
        Ok(is_old && state.outcome(order, device).await?.is_none())
    }

    async fn document(&self, device: &DeviceName) -> Result<(PortDocument, Option<Version>), OrderError> {
        let stored = self.ports().state.port_document(device).await.map_err(OrderError::State)?;
        Ok(stored.map_or_else(Default::default, |StoredPorts { document, version }| (document, Some(version))))
    }

    async fn applied(&self, device: &DeviceName) -> Result<AppliedPorts, OrderError> {
        self.ports().state.applied_ports(device).await.map_err(OrderError::State)
    }
}

/// The tenant of a path, if the caller is this tenant or may do `action` everywhere. To anybody else
/// there is no such tenant.
fn tenant_of(caller: &Caller, action: Action, tenant: &str) -> Result<TenantName, OrderError> {
    let unknown = || OrderError::unknown_tenant(tenant);
    let name = TenantName::new(tenant).map_err(|_| unknown())?;
    let may = |grant: &Grant| match grant {
        Grant::Tenant(own) => *own == name,
        grant => grant.is_unlimited() && grant.allows(action),
    };
    let may = caller.grants().iter().any(may);
    if may { Ok(name) } else { Err(unknown()) }
}

/// The version that a header `If-Match` asks for; none for any.
fn version_of(header: &str) -> Result<Option<u64>, OrderError> {
    let bare = header.trim();
    if bare == "*" {
        return Ok(None);
    }
    let number = bare.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).and_then(|number| number.parse().ok());
    number.map(Some).ok_or_else(|| OrderError::bad_if_match(header))
}

/// True if the document has the request already.
fn is_written(document: &PortDocument, request: &PortRequest) -> bool {
    document.ports.values().any(|entry| entry.request == request.request)
}

/// The ports of an order as far as they stand in the document, and who ordered them.
fn ports_of_order<'d>(document: &'d PortDocument, order: &'d RunId) -> Option<(OrderedPorts, &'d PortEntry)> {
    let ports: Vec<_> = document.ports.iter().filter(|(_, entry)| entry.request == *order).collect();
    let (_, first) = ports.first()?;
    let ports = ports.iter().map(|(port, _)| (*port).clone()).collect();
    Some((OrderedPorts { tenant: first.tenant.clone(), ports }, first))
}

impl From<NotAdmitted> for OrderError {
    fn from(error: NotAdmitted) -> Self {
        Self::NotAdmitted(Box::new(error))
    }
}

#[cfg(test)]
mod tests;
