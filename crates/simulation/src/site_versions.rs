//! What operators want: models, a template and an inventory, each change of which is a new version
//! that can be read off a switch.

use std::sync::Arc;

use intent::model::ModelFiles;

/// How often models and inventory were changed. Newer is greater in both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) models: u32,
    pub(crate) inventory: u32,
}

impl Version {
    /// Whether nothing in it is older than in `other`.
    pub(crate) fn is_no_older_than(self, other: Self) -> bool {
        self.models >= other.models && self.inventory >= other.inventory
    }

    /// The version that a running-config was rendered from.
    pub(crate) fn of(running: &str) -> Option<Self> {
        let number = |word: &str| running.lines().find_map(|line| line.strip_prefix(word))?.parse().ok();
        Some(Self { models: number(MODELS)?, inventory: number(INVENTORY)? })
    }

    /// What a switch shows that runs this version, out of what it shows that runs the first.
    pub(crate) fn shown(self, first: &str) -> String {
        let first = first.replace(&format!("{MODELS}0\n"), &format!("{MODELS}{}\n", self.models));
        first.replace(&format!("{INVENTORY}0\n"), &format!("{INVENTORY}{}\n", self.inventory))
    }
}

const MODELS: &str = "alias MODELS version ";
const INVENTORY: &str = "alias INVENTORY version ";

const TEMPLATE: &str = "\
hostname {{ host.name }}
username naas privilege 15 role network-admin secret sha512 $6$salt$hash
alias MODELS version {{ model.version }}
alias INVENTORY version {{ host.version }}
management api http-commands
   protocol http
   no shutdown
event-handler naas
   trigger on-startup-config
   action bash curl --silent naas.example.net/configure
   delay 1
   asynchronous
";

/// What becomes of a version of the models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelVariant {
    /// Its configuration can be pushed, and switches run it.
    Good,
    /// It names what does not exist, and cannot be rendered.
    Broken,
    /// It would take eAPI away, and naas does not send it.
    Lockout,
    /// One of its checks never holds, and each push of it is undone.
    Unchecked,
}

/// The model files and the template of a variant.
pub(crate) fn models(version: u32, variant: ModelVariant) -> Arc<ModelFiles> {
    let checks = match variant {
        ModelVariant::Unchecked => "[{command: show version, pattern: never to be found, tries: 2}]",
        _ if version % 2 == 1 => "[{command: show version, pattern: Software}]",
        _ => "[]",
    };
    let model = format!("{{name: m, group: global, template: t.tera, checks: {checks}, data: {{version: {version}}}}}");
    let template = match variant {
        ModelVariant::Good | ModelVariant::Unchecked => TEMPLATE.to_owned(),
        ModelVariant::Broken => TEMPLATE.replace("model.version", "model.vresion"),
        ModelVariant::Lockout => TEMPLATE.replace("   no shutdown\n", ""),
    };
    let files = [("m.yaml", model), ("t.tera", template)];
    Arc::new(ModelFiles(files.into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes())).collect()))
}

/// The inventory's only document.
pub(crate) fn inventory(devices: &[String], version: u32) -> Vec<u8> {
    let hosts: Vec<_> = devices.iter().zip(1..).map(|(name, n)| format!("{name}: {{hostname: 127.0.0.{n}}}")).collect();
    let eapi = "{eapi: {extras: {transport: http, allow_local: true}}}";
    format!(
        "{{hosts: {{{}}}, defaults: {{username: naas, password: pw, connection_options: {eapi}, data: {{version: {version}}}}}}}",
        hosts.join(", ")
    )
    .into_bytes()
}

/// What `device` starts with: the first version.
pub(crate) fn startup(device: &str) -> String {
    let text = TEMPLATE.replace("{{ host.name }}", device);
    text.replace("{{ model.version }}", "0").replace("{{ host.version }}", "0")
}
