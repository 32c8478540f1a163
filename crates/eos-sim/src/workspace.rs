//! What an event-handler's script finds on its device: the files of flash, and `FastCli`.
//!
//! `/mnt/flash` in a script stands for a folder of its own, with the files of the device's flash
//! and its startup-config; what the script writes there is on flash afterwards. `FastCli -p 15 -c
//! 'COMMANDS'` runs commands on the device.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::device::Device;

/// Runs lines of commands on a device as a privileged user, and returns what they print.
pub(crate) type Runner = fn(&Arc<Device>, &str) -> String;

/// How much of what `FastCli` is given is read, in bytes.
const LIMIT: u64 = 64 * 1024;

const STARTUP_CONFIG: &str = "startup-config";

/// The folder of one run of a script. It is gone with this.
pub(crate) struct Workspace {
    folder: PathBuf,
    fast_cli: JoinHandle<()>,
}

impl Workspace {
    /// Makes the folder and serves `FastCli`.
    ///
    /// # Errors
    ///
    /// A folder or a port that cannot be had.
    pub(crate) async fn new(device: &Arc<Device>, run: Runner) -> std::io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("eos-sim-{}-{:016x}", std::process::id(), fastrand::u64(..)));
        std::fs::create_dir_all(folder.join("flash"))?;
        std::fs::create_dir_all(folder.join("bin"))?;
        let files: Vec<(String, String)> = {
            let state = device.state();
            let names: Vec<String> = state.flash.list().map(|(name, _)| name.to_owned()).collect();
            names.into_iter().filter_map(|name| Some((name.clone(), state.flash.read(&name)?.to_string()))).collect()
        };
        for (name, text) in files.into_iter().chain([(STARTUP_CONFIG.to_owned(), device.shown_startup())]) {
            if let Some(path) = inside(&folder.join("flash"), &name) {
                std::fs::write(path, text)?;
            }
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let token = format!("{:032x}", fastrand::u128(..));
        write_program(&folder.join("bin/FastCli"), &fast_cli(listener.local_addr()?.port(), &token))?;
        let fast_cli = tokio::spawn(serve(listener, device.clone(), run, token));
        Ok(Self { folder, fast_cli })
    }

    /// The script with the folder in place of `/mnt/flash`.
    pub(crate) fn script(&self, script: &str) -> String {
        script.replace("/mnt/flash", &self.folder.join("flash").display().to_string())
    }

    /// Where programs are looked for: `FastCli` first, then what this machine has.
    pub(crate) fn path(&self) -> std::ffi::OsString {
        let mut path = self.folder.join("bin").into_os_string();
        if let Some(own) = std::env::var_os("PATH") {
            path.push(":");
            path.push(own);
        }
        path
    }

    /// Takes what the script wrote to the device's flash.
    pub(crate) fn keep(&self, device: &Device) {
        let Ok(entries) = std::fs::read_dir(self.folder.join("flash")) else { return };
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Ok(text) = std::fs::read_to_string(entry.path())
                && name != STARTUP_CONFIG
            {
                // A full disk keeps what it has.
                let _ = device.state().write(&name, text);
            }
        }
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        self.fast_cli.abort();
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, folder = %self.folder.display(), "a script's folder could not be removed");
        }
    }
}

/// A path in a folder; none for a name that leads out of it.
fn inside(folder: &Path, name: &str) -> Option<PathBuf> {
    (!name.contains('/') && !name.is_empty() && name != "..").then(|| folder.join(name))
}

fn write_program(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

/// The program: it hands what follows `-c`, or its standard input, to the device, and prints the
/// answer.
fn fast_cli(port: u16, token: &str) -> String {
    format!(
        "#!/bin/bash\ncommands=\nwhile [ $# -gt 0 ]; do\n  case \"$1\" in\n    -c) commands=\"$2\"; shift 2 ;;\n    -p) shift 2 ;;\n    \
         *) shift ;;\n  esac\ndone\n[ -n \"$commands\" ] || commands=\"$(cat)\"\nexec 3<>/dev/tcp/127.0.0.1/{port}\nprintf \
         '%s\\n%s\\0' '{token}' \"$commands\" >&3\ncat <&3\n"
    )
}

async fn serve(listener: TcpListener, device: Arc<Device>, run: Runner, token: String) {
    while let Ok((mut stream, _)) = listener.accept().await {
        if let Some(commands) = asked(&mut stream, &token).await {
            let _ = stream.write_all(run(&device, &commands).as_bytes()).await;
        }
    }
}

/// What a `FastCli` asks for; none from anybody else.
async fn asked(stream: &mut TcpStream, token: &str) -> Option<String> {
    let mut text = Vec::new();
    let mut limited = stream.take(LIMIT);
    while !text.contains(&0) {
        let read = limited.read_buf(&mut text).await.ok()?;
        if read == 0 {
            return None;
        }
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let (given, commands) = text.trim_end_matches('\0').split_once('\n')?;
    (given == token).then(|| commands.to_owned())
}
