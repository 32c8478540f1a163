//! Logins by cookie.

use eapi::{Authentication, Client, Error, Format, Sent};
use serde_json::json;

use crate::support::{Answer, Switch, everything_shown};

fn client(switch: &Switch) -> Client {
    switch.builder().authentication(Authentication::Cookie).build().unwrap()
}

async fn clock(client: &Client) -> Result<(), Error> {
    client.run(["show clock"], Format::Text).await.map(drop)
}

#[tokio::test]
async fn one_login_serves_all_requests_and_the_password_travels_once() {
    let switch = Switch::start([Answer::Cookie("abc"), Answer::texts(&["noon"]), Answer::texts(&["one"])]).await;
    let client = client(&switch);

    clock(&client).await.unwrap();
    clock(&client.clone()).await.unwrap();

    let requests = switch.requests();
    assert!(requests[0].head.starts_with("post /login "), "{}", requests[0].head);
    assert_eq!(requests[0].body, json!({"username": "admin", "password": "canary"}));
    for request in &requests[1..] {
        assert!(request.head.starts_with("post /command-api ") && request.head.contains("cookie: session=abc"));
    }
    assert!(!requests.iter().any(|request| request.head.contains("authorization")));
    assert_eq!((requests.len(), switch.connections()), (3, 1));
}

#[tokio::test]
async fn an_expired_login_is_renewed_and_the_request_sent_again() {
    let expired = Answer::Http(401, "Unable to authenticate user".into());
    let script = [Answer::Cookie("old"), expired, Answer::Cookie("new"), Answer::texts(&["noon"])];
    let switch = Switch::start(script).await;

    clock(&client(&switch)).await.unwrap();

    assert!(switch.requests()[3].head.contains("cookie: session=new"));
}

#[tokio::test]
async fn a_login_that_is_refused_at_once_again_is_denied() {
    let refused = || Answer::Http(401, "Unable to authenticate user: canary".into());
    let switch = Switch::start([Answer::Cookie("old"), refused(), Answer::Cookie("new"), refused()]).await;

    let error = clock(&client(&switch)).await.unwrap_err();

    assert!(matches!(error, Error::Denied { .. }), "{error}");
    assert_eq!((error.sent(), switch.requests().len()), (Sent::No, 4));
    assert!(!everything_shown(&error).contains("canary"));
}

#[tokio::test]
async fn a_wrong_password_is_denied_before_any_command() {
    let switch = Switch::start([Answer::Http(401, "no".into())]).await;

    let error = clock(&client(&switch)).await.unwrap_err();

    assert!(matches!(error, Error::Denied { .. }), "{error}");
    assert_eq!(switch.requests().len(), 1);
}

#[tokio::test]
async fn a_login_without_a_cookie_is_not_eapi() {
    let switch = Switch::start([Answer::Http(200, String::new())]).await;

    let error = clock(&client(&switch)).await.unwrap_err();

    assert!(matches!(&error, Error::NotEapi { what, .. } if what.contains("/login")), "{error}");
}

#[tokio::test]
async fn requests_at_the_same_time_log_in_once() {
    let answers = (0..8).map(|_| Answer::texts(&["noon"]));
    let switch = Switch::start(std::iter::once(Answer::Cookie("abc")).chain(answers)).await;
    let client = client(&switch);

    let asked: Vec<_> =
        (0..8).map(|_| client.clone()).map(|client| tokio::spawn(async move { clock(&client).await })).collect();
    for asked in asked {
        asked.await.unwrap().unwrap();
    }

    let logins = switch.requests().iter().filter(|request| request.head.starts_with("post /login ")).count();
    assert_eq!(logins, 1);
}

#[tokio::test]
async fn a_logout_ends_the_login_and_the_next_request_opens_another() {
    let closed = Answer::Http(200, String::new());
    let script = [Answer::Cookie("one"), Answer::texts(&[""]), closed, Answer::Cookie("two"), Answer::texts(&[""])];
    let switch = Switch::start(script).await;
    let client = client(&switch);

    client.logout().await.unwrap();
    clock(&client).await.unwrap();
    client.logout().await.unwrap();
    clock(&client).await.unwrap();

    let requests = switch.requests();
    assert!(requests[2].head.starts_with("post /logout ") && requests[2].head.contains("session=one"));
    assert!(requests[4].head.contains("session=two"));
    assert_eq!(requests.len(), 5);
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_line_shows_a_password_a_token_or_a_body() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    let _logging = tracing::subscriber::set_default(subscriber.finish());
    let refused = || Answer::Http(401, "canary".into());
    let words = Answer::refused(2, 1005, "no right to run it, input=canary");
    let script =
        [Answer::Cookie("canary"), refused(), Answer::Cookie("canary"), words, Answer::texts(&["canary", "canary"])];
    let switch = Switch::start(script).await;
    for authentication in [Authentication::Cookie, Authentication::Basic] {
        let client = switch.builder().authentication(authentication).enable_password("canary".into()).build().unwrap();
        let _ = client.run(["username a secret canary"], Format::Text).await;
    }

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("the login has expired"), "{log}");
    assert!(!log.contains("canary"), "{log}");
}
