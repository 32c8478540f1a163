//! A merge, held against what it may change: the run of an order changes the ports of its order and
//! nothing else. What the switch will run is known before it is committed, and goes into the history.

use intent::hash::ContentHash;
use intent::redact;
use intent::render::Part;
use intent::tenancy::{self, OutsideLine, PortName, PortScope};

use super::enforcer_ports::{EnforcerPorts, SwitchOf};
use super::push_job::{PushJob, SwitchFailure};
use super::target_config::{ConfigSource, TargetConfig};
use crate::ports::{Switch, SwitchFault};
use crate::records::order::Load;

/// How many lines outside of an order are listed at most.
const LISTED: usize = 20;

impl<P: EnforcerPorts> PushJob<'_, P> {
    /// What the switch will run once a staged merge is committed; an error if that is more than may
    /// change.
    pub(super) async fn judge_merge(
        &self,
        switch: &mut SwitchOf<P>,
        diff: &str,
    ) -> Result<TargetConfig, SwitchFailure> {
        let running = switch.running_config().await?;
        let after = tenancy::patched(&running, diff).map_err(|error| {
            let words =
                format!("somebody changed the switch while the order was staged, or its diff cannot be read: {error}");
            SwitchFailure::refused(SwitchFault::Busy, words)
        })?;
        if let Some(scope) = self.prepared.ports.scope() {
            let lines = tenancy::outside(&running, &after, &scope);
            if !lines.is_empty() {
                return Err(out_of_scope(&scope, &lines));
            }
        }
        Ok(self.merged(after))
    }

    /// The whole configuration that a merge comes to.
    fn merged(&self, configuration: String) -> TargetConfig {
        let config = &self.prepared.config;
        let source = match &config.source {
            ConfigSource::Ports(models, _) => {
                let parts = self.parts(&configuration);
                ConfigSource::Merge(models.clone(), parts)
            }
            ConfigSource::Models(models, _) | ConfigSource::Merge(models, _) => {
                ConfigSource::Merge(models.clone(), Vec::new())
            }
            ConfigSource::History => ConfigSource::History,
        };
        let hash = ContentHash::of(&configuration);
        config.with_text(configuration, hash, source, Load::Merge)
    }

    /// Which order brought which lines of a configuration; the others are nobody's here.
    fn parts(&self, configuration: &str) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        let mut model = String::new();
        for line in configuration.lines() {
            if !line.starts_with(' ') {
                model = self.order_of(line).unwrap_or_default();
            }
            match parts.last_mut() {
                Some(part) if part.model == model => part.lines += 1,
                _ => parts.push(Part { model: model.clone(), lines: 1 }),
            }
        }
        parts
    }

    /// The order that brought the section which this line begins.
    fn order_of(&self, line: &str) -> Option<String> {
        let port = PortName::parse(line.strip_prefix("interface ")?).ok()?;
        let ports = &self.prepared.ports;
        let brought = ports.brought.as_ref().filter(|brought| brought.contains(&port))?;
        let port = brought.get(&port)?;
        Some(ports.document.ports.get(port)?.origin(port))
    }
}

fn out_of_scope(scope: &PortScope, lines: &[OutsideLine]) -> SwitchFailure {
    let ports: Vec<_> = scope.ports.iter().map(ToString::to_string).collect();
    let shown = |line: &OutsideLine| format!("{} in `{}`: {}", line.sign, line.section, line.text);
    let listed: Vec<_> = lines.iter().take(LISTED).map(shown).collect();
    let more = match lines.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let words = format!(
        "the order of {} would also change {} of the switch: {}{more}; correct the template of ports in tenants.yaml; its running-config \
         is unchanged",
        ports.join(", "),
        if lines.len() == 1 { "another line" } else { "other lines" },
        redact::secrets(&listed.join("\n")).replace('\n', "; "),
    );
    SwitchFailure::refused(SwitchFault::OutOfScope, words)
}
