//! The AWS adapters against answers that services give: partial failures, lost conditions,
//! unchanged ETags, and what somebody else does between two requests.

#![cfg(feature = "aws")]
#![expect(clippy::unwrap_used, reason = "helpers of tests, where an unwrap is the expectation")]

mod bucket;
mod contract;
mod models;
mod queue;
mod secrets;
mod state;

use aws_credential_types::Credentials;
use wiremock::MockServer;

const REGION: &str = "us-east-1";

fn credentials() -> Credentials {
    Credentials::new("test", "test", None, None, "test")
}

fn s3(server: &MockServer) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder().endpoint_url(server.uri()).credentials_provider(credentials());
    let region = aws_sdk_s3::config::Region::new(REGION);
    aws_sdk_s3::Client::from_conf(config.region(region).force_path_style(true).behavior_version_latest().build())
}
