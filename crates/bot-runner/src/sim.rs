//! Asks `telegram-sim` whether a bot polls.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Client, Url};
use serde::Deserialize;

/// How long the simulator has to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The simulator's control side.
#[derive(Clone)]
pub(crate) struct Sim {
    client: Client,
    base: Url,
    token: Option<String>,
}

/// What it says about a bot.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) struct Polls {
    /// When the bot last asked for updates, milliseconds since the Unix epoch.
    #[serde(default)]
    pub(crate) last_poll_at_ms: Option<u64>,
}

impl Sim {
    /// A client for the simulator at this address; an unspecified host means this machine.
    /// The token is the one its control side demands, if it does.
    pub(crate) fn new(url: &str, token: Option<&str>) -> Option<Self> {
        let mut base = Url::parse(url).ok()?;
        if base.host_str() == Some("0.0.0.0") {
            base.set_host(Some("127.0.0.1")).ok()?;
        }
        // The client needs a crypto provider, also for plain HTTP. An error means that there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(TIMEOUT).build().ok()?;
        Some(Self {
            client,
            base,
            token: token.map(str::to_owned),
        })
    }

    /// When the bot with this number last asked for updates; `None` when it never did, or when
    /// the simulator doesn't answer.
    pub(crate) async fn last_poll_ms(&self, bot_number: &str) -> Option<u64> {
        let url = self.base.join(&format!("/_sim/bots/{bot_number}")).ok()?;
        let mut request = self.client.get(url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.ok()?.error_for_status().ok()?;
        answer.json::<Polls>().await.ok()?.last_poll_at_ms
    }
}

/// The number in the bot's token, which is public: taken from the environment, else from the
/// code. `None` when there is no token to be found.
pub(crate) fn bot_number(
    env: &BTreeMap<String, String>,
    files: &BTreeMap<String, Vec<u8>>,
) -> Option<String> {
    let in_env = env.values().find_map(|value| token_in(value.as_bytes()));
    in_env.or_else(|| files.values().find_map(|bytes| token_in(bytes)))
}

/// Finds `<digits>:<letters, digits, _ and ->`.
fn token_in(text: &[u8]) -> Option<String> {
    text.iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b':')
        .find_map(|(at, _)| {
            let (before, after) = (text.get(..at)?, text.get(at + 1..)?);
            let digits: Vec<u8> = before
                .iter()
                .rev()
                .take_while(|byte| byte.is_ascii_digit())
                .copied()
                .collect();
            let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
            let secret = after.iter().take_while(|byte| word(byte)).count();
            let glued = before.len() > digits.len()
                && before
                    .get(before.len() - digits.len() - 1)
                    .is_some_and(word);
            let good = (5..=16).contains(&digits.len()) && secret >= 5 && !glued;
            good.then(|| digits.iter().rev().map(|byte| char::from(*byte)).collect())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_found_in_environment_or_code() {
        let env = |value: &str| BTreeMap::from([("BOT_TOKEN".to_owned(), value.to_owned())]);
        let none = BTreeMap::new();
        assert_eq!(
            bot_number(&env("123456:TEST-TOKEN"), &none).as_deref(),
            Some("123456")
        );
        assert_eq!(bot_number(&env("http://host:8081/x"), &none), None);
        assert_eq!(bot_number(&env("12:34"), &none), None);
        let files = BTreeMap::from([(
            "bot.py".to_owned(),
            b"T = '654321:TEST-TOKEN' # 1:2".to_vec(),
        )]);
        assert_eq!(
            bot_number(&BTreeMap::new(), &files).as_deref(),
            Some("654321")
        );
    }
}
