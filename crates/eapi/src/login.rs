//! Logins by cookie: `POST /login` answers with a token, which goes with every request until it
//! expires. Source: `SessionApiConnection` of pyeapi and `_auth.py` of asynceapi.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::sync::Mutex;

use crate::connection::{Connection, Exchange, Repeat};
use crate::error::Error;

/// The path where logins are opened.
const LOGIN: &str = "/login";
/// The path where logins are closed.
const LOGOUT: &str = "/logout";

/// The login that a client and its clones share. It is empty until the first request.
#[derive(Debug, Default)]
pub(crate) struct Login(Mutex<Option<SecretString>>);

impl Login {
    /// The token in force. Of requests that come at the same time one logs in, and the others wait
    /// for it.
    pub(crate) async fn token(&self, connection: &Connection, timeout: Duration) -> Result<SecretString, Error> {
        let mut token = self.0.lock().await;
        match &*token {
            Some(token) => Ok(token.clone()),
            None => Ok(token.insert(open(connection, timeout).await?).clone()),
        }
    }

    /// Forgets a token that was refused, unless another one took its place meanwhile.
    pub(crate) async fn forget(&self, refused: &SecretString) {
        let mut token = self.0.lock().await;
        token.take_if(|token| token.expose_secret() == refused.expose_secret());
    }

    /// Closes the login, if one is open.
    pub(crate) async fn close(&self, connection: &Connection, timeout: Duration) -> Result<(), Error> {
        let Some(token) = self.0.lock().await.take() else { return Ok(()) };
        let logout = request(LOGOUT, Some(cookie(&token)), Vec::new(), timeout);
        let answer = connection.exchange(logout).await?;
        // A login that has expired by now is closed as well.
        if matches!(answer.status, StatusCode::OK | StatusCode::UNAUTHORIZED) {
            Ok(())
        } else {
            Err(connection.unexpected(&answer))
        }
    }
}

fn request(
    path: &'static str,
    credentials: Option<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
    timeout: Duration,
) -> Exchange {
    Exchange { path, credentials, body, timeout, repeat: Repeat::Never }
}

/// The header that a token travels in.
pub(crate) fn cookie(token: &SecretString) -> (HeaderName, HeaderValue) {
    let value = HeaderValue::from_str(&format!("Session={}", token.expose_secret()));
    let mut value = value.unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    (reqwest::header::COOKIE, value)
}

async fn open(connection: &Connection, timeout: Duration) -> Result<SecretString, Error> {
    let (user, password) = (&connection.user, connection.password.expose_secret());
    let body = json!({"username": user, "password": password}).to_string().into_bytes();
    let answer = connection.exchange(request(LOGIN, None, body, timeout)).await?;
    if answer.status != StatusCode::OK {
        return Err(connection.unexpected(&answer));
    }
    token(&answer.headers).ok_or_else(|| Error::NotEapi {
        address: connection.address.clone(),
        what: "the answer to /login sets no cookie `Session`".to_owned(),
    })
}

fn token(headers: &HeaderMap) -> Option<SecretString> {
    let cookies = headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.filter_map(|cookie| cookie.split(';').next());
    let token = pairs.find_map(|pair| pair.trim().strip_prefix("Session="))?;
    (!token.is_empty()).then(|| token.to_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let set = |cookies: &[&'static str]| {
            HeaderMap::from_iter(cookies.iter().map(|cookie| (SET_COOKIE, HeaderValue::from_static(cookie))))
        };
        let found = |cookies: &[&'static str]| token(&set(cookies)).map(|token| token.expose_secret().to_owned());
        assert_eq!(found(&["theme=dark", "Session=abc; Path=/"]).as_deref(), Some("abc"));
        assert_eq!(found(&["Session=; Path=/"]), None);
        assert_eq!(found(&["Other=Session=abc"]), None);
    }

    #[test]
    fn a_cookie_is_not_shown() {
        let (_, value) = cookie(&"canary".into());
        assert!(!format!("{value:?}").contains("canary"));
    }
}
