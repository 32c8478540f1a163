//! The same verbs with `--api`, against a `naas serve` of the same kind of site.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::lab::{Lab, command};

/// A running `naas serve`; killed when dropped.
struct Served {
    process: Child,
    url: String,
}

impl Served {
    fn of(lab: &Lab) -> Self {
        let mut process =
            command(lab.path(), &["serve", "--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let ready = lines.by_ref().map(Result::unwrap).find(|line| line.contains("naas is serving")).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let url = ready.split("url=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        Self { process, url }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Without what names a run, and where it was asked for.
fn general(text: &str, url: &str) -> String {
    let words = text.split(' ').map(|word| if word.starts_with("202") { "RUN" } else { word });
    words.collect::<Vec<_>>().join(" ").replace(&format!("RUN --api {url}"), "RUN")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_asked_in_the_same_words_and_answers_in_them() {
    let (local, remote) = (Lab::of(2).await, Lab::of(2).await);
    let served = Served::of(&remote);
    let verbs: [&[&str]; 5] =
        [&["check"], &["plan", "leaf1"], &["apply", "leaf9", "--yes"], &["apply", "--all", "--yes"], &["plan"]];

    for verb in verbs {
        let here = local.naas(verb);
        let there = remote.naas(&[verb, &["--api", &served.url]].concat());

        assert_eq!((here.status, here.err), (there.status, there.err), "{verb:?}");
        assert_eq!(
            general(&here.out, &served.url).replace("RUN\n", "RUN"),
            general(&there.out, &served.url).replace("RUN\n", "RUN"),
            "{verb:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_a_site_served_is_told_where() {
    let lab = Lab::of(1).await;
    let served = Served::of(&lab);

    let ran = lab.naas(&["plan"]);

    assert_eq!(ran.status, 1);
    assert!(
        ran.err.contains(&format!("another naas has it open, and serves it; add --api {}\n", served.url)),
        "{}",
        ran.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_does_not_answer_is_named_with_the_reason() {
    let lab = Lab::of(1).await;

    let gone = lab.naas(&["plan", "--api", "http://127.0.0.1:9"]);
    let wrong = lab.naas(&["plan", "--api", "naas.example.net"]);

    assert_eq!((gone.status, wrong.status), (1, 1));
    assert!(gone.err.contains("http://127.0.0.1:9 cannot be asked: Connection refused"), "{}", gone.err);
    assert!(wrong.err.contains("expected a URL such as https://…/prod"), "{}", wrong.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_that_is_left_to_another_ends_as_that_one() {
    let lab = Lab::of(1).await;
    let served = Served::of(&lab);
    let apply = ["apply", "leaf1", "--yes", "--api", &served.url];
    let start = || command(lab.path(), &apply).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    lab.device("leaf1").set_faults(eos_sim::Faults { latency_ms: 1_500, ..Default::default() });
    let device = || lab.json(&["status", "--api", &served.url])["devices"][0].clone();
    let working = start();
    until(|| device()["worked_on_by"].is_object());
    let waiting = start();
    until(|| device()["waiting"].is_string());

    let third = lab.naas(&apply);

    assert_eq!(third.status, 0, "{third:?}");
    assert!(!third.out.contains("failed") && !third.out.contains("left to"), "{third:?}");
    for mut naas in [working, waiting] {
        assert!(naas.wait().unwrap().success());
    }
}

fn until(there: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !there() {
        assert!(std::time::Instant::now() < deadline, "waited half a minute");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
