//! Who may come in: Basic authentication on every request, or a cookie from `/login`. Source:
//! pyeapi's `SessionApiConnection` and asynceapi's `_auth.py`, which both log in with JSON and send
//! `Cookie: Session=…` from then on.

use std::collections::HashMap;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// For how long a login is good unless `session timeout` under `management api http-commands` says
/// otherwise, in minutes.
const TIMEOUT: i64 = 1440;

/// The logins by cookie, each with its end.
#[derive(Debug, Default)]
pub(crate) struct Logins(HashMap<String, Timestamp>);

/// The user name and password in the body of `POST /login`.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    username: String,
    password: SecretString,
}

impl Credentials {
    /// The credentials of a request with Basic authentication.
    pub(crate) fn basic(headers: &HeaderMap) -> Option<Self> {
        let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
        let given = String::from_utf8(STANDARD.decode(given).ok()?).ok()?;
        let (username, password) = given.split_once(':')?;
        Some(Self { username: username.to_owned(), password: password.to_owned().into() })
    }

    pub(crate) fn are(&self, username: &str, password: &SecretString) -> bool {
        self.username == username && self.password.expose_secret() == password.expose_secret()
    }
}

impl Logins {
    /// Opens a login and returns its token. Tokens are random, but no secrets: a simulator has
    /// none.
    pub(crate) fn open(&mut self, timeout_min: Option<i64>, now: Timestamp) -> String {
        let token = format!("{:032x}", fastrand::u128(..));
        let life = SignedDuration::from_mins(timeout_min.unwrap_or(TIMEOUT).clamp(1, TIMEOUT));
        self.0.retain(|_, until| *until > now);
        self.0.insert(token.clone(), now.checked_add(life).unwrap_or(Timestamp::MAX));
        token
    }

    pub(crate) fn close(&mut self, headers: &HeaderMap) {
        if let Some(token) = token(headers) {
            self.0.remove(token);
        }
    }

    /// Ends all logins.
    pub(crate) fn expire(&mut self) {
        self.0.clear();
    }

    /// True if a request comes with the cookie of a login that has not ended.
    pub(crate) fn has(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        token(headers).and_then(|token| self.0.get(token)).is_some_and(|until| *until > now)
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|cookies| cookies.split(';')).find_map(|cookie| cookie.trim().strip_prefix("Session="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_cookie(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, value.parse().unwrap())])
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_login_is_good_for_its_time_and_until_it_is_closed() {
        let mut logins = Logins::default();
        let cookie = with_cookie(&format!("theme=dark; Session={}", logins.open(Some(5), at(0))));
        assert!(logins.has(&cookie, at(299)) && !logins.has(&cookie, at(300)));
        assert!(!logins.has(&with_cookie("Session=guess"), at(0)));
        logins.close(&cookie);
        assert!(!logins.has(&cookie, at(0)));
    }

    #[test]
    fn basic_credentials_may_have_colons_in_the_password() {
        let value = format!("Basic {}", STANDARD.encode("admin:a:b"));
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        let given = Credentials::basic(&headers).unwrap();
        assert!(given.are("admin", &"a:b".into()) && !given.are("admin", &"a".into()));
    }
}
