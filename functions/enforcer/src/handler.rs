//! Turns SQS batches into messages for the enforcer, and its failures into the batch's answer.
//!
//! The queue's event source mapping must have `ReportBatchItemFailures` (`template.yaml` does):
//! without it SQS takes any answer for success and deletes the failed messages as well.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::future::join_all;
use jiff::Timestamp;
use lambda_runtime::{Context, Error, LambdaEvent};
use naas::enforce::{Delivery, Enforcer, EnforcerPorts};
use tracing::error;

/// Works on one batch, its messages at the same time. Names the messages that must be delivered
/// again; the others are done with.
pub(crate) async fn handle<P: EnforcerPorts>(
    enforcer: &Enforcer<P>,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, Error> {
    let deadline = deadline(&event.context)?;
    let records = &event.payload.records;
    let failures = join_all(records.iter().map(|record| async move {
        let message = record.body.as_deref().unwrap_or_default();
        let failed = enforcer.receive(message, delivery(record), deadline).await.err()?;
        let id = record.message_id.clone().unwrap_or_default();
        let cause = std::error::Error::source(&failed).map(ToString::to_string).unwrap_or_default();
        error!(message = %id, cause, "the slice will be delivered again: {failed}");
        Some(id)
    }))
    .await;
    let mut response = SqsBatchResponse::default();
    for id in failures.into_iter().flatten() {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        response.batch_item_failures.push(failure);
    }
    Ok(response)
}

/// When Lambda ends this invocation, by the clock of this machine.
fn deadline(context: &Context) -> Result<Timestamp, Error> {
    Ok(Timestamp::from_millisecond(i64::try_from(context.deadline)?)?)
}

/// SQS counts how often it handed a message out. Without a count it may have been before.
fn delivery(record: &SqsMessage) -> Delivery {
    match record.attributes.get("ApproximateReceiveCount").map(String::as_str) {
        Some("1") => Delivery::First,
        _ => Delivery::Again,
    }
}

#[cfg(test)]
mod tests;
