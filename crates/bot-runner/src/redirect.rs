//! Sends bots to a `telegram-sim` without touching their code.
//!
//! A `sitecustomize` module lies beside the bot's code, first in `PYTHONPATH`. It wraps the import
//! of the three usual libraries and exchanges their base address. Code that asks
//! `https://api.telegram.org` without one of them is not redirected.

use std::net::Ipv4Addr;

use reqwest::Url;

/// The module, as it lies in the container.
pub(crate) const SITECUSTOMIZE: &str = include_str!("redirect/sitecustomize.py");
/// The variable it reads the address from.
pub(crate) const URL_VARIABLE: &str = "AVTOMATIKA_TELEGRAM_API_URL";

/// Where bots find the simulator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Redirect {
    /// On this machine: at the gateway of the bot's own network.
    Gateway { port: u16 },
    /// Somewhere else, at an address that needs a rule if it is private.
    Elsewhere {
        url: String,
        address: Option<(Ipv4Addr, u16)>,
    },
}

/// Why an address is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no http address of a telegram-sim, like http://127.0.0.1:8081")]
pub struct ParseError(String);

impl Redirect {
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError(text.to_owned());
        let url = Url::parse(text).map_err(|_| wrong())?;
        let port = url.port_or_known_default().ok_or_else(wrong)?;
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or_else(wrong)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong());
        }
        let address = host.parse::<Ipv4Addr>().ok();
        let here = host == "localhost"
            || matches!(host, "[::1]" | "[::]")
            || address.is_some_and(|it| it.is_loopback() || it.is_unspecified());
        if here {
            return Ok(Self::Gateway { port });
        }
        let url = text.trim_end_matches('/').to_owned();
        Ok(Self::Elsewhere {
            url,
            address: address.map(|address| (address, port)),
        })
    }

    /// The address as seen from a bot whose network has this gateway.
    pub(crate) fn url(&self, gateway: Ipv4Addr) -> String {
        match self {
            Self::Gateway { port } => format!("http://{gateway}:{port}"),
            Self::Elsewhere { url, .. } => url.clone(),
        }
    }

    /// The port of this machine the firewall must leave open.
    pub(crate) fn host_port(&self) -> Option<u16> {
        match self {
            Self::Gateway { port } => Some(*port),
            Self::Elsewhere { .. } => None,
        }
    }

    /// The other machine's address the firewall must leave open.
    pub(crate) fn open(&self) -> Option<(Ipv4Addr, u16)> {
        match self {
            Self::Gateway { .. } => None,
            Self::Elsewhere { address, .. } => *address,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_the_gateway_and_others_stay() {
        let gateway = Ipv4Addr::new(10, 231, 0, 1);
        for here in [
            "http://127.0.0.1:8081",
            "http://localhost:8081/",
            "http://0.0.0.0:8081",
        ] {
            assert_eq!(
                Redirect::parse(here).unwrap().url(gateway),
                "http://10.231.0.1:8081"
            );
        }
        let there = Redirect::parse("http://10.0.0.9:8081/").unwrap();
        assert_eq!(there.url(gateway), "http://10.0.0.9:8081");
        assert_eq!(there.open(), Some((Ipv4Addr::new(10, 0, 0, 9), 8081)));
        for bad in ["", "127.0.0.1:8081", "ftp://a:1", "http://"] {
            assert!(Redirect::parse(bad).is_err(), "{bad}");
        }
    }
}
