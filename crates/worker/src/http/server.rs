//! Where a server is.

use std::fmt;

use http::{HeaderValue, Uri};

/// A server's address, taken apart once so that requests need not do it.
#[derive(Clone, Debug)]
pub(crate) struct ServerUrl {
    /// Whether it speaks TLS.
    pub(crate) is_secure: bool,
    /// Name or address to connect to.
    pub(crate) host: String,
    /// Port to connect to.
    pub(crate) port: u16,
    /// What goes into the `Host` header.
    pub(crate) authority: HeaderValue,
    /// Path before `/_worker`, without a slash at its end; empty for most.
    prefix: String,
}

impl ServerUrl {
    /// Takes `http[s]://host[:port][/prefix]` apart; the error says what is wrong with it.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        let uri: Uri = url.parse().map_err(|_| "it is not a URL")?;
        let is_secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err("it does not start with http:// or https://"),
        };
        if uri.query().is_some() {
            return Err("it has a query");
        }
        let authority = uri.authority().ok_or("it names no host")?;
        if authority.as_str().contains('@') {
            return Err("it holds credentials; give the token apart from the URL");
        }
        // `Uri` keeps the brackets of an IPv6 address; resolvers don't want them.
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        if host.is_empty() {
            return Err("it names no host");
        }
        let port = if is_secure { 443 } else { 80 };
        Ok(Self {
            is_secure,
            host,
            port: authority.port_u16().unwrap_or(port),
            authority: HeaderValue::from_str(authority.as_str())
                .map_err(|_| "its host can't be a header")?,
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// A request target below `/_worker`.
    pub(crate) fn target(&self, path: &str) -> String {
        format!("{}/_worker{path}", self.prefix)
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}{}",
            if self.is_secure { "https" } else { "http" },
            self.authority.to_str().unwrap_or(&self.host),
            self.prefix
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_apart() {
        for (url, host, port, target) in [
            (
                "http://127.0.0.1:8080",
                "127.0.0.1",
                8080,
                "/_worker/events",
            ),
            ("http://orchestrator", "orchestrator", 80, "/_worker/events"),
            ("http://[::1]:9/", "::1", 9, "/_worker/events"),
            ("http://h:1/base/", "h", 1, "/base/_worker/events"),
            ("https://h", "h", 443, "/_worker/events"),
            ("https://h:8443/base", "h", 8443, "/base/_worker/events"),
        ] {
            let server = ServerUrl::parse(url).unwrap();
            assert_eq!((server.host.as_str(), server.port), (host, port), "{url}");
            assert_eq!(server.target("/events"), target, "{url}");
            assert_eq!(server.is_secure, url.starts_with("https"));
            assert_eq!(server.to_string(), url.trim_end_matches('/'));
        }
    }

    #[test]
    fn refuses_what_it_cannot_reach() {
        for url in [
            "",
            "localhost:8080",
            "ftp://h",
            "http://u:p@h",
            "http://h/?a=b",
        ] {
            assert!(ServerUrl::parse(url).is_err(), "{url}");
        }
    }
}
