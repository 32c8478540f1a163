//! Being told to end, by somebody at the keyboard or by whatever started the process.

use tokio::signal::unix::{SignalKind, signal};

/// The exit status of a process that ends at once, as shells say it: 128 and the number of SIGINT.
pub(crate) const INTERRUPTED: i32 = 130;

/// How the process was told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGINT: somebody pressed Ctrl-C, and can press it again.
    Interrupt,
    /// SIGTERM: a service manager or a pipeline, which sends SIGKILL some seconds later.
    Terminate,
}

/// Returns when the process is told to end. From the first call on, these signals do not end it by
/// themselves any more.
pub(crate) async fn told_to_end() -> Signal {
    let mut terminate = signal(SignalKind::terminate()).expect("a process may listen to its own signals");
    tokio::select! {
        _ = terminate.recv() => Signal::Terminate,
        _ = tokio::signal::ctrl_c() => Signal::Interrupt,
    }
}
