//! Logins by cookie: `POST /login` gives a token, which goes with every request until it expires. Source: pyeapi's
//! `SessionApiConnection` and asynceapi's `_auth.py`.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::sync::Mutex;

use crate::client::Client;
use crate::error::Error;

/// Where logins are opened and closed.
const LOGIN: &str = "/login";
const LOGOUT: &str = "/logout";

/// The login that a client and its clones share; none until the first request.
#[derive(Debug, Default)]
pub(crate) struct Login(Mutex<Option<SecretString>>);

impl Login {
    /// The token in force. Of requests that come at the same time one logs in, and the others wait for it.
    pub(crate) async fn token(&self, client: &Client) -> Result<SecretString, Error> {
        let mut token = self.0.lock().await;
        match &*token {
            Some(token) => Ok(token.clone()),
            None => Ok(token.insert(open(client).await?).clone()),
        }
    }

    /// Forgets a token that was refused, unless another took its place meanwhile.
    pub(crate) async fn forget(&self, refused: &SecretString) {
        let mut token = self.0.lock().await;
        token.take_if(|token| token.expose_secret() == refused.expose_secret());
    }

    /// Closes the login, if one is open.
    pub(crate) async fn close(&self, client: &Client) -> Result<(), Error> {
        let Some(token) = self.0.lock().await.take() else { return Ok(()) };
        let answer = client.exchange(LOGOUT, vec![cookie(&token)], Vec::new(), client.timeouts().command).await?;
        // One that has expired by now is closed as well.
        if matches!(answer.status, StatusCode::OK | StatusCode::UNAUTHORIZED) {
            Ok(())
        } else {
            Err(client.unexpected(&answer))
        }
    }
}

/// The header that a token travels in.
pub(crate) fn cookie(token: &SecretString) -> (HeaderName, HeaderValue) {
    let value = HeaderValue::from_str(&format!("Session={}", token.expose_secret()));
    let mut value = value.unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    (reqwest::header::COOKIE, value)
}

async fn open(client: &Client) -> Result<SecretString, Error> {
    let (user, password) = client.credentials();
    let body = json!({"username": user, "password": password.expose_secret()}).to_string().into_bytes();
    let answer = client.exchange(LOGIN, Vec::new(), body, client.timeouts().command).await?;
    if answer.status != StatusCode::OK {
        return Err(client.unexpected(&answer));
    }
    token(&answer.headers).ok_or_else(|| Error::NotEapi {
        address: client.address().to_owned(),
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
