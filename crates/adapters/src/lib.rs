//! The domain's ports ([`naas::ports`]) over what is really there: S3, SQS and Secrets Manager; a
//! folder and an embedded store; switches over eAPI. Each of the three is a feature, so that a
//! binary carries only what it uses.

mod clock;
pub mod environment;
mod model_file;

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "eos")]
pub mod eos;

pub use clock::SystemClock;
#[cfg(any(feature = "aws", feature = "eos"))]
use naas::causes::causes;

/// The sentence of an error and its causes, outermost first, with colons between them.
#[cfg(any(feature = "aws", feature = "eos"))]
fn with_causes(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(_) => format!("{error}: {}", causes(error)),
        None => error.to_string(),
    }
}
