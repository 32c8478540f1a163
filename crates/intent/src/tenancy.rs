//! Ports that tenants order: who may have which, what was ordered, and what a switch gets of it.
//!
//! `tenants.yaml` among the models says which ports and VLANs each tenant has. What was ordered of
//! one device stands in one document, [`PortDocument`]. [`admit`] decides about a request: the next
//! document, or the reason why the request is refused as a whole. [`outside`] holds the diff of a
//! switch against the ports that were to change.
//!
//! ```text
//! tenants.yaml ─┐
//! the document ─┼─▶ admit ─▶ the next document ─▶ render ─▶ a switch's diff ─▶ outside
//! the request  ─┘
//! ```

mod admission;
mod catalog;
mod document;
mod order;
mod port_name;
mod range;
mod scope;
mod vlan;

pub use admission::{Admission, Admitted, NotAdmitted, PortRequest, admit};
pub use catalog::{Conflicts, PATH, Quota, Rendering, Tenant, Tenants};
pub use document::{NotPorts, PortDocument, PortEntry};
pub use order::{BatchOrder, Description, InvalidOrder, PortIntent, PortMode, SpanningTree, batch, single};
pub use port_name::{InvalidPort, PortName};
pub use range::{InvalidRange, MAX_PORTS, ports};
pub use scope::{OutsideLine, PortScope, Unreadable, outside, patched, ports_of};
pub use vlan::{BadVlan, Vlan, VlanSet};

#[cfg(test)]
mod tests;
