#![doc = include_str!("../README.md")]

mod client;
mod commands;
mod error;
mod redact;
mod reply;
mod session;
mod sessions;
mod tls;
pub mod wire;

pub use client::{Client, ClientBuilder, Timeouts, Transport};
pub use commands::{Candidate, TextError, TextFault};
pub use error::{CommandError, ConnectFault, Error, FailedAt, Kind, Sent, TlsFault};
pub use session::{
    BadCommitTimer, BadSessionName, CommitError, CommitTimer, Left, Load, Remark, Session, SessionName, StageError,
    Staged,
};
pub use sessions::{SessionState, Sessions};
pub use tls::{BadFingerprint, Fingerprint, TlsTrust};
pub use wire::{Command, Format};
