//! Who may use the server, and how often.

use std::path::PathBuf;

use avtomatika::Access;
use avtomatika_server::access::{Files, Rate};

/// Files of clients and workers, and limits for those that have none of their own.
#[derive(Debug, clap::Args)]
pub(crate) struct AccessArgs {
    /// File of clients, read again when it changes
    #[arg(long, env = "AVTOMATIKA_CLIENTS", value_name = "FILE")]
    clients: Option<PathBuf>,
    /// The same, by its first name
    #[arg(long, env = "CLIENTS_CONFIG_PATH", hide = true)]
    clients_config_path: Option<PathBuf>,
    /// File of workers with tokens of their own, read again when it changes
    #[arg(long, env = "AVTOMATIKA_WORKERS", value_name = "FILE")]
    workers: Option<PathBuf>,
    /// The same, by its first name
    #[arg(long, env = "WORKERS_CONFIG_PATH", hide = true)]
    workers_config_path: Option<PathBuf>,
    /// Requests a second of a client without a rate of its own, and how many at once; 0 for no
    /// bound
    #[arg(long, env = "CLIENT_RATE", value_name = "RATE[:BURST]", default_value = "0", value_parser = rate)]
    client_rate: Limit,
    /// Requests a second of a worker without a rate of its own, and how many at once; 0 for no
    /// bound
    #[arg(long, env = "WORKER_RATE", value_name = "RATE[:BURST]", default_value = "0", value_parser = rate)]
    worker_rate: Limit,
    /// Wrong tokens a second from one address, and how many at once; 0 for no bound
    #[arg(long, env = "AUTH_FAILURE_RATE", value_name = "RATE[:BURST]", default_value = "1:100", value_parser = rate)]
    auth_failure_rate: Limit,
}

/// A rate, or none.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Limit(Option<Rate>);

impl AccessArgs {
    /// Applies the settings.
    pub(crate) fn apply(&self, access: Access) -> Access {
        let or = |one: &Option<PathBuf>, other: &Option<PathBuf>| {
            one.as_ref().or(other.as_ref()).cloned()
        };
        access
            .files(Files {
                clients: or(&self.clients, &self.clients_config_path),
                workers: or(&self.workers, &self.workers_config_path),
            })
            .client_rate(self.client_rate.0)
            .worker_rate(self.worker_rate.0)
            .failure_rate(self.auth_failure_rate.0)
    }
}

/// Reads `50` or `50:200`.
fn rate(text: &str) -> Result<Limit, String> {
    let (rate, burst) = match text.split_once(':') {
        Some((rate, burst)) => (rate, Some(burst)),
        None => (text, None),
    };
    let wrong = || {
        "a rate is 0, or a number above 0 up to 1000000, with a burst behind a colon if need be: 50 or 50:200".to_owned()
    };
    let per_second: f64 = rate.parse().map_err(|_| wrong())?;
    if per_second == 0.0 && burst.is_none() {
        return Ok(Limit(None));
    }
    if !(per_second > 0.0 && per_second <= 1e6) {
        return Err(wrong());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and a million"
    )]
    let burst = match burst {
        Some(burst) => burst
            .parse()
            .ok()
            .filter(|burst| *burst > 0)
            .ok_or_else(wrong)?,
        None => (per_second.ceil() as u32).max(1),
    };
    Ok(Limit(Some(Rate { per_second, burst })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_bursts() {
        let some = |per_second, burst| Ok(Limit(Some(Rate { per_second, burst })));
        assert_eq!(rate("0"), Ok(Limit(None)));
        assert_eq!(rate("50"), some(50.0, 50));
        assert_eq!(rate("0.5"), some(0.5, 1));
        assert_eq!(rate("0.5:20"), some(0.5, 20));
        for bad in [
            "", "-1", "nan", "inf", "0:5", "1:0", "1:-1", "1:x", "1e9", "1:",
        ] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
