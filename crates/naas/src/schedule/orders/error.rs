//! Why ports are not ordered or shown.

use intent::inventory::InventoryError;
use intent::name::{DeviceName, RunId, excerpt};
use intent::tenancy::{InvalidOrder, InvalidPort, NotAdmitted};

use super::super::ScheduleError;
use crate::ports::StoreError;

/// Why ports are not ordered or shown.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The body is not an order.
    #[error(transparent)]
    Order(#[from] InvalidOrder),
    /// The path names no port.
    #[error(transparent)]
    Port(#[from] InvalidPort),
    /// The header `If-Match` is not the version of a port.
    #[error("If-Match: expected the ETag of the port, such as \"3\", found {0:?}")]
    IfMatch(String),
    /// There is no such tenant, or the caller may not act for it.
    #[error("there is no tenant {0}; an operator lists the tenants in tenants.yaml")]
    NoSuchTenant(String),
    /// The site has no tenants.
    #[error("there is no tenants.yaml among the models, so nobody can order ports here")]
    NoTenants,
    /// The inventory does not have the device, or the tenant has nothing on it.
    #[error("the inventory does not have device {0}; nothing was ordered")]
    UnknownDevice(String),
    /// The request is refused.
    #[error(transparent)]
    NotAdmitted(Box<NotAdmitted>),
    /// Others order ports of the device at the same moment.
    #[error("others keep ordering ports of {0} at the same moment; nothing was ordered; send it again")]
    Contended(DeviceName),
    /// The order stands, and its run could not be started.
    #[error("the order stands, but its run {run} could not be started; send it again to start it")]
    NotStarted {
        /// The run of the order.
        run: RunId,
        /// Why it could not be started.
        #[source]
        source: Box<ScheduleError>,
    },
    /// Models or tenants cannot be read.
    #[error("an operator must correct the models first: {0}; nothing was ordered")]
    Models(String),
    /// The inventory is stored but cannot be read.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The inventory could not be fetched.
    #[error("the inventory could not be fetched")]
    InventoryStore(#[source] StoreError),
    /// The models could not be fetched.
    #[error("the models could not be fetched")]
    ModelsStore(#[source] StoreError),
    /// The record could not be read or written.
    #[error("the record could not be read or written")]
    State(#[source] StoreError),
}

impl OrderError {
    pub(super) fn unknown_tenant(name: &str) -> Self {
        Self::NoSuchTenant(excerpt(name))
    }

    pub(super) fn unknown_device(name: &str) -> Self {
        Self::UnknownDevice(excerpt(name))
    }

    pub(super) fn bad_if_match(header: &str) -> Self {
        Self::IfMatch(excerpt(header))
    }
}
