//! The domain's ports ([`naas::ports`]) over what is really there: S3, SQS and Secrets Manager; a folder and an embedded
//! store; switches over eAPI. Each of the three is a feature, so that a binary carries only what it uses.

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

/// An error with its causes: libraries keep the words that matter below their own.
#[cfg(any(feature = "aws", feature = "eos"))]
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}
