//! Keeps web pages out: a page that somebody on this machine opens can send requests to the
//! loopback, and the control face breaks switches, while a switch that may run bash runs it on this
//! machine.

use std::net::IpAddr;

use axum::http::{HeaderMap, Uri, header};

/// True if a browser sent the request for a page. Browsers send `Origin` with whatever changes
/// something; and a page whose own name was made to point here (DNS rebinding) asks for that name.
/// No page has a name without a dot, as containers have them.
pub(crate) fn sent(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Uri>().ok());
    let is_ours = host
        .as_ref()
        .and_then(Uri::host)
        .is_some_and(|name| !name.contains(['.', ':']) || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok());
    headers.contains_key(header::ORIGIN) || !is_ours
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_pages_are_told_from_those_of_programs() {
        for (name, value, expected) in [
            ("host", "127.0.0.1:8000", false),
            ("host", "[::1]:8000", false),
            ("host", "localhost", false),
            ("host", "eos-sim:8000", false),
            ("host", "evil.example.com", true),
            ("host", "localhost.evil.example.com:8000", true),
            ("origin", "https://evil.example.com", true),
            ("origin", "null", true),
        ] {
            let mut headers = HeaderMap::from_iter([(header::HOST, "127.0.0.1".parse().unwrap())]);
            headers.insert(name, value.parse().unwrap());
            assert_eq!(sent(&headers), expected, "{name}: {value}");
        }
        assert!(sent(&HeaderMap::new()));
    }
}
