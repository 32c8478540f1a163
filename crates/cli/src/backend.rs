//! What answers the verbs: a site folder in this process, or a deployment over HTTPS. Both answer
//! the same calls with the same documents, so a verb is written once.

mod api;
mod local;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

pub(crate) use api::Api;
pub(crate) use local::Local;

use crate::screen::Form;
use crate::signals::Signal;
use crate::site::{self, SiteFolder};

/// The environment variable with the token for a deployment or a `naas serve`.
const TOKEN: &str = "NAAS_TOKEN";

/// The site or deployment that a verb works on, and how it prints results.
#[derive(Debug, Clone, Args)]
pub(crate) struct Target {
    #[command(flatten)]
    site: SiteFolder,
    /// Ask this deployment or `naas serve` instead of working on the site folder, for example
    /// https://….amazonaws.com/prod
    #[arg(long, value_name = "URL", env = "NAAS_API", conflicts_with = "site")]
    api: Option<String>,
    /// API key of the deployment, sent as x-api-key
    #[arg(long, value_name = "KEY", env = "NAAS_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// Read the token for --api from this file, one line `Authorization: Bearer TOKEN`; NAAS_TOKEN
    /// can hold the token instead
    #[arg(long, value_name = "FILE", env = "NAAS_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORM", value_enum, default_value = "text")]
    pub(crate) output: Form,
}

/// An open site folder or a deployment.
pub(crate) enum Backend {
    /// A site folder that this process has open.
    Local(Box<Local>),
    /// A deployment or a `naas serve`.
    Api(Api),
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The API answered with a problem document.
    #[error("{detail}")]
    Problem {
        /// The HTTP status.
        status: u16,
        /// What happened and what to do next.
        detail: String,
    },
    /// There was no answer, or not one of naas.
    #[error("{0}")]
    NoAnswer(String),
}

impl Target {
    /// Opens the site folder, or prepares for the deployment; that is not asked yet.
    pub(crate) async fn open(&self) -> anyhow::Result<Backend> {
        Ok(match &self.api {
            Some(url) => Backend::Api(Api::new(url, self.api_key.as_deref(), self.token(url)?.as_deref())?),
            None => Backend::Local(Box::new(Local::open(&self.site.path()).await?)),
        })
    }

    /// The token to show: the one that was given, or that of the site folder if its `naas serve`
    /// answers at this very URL.
    fn token(&self, url: &str) -> anyhow::Result<Option<String>> {
        if let Some(file) = &self.token_file {
            return site::read_token(file).map(Some);
        }
        match std::env::var(TOKEN).ok().filter(|token| !token.is_empty()) {
            Some(token) => Ok(Some(token)),
            None => {
                let site = self.site.path();
                let served = site::is_served_at(&site, url);
                served.then(|| site::read_token(&site::owner_file(&site))).transpose()
            }
        }
    }

    /// The site folder, unless a deployment is meant.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        self.api.is_none().then(|| self.site.path())
    }

    /// A command to type next that works on the same target.
    pub(crate) fn command(&self, words: &str) -> String {
        match &self.api {
            Some(url) => format!("naas {words} --api {url}"),
            None => format!("naas {words}{}", self.site.option()),
        }
    }
}

impl Backend {
    /// Asks; `path` without the leading slash, with its query.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, CallError> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let (status, text) = match self {
            Self::Local(local) => local.call(method, path, &body).await,
            Self::Api(api) => api.call(method, path, body).await?,
        };
        let document = serde_json::from_str::<Value>(&text);
        match (status, document) {
            (200..300, Ok(document)) => Ok(document),
            (_, Ok(problem)) if status >= 400 => Err(CallError::Problem { status, detail: sentence(status, &problem) }),
            _ => Err(CallError::NoAnswer(format!(
                "expected an answer of naas in JSON, found status {status} and other text"
            ))),
        }
    }

    /// Asks with `GET`.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, CallError> {
        self.call("GET", path, None).await
    }

    /// Asks with `POST`.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Value, CallError> {
        self.call("POST", path, Some(body)).await
    }

    /// Starts workers for these runs where they need some.
    pub(crate) fn begin(&mut self, runs: &[String]) {
        if let Self::Local(local) = self {
            local.begin(runs);
        }
    }

    /// Ends the workers. What is under way is finished first, within some seconds after SIGTERM.
    pub(crate) async fn end(&mut self, signal: Option<Signal>) -> anyhow::Result<()> {
        match self {
            Self::Local(local) => local.end(signal).await,
            Self::Api(_) => Ok(()),
        }
    }

    /// How long to wait before asking again how a run stands.
    pub(crate) fn pace(&self) -> Duration {
        match self {
            Self::Local(_) => Duration::from_millis(50),
            Self::Api(_) => Duration::from_millis(500),
        }
    }

    /// True if runs continue without this process.
    pub(crate) fn goes_on(&self) -> bool {
        matches!(self, Self::Api(_))
    }
}

/// The sentence of a problem document; of API Gateway's own errors too, which are none.
fn sentence(status: u16, problem: &Value) -> String {
    let text = |key: &str| problem[key].as_str().filter(|text| !text.is_empty());
    match text("detail").or(text("title")) {
        Some(detail) => detail.to_owned(),
        None => {
            let message = text("message").or(text("Message")).unwrap_or("no reason given");
            let cure = if matches!(status, 401 | 403) {
                "; give --token-file or --api-key, and look whether --api is the right URL"
            } else {
                ""
            };
            format!("the API answered with status {status}: {message}{cure}")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn problems_and_gateway_messages_become_sentences() {
        let problem = json!({"title": "There is no such run", "detail": "no run x was ever accepted here"});
        let gateway = json!({"message": "Forbidden"});

        assert_eq!(sentence(404, &problem), "no run x was ever accepted here");
        assert_eq!(
            sentence(403, &gateway),
            "the API answered with status 403: Forbidden; give --token-file or --api-key, and look whether --api is the right URL"
        );
    }
}
