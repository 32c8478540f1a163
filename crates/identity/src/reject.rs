//! Why a caller is not known.

use naas::api::ApiResponse;

/// Why the header `Authorization` stands for nobody. No text shows any of the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// There is no header, or it is of another scheme.
    #[error("expected the header Authorization: Bearer TOKEN, found none")]
    Missing,
    /// The token is longer than any of ours.
    #[error("the token has more than {} bytes", crate::gate::LONGEST_TOKEN)]
    TooLong,
    /// The text is no JSON Web Token.
    #[error("the token is not a JSON Web Token")]
    NotAToken,
    /// Nobody is trusted under that `iss`.
    #[error("no issuer is trusted that issued this token")]
    UnknownIssuer,
    /// The issuer has no such key.
    #[error("the key that the token names is not one of its issuer's, or no longer")]
    UnknownKey,
    /// The token names another algorithm than its key has.
    #[error("the token is signed in a way that its key is not for")]
    WrongAlgorithm,
    /// The signature does not fit.
    #[error("the signature of the token is wrong")]
    WrongSignature,
    /// The time of `exp` has passed.
    #[error("the token has expired; get a new one")]
    Expired,
    /// The token is not valid yet.
    #[error("the token is not valid yet; compare the clocks")]
    TooEarly,
    /// The token is for another audience.
    #[error("the token is for another audience")]
    WrongAudience,
    /// A claim is missing, or is not what is expected there.
    #[error("the claim {0} of the token is missing, or is not what is expected there")]
    WrongClaim(&'static str),
    /// What is trusted cannot be told now.
    #[error("who is trusted cannot be read now")]
    NotReady,
}

impl From<&Rejected> for ApiResponse {
    fn from(rejected: &Rejected) -> Self {
        match rejected {
            Rejected::NotReady => Self::cannot_authenticate(&rejected.to_string()),
            Rejected::Missing => Self::not_authenticated(&rejected.to_string(), None),
            _ => Self::not_authenticated(&rejected.to_string(), Some("invalid_token")),
        }
    }
}
