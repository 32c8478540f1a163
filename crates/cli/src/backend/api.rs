//! A deployment, or a `naas serve`, over HTTP.

use std::error::Error;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Method, Url};

use super::CallError;

/// API Gateway ends every request after 29 seconds.
const TIMEOUT: Duration = Duration::from_secs(35);

/// A client of a deployment's API.
pub(crate) struct Api {
    client: Client,
    url: Url,
}

impl Api {
    /// The deployment at `url`, asked with an API key and a token where there are any.
    ///
    /// # Errors
    ///
    /// A URL, key or token of a wrong form.
    pub(super) fn new(url: &str, key: Option<&str>, token: Option<&str>) -> anyhow::Result<Self> {
        let mut url: Url =
            url.parse().with_context(|| format!("--api: expected a URL such as https://…/prod, found {url:?}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() {
            bail!("--api: expected a URL such as https://…/prod, found {:?}", url.as_str());
        }
        // Without it the last part would be replaced by the path asked for.
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let mut headers = HeaderMap::new();
        let bearer = token.map(|token| format!("Bearer {token}"));
        for (name, option, value) in
            [("x-api-key", "--api-key", key), ("authorization", "the token", bearer.as_deref())]
        {
            let Some(value) = value else { continue };
            let mut value = HeaderValue::from_str(value)
                .with_context(|| format!("{option}: expected visible ASCII characters, found others"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let client = Client::builder().timeout(TIMEOUT).default_headers(headers);
        let client =
            client.user_agent(concat!("naas/", env!("CARGO_PKG_VERSION"))).build().context("TLS cannot be set up")?;
        Ok(Self { client, url })
    }

    pub(super) async fn call(&self, method: &str, path: &str, body: String) -> Result<(u16, String), CallError> {
        let failed = |error: reqwest::Error| CallError::NoAnswer(self.explain(&error));
        let url = self.url.join(path).map_err(|error| CallError::NoAnswer(format!("{path}: {error}")))?;
        let method = method.parse::<Method>().map_err(|error| CallError::NoAnswer(error.to_string()))?;
        let request = self.client.request(method, url).header("content-type", "application/json").body(body);
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        Ok((status, response.text().await.map_err(failed)?))
    }

    /// reqwest's own sentence names the URL and not the reason, which is the last of its causes.
    fn explain(&self, error: &reqwest::Error) -> String {
        let causes: Vec<_> = std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (**cause).source())
            .map(ToString::to_string)
            .collect();
        let last = causes.last().map_or("no reason given", String::as_str);
        let at = self.url.as_str().trim_end_matches('/');
        if error.is_timeout() {
            format!("{at} did not answer within {} seconds", TIMEOUT.as_secs())
        } else if causes.iter().any(|cause| cause.contains("certificate")) {
            format!(
                "the certificate of {at} is not believed: {last}; if an authority of your own signed it, name its \
                 certificate in the environment variable SSL_CERT_FILE"
            )
        } else {
            format!("{at} cannot be asked: {last}; is the URL right, and can this machine reach it")
        }
    }
}
