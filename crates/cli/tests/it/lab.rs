//! A site folder whose switches are simulated in this process, and the `naas` command on it as a
//! user types it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use eos_sim::{DeviceHandle, Fleet, Handle};
use serde_json::{Value, json};
use tempfile::TempDir;

const TEMPLATE: &str = "\
hostname {{ host.name }}
username naas secret sha512 x
alias FOO {{ model.foo }}
management api http-commands
   protocol http
   no shutdown
";

/// The site and its switches.
pub(crate) struct Lab {
    fleet: Handle,
    folder: TempDir,
}

/// What a command left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    /// The exit status of the command.
    pub(crate) status: i32,
    /// What the command printed to its standard output.
    pub(crate) out: String,
    /// All else it said.
    pub(crate) err: String,
}

impl Lab {
    /// Switches leaf1, leaf2, … up to `count`, all of which lack an alias.
    pub(crate) async fn of(count: usize) -> Self {
        let names = (1..=count).map(|number| format!("{{name: leaf{number}, username: naas, password: pw}}"));
        let fleet = Fleet::parse(&format!("devices: [{}]", names.collect::<Vec<_>>().join(", "))).unwrap();
        let fleet = eos_sim::start(fleet, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let lab = Self { fleet, folder: tempfile::tempdir().unwrap() };
        lab.write("inventory.json", &lab.inventory().to_string());
        lab.write("models/m.yaml", "{name: m, group: global, template: t.tera, data: {foo: BAR}}");
        lab.write("models/t.tera", TEMPLATE);
        lab
    }

    fn inventory(&self) -> Value {
        let host = |device: DeviceHandle| {
            let (name, port) = (device.spec().name.clone(), device.address().port());
            (name, json!({"hostname": "127.0.0.1", "port": port, "groups": ["leaf"]}))
        };
        let hosts: serde_json::Map<_, _> = self.fleet.devices().map(host).collect();
        let options = json!({"eapi": {"extras": {"transport": "http"}}});
        let defaults = json!({"username": "naas", "password": "pw", "connection_options": options});
        json!({"hosts": hosts, "groups": {"leaf": {}}, "defaults": defaults})
    }

    /// Writes a file of the site.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn device(&self, name: &str) -> DeviceHandle {
        self.fleet.device(name).unwrap()
    }

    /// Runs `naas` in the site folder, without a terminal.
    pub(crate) fn naas(&self, arguments: &[&str]) -> Ran {
        naas(self.path(), arguments)
    }

    /// As [`naas`](Self::naas), and its result is one document.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.naas(&[arguments, &["--output", "json"]].concat());
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }
}

/// Runs `naas` in `folder`, without a terminal.
pub(crate) fn naas(folder: &Path, arguments: &[&str]) -> Ran {
    let output = command(folder, arguments).stdin(Stdio::null()).output().unwrap();
    Ran {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// `naas` with nothing of this process's environment that it listens to.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).current_dir(folder).env("USER", "ana");
    for name in ["RUST_LOG", "NO_COLOR", "NAAS_API", "NAAS_SITE"] {
        command.env_remove(name);
    }
    command
}

pub(crate) fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_naas").into()
}

/// Snapshots in which runs, ports and times are the same every time.
pub(crate) fn snapshot(check: impl FnOnce()) {
    let filters = [
        (r"\d{8}-\d{6}-[0-9a-f]{6,16}", "RUN"),
        (r"\bana@\S+", "ana@HOST"),
        (r"\b[0-9a-f]{12}\b", "CONFIGURATION"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}Z", "TIME"),
        (r"/[^ ]*/\.tmp[^ /\n]*", "SITE"),
        // How a dropped connection ends is up to the moment.
        (r"client error \((SendRequest|Canceled)\): [^;\n]*", "client error (SendRequest): CLOSED"),
    ];
    insta::with_settings!({filters => filters, prepend_module_to_snapshot => false}, { check() });
}
