//! The scheduler function: API Gateway's calls in, slices out. This file only wires; see
//! [`handler`].

// The SDK's futures are nested deeper than the compiler follows by default.
#![recursion_limit = "256"]

mod handler;
mod settings;

use adapters::SystemClock;
use adapters::aws::{S3Models, S3State, SecretsInventories, SqsDeadLetters, SqsSlices};
use aws_config::BehaviorVersion;
use lambda_runtime::{Error, service_fn, tracing};
use naas::schedule::{Ports, Scheduler};

use crate::settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let settings = Settings::from_env()?;
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let s3 = aws_sdk_s3::Client::new(&aws);
    let sqs = aws_sdk_sqs::Client::new(&aws);
    let ports = Ports {
        inventories: SecretsInventories::new(aws_sdk_secretsmanager::Client::new(&aws), settings.inventory_prefix)
            .allowing_local_addresses(settings.allow_local_addresses),
        models: S3Models::new(s3.clone(), settings.models_bucket),
        queue: SqsSlices::new(sqs.clone(), settings.slice_queue_url),
        state: S3State::new(s3, settings.state_bucket),
        dead_letters: SqsDeadLetters::new(sqs, settings.dead_letter_queue_url),
        clock: SystemClock,
    };
    let scheduler = Scheduler::new(ports, settings.default_step);
    lambda_runtime::run(service_fn(|event| handler::handle(&scheduler, event))).await
}
