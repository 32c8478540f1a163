#![doc = include_str!("../README.md")]

mod body;
mod candidate;
mod client;
mod error;
mod exec;
#[cfg(fuzzing)]
pub mod fuzzing;
mod login;
mod redact;
mod reply;
mod session;
mod sessions;
mod standing;
mod text_error;
mod tls;
mod transport;
pub mod wire;

pub use candidate::Candidate;
pub use client::{Authentication, Client, ClientBuilder, Timeouts, Transport};
pub use error::{CommandError, ConnectFault, Error, FailedAt, Kind, Sent, TlsFault};
pub use session::{
    BadCommitTimer, BadSessionName, CommitError, CommitTimer, Left, Load, Remark, Saved, Session, SessionName,
    StageError, Staged,
};
pub use sessions::{SessionState, Sessions};
pub use standing::Standing;
pub use text_error::{TextError, TextFault};
pub use tls::{BadFingerprint, ClientCertificate, Fingerprint, TlsBackend, TlsTrust};
pub use transport::{Carried, Carrier, CarryFault};
pub use wire::{Command, Format};
