//! Slices to SQS in batches, and messages to the dead-letter queue with their reason.
//!
//! Slices carry their run as the message group of a fair queue: SQS hands out those of a small run
//! before those of one whose slices wait in their thousands.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html>.
//!
//! Needs `sqs:SendMessage` on the queue, and `sqs:ReceiveMessage` and `sqs:DeleteMessage` on the
//! other to send messages again:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html>.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageAttributeValue, SendMessageBatchRequestEntry};
use futures::{StreamExt, TryStreamExt, stream};
use intent::name::RunId;
use naas::ports::{DeadLetters, Parked, SliceQueue, StoreError, StoreFault};
use naas::records::slice::Slice;
use naas::retry;

use super::fault::store_error;

/// Most messages in one batch:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>.
const BATCH: usize = 10;

/// Most bytes in one batch, with room for what SQS counts besides bodies (1 MiB in all).
const BATCH_BYTES: usize = 1_000_000;

/// How many batches are under way at once.
const BATCHES: usize = 4;

/// How often messages that SQS took no blame for are sent again.
const ATTEMPTS: u32 = 5;

/// Pause before the first repetition; it doubles, and half of it is random.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// For how long a parked message that was looked at is out of sight, in seconds: as long as the
/// function lives that does.
const OUT_OF_SIGHT: i32 = 60;

/// Beside a parked message, why it was.
const REASON: &str = "Reason";

/// Longest reason kept beside a parked message, in characters.
const MAX_REASON: usize = 500;

/// The queue that slices wait in.
#[derive(Debug, Clone)]
pub struct SqsSlices {
    client: Client,
    queue_url: String,
}

/// The queue for messages that no retry can cure.
#[derive(Debug, Clone)]
pub struct SqsDeadLetters {
    client: Client,
    queue_url: String,
}

impl SqsSlices {
    /// The queue at this URL.
    pub fn new(client: Client, queue_url: impl Into<String>) -> Self {
        Self { client, queue_url: queue_url.into() }
    }

    /// Sends one batch of slices of `run`; what SQS did not take of it is sent again.
    async fn send_batch(&self, run: RunId, mut batch: Vec<String>, delay: Duration) -> Result<(), StoreError> {
        let delay = i32::try_from(delay.min(retry::LONGEST).as_secs()).unwrap_or(i32::MAX);
        let resource = || format!("queue {}", self.queue_url);
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let entries = batch.iter().enumerate().map(|(index, body)| {
                let entry = SendMessageBatchRequestEntry::builder()
                    .id(index.to_string())
                    .message_body(body)
                    .message_group_id(run.to_string())
                    .delay_seconds(delay);
                entry.build().expect("an entry with id and body is complete")
            });
            let request =
                self.client.send_message_batch().queue_url(&self.queue_url).set_entries(Some(entries.collect()));
            let answer = request.send().await.map_err(|error| store_error(resource(), error))?;
            let Some(first) = answer.failed.first() else { return Ok(()) };
            let reason = format!("{}: {}", first.code, first.message.as_deref().unwrap_or("no message"));
            if attempt == ATTEMPTS || answer.failed.iter().any(|failed| failed.sender_fault) {
                return Err(StoreError::new(resource(), StoreFault::Unavailable, reason));
            }
            tracing::warn!(failed = answer.failed.len(), reason, "slices are sent again");
            let failed = answer.failed.iter().filter_map(|failed| failed.id.parse::<usize>().ok());
            batch = failed.filter_map(|index| batch.get(index).cloned()).collect();
            tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            pause *= 2;
        }
        Ok(())
    }
}

impl SliceQueue for SqsSlices {
    async fn send(&self, slices: &[Slice], delay: Duration) -> Result<(), StoreError> {
        let of_runs = slices.chunk_by(|one, next| one.task.run == next.task.run);
        let batches: Vec<_> = of_runs.flat_map(batches_of_run).collect();
        stream::iter(batches)
            .map(|(run, batch)| self.send_batch(run, batch, delay))
            .buffer_unordered(BATCHES)
            .try_collect()
            .await
    }
}

impl SqsDeadLetters {
    /// The queue at this URL.
    pub fn new(client: Client, queue_url: impl Into<String>) -> Self {
        Self { client, queue_url: queue_url.into() }
    }

    fn resource(&self) -> String {
        format!("queue {}", self.queue_url)
    }
}

impl DeadLetters for SqsDeadLetters {
    async fn park(&self, message: &str, reason: &str) -> Result<(), StoreError> {
        let reason: String = reason.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect();
        let reason = MessageAttributeValue::builder().data_type("String").string_value(reason).build();
        let reason = reason.expect("an attribute with a type is complete");
        // SQS takes no empty body; it did not send us one either.
        let body = if message.is_empty() { " " } else { message };
        let request = self.client.send_message().queue_url(&self.queue_url).message_body(body);
        let sent = request.message_attributes(REASON, reason).send().await;
        sent.map(drop).map_err(|error| store_error(self.resource(), error))
    }

    async fn parked(&self) -> Result<Vec<Parked>, StoreError> {
        let request = self.client.receive_message().queue_url(&self.queue_url).max_number_of_messages(10);
        let request = request.visibility_timeout(OUT_OF_SIGHT).message_attribute_names(REASON);
        let received = request.send().await.map_err(|error| store_error(self.resource(), error))?;
        Ok(received.messages.unwrap_or_default().into_iter().map(parked).collect())
    }

    async fn unpark(&self, parked: &Parked) -> Result<(), StoreError> {
        let request = self.client.delete_message().queue_url(&self.queue_url).receipt_handle(&parked.handle);
        request.send().await.map(drop).map_err(|error| store_error(self.resource(), error))
    }
}

fn parked(message: Message) -> Parked {
    let reason = message.message_attributes.and_then(|mut attributes| attributes.remove(REASON)?.string_value);
    Parked { handle: message.receipt_handle.unwrap_or_default(), message: message.body.unwrap_or_default(), reason }
}

/// The batches of slices of one run, each with the name of the run.
fn batches_of_run(slices: &[Slice]) -> impl Iterator<Item = (RunId, Vec<String>)> {
    let batches = batches(slices.iter().map(Slice::to_message));
    batches.into_iter().zip(slices).map(|(batch, slice)| (slice.task.run.clone(), batch))
}

/// Cuts messages into batches that SQS takes.
fn batches(messages: impl IntoIterator<Item = String>) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    let mut bytes = 0;
    for message in messages {
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH && bytes + message.len() <= BATCH_BYTES => {
                bytes += message.len();
                batch.push(message);
            }
            _ => {
                bytes = message.len();
                batches.push(vec![message]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_at_most_ten_messages_and_a_megabyte() {
        let small = batches(vec!["x".to_owned(); 25]);
        let large = batches(vec!["x".repeat(400_000); 5]);

        assert_eq!(small.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
        assert_eq!(large.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    }
}
