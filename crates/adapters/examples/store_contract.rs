//! Plays the contract of the stores against S3 and SQS at an endpoint, such as LocalStack's:
//!
//! ```text
//! store_contract ENDPOINT STATE-BUCKET QUEUE-URL DEAD-LETTERS-URL
//! ```
//!
//! Bucket and queues must exist, and nothing else may receive from the queues. It panics with what
//! was expected and found; otherwise it prints one line for each port.

#![expect(clippy::print_stdout, reason = "a program for tests, which read what it prints")]

use adapters::SystemClock;
use adapters::aws::{S3State, SqsDeadLetters, SqsSlices};
use aws_credential_types::Credentials;
use naas::contract;
use naas::ports::Clock;

const REGION: &str = "us-east-1";

/// LocalStack takes any credentials.
fn credentials() -> Credentials {
    Credentials::new("test", "test", None, None, "store_contract")
}

#[tokio::main]
async fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [endpoint, bucket, queue_url, letters_url] = arguments.as_slice() else {
        panic!("expected ENDPOINT STATE-BUCKET QUEUE-URL DEAD-LETTERS-URL, found {arguments:?}");
    };
    let seed = SystemClock.entropy() % 1_000_000;
    let state = S3State::new(s3(endpoint), bucket);
    contract::runs(&state, seed).await;
    contract::outcomes(&state, seed).await;
    println!("runs kept");
    contract::device_records(&state, seed).await;
    println!("device records kept");
    contract::history(&state, seed).await;
    println!("history kept");
    contract::idempotency_keys(&state, seed).await;
    println!("idempotency keys kept");
    contract::port_documents(&state, seed).await;
    println!("port documents kept");
    let client = sqs(endpoint);
    let take = async || take(&client, queue_url).await;
    contract::slice_queue(&SqsSlices::new(client.clone(), queue_url), take, seed).await;
    println!("slice queue kept");
    contract::dead_letters(&SqsDeadLetters::new(client.clone(), letters_url), seed).await;
    println!("dead letters kept");
}

/// Receives up to ten messages and deletes them.
async fn take(client: &aws_sdk_sqs::Client, queue_url: &str) -> Vec<String> {
    let request = client.receive_message().queue_url(queue_url).max_number_of_messages(10).wait_time_seconds(1);
    let received = request.send().await.expect("receiving").messages.unwrap_or_default();
    let mut bodies = Vec::new();
    for message in received {
        let handle = message.receipt_handle.expect("a message that was received has a handle");
        client.delete_message().queue_url(queue_url).receipt_handle(handle).send().await.expect("deleting");
        bodies.extend(message.body);
    }
    bodies
}

fn s3(endpoint: &str) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder().endpoint_url(endpoint).credentials_provider(credentials());
    let region = aws_sdk_s3::config::Region::new(REGION);
    aws_sdk_s3::Client::from_conf(config.region(region).force_path_style(true).behavior_version_latest().build())
}

fn sqs(endpoint: &str) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder().endpoint_url(endpoint).credentials_provider(credentials());
    let region = aws_sdk_sqs::config::Region::new(REGION);
    aws_sdk_sqs::Client::from_conf(config.region(region).behavior_version_latest().build())
}
