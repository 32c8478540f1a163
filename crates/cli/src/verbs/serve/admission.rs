//! Which requests `naas serve` looks at. A web page that somebody on this machine opens can send requests
//! here, too, so a request is refused by its head, before its body is read:
//!
//! - for a host name that is not ours (421): a page whose name was made to point here, known as DNS
//!   rebinding;
//! - from a page of another origin (403).
//!
//! Who the caller is comes next, by its token (401), and what it may do is the use case's question (403).
//! All that an HTML form can send is refused by the API itself, which takes nothing but JSON (415).

use std::net::IpAddr;

use hyper::Uri;
use hyper::header::{HOST, HeaderName, ORIGIN};
use hyper::http::request::Parts;
use intent::name::excerpt;
use naas::api::Problem;

/// The rules of one server.
pub(super) struct Admission {
    /// Host names that callers may use besides `localhost` and addresses.
    pub(super) hosts: Vec<String>,
}

impl Admission {
    /// Why the request is refused by its head, if it is.
    pub(super) fn check(&self, head: &Parts) -> Result<(), Problem> {
        self.check_host(head)?;
        check_origin(head)
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
        Admission { hosts: vec!["naas.example.net".to_owned()] }
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
            let admitted = open().check(&head("GET", "/runs", &[("host", host)]));
            assert_eq!(admitted.err().map(|problem| problem.status), refused, "{host}");
        }
        assert_eq!(open().check(&head("GET", "/runs", &[])).err().map(|problem| problem.status), Some(421));
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
                let admitted = open().check(&head(method, "/configure", &headers));
                assert_eq!(admitted.err().map(|problem| problem.status), refused, "{method} {origin}");
            }
        }
    }
}
