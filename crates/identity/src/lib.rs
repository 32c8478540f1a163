//! Who a bearer token stands for: its signature, its issuer and what it grants.
//!
//! [`Gate`] is the one place that turns the header `Authorization` into a
//! [`Caller`](naas::caller::Caller). It
//! believes two kinds of issuers, which one [document](Access) names:
//!
//! - **naas itself.** Tokens are signed with keys of a [key ring](KeyRing) (Ed25519). Whoever can
//!   read the ring can mint tokens; the gate only knows its public half.
//! - **OpenID Connect providers**: the company's own, or GitHub's for pipelines. Their keys are
//!   fetched from their JWKS address and kept for a bounded time, and rules say which claims grant
//!   which roles.
//!
//! An algorithm belongs to a key, never to a token: what a token's header says is compared, not
//! believed. `exp`, `iss` and `aud` must be there.

mod access;
mod claims;
mod gate;
mod key_sets;
mod keys;
mod mint;
mod reject;
mod rules;

pub use access::{Access, InvalidAccess, Issuer};
pub use gate::{Documents, Gate, Unreadable};
pub use key_sets::{Fetch, HttpFetch, KeySets};
pub use keys::{InvalidKeys, KeyRing, PublicKey, WrongKey};
pub use mint::{Life, Minted, Pass, Role, WrongPass};
pub use reject::Rejected;
pub use rules::Rule;
