//! The ports on one machine: a site folder for what people write, one file for what naas remembers.

mod folder;
mod passwords;
pub mod private;
mod store;

pub use folder::{FolderInventories, FolderModels};
pub use passwords::Passwords;
pub use store::{AlreadyOpen, EmbeddedStore, Received};
