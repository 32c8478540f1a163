//! The pieces that a configuration is made of: what each model brings, and what each ordered port
//! brings.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::snippet::Snippet;
use super::{ModelSet, RenderError};
use crate::inventory::{Device, JinjaChanges};
use crate::model::Model;
use crate::tenancy::{PortDocument, PortEntry, PortName, Rendering, ports_of};

/// What a model, or the order of a port, brings to a configuration.
pub(super) struct Piece<'m> {
    pub(super) model: Cow<'m, Model>,
    pub(super) text: String,
}

impl ModelSet {
    /// The pieces of a device in the order of their lines: its models', and those of its ports.
    pub(super) fn pieces(
        &self,
        device: &Device,
        host: &Map<String, Value>,
        ports: &PortDocument,
    ) -> Result<Vec<Piece<'_>>, RenderError> {
        let render = |model: &Model| Snippet::new(self, model, device, host).render();
        let mut pieces = Vec::new();
        for model in self.models_of(device)? {
            pieces.push(Piece { text: render(model)?, model: Cow::Borrowed(model) });
        }
        if ports.ports.is_empty() {
            return Ok(pieces);
        }
        let of_models: BTreeSet<_> = pieces.iter().flat_map(|piece| ports_of(&piece.text)).collect();
        for (port, entry) in &ports.ports {
            match of_models.contains(port) {
                // Whoever gave a port back lays no claim to it.
                true if entry.idle => {}
                true => return Err(ordered_twice(device, port, entry)),
                false => pieces.push(self.port_piece(device, host, port, entry)?),
            }
        }
        // Among equals, models come first.
        pieces.sort_by_key(|piece| piece.model.order);
        Ok(pieces)
    }

    /// What the order of a port brings.
    pub(super) fn port_piece(
        &self,
        device: &Device,
        host: &Map<String, Value>,
        port: &PortName,
        entry: &PortEntry,
    ) -> Result<Piece<'_>, RenderError> {
        let tenants = self.tenants.as_ref();
        let rendering = tenants.map(|tenants| &tenants.rendering);
        let rendering = rendering.ok_or_else(|| RenderError::NoTenants { device: device.name.to_string() })?;
        let model = model_of(rendering, device, port, entry);
        let text = Snippet::new(self, &model, device, host).render()?;
        Ok(Piece { model: Cow::Owned(model), text })
    }
}

fn ordered_twice(device: &Device, port: &PortName, entry: &PortEntry) -> RenderError {
    RenderError::OrderedPort {
        device: device.name.to_string(),
        port: port.to_string(),
        tenant: entry.tenant.to_string(),
    }
}

/// The order of a port as a model of its own.
fn model_of(rendering: &Rendering, device: &Device, port: &PortName, entry: &PortEntry) -> Model {
    let origin = entry.origin(port);
    Model {
        path: origin.clone(),
        name: origin,
        devices: vec![device.name.clone()],
        groups: Vec::new(),
        order: rendering.order,
        template: rendering.template.clone(),
        data: entry.data(port),
        unfit: None,
        confirm: None,
        checks: Vec::new(),
        jinja: JinjaChanges::default(),
        allow: BTreeMap::new(),
    }
}
