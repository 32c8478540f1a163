use intent::hash::ContentHash;
use intent::render::Part;

use super::*;
use crate::lease;
use crate::ports::{DeadLetters, DeviceRecords, History};
use crate::records::device_state::{DeviceRecord, Pin};
use crate::records::revision::Revision;

fn leaf() -> DeviceName {
    DeviceName::new("leaf1").unwrap()
}

fn run(number: u64) -> RunId {
    RunId::new(FakeClock::default().now(), number)
}

/// A store that holds these texts as the history of `leaf1`, oldest first, from run 1 on.
async fn store_with(texts: &[&str]) -> FakeStore {
    let store = FakeStore::with(INVENTORY, &[]);
    (&store).replace_device_record(&leaf(), &DeviceRecord::default(), None).await.unwrap();
    for (number, text) in (1..).zip(texts) {
        let configuration = ContentHash::of(text);
        (&store).keep(&leaf(), &configuration, text).await.unwrap();
        let revision = Revision {
            at: FakeClock::default().now() + SignedDuration::from_secs(number as i64),
            by: Some("ana@noc".to_owned()),
            parts: vec![Part { model: "m.yaml".to_owned(), lines: text.lines().count() }],
            diff: "--- a\n+++ b\n+one\n+two\n-three\n".to_owned(),
            ..blank::revision(run(number), leaf(), text)
        };
        (&store).add(&revision).await.unwrap();
    }
    store
}

#[tokio::test]
async fn a_restore_travels_as_the_hash_of_its_text() {
    let store = &store_with(&["one\n", "two\n"]).await;
    let one = ContentHash::of("one\n");
    for reference in [one.as_ref(), &one.as_ref()[..8], run(1).as_ref()] {
        let body = format!(r#"{{"devices":["leaf1"],"restore":"{reference}"}}"#);

        let receipt = scheduler(store)
            .configure(&Caller::owner_of_this_machine("ana@noc\n"), body.as_bytes(), None)
            .await
            .unwrap();

        let slice = store.slices.lock().unwrap().pop().unwrap();
        assert_eq!(
            (slice.task.restore.as_ref(), slice.task.by.as_deref()),
            (Some(&one), Some("ana@noc")),
            "{reference}"
        );
        let run = store.runs.lock().unwrap()[&receipt.run].clone();
        assert_eq!((run.task.restore.as_ref(), run.task.by.as_deref()), (Some(&one), Some("ana@noc")));
    }
}

#[tokio::test]
async fn a_configuration_of_another_device_is_not_restored() {
    let store = &store_with(&["one\n", "two\n"]).await;
    let scheduler = scheduler(store);
    for (device, reference, said) in [
        ("leaf1", "00000000", "no configuration of leaf1 is kept under 00000000; the newest are"),
        ("leaf1", "20200101-000000-000000", "no configuration of leaf1 is kept under 20200101-000000-000000"),
        ("leaf2", run(1).as_ref(), "nothing was kept of it yet"),
    ] {
        let body = format!(r#"{{"devices":["{device}"],"restore":"{reference}"}}"#);

        let error = refused(&scheduler, &body).await;

        assert!(matches!(error, ScheduleError::NoSuchConfiguration(_)) && error.to_string().contains(said), "{error}");
    }
    assert!(store.slices.lock().unwrap().is_empty() && store.runs.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_applied_or_redriven_restore_restores_the_same() {
    let store = &store_with(&["one\n"]).await;
    let scheduler = scheduler(store);
    let body = format!(r#"{{"devices":["leaf1"],"mode":"plan","restore":"{}"}}"#, run(1));
    let plan = scheduler.configure(&ana(), body.as_bytes(), None).await.unwrap().run;
    store.record(&outcome(&plan, "leaf1", Status::Planned)).await.unwrap();
    store.slices.lock().unwrap().clear();

    let apply = format!(r#"{{"plan":"{plan}"}}"#);
    let receipt = scheduler.configure(&Caller::owner_of_this_machine("ana"), apply.as_bytes(), None).await.unwrap();
    let applied = store.slices.lock().unwrap().pop().unwrap();
    store.park(&applied.to_message(), "it did not work").await.unwrap();
    store.record(&outcome(&receipt.run, "leaf1", Status::Unreachable)).await.unwrap();
    scheduler.redrive(&ana(), b"").await.unwrap();

    let redriven = store.slices.lock().unwrap().pop().unwrap();
    assert_ne!(redriven.task.run, applied.task.run);
    for slice in [applied, redriven] {
        assert_eq!((slice.task.restore, slice.task.by.as_deref()), (Some(ContentHash::of("one\n")), Some("ana")));
    }
}

#[tokio::test]
async fn a_history_is_listed_newest_first() {
    let store = &store_with(&["one\n", "two\n", "three\n"]).await;

    let history = scheduler(store).history(&ana(), "leaf1", 2).await.unwrap();

    let told: Vec<_> = history.versions.iter().map(|told| (told.run.clone(), told.added, told.removed)).collect();
    assert_eq!(told, [(run(3), 2, 1), (run(2), 2, 1)]);
    assert_eq!((history.versions[0].by.as_deref(), history.pinned), (Some("ana@noc"), None));
    assert!(matches!(scheduler(store).history(&ana(), "leaf2", 2).await, Err(ReportError::NoSuchDevice(_))));
}

#[tokio::test]
async fn texts_and_blamed_lines_leave_without_their_secrets() {
    let old = "hostname leaf1\n";
    let key = "-----BEGIN RSA PRIVATE KEY-----\nCANARY\n-----END RSA PRIVATE KEY-----\n";
    let new = format!("hostname leaf1\nusername ana secret sha512 CANARY\n{key}alias A B\n");
    let store = &store_with(&[old, &new]).await;
    let scheduler = scheduler(store);

    let text = scheduler.configuration(&ana(), "leaf1", &ContentHash::of(&new).as_ref()[..12]).await.unwrap();
    let blamed = scheduler.blame(&ana(), "leaf1").await.unwrap();

    assert_eq!((text.configuration, &blamed.configuration), (ContentHash::of(&new), &ContentHash::of(&new)));
    assert!(text.text.contains("username ana secret sha512 <removed>\n") && !text.text.contains("CANARY"));
    let lines: Vec<_> = blamed.lines.iter().map(|line| (line.text.as_str(), &line.run)).collect();
    assert_eq!(lines[0], ("hostname leaf1", &run(1)));
    assert_eq!((lines[1], lines[5]), (("username ana secret sha512 <removed>", &run(2)), ("alias A B", &run(2))));
    assert_eq!((lines.len(), lines[3]), (6, ("<removed>", &run(2))));
    assert!(blamed.lines.iter().all(|line| line.model == "m.yaml" && !line.or_before));
}

#[tokio::test]
async fn a_blame_says_which_lines_may_be_older() {
    let texts: Vec<_> = (0..205).map(|number| format!("hostname leaf1\nalias N {number}\n")).collect();
    let store = &store_with(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;

    let blamed = scheduler(store).blame(&ana(), "leaf1").await.unwrap();

    let lines: Vec<_> = blamed.lines.iter().map(|line| (&line.run, line.or_before)).collect();
    assert_eq!(lines, [(&run(6), true), (&run(205), false)]);
}

#[tokio::test]
async fn a_device_without_history_cannot_be_blamed() {
    let store = &store_with(&[]).await;

    let error = scheduler(store).blame(&ana(), "leaf1").await.unwrap_err();

    assert!(matches!(error, ReportError::NoHistory(_)), "{error}");
}

#[tokio::test]
async fn a_device_is_unpinned_while_it_is_worked_on() {
    let store = &store_with(&["one\n"]).await;
    let scheduler = scheduler(store);
    let now = scheduler.ports().clock.now();
    let pin = Pin { configuration: ContentHash::of("one\n"), run: run(1), at: now, repeats: None, by: None };
    store.records.lock().unwrap().get_mut(&leaf()).unwrap().0.pinned = Some(pin.clone());
    let terms = lease::Terms { work_until: now, clock_skew: SignedDuration::ZERO };
    let token = crate::records::device_state::Token::new(1);
    let request = lease::LeaseRequest { run: run(2), mode: Mode::Apply, exclusive: false, token };
    lease::acquire(&store, &scheduler.ports().clock, &leaf(), &request, &terms).await.unwrap();

    let before = scheduler.device(&ana(), "leaf1").await.unwrap();
    let unpinned = scheduler.unpin(&ana(), "leaf1").await.unwrap();
    let written = store.records.lock().unwrap()[&leaf()].1;
    let again = scheduler.unpin(&ana(), "leaf1").await.unwrap();

    assert_eq!((before.pinned, unpinned.pinned.as_ref()), (Some(pin), None));
    assert_eq!(unpinned.worked_on_by.as_ref().map(|holder| &holder.run), Some(&run(2)), "whose lease stays");
    assert_eq!((again, store.records.lock().unwrap()[&leaf()].1), (unpinned, written));
    assert!(matches!(scheduler.unpin(&ana(), "leaf2").await, Err(ReportError::NoSuchDevice(_))));
}

#[tokio::test]
async fn the_last_runs_are_listed_with_who_asked() {
    let store = &FakeStore::with(INVENTORY, &[]);
    let scheduler = scheduler(store);
    for by in ["ana", "ben", "eve"] {
        scheduler.configure(&Caller::owner_of_this_machine(by), br#"{"devices":["all"]}"#, None).await.unwrap();
        scheduler.ports().clock.advance(SignedDuration::from_secs(1));
    }

    let listed = scheduler.runs(&ana(), 2).await.unwrap().runs;

    let told: Vec<_> = listed.iter().map(|run| (run.by.as_deref(), run.devices)).collect();
    assert_eq!(told, [(Some("eve"), 3), (Some("ben"), 3)]);
}
