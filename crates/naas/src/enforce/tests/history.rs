//! What is stored of a push in the history of its device, and what a kill leaves of it.

use intent::hash::ContentHash;
use serde_json::{Value, json};

use super::*;
use crate::ports::History;
use crate::records::device_state::DeviceRecord;
use crate::records::revision::{Entry, Revision};

const OTHER: (&str, &str) = ("other.yaml", "{name: other, group: global, order: 90, template: other.tera}");

pub(super) fn leaf() -> DeviceName {
    DeviceName::new("leaf1").unwrap()
}

impl Site {
    /// Runs one more request on `leaf1`, when it has settled after the one before, and returns its
    /// outcome if it has one.
    pub(super) async fn run(&self, mode: &str, more: Value) -> Option<Outcome> {
        self.clock.advance(lease::SETTLE);
        let run = RunId::new(self.clock.now(), 1);
        self.run_as(&run, mode, more).await
    }

    pub(super) async fn run_as(&self, run: &RunId, mode: &str, more: Value) -> Option<Outcome> {
        let message = message_with(mode, &["leaf1"], more).replace(RUN, run.as_ref());
        self.receive(&message, Delivery::First).await.unwrap();
        self.store.outcomes.lock().unwrap().get(&(run.clone(), leaf())).cloned()
    }

    pub(super) async fn apply(&self) -> Outcome {
        self.run("apply", json!({})).await.expect("an outcome")
    }

    pub(super) async fn restore(&self, configuration: &ContentHash) -> Outcome {
        self.run("apply", json!({"restore": configuration, "by": "ana@noc"})).await.expect("an outcome")
    }

    /// Lets models render `line` besides what they always do.
    pub(super) fn intend(&self, line: &str) {
        self.store.set_models(&[MODEL, TEMPLATE, OTHER, ("other.tera", line)]);
    }

    /// Pushes the configuration with this line and returns its hash.
    pub(super) async fn push(&self, line: &str) -> ContentHash {
        self.intend(line);
        assert_eq!(self.apply().await.status, Status::Changed);
        ContentHash::of(&self.switches.running("leaf1"))
    }

    pub(super) async fn entries(&self) -> Vec<Entry> {
        (&self.store).entries(&leaf(), 100).await.unwrap()
    }

    pub(super) async fn newest(&self) -> Revision {
        let entries = self.entries().await;
        (&self.store).revision(&leaf(), &entries[0]).await.unwrap().unwrap()
    }

    pub(super) fn record(&self) -> DeviceRecord {
        self.store.records.lock().unwrap()[&leaf()].0.clone()
    }

    pub(super) fn pinned(&self) -> Option<ContentHash> {
        self.record().pinned.map(|pin| pin.configuration)
    }
}

#[tokio::test]
async fn every_push_is_kept_with_who_when_run_models_and_diff() {
    let site = Site::usual();
    let first = site.push("alias A one").await;
    let second = site.push("alias A two").await;

    let entries = site.entries().await;
    let newest = site.newest().await;

    assert_eq!(entries.iter().map(|entry| &entry.configuration).collect::<Vec<_>>(), [&second, &first]);
    let text = (&site.store).kept(&leaf(), &second).await.unwrap();
    assert_eq!(text.as_deref(), Some(site.switches.running("leaf1").as_str()), "byte for byte");
    let files: Vec<_> = newest.models.iter().map(|model| model.path.as_str()).collect();
    assert_eq!(files, ["m.yaml", "other.tera", "other.yaml", "t.tera"]);
    let parts: Vec<_> = newest.parts.iter().map(|part| (part.model.as_str(), part.lines)).collect();
    assert_eq!(parts, [("m.yaml", 4), ("other.yaml", 1)]);
    assert!(newest.diff.contains("+alias A two") && !newest.diff.contains("CANARY"), "{}", newest.diff);
    assert_eq!(site.record().newest_revision, Some(second));
}

#[tokio::test]
async fn a_device_in_sync_enters_its_history_once() {
    let site = Site::usual();
    site.enforce("apply", &["leaf1"]).await;
    let adopted = Site::usual();
    adopted.switches.run("leaf1", &site.switches.running("leaf1"));

    let first = adopted.apply().await;
    for verb in ["keep", "add", "history"] {
        adopted.store.fail(verb, StoreFault::Unavailable);
    }
    let second = adopted.apply().await;

    assert_eq!((first.status, second.status), (Status::InSync, Status::InSync));
    assert_eq!(adopted.store.revisions.lock().unwrap().len(), 1);
    assert_eq!(adopted.store.texts.lock().unwrap().len(), 1, "and it can be restored");
}

#[tokio::test]
async fn nothing_is_committed_that_is_not_kept() {
    let site = Site::usual();
    site.store.fail("keep", StoreFault::Unavailable);

    let outcome = site.run("apply", json!({})).await;

    assert_eq!(outcome, None, "it comes again");
    assert_eq!(site.calls(), [SwitchCall::Status, SwitchCall::Stage, SwitchCall::Abort]);
    assert_eq!(site.store.slices.lock().unwrap()[0].attempt, 1);
    assert_eq!(site.record().lease, None);
}

#[tokio::test]
async fn a_push_is_in_the_history_once_wherever_it_was_stopped() {
    for verb in ["keep", "add", "record"] {
        let site = Site::usual();
        site.push("alias A one").await;
        site.intend("alias A two");
        site.store.fail(verb, StoreFault::Unavailable);
        assert_eq!(site.run("apply", json!({})).await, None, "{verb}");
        site.store.mend();
        let again = site.store.slices.lock().unwrap()[0].to_message();

        site.receive(&again, Delivery::First).await.unwrap();

        let runs = ContentHash::of(&site.switches.running("leaf1"));
        let entries = site.entries().await;
        assert_eq!((entries.len(), &entries[0].configuration), (2, &runs), "{verb}");
        assert_eq!(site.record().newest_revision, Some(runs), "{verb}");
    }
}

#[tokio::test]
async fn a_record_that_lags_behind_its_history_is_corrected() {
    let site = Site::usual();
    let runs = site.push("alias A one").await;
    // As an enforcer leaves it that dies after the outcome and before it gives the lease back.
    site.store.records.lock().unwrap().get_mut(&leaf()).unwrap().0.newest_revision = None;

    let outcome = site.apply().await;

    assert_eq!(outcome.status, Status::InSync);
    assert_eq!((site.entries().await.len(), site.record().newest_revision), (1, Some(runs)));
}

#[tokio::test]
async fn a_hand_change_that_is_put_right_is_a_push_of_its_own() {
    let site = Site::usual();
    let runs = site.push("alias A one").await;
    site.switches.run("leaf1", "hostname by-hand\n");

    site.apply().await;

    let entries = site.entries().await;
    assert_eq!((entries.len(), &entries[0].configuration, &entries[1].configuration), (2, &runs, &runs));
    assert!(site.newest().await.diff.contains("-hostname by-hand"));
}
