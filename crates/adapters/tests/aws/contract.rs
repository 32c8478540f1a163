//! The contract of the stores, over a bucket in memory. Over LocalStack it is played by the example
//! `store_contract`, which the tests of `localstack/` run.

use adapters::aws::S3State;
use naas::contract;

use super::bucket::Bucket;
use super::s3;

#[tokio::test]
async fn s3_keeps_the_contract() {
    let (server, _bucket) = Bucket::serve().await;
    let state = S3State::new(s3(&server), "state");
    for seed in [1, 2] {
        contract::runs(&state, seed).await;
        contract::outcomes(&state, seed).await;
        contract::device_records(&state, seed).await;
        contract::history(&state, seed).await;
        contract::idempotency_keys(&state, seed).await;
        contract::port_documents(&state, seed).await;
    }
}
