//! From the SDK's errors to the domain's: what is missing, what is forbidden, what may pass by
//! itself.

use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use naas::ports::{StoreError, StoreFault};

use crate::with_causes;

/// The error of a request about `resource`. Its text has the service's code and message, never a
/// request or response body.
pub(super) fn store_error<E, R>(resource: impl Into<String>, error: SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug,
{
    let fault = match error.as_service_error() {
        Some(service) => fault_of(service.code().unwrap_or_default()),
        None => StoreFault::Unavailable,
    };
    StoreError::new(resource, fault, describe(&error))
}

/// The service's code, such as `PreconditionFailed`.
pub(super) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(|service| service.code())
}

fn fault_of(code: &str) -> StoreFault {
    match code {
        "NoSuchKey"
        | "NoSuchBucket"
        | "NotFound"
        | "ResourceNotFoundException"
        | "AWS.SimpleQueueService.NonExistentQueue"
        | "QueueDoesNotExist" => StoreFault::NotFound,
        // A secret that is being deleted answers so: for us it is gone.
        "InvalidRequestException" => StoreFault::NotFound,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "SignatureDoesNotMatch"
        | "InvalidAccessKeyId"
        | "DecryptionFailure" => StoreFault::Denied,
        _ => StoreFault::Unavailable,
    }
}

fn describe<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(service) => {
            let service = service.err();
            format!("{}: {}", service.code().unwrap_or("error"), service.message().unwrap_or("no message"))
        }
        SdkError::TimeoutError(_) => "the request timed out".to_owned(),
        SdkError::DispatchFailure(failure) => {
            let cause = failure.as_connector_error().map(|error| with_causes(error));
            format!("the request could not be sent: {}", cause.unwrap_or_else(|| "no cause given".to_owned()))
        }
        SdkError::ResponseError(_) => "the response could not be read".to_owned(),
        _ => "the request could not be made".to_owned(),
    }
}
