//! Hashes by which texts are compared without being kept.

use sha2::{Digest, Sha256};

/// SHA-256, hexadecimal in lower case.
pub(crate) fn sha256(text: impl AsRef<[u8]>) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
