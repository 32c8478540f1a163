//! A way to a switch that the caller brings along.

use std::pin::Pin;

/// Another way to a switch than HTTP from here: its Unix socket, a tunnel, a simulated switch in
/// the same process. See [`ClientBuilder::carrier`](crate::ClientBuilder::carrier).
pub trait Carrier: Send + Sync {
    /// Brings the body of a `POST /command-api` to the switch and returns what it answers. The
    /// future may be dropped at any point.
    fn carry(&self, body: Vec<u8>) -> Carried<'_>;
}

/// The body of an answer with HTTP status 200, or why there is none.
pub type Carried<'c> = Pin<Box<dyn Future<Output = Result<Vec<u8>, CarryFault>> + Send + 'c>>;

/// Why a [`Carrier`] has no answer.
#[derive(Debug)]
pub enum CarryFault {
    /// The switch cannot have seen the request.
    NotSent(Box<dyn std::error::Error + Send + Sync>),
    /// The switch may have run the request.
    NoAnswer(Box<dyn std::error::Error + Send + Sync>),
    /// The switch answered with this HTTP status instead of 200, such as 401 or 502.
    Status(u16),
}
