//! What a device is to run: what its models render to, or the configuration of its history that a
//! restore names or that the device is pinned to.

use std::collections::BTreeSet;

use intent::candidate;
use intent::check::Check;
use intent::confirm::ConfirmWithin;
use intent::hash::{ContentHash, sha256};
use intent::inventory::Device;
use intent::lockout::{self, Rule};
use intent::render::{Part, RenderedConfig};
use intent::tenancy::{PortDocument, PortName};

use super::inputs::{ParsedModels, Site};
use super::stop::Stop;
use crate::history;
use crate::ports::History;
use crate::records::order::Load;

/// What a device is to run.
pub(super) struct TargetConfig {
    /// The whole configuration as text, with its secrets.
    pub(super) configuration: String,
    /// The hash of the text.
    pub(super) hash: ContentHash,
    /// The commit timer that a model asks for, if one does.
    pub(super) confirm: Option<ConfirmWithin>,
    /// What must hold of the switch before it is confirmed.
    pub(super) checks: Vec<Check>,
    pub(super) source: ConfigSource,
    /// How it is loaded.
    pub(super) load: Load,
    /// The rules of [`intent::lockout`] that it may break.
    allowed: BTreeSet<Rule>,
}

/// Where a configuration comes from.
pub(super) enum ConfigSource {
    /// These models rendered it, and each part of it tells which model brought how many lines.
    Models(ParsedModels, Vec<Part>),
    /// The orders of these ports rendered it, and each part of it is a port's.
    Ports(ParsedModels, Vec<Part>),
    /// A merge made it of what the switch ran.
    Merge(ParsedModels, Vec<Part>),
    /// It is in the device's history.
    History,
}

impl TargetConfig {
    /// What the models of the site and the ordered ports render to for `device`; or what an operator
    /// must correct.
    pub(super) fn of_models(device: &Device, site: &Site, ports: &PortDocument) -> Result<Self, String> {
        let models = site.models.as_ref().map_err(Clone::clone)?;
        let RenderedConfig { configuration, confirm, checks, allowed, parts } =
            models.set.render_with_ports(device, ports).map_err(|error| error.to_string())?;
        let hash = ContentHash::of(&configuration);
        let source = ConfigSource::Models(models.clone(), parts);
        Ok(Self { configuration, hash, confirm, checks, source, load: Load::Replace, allowed })
    }

    /// What these ordered ports of `device` render to, to be merged; or what an operator must correct.
    pub(super) fn of_ports(
        device: &Device,
        site: &Site,
        ports: &PortDocument,
        wanted: &BTreeSet<PortName>,
    ) -> Result<Self, String> {
        let models = site.models.as_ref().map_err(Clone::clone)?;
        let RenderedConfig { configuration, confirm, checks, allowed, parts } =
            models.set.render_ports(device, ports, wanted).map_err(|error| error.to_string())?;
        let hash = ContentHash::of(&configuration);
        let source = ConfigSource::Ports(models.clone(), parts);
        Ok(Self { configuration, hash, confirm, checks, source, load: Load::Merge, allowed })
    }

    /// The configuration of the device's history under this hash.
    ///
    /// Checks, commit timer and allowed rules are those of the models as they are now, since they
    /// are about the network as it is now. A configuration of the history must not wait for models
    /// that are broken: then there are none.
    pub(super) async fn of_history(
        history: &impl History,
        device: &Device,
        site: &Site,
        hash: &ContentHash,
    ) -> Result<Self, Stop> {
        let Some(configuration) = history::text(history, &device.name, hash).await? else {
            let reason = format!("configuration {hash} is not kept of it any more; restore another one, or unpin it");
            return Err(Stop::Invalid(reason));
        };
        let (confirm, checks, allowed) = Self::of_models(device, site, &PortDocument::default())
            .map_or_else(|_| Default::default(), |rendered| (rendered.confirm, rendered.checks, rendered.allowed));
        let (hash, source) = (hash.clone(), ConfigSource::History);
        Ok(Self { configuration, hash, confirm, checks, source, load: Load::Replace, allowed })
    }

    /// The same push, loaded in this way.
    pub(super) fn loaded_by(self, load: Load) -> Self {
        Self { load, ..self }
    }

    /// The same push with another text.
    pub(super) fn with_text(&self, configuration: String, hash: ContentHash, source: ConfigSource, load: Load) -> Self {
        let Self { confirm, checks, allowed, .. } = self;
        let (confirm, checks, allowed) = (*confirm, checks.clone(), allowed.clone());
        Self { configuration, hash, confirm, checks, source, load, allowed }
    }

    /// Checks that it holds configuration only, and does not lock naas out of `device`. The error
    /// says how it would. What models render to was checked by the rendering; a stored
    /// configuration may be older than that check.
    pub(super) fn is_safe_for(&self, device: &Device) -> Result<(), String> {
        if let ConfigSource::History = self.source {
            let cannot =
                |error| format!("configuration {} ran before, but cannot be sent again: {error}", self.hash.brief());
            candidate::check(&self.configuration).map_err(cannot)?;
        }
        if let ConfigSource::Ports(..) = self.source {
            // What the switch has besides its ports stays as it is.
            return Ok(());
        }
        lockout::look(&self.configuration, device, &self.allowed).map_err(|lockout| match self.source {
            ConfigSource::Models(..) | ConfigSource::Ports(..) | ConfigSource::Merge(..) => lockout.to_string(),
            ConfigSource::History => format!("configuration {} ran before, but now {lockout}", self.hash.brief()),
        })
    }

    /// The hash of what guards a push of it: its checks, this commit timer, and the lock-out rules
    /// that it may break.
    pub(super) fn safety(&self, confirm: ConfirmWithin) -> String {
        sha256(format!("{:?} {confirm:?} {:?}", self.checks, self.allowed))
    }

    /// The template and model that line `number`, counted from 1, comes from, as words to be
    /// appended to an error.
    pub(super) fn comes_from(&self, number: usize, device: &Device, ports: &PortDocument) -> Option<String> {
        match &self.source {
            ConfigSource::Models(models, _) => {
                let origins = models.set.origins_with_ports(device, ports).ok()?;
                let origin = origins.get(number.checked_sub(1)?)?;
                Some(format!("; line {number} comes from {origin}"))
            }
            ConfigSource::Ports(models, parts) => {
                let mut end = 0;
                let part = parts.iter().find(|part| {
                    end += part.lines;
                    number <= end
                })?;
                let template = models.set.template_of(&part.model)?;
                Some(format!("; line {number} comes from template {template} ({})", part.model))
            }
            ConfigSource::Merge(..) | ConfigSource::History => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use intent::model::ModelFiles;
    use intent::render::ModelSet;

    use super::*;
    use intent::inventory::Document;
    use intent::inventory::Inventory;
    use intent::name::DeviceName;

    #[test]
    fn a_refused_line_is_traced_to_its_template_and_model() {
        let model = b"{name: m, group: global, template: t.j2, data: {vlans: [10, 20]}}".to_vec();
        let template = b"hostname {{ host }}\n{% for vlan in model.vlans %}\nvlan {{ vlan }}\n{% endfor %}\n".to_vec();
        let files = Arc::new(ModelFiles([("m.yaml".to_owned(), model), ("t.j2".to_owned(), template)].into()));
        let models = Arc::new(ModelSet::read(&files).unwrap());
        let inventory = Inventory::parse(&[Document::new("i.yaml", b"hosts: {leaf1: {}}".to_vec())]).unwrap();
        let leaf1 = inventory.device(&DeviceName::new("leaf1").unwrap()).unwrap();

        let site = Site { inventory: Arc::new(inventory), models: Ok(ParsedModels { files, set: models }) };
        let config = TargetConfig::of_models(&leaf1, &site, &PortDocument::default()).unwrap();

        let none = PortDocument::default();
        let expected = "; line 3 comes from template t.j2, line 3 (model m.yaml)";
        assert_eq!(config.comes_from(3, &leaf1, &none).as_deref(), Some(expected));
        assert_eq!(config.comes_from(99, &leaf1, &none), None);
        assert_eq!(config.comes_from(0, &leaf1, &none), None);
    }

    #[test]
    fn a_stored_configuration_that_acts_is_refused() {
        let configuration = "hostname leaf1\nreload now\n".to_owned();
        let inventory = Inventory::parse(&[Document::new("i.yaml", b"hosts: {leaf1: {}}".to_vec())]).unwrap();
        let leaf1 = inventory.device(&DeviceName::new("leaf1").unwrap()).unwrap();
        let config = TargetConfig {
            hash: ContentHash::of(&configuration),
            configuration,
            confirm: None,
            checks: Vec::new(),
            source: ConfigSource::History,
            load: Load::Replace,
            allowed: BTreeSet::new(),
        };

        let error = config.is_safe_for(&leaf1).unwrap_err();

        assert!(error.contains("cannot be sent again: line 2 of the configuration, `reload now`"), "{error}");
    }
}
