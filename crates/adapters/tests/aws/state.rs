//! Runs, outcomes, device records and histories in S3: what is special about S3. That it keeps the
//! ports' promises is shown by the contract in `contract.rs`.

use adapters::aws::S3State;
use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId};
use jiff::SignedDuration;
use naas::fakes::blank;
use naas::ports::{DeviceRecords, History, Recorded, Runs, StoreFault, Version};
use naas::records::device_state::DeviceRecord;
use naas::records::outcome::{Outcome, Status};
use naas::records::revision::Revision;
use naas::records::run::Run;
use naas::records::task::Task;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::bucket::{Bucket, error, key_of};
use super::s3;

fn run_id() -> RunId {
    RunId::parse("20261123-201530-7f3a9c").unwrap()
}

fn outcome(status: Status) -> Outcome {
    blank::outcome(&run_id(), &blank::leaf1(), status)
}

fn run_of(devices: Vec<DeviceName>) -> Run {
    let run = blank::run(run_id(), devices);
    Run { task: Task { by: Some("ana@noc".to_owned()), ..run.task }, step: 10, ..run }
}

fn revision(device: &str, number: u64, milliseconds: i64) -> Revision {
    let revision = blank::revision(blank::run_id(number), DeviceName::new(device).unwrap(), &number.to_string());
    Revision { at: blank::NOW + SignedDuration::from_millis(milliseconds), ..revision }
}

#[tokio::test]
async fn the_first_outcome_stands_and_its_marker_is_repaired() {
    let server = MockServer::start().await;
    let object = "/state/runs/20261123-201530-7f3a9c/outcomes/leaf1.json";
    let lost = "<Error><Code>PreconditionFailed</Code><Message>lost</Message></Error>";
    Mock::given(method("PUT"))
        .and(path(object))
        .and(header("if-none-match", "*"))
        .respond_with(ResponseTemplate::new(412).set_body_string(lost))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path(object))
        .respond_with(ResponseTemplate::new(200).set_body_json(outcome(Status::Changed)))
        .mount(&server)
        .await;
    Mock::given(method("PUT"))
        .and(path("/state/runs/20261123-201530-7f3a9c/status/leaf1/changed"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;

    let recorded = S3State::new(s3(&server), "state").record(&outcome(Status::InSync)).await.unwrap();

    assert_eq!(recorded, Recorded::Before);
}

#[tokio::test]
async fn a_record_of_another_version_is_unreadable() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_string("{\"run\":"))
        .mount(&server)
        .await;

    let run = RunId::parse("20261123-201530-7f3a9c").unwrap();
    let error = S3State::new(s3(&server), "state").load(&run).await.unwrap_err();

    assert_eq!(error.fault, StoreFault::Unreadable);
    assert_eq!(error.resource, "s3://state/runs/20261123-201530-7f3a9c/run.json");
}

#[tokio::test]
async fn a_device_record_is_replaced_only_where_nobody_was_first() {
    let leaf = DeviceName::new("leaf1").unwrap();
    let known = Version("\"7\"".to_owned());
    for (condition, expected, status, code, replaced) in [
        ("if-none-match", None, 200, "", true),
        ("if-match", Some(&known), 200, "", true),
        ("if-none-match", None, 412, "PreconditionFailed", false),
        ("if-match", Some(&known), 412, "PreconditionFailed", false),
        ("if-match", Some(&known), 404, "NoSuchKey", false),
    ] {
        let server = MockServer::start().await;
        let written = ResponseTemplate::new(200).insert_header("etag", "\"8\"");
        Mock::given(method("PUT"))
            .and(path("/state/devices/leaf1.json"))
            .and(header(condition, expected.map_or("*", |version| version.0.as_str())))
            .respond_with(if status == 200 {
                written.clone()
            } else {
                ResponseTemplate::new(status).set_body_string(error(code))
            })
            .expect(1)
            .mount(&server)
            .await;

        let state = S3State::new(s3(&server), "state");
        let written = state.replace_device_record(&leaf, &DeviceRecord::default(), expected).await;

        assert_eq!(written.unwrap(), replaced.then(|| Version("\"8\"".to_owned())), "{condition} {status}");
    }
}

#[tokio::test]
async fn a_write_that_meets_another_is_tried_again() {
    let leaf = DeviceName::new("leaf1").unwrap();
    for (status, code, fault) in [
        (409, "ConditionalRequestConflict", None),
        (403, "AccessDenied", Some(StoreFault::Denied)),
        (500, "InternalError", Some(StoreFault::Unavailable)),
        (503, "SlowDown", Some(StoreFault::Unavailable)),
    ] {
        let server = MockServer::start().await;
        let failing = ResponseTemplate::new(status).set_body_string(error(code));
        let failing = Mock::given(method("PUT")).respond_with(failing);
        if fault.is_none() { failing.up_to_n_times(2) } else { failing }.mount(&server).await;
        let written = ResponseTemplate::new(200).insert_header("etag", "\"1\"");
        Mock::given(method("PUT")).respond_with(written).mount(&server).await;

        let state = S3State::new(s3(&server), "state");
        let written = state.replace_device_record(&leaf, &DeviceRecord::default(), None).await;

        assert_eq!(written.err().map(|error| error.fault), fault, "{code}");
    }
}

#[tokio::test]
async fn what_is_no_device_record_is_unreadable() {
    for body in ["", "{\"version\":1", "{\"version\":3,\"lease\":{}}", "[]", "edited"] {
        let server = MockServer::start().await;
        Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_string(body)).mount(&server).await;

        let error =
            S3State::new(s3(&server), "state").device_record(&DeviceName::new("leaf1").unwrap()).await.unwrap_err();

        assert_eq!((error.fault, error.resource.as_str()), (StoreFault::Unreadable, "s3://state/devices/leaf1.json"));
    }
}

#[tokio::test]
async fn markers_tell_the_statuses_of_ten_thousand_devices() {
    let server = MockServer::start().await;
    let devices: Vec<_> = (0..10_000).map(|number| DeviceName::new(format!("leaf{number}")).unwrap()).collect();
    let prefix = "runs/20261123-201530-7f3a9c/status/";
    let mut keys: Vec<_> = devices.iter().map(|device| format!("{prefix}{device}/changed")).collect();
    keys.sort();
    Mock::given(method("GET"))
        .respond_with(move |request: &wiremock::Request| {
            let parameter = |name: &str| {
                request.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
            };
            let after = parameter("continuation-token").or(parameter("start-after")).unwrap_or_default();
            let page: Vec<_> = keys.iter().filter(|key| **key > after).take(1_000).collect();
            let more = page.last().is_some_and(|last| *last != keys.last().unwrap());
            let next = if more {
                format!("<NextContinuationToken>{}</NextContinuationToken>", page[999])
            } else {
                String::new()
            };
            let contents: String = page.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
            let body =
                format!("<ListBucketResult><IsTruncated>{more}</IsTruncated>{next}{contents}</ListBucketResult>");
            ResponseTemplate::new(200).set_body_string(body)
        })
        .mount(&server)
        .await;
    let run = run_of(devices.clone());

    let statuses = S3State::new(s3(&server), "state").statuses(&run).await.unwrap();

    assert_eq!(statuses.len(), devices.len());
    // Ten pages of a thousand keys; where the run is split into parts, each of them may end in a
    // page that is not full.
    let requests = server.received_requests().await.unwrap();
    assert!(requests.len() <= 24, "{} requests", requests.len());
    assert!(requests.iter().all(|request| request.url.query().is_some_and(|query| query.contains("list-type=2"))));
}

#[tokio::test]
async fn a_history_is_listed_without_reading_its_revisions() {
    let (server, _bucket) = Bucket::serve().await;
    let state = S3State::new(s3(&server), "state");
    let leaf = DeviceName::new("leaf1").unwrap();
    let [first, second, third] = [(9, 0), (1, 5), (5, 1_000)].map(|(number, at)| revision("leaf1", number, at));
    for revision in [&second, &first, &third, &revision("leaf10", 2, 1)] {
        state.add(revision).await.unwrap();
    }
    state.add(&Revision { by: Some("late".to_owned()), ..first.clone() }).await.unwrap();

    let asked = server.received_requests().await.unwrap().len();
    let entries = state.entries(&leaf, 200).await.unwrap();
    let listings = server.received_requests().await.unwrap().len() - asked;

    assert_eq!(entries, [&third, &second, &first].map(Revision::entry));
    assert_eq!(listings, 1);
    assert_eq!(state.entries(&leaf, 2).await.unwrap(), entries[..2]);
    assert_eq!(state.revision(&leaf, &entries[2]).await.unwrap(), Some(first));
}

#[tokio::test]
async fn a_configuration_is_stored_under_its_hash() {
    let (server, _bucket) = Bucket::serve().await;
    let state = S3State::new(s3(&server), "state");
    let leaf = DeviceName::new("leaf1").unwrap();
    let text = "hostname leaf1\r\n\n  alias ü \t\n";
    let hash = ContentHash::of(text);

    state.keep(&leaf, &hash, text).await.unwrap();
    state.keep(&leaf, &hash, text).await.unwrap();

    assert_eq!(state.kept(&leaf, &hash).await.unwrap().as_deref(), Some(text));
    assert_eq!(state.kept(&DeviceName::new("leaf2").unwrap(), &hash).await.unwrap(), None);
    let put = &server.received_requests().await.unwrap()[0];
    assert_eq!((key_of(put), put.body.as_slice()), (format!("configurations/leaf1/{hash}"), text.as_bytes()));
}

#[tokio::test]
async fn the_last_runs_are_listed_from_small_objects() {
    let (server, _bucket) = Bucket::serve().await;
    let state = S3State::new(s3(&server), "state");
    let leaf = run_of(vec![DeviceName::new("leaf1").unwrap()]);
    let run = |number: u64, milliseconds: i64| {
        let accepted_at = leaf.accepted_at + SignedDuration::from_millis(milliseconds);
        let task = Task { run: RunId::new(accepted_at, number), ..leaf.task.clone() };
        Run { task, accepted_at, ..leaf.clone() }
    };
    let runs = [run(1, 900), run(2, 10), run(3, 500), run(4, 2_000)];
    for run in runs.iter().chain(&runs) {
        state.create(run).await.unwrap();
    }

    let asked = server.received_requests().await.unwrap().len();
    let listed = state.recent(3).await.unwrap();
    let requests = server.received_requests().await.unwrap().split_off(asked);

    assert_eq!(listed, [&runs[3], &runs[0], &runs[2]].map(Run::summary));
    assert_eq!(requests.len(), 1 + 3, "one listing, and no run is read");
    assert!(requests[1..].iter().all(|request| key_of(request).starts_with("recent/")));
}
