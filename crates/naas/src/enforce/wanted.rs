//! What a device is to run: what its models render to; or the kept configuration that a restore names, or that the device is held
//! at since one.

use std::collections::BTreeSet;
use std::sync::Arc;

use intent::candidate;
use intent::check::Check;
use intent::confirm::ConfirmWithin;
use intent::hash::ContentHash;
use intent::inventory::Device;
use intent::lockout::{self, Rule};
use intent::model::ModelFiles;
use intent::render::{ModelSet, Part, RenderedConfig};

use super::{Enforcer, Outside, Site};
use crate::history;
use crate::ports::StoreError;

/// What a device is to run.
pub(super) struct Wanted {
    pub(super) configuration: String,
    pub(super) hash: ContentHash,
    /// For how long it is to run on trial, if a model says.
    pub(super) confirm: Option<ConfirmWithin>,
    pub(super) checks: Vec<Check>,
    pub(super) origin: Origin,
    /// The rules of [`intent::lockout`] that it may break.
    allowed: BTreeSet<Rule>,
}

/// Where a configuration comes from.
pub(super) enum Origin {
    /// From models: these, of which each brought so many lines.
    Models(Arc<ModelFiles>, Arc<ModelSet>, Vec<Part>),
    /// From the device's history.
    History,
}

impl<P: Outside> Enforcer<P> {
    /// What `device` is to run: the `kept` configuration if there is one. The inner error is for an operator to correct.
    ///
    /// Checks, confirm and allowed rules are those of the models as they are now, since they are about the network as it is now. A kept
    /// configuration must not wait for models that are broken: then there are none.
    pub(super) async fn wanted(
        &self,
        device: &Device,
        site: &Site,
        kept: Option<&ContentHash>,
    ) -> Result<Result<Wanted, String>, StoreError> {
        let rendered = rendered(device, site);
        let Some(hash) = kept else { return Ok(rendered) };
        let Some(configuration) = history::text(&self.ports.ports().state, &device.name, hash).await? else {
            return Ok(Err(format!(
                "configuration {hash} is not kept of it any more; restore another one, or release it"
            )));
        };
        let (confirm, checks, allowed) =
            rendered.map_or_else(|_| Default::default(), |wanted| (wanted.confirm, wanted.checks, wanted.allowed));
        Ok(Ok(Wanted { configuration, hash: hash.clone(), confirm, checks, origin: Origin::History, allowed }))
    }
}

fn rendered(device: &Device, site: &Site) -> Result<Wanted, String> {
    let (files, models) = site.models.as_ref().map_err(Clone::clone)?;
    let RenderedConfig { configuration, confirm, checks, allowed, parts } =
        models.render(device).map_err(|error| error.to_string())?;
    let hash = ContentHash::of(&configuration);
    let origin = Origin::Models(Arc::clone(files), Arc::clone(models), parts);
    Ok(Wanted { configuration, hash, confirm, checks, origin, allowed })
}

impl Wanted {
    /// That it holds configuration only and does not lock naas out of `device`; or why it would. What models render to was looked at
    /// then; a kept configuration may be older than that look.
    pub(super) fn is_safe_for(&self, device: &Device) -> Result<(), String> {
        if let Origin::History = self.origin {
            let cannot =
                |error| format!("configuration {} ran before, but cannot be sent again: {error}", self.hash.brief());
            candidate::check(&self.configuration).map_err(cannot)?;
        }
        lockout::look(&self.configuration, device, &self.allowed).map_err(|lockout| match self.origin {
            Origin::Models(..) => lockout.to_string(),
            Origin::History => format!("configuration {} ran before, but now {lockout}", self.hash.brief()),
        })
    }

    /// Where its line `number`, from 1, comes from, to be put behind what a switch said of it.
    pub(super) fn comes_from(&self, number: usize, device: &Device) -> Option<String> {
        let Origin::Models(_, models, _) = &self.origin else { return None };
        let origins = models.origins(device).ok()?;
        let origin = origins.get(number.checked_sub(1)?)?;
        Some(format!("; line {number} comes from {origin}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use intent::inventory::Document;
    use intent::inventory::Inventory;
    use intent::name::DeviceName;

    #[test]
    fn a_kept_configuration_that_acts_is_refused() {
        let configuration = "hostname leaf1\nreload now\n".to_owned();
        let inventory = Inventory::parse(&[Document::new("i.yaml", b"hosts: {leaf1: {}}".to_vec())]).unwrap();
        let leaf1 = inventory.device(&DeviceName::new("leaf1").unwrap()).unwrap();
        let wanted = Wanted {
            hash: ContentHash::of(&configuration),
            configuration,
            confirm: None,
            checks: Vec::new(),
            origin: Origin::History,
            allowed: BTreeSet::new(),
        };

        let error = wanted.is_safe_for(&leaf1).unwrap_err();

        assert!(error.contains("cannot be sent again: line 2 of the configuration, `reload now`"), "{error}");
    }

    #[test]
    fn a_refused_line_is_traced_to_its_template_and_model() {
        let model = b"{name: m, group: global, template: t.j2, data: {vlans: [10, 20]}}".to_vec();
        let template = b"hostname {{ host }}\n{% for vlan in model.vlans %}\nvlan {{ vlan }}\n{% endfor %}\n".to_vec();
        let files = Arc::new(ModelFiles([("m.yaml".to_owned(), model), ("t.j2".to_owned(), template)].into()));
        let models = Arc::new(ModelSet::read(&files).unwrap());
        let inventory = Inventory::parse(&[Document::new("i.yaml", b"hosts: {leaf1: {}}".to_vec())]).unwrap();
        let leaf1 = inventory.device(&DeviceName::new("leaf1").unwrap()).unwrap();

        let wanted = rendered(&leaf1, &Site { inventory, models: Ok((files, models)) }).unwrap();

        let expected = "; line 3 comes from template t.j2, line 3 (model m.yaml)";
        assert_eq!(wanted.comes_from(3, &leaf1).as_deref(), Some(expected));
        assert_eq!(wanted.comes_from(99, &leaf1), None);
        assert_eq!(wanted.comes_from(0, &leaf1), None);
    }
}
