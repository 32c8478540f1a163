//! The verbs of the command, one file each, and what they share: how they end, and which devices
//! they mean.

pub(crate) mod accept;
pub(crate) mod apply;
pub(crate) mod blame;
pub(crate) mod cancel;
pub(crate) mod check;
pub(crate) mod completions;
#[cfg(feature = "demo")]
pub(crate) mod demo;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod inventory;
pub(crate) mod man;
pub(crate) mod plan;
pub(crate) mod port;
#[cfg(feature = "aws")]
pub(crate) mod publish;
pub(crate) mod redrive;
pub(crate) mod render;
pub(crate) mod rollback;
pub(crate) mod runs;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod token;
pub(crate) mod unpin;
pub(crate) mod validate;

use clap::Args;
use serde_json::{Map, Value, json};

/// How a verb ended. The exit statuses are those of `terraform plan -detailed-exitcode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// No device differs from its models, or all were brought to them: 0.
    InSync,
    /// Something failed, and that was printed: 1.
    Failed,
    /// A device differs from its models, and was left so: 2.
    Changes,
}

impl Ended {
    /// The exit status of the process.
    pub(crate) fn status(self) -> u8 {
        match self {
            Self::InSync => 0,
            Self::Failed => 1,
            Self::Changes => 2,
        }
    }
}

/// The devices that a verb is about.
#[derive(Debug, Clone, Args)]
pub(crate) struct Devices {
    /// Only these devices: names, patterns such as 'leaf*', 'leaf&fra' or '!leaf03', or several with commas between
    #[arg(value_name = "DEVICE")]
    names: Vec<String>,
    /// Only devices of this group; can be repeated
    #[arg(long = "group", short = 'g', value_name = "GROUP")]
    groups: Vec<String>,
}

impl Devices {
    /// True if neither a device nor a group is named.
    pub(crate) fn none(&self) -> bool {
        self.names.is_empty() && self.groups.is_empty()
    }

    /// The body of a request in `mode` about these devices, or about every device if none is named.
    pub(crate) fn request(&self, mode: &str) -> Value {
        let mut body = Map::new();
        body.insert("mode".to_owned(), mode.into());
        if self.none() {
            body.insert("devices".to_owned(), json!(["all"]));
        }
        for (field, names) in [("devices", &self.names), ("groups", &self.groups)] {
            if !names.is_empty() {
                body.insert(field.to_owned(), json!(names));
            }
        }
        body.into()
    }
}
