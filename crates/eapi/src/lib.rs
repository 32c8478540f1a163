#![doc = include_str!("../README.md")]

mod client;
mod commands;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod login;
mod redact;
mod reply;
mod session;
mod sessions;
mod standing;
mod tls;
mod transport;
pub mod wire;

pub use client::{Authentication, Client, ClientBuilder, Timeouts, Transport};
pub use commands::{Candidate, TextError, TextFault};
pub use error::{CommandError, ConnectFault, Error, FailedAt, Kind, Sent, TlsFault};
pub use session::{
    BadCommitTimer, BadSessionName, CommitError, CommitTimer, Left, Load, Remark, Saved, Session, SessionName,
    StageError, Staged,
};
pub use sessions::{SessionState, Sessions};
pub use standing::Standing;
pub use tls::{BadFingerprint, ClientCertificate, Fingerprint, TlsBackend, TlsTrust};
pub use transport::{Carried, Carrier, CarryFault};
pub use wire::{Command, Format};
