//! The ports on one machine: a site folder for what people write, one file for what naas remembers.

mod folder;
mod passwords;
mod store;

pub use folder::{FolderInventories, FolderModels};
pub use passwords::Passwords;
pub use store::{EmbeddedStore, Received};
