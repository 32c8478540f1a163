#![doc = include_str!("../README.md")]

mod body;
mod builder;
mod candidate;
mod client;
mod command_error;
mod commit;
mod confirm;
mod connection;
mod error;
mod error_kind;
mod exec;
#[cfg(fuzzing)]
pub mod fuzzing;
mod login;
mod redact;
mod reply;
mod session;
mod session_name;
mod session_owner;
mod sessions;
mod settings;
mod stage;
mod status;
mod text_error;
mod tls;
mod transport;
pub mod wire;

pub use builder::ClientBuilder;
pub use candidate::Candidate;
pub use client::Client;
pub use command_error::{CommandError, FailedAt};
pub use commit::{BadCommitTimer, CommitError, CommitTimer, Saved};
pub use confirm::{Clock, Confirmation, TimerGone, TokioClock};
pub use error::{ConnectFault, Error, TlsFault};
pub use error_kind::{ErrorKind, Sent};
pub use session::{Left, Session};
pub use session_name::{BadSessionName, SessionName};
pub use session_owner::{BadSessionOwner, InstallationId, SessionOwner};
pub use sessions::{SessionState, Sessions};
pub use settings::{Authentication, Timeouts, Transport};
pub use stage::{Load, Remark, StageError, Staged};
pub use status::{StartupConfig, SwitchIdentity, SwitchStatus};
pub use text_error::{TextError, TextFault};
pub use tls::{BadFingerprint, ClientCertificate, Fingerprint, TlsBackend, TlsTrust};
pub use transport::{Carried, Carrier, CarryFault};
pub use wire::{Command, Format};
