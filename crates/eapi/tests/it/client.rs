//! What the client does with answers of every kind, over a real connection.

use std::time::Duration;

use crate::support::{Answer, Switch, everything_shown};
use eapi::{Client, Command, ConnectFault, Error, ErrorKind, FailedAt, Format, Sent, Timeouts, Transport};
use serde_json::json;

async fn error_of(answer: Answer) -> Error {
    let switch = Switch::start([answer]).await;
    switch.client().run(["show version"], Format::Json).await.unwrap_err()
}

#[tokio::test]
async fn a_request_is_enable_and_the_commands_with_basic_auth() {
    let switch = Switch::start([Answer::Results(json!([{}, {"version": "4.32.0F"}]))]).await;

    let results = switch.client().run(["show version"], Format::Json).await.unwrap();

    assert_eq!(results, [json!({"version": "4.32.0F"})]);
    let seen = &switch.requests()[0];
    assert!(seen.head.starts_with("post /command-api http/1.1\r\n"), "{}", seen.head);
    assert!(seen.head.contains("\r\ncontent-type: application/json-rpc\r\n"), "{}", seen.head);
    assert!(seen.head.contains("\r\nauthorization: basic ywrtaw46y2fuyxj5\r\n"), "{}", seen.head); // lower-cased
    let params = json!({"version": 1, "cmds": ["enable", "show version"], "format": "json"});
    assert_eq!(seen.body, json!({"jsonrpc": "2.0", "method": "runCmds", "params": params, "id": 1}));
}

#[tokio::test]
async fn an_enable_password_is_the_input_of_enable() {
    let switch = Switch::start([Answer::texts(&[""])]).await;
    let client = switch.builder().enable_password("sesame".into()).build().unwrap();

    client.run(["show clock"], Format::Text).await.unwrap();

    assert_eq!(switch.commands(), [json!([{"cmd": "enable", "input": "sesame"}, "show clock"])]);
}

/// An answer after which the switch closes the connection without saying so, as for one that was
/// idle for too long.
fn last_answer() -> Answer {
    let body = json!({"jsonrpc": "2.0", "id": 1, "result": [{"output": ""}, {"output": "noon"}]}).to_string();
    Answer::Bytes(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes())
}

#[tokio::test]
async fn a_stale_connection_is_opened_again_for_what_only_reads() {
    let switch = Switch::start([Answer::texts(&["noon"]), Answer::Bytes(Vec::new()), Answer::texts(&["one"])]).await;
    let client = switch.client();
    client.run(["show clock"], Format::Text).await.unwrap();

    let results = client.run(["show clock"], Format::Text).await.unwrap();

    assert_eq!(results, [json!({"output": "one"})]);
    assert_eq!((switch.requests().len(), switch.connections()), (3, 2));
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_opened_again() {
    let switch = Switch::start([last_answer(), Answer::texts(&["one"])]).await;
    let client = switch.client();
    client.run(["show clock"], Format::Text).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;

    let results = client.run(["show clock"], Format::Text).await.unwrap();

    assert_eq!((results, switch.connections()), (vec![json!({"output": "one"})], 2));
}

#[tokio::test]
async fn a_request_that_acts_is_never_sent_again() {
    for acts in ["write memory", "configure session x commit", "show clock > flash:x"] {
        let switch = Switch::start([Answer::texts(&["noon"]), Answer::Bytes(Vec::new())]).await;
        let client = switch.client();
        client.run(["show clock"], Format::Text).await.unwrap();

        let error = client.run(["show clock", acts], Format::Text).await.unwrap_err();

        assert!(matches!(error, Error::Lost { .. }), "{error}");
        assert_eq!((error.sent(), switch.requests().len()), (Sent::Maybe, 2), "{acts}");
    }
}

#[tokio::test]
async fn a_stale_connection_is_opened_again_only_once() {
    let lost = || Answer::Bytes(Vec::new());
    let switch = Switch::start([Answer::texts(&["noon"]), lost(), lost(), Answer::texts(&["two"])]).await;
    let client = switch.client();
    client.run(["show clock"], Format::Text).await.unwrap();

    let error = client.run(["show clock"], Format::Text).await.unwrap_err();

    assert!(matches!(error, Error::Lost { .. }) && error.is_passing(), "{error}");
    assert_eq!(switch.requests().len(), 3);
}

#[tokio::test]
async fn requests_share_one_connection() {
    let switch = Switch::start((0..5).map(|_| Answer::texts(&[""]))).await;
    let client = switch.client();

    for _ in 0..5 {
        client.run(["show clock"], Format::Text).await.unwrap();
    }

    assert_eq!((switch.requests().len(), switch.connections()), (5, 1));
}

#[tokio::test]
async fn a_refused_password_is_denied_in_the_switchs_words() {
    let error =
        error_of(Answer::Http(401, "Unable to authenticate user: Bad username/password combination".into())).await;

    assert!(matches!(&error, Error::Denied { words, .. } if words.contains("Bad username/password")), "{error}");
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Denied, Sent::No));
}

#[tokio::test]
async fn an_error_inside_http_200_is_an_error() {
    let error = error_of(Answer::refused(2, 1002, "Invalid input (at token 1: 'version')")).await;

    let Error::Command(command) = &error else { panic!("{error}") };
    assert_eq!((command.at, command.code), (FailedAt::Command(0), 1002));
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Refused, Sent::Yes));
    let shown = "the switch refused `show version`: Invalid input (at token 1: 'version') (code 1002, command 1 of 1)";
    assert_eq!(error.to_string(), shown);
}

#[tokio::test]
async fn other_statuses_are_told_apart_and_redirects_not_followed() {
    for (status, passing) in [(302, false), (404, false), (429, true), (500, true), (502, true), (503, true)] {
        let error = error_of(Answer::Http(status, "<html>busy</html>".into())).await;
        assert_eq!(error.is_passing(), passing, "{status}");
        assert!(matches!(&error, Error::Http { status: found, .. } if *found == status), "{error}");
        assert_eq!((error.kind(), error.sent()), (ErrorKind::NotEapi, Sent::Maybe));
    }
}

#[tokio::test]
async fn what_is_not_json_is_not_eapi() {
    for (body, said) in [
        ("<html>welcome</html>", "begins `<html>welcome</html>`"),
        ("", "breaks off after 0 bytes"),
        (r#"{"jsonrpc":"2.0","id":1,"result":[{},{"ver"#, "breaks off"),
        (r#"{"jsonrpc":"2.0","id":77,"result":[{},{}]}"#, "belongs to another request"),
        (r#"{"jsonrpc":"2.0","id":1,"result":[{}]}"#, "1 results, 2 were expected"),
        ("\u{0}\u{1}", "not JSON"),
    ] {
        let error = error_of(Answer::Http(200, body.into())).await;
        assert!(matches!(&error, Error::NotEapi { what, .. } if what.contains(said)), "{body:?}: {error}");
        assert_eq!(error.sent(), Sent::Maybe);
    }
}

#[tokio::test]
async fn a_body_cut_off_by_the_connection_is_lost() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"jsonrpc\":\"2.0\"".to_vec();
    for bytes in [cut, Vec::new()] {
        let error = error_of(Answer::Bytes(bytes)).await;
        assert!(matches!(error, Error::Lost { .. }), "{error}");
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Unreachable, Sent::Maybe));
    }
}

#[tokio::test]
async fn a_larger_answer_than_allowed_is_not_read() {
    let switch = Switch::start([Answer::Http(200, "x".repeat(2_000_000))]).await;
    let client = switch.builder().reply_limit(1_000_000).build().unwrap();

    let error = client.run(["show tech-support"], Format::Text).await.unwrap_err();

    assert!(matches!(error, Error::TooLarge { limit: 1_000_000, .. }), "{error}");
}

#[tokio::test]
async fn silence_is_a_timeout_and_may_have_been_received() {
    let switch = Switch::start([Answer::Silence]).await;
    let timeouts = Timeouts { command: Duration::from_millis(100), ..Timeouts::default() };
    let client = switch.builder().timeouts(timeouts).build().unwrap();

    let error = client.run(["show version"], Format::Json).await.unwrap_err();

    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Unreachable, Sent::Maybe));
}

#[tokio::test]
async fn nobody_listening_is_a_refused_connection() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = Client::builder("127.0.0.1", "admin", "canary".into()).transport(Transport::Http).port(port);

    let error = client.build().unwrap().run(["show version"], Format::Json).await.unwrap_err();

    assert!(matches!(error, Error::Connect { fault: ConnectFault::Refused, .. }), "{error:?}");
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Unreachable, Sent::No));
}

#[tokio::test]
async fn a_name_without_an_address_does_not_resolve() {
    let client = Client::builder("leaf1.invalid", "admin", "canary".into()).transport(Transport::Http);

    let error = client.build().unwrap().run(["show version"], Format::Json).await.unwrap_err();

    assert!(matches!(error, Error::Connect { fault: ConnectFault::NotResolved, .. }), "{error:?}");
}

#[tokio::test]
async fn no_error_shows_a_secret() {
    let leak = "Command unauthorized: user has insufficient permissions to run the command input=sesame more";
    let answers = [
        Answer::refused(1, 1005, leak),
        Answer::refused(2, 1005, leak),
        Answer::refused(2, 1002, "Invalid input (at token 3: 'hunter2')"),
        Answer::Refused(json!({"code": 1005, "message": "CLI command 1 of 2 'enable' failed: no, input=sesame"})),
        Answer::Http(401, "no, not canary".into()),
        Answer::Http(500, "canary".into()),
        Answer::Http(200, "canary".into()),
    ];
    let count = answers.len();
    let switch = Switch::start(answers).await;
    let client = switch.builder().enable_password("sesame".into()).build().unwrap();
    let body =
        Command::WithInput { cmd: "username a secret hunter2".into(), input: Some("canary".into()), revision: None };

    for _ in 0..count {
        let error = client.run([body.clone()], Format::Text).await.unwrap_err();
        let shown = everything_shown(&error);
        for secret in ["canary", "sesame", "hunter2"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    assert_eq!(switch.requests().len(), count);
}
