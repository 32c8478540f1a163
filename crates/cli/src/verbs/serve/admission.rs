//! Who may call `naas serve`. A web page that somebody on this machine opens can send requests
//! here, too, so a request is refused by its head, before its body is read:
//!
//! - for a host name that is not ours (421): a page whose name was made to point here, known as DNS
//!   rebinding;
//! - from a page of another origin (403);
//! - without a token (401), or with one that does not suffice (403).
//!
//! All that an HTML form can send is refused by the API itself, which takes nothing but JSON (415).

use std::net::IpAddr;

use hyper::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use hyper::http::request::Parts;
use hyper::{Method, Uri};
use intent::name::excerpt;
use naas::api::Problem;
use serde_json::Value;

use crate::site::{Bearer, Tokens};

/// The rules of one server.
pub(super) struct Admission {
    /// Host names that callers may use besides `localhost` and addresses.
    pub(super) hosts: Vec<String>,
    /// Who must show one of these; without them everybody is taken for an operator.
    pub(super) tokens: Option<Tokens>,
}

impl Admission {
    /// Whom the request is from, by its head alone; or why it is refused.
    pub(super) fn admit(&self, head: &Parts) -> Result<Bearer, Problem> {
        self.check_host(head)?;
        check_origin(head)?;
        let Some(tokens) = &self.tokens else { return Ok(Bearer::Operator) };
        let authorization = text(head, AUTHORIZATION).unwrap_or_default();
        tokens.bearer(authorization).ok_or_else(|| {
            Problem::new(
                401,
                "not-authenticated",
                "The request has no valid token",
                "expected the header line in the file .naas/authorization of the site; curl sends it with --header @FILE, and naas \
                 with --token-file FILE or the token in NAAS_TOKEN",
            )
        })
    }

    fn check_host(&self, head: &Parts) -> Result<(), Problem> {
        let host = text(head, HOST).and_then(|host| host.parse::<Uri>().ok());
        let name = host.as_ref().and_then(Uri::host).unwrap_or_default();
        // No page can make its own name be an address.
        let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        if is_address || name == "localhost" || self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name)) {
            return Ok(());
        }
        let detail = format!(
            "expected the host to be an address, localhost or a name given with --host, found {:?}; start naas serve with --host \
             NAME if that name is its own",
            excerpt(name)
        );
        Err(Problem::new(421, "unknown-host", "The request is for another host", detail))
    }
}

/// What a switch's token allows: that one device, itself, is brought to what models say.
pub(super) fn allows_switch(head: &Parts, body: &[u8]) -> Result<(), Problem> {
    let is_report = || {
        let body: Value = serde_json::from_slice(body).ok()?;
        let fields = body.as_object().filter(|fields| fields.len() == 1)?;
        let [device] = fields.get("devices")?.as_array()?.as_slice() else { return None };
        device.as_str().filter(|device| *device != "all").map(drop)
    };
    if head.method == Method::POST && head.uri.path() == "/configure" && is_report().is_some() {
        return Ok(());
    }
    let detail = "a switch's token allows POST /configure with {\"devices\":[\"NAME\"]}, one device and nothing else; expected \
                  that, or the token in .naas/authorization";
    Err(Problem::new(403, "not-allowed", "The token does not allow this", detail))
}

/// Browsers send the header with every request of another page that changes something.
fn check_origin(head: &Parts) -> Result<(), Problem> {
    let (Some(origin), host) = (text(head, ORIGIN), text(head, HOST).unwrap_or_default()) else { return Ok(()) };
    if origin.split_once("://").is_some_and(|(_, authority)| authority == host) {
        return Ok(());
    }
    let detail = format!("the page {:?} may not ask for anything here; expected no header Origin", excerpt(origin));
    Err(Problem::new(403, "foreign-origin", "A page of another origin sent the request", detail))
}

fn text(head: &Parts, name: HeaderName) -> Option<&str> {
    // A header that is no text is like none of ours.
    head.headers.get(name).map(|value| value.to_str().unwrap_or("\u{fffd}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> Parts {
        let request = hyper::Request::builder().method(method).uri(path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    fn open() -> Admission {
        Admission { hosts: vec!["naas.example.net".to_owned()], tokens: None }
    }

    #[test]
    fn only_hosts_of_our_own_are_answered() {
        for (host, refused) in [
            ("127.0.0.1:8080", None),
            ("[::1]:8080", None),
            ("192.0.2.7", None),
            ("localhost:8080", None),
            ("NAAS.example.net", None),
            ("evil.example.com", Some(421)),
            ("127.0.0.1.evil.example.com:8080", Some(421)),
            ("localhost.evil.example.com", Some(421)),
            ("", Some(421)),
        ] {
            let admitted = open().admit(&head("GET", "/runs", &[("host", host)]));
            assert_eq!(admitted.err().map(|problem| problem.status), refused, "{host}");
        }
        assert_eq!(open().admit(&head("GET", "/runs", &[])).err().map(|problem| problem.status), Some(421));
    }

    #[test]
    fn pages_of_other_origins_are_refused() {
        for (origin, refused) in [
            ("http://127.0.0.1:8080", None),
            ("http://127.0.0.1:9090", Some(403)),
            ("https://evil.example.com", Some(403)),
            ("null", Some(403)),
            ("", Some(403)),
        ] {
            let headers = [("host", "127.0.0.1:8080"), ("origin", origin)];
            for method in ["GET", "POST", "OPTIONS"] {
                let admitted = open().admit(&head(method, "/configure", &headers));
                assert_eq!(admitted.err().map(|problem| problem.status), refused, "{method} {origin}");
            }
        }
    }

    #[test]
    fn a_token_is_asked_for_by_default() {
        let site = tempfile::tempdir().unwrap();
        std::fs::create_dir(site.path().join(".naas")).unwrap();
        let admission = Admission { hosts: Vec::new(), tokens: Some(Tokens::of_site(site.path()).unwrap()) };
        let read = |file| std::fs::read_to_string(site.path().join(file)).unwrap();
        let operator = read(".naas/authorization").trim().replace("Authorization: ", "");
        let switch = read(".naas/switch-authorization").trim().replace("Authorization: ", "");

        for (authorization, expected) in [
            (operator.as_str(), Ok(Bearer::Operator)),
            (switch.as_str(), Ok(Bearer::Switch)),
            ("Bearer 0", Err(401)),
            ("", Err(401)),
        ] {
            let headers = [("host", "localhost"), ("authorization", authorization)];
            let admitted = admission.admit(&head("GET", "/runs", &headers));
            assert_eq!(admitted.map_err(|problem| problem.status), expected, "{authorization}");
        }
    }

    #[test]
    fn a_switch_may_only_report_one_device() {
        let allowed = |method: &str, path: &str, body: &str| allows_switch(&head(method, path, &[]), body.as_bytes());

        assert!(allowed("POST", "/configure", r#"{"devices":["leaf1"]}"#).is_ok());
        for (method, path, body) in [
            ("POST", "/configure", r#"{"devices":["all"]}"#),
            ("POST", "/configure", r#"{"devices":["leaf1","leaf2"]}"#),
            ("POST", "/configure", r#"{"devices":[]}"#),
            ("POST", "/configure", r#"{"groups":["leaf"]}"#),
            ("POST", "/configure", r#"{"devices":["leaf1"],"restore":"0123456789"}"#),
            ("POST", "/configure", r#"{"devices":["leaf1"],"mode":"plan"}"#),
            ("POST", "/configure", "not JSON"),
            ("POST", "/devices/leaf1/release", ""),
            ("POST", "/redrive", r#"{"devices":["leaf1"]}"#),
            ("GET", "/runs", ""),
            ("GET", "/configure", r#"{"devices":["leaf1"]}"#),
        ] {
            assert_eq!(allowed(method, path, body).err().map(|problem| problem.status), Some(403), "{path} {body}");
        }
    }
}
