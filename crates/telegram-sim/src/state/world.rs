//! All bots, and the tasks that belong to the server.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::RwLock;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::cell::BotCell;
use crate::{control::NewBot, error::Error, options::SimOptions, token::Token};

/// Longest wait for one webhook to answer; the public server gives a minute too.
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(60);

/// The state of one server.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) options: SimOptions,
    /// Ends waiting polls, held calls and webhook deliveries.
    pub(crate) shutdown: CancellationToken,
    /// Connections and webhook deliveries.
    pub(crate) tasks: TaskTracker,
    /// Posts webhooks; follows no redirects, uses no proxy.
    pub(crate) webhook_client: reqwest::Client,
    bots: RwLock<BTreeMap<i64, Arc<BotCell>>>,
    /// Rung when a bot appears.
    appeared: Notify,
}

/// Why a token got no bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Strict tokens and not registered, or another secret for a known id.
    Unknown,
    /// As many bots as the options allow.
    TooManyBots,
}

impl World {
    pub(crate) fn new(options: SimOptions) -> Result<Self, Error> {
        crate::provider::install();
        let webhook_client = reqwest::Client::builder()
            .timeout(WEBHOOK_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(Error::WebhookClient)?;
        let world = Self {
            options,
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
            webhook_client,
            bots: RwLock::new(BTreeMap::new()),
            appeared: Notify::new(),
        };
        for text in world.options.tokens.clone() {
            let token = Token::parse(&text).ok_or_else(|| Error::TokenForm {
                bot: text
                    .split(':')
                    .next()
                    .unwrap_or_default()
                    .chars()
                    .take(20)
                    .collect(),
            })?;
            let refused = Error::TokenRefused { bot: token.id() };
            world
                .register(token, &NewBot::default())
                .map_err(|_| refused)?;
        }
        Ok(world)
    }

    /// The bot of a token, made on first use unless tokens are strict.
    pub(crate) fn by_token(&self, token: Token) -> Result<Arc<BotCell>, Refusal> {
        if let Some(cell) = self.by_id(token.id()) {
            return if cell.token.matches(&token) {
                Ok(cell)
            } else {
                Err(Refusal::Unknown)
            };
        }
        if self.options.strict_tokens {
            return Err(Refusal::Unknown);
        }
        self.create(token)
    }

    /// Makes a bot known by its token, or renames it when it is known already.
    pub(crate) fn register(&self, token: Token, new: &NewBot) -> Result<Arc<BotCell>, Refusal> {
        let cell = self.create(token)?;
        let mut bot = cell.lock();
        bot.registered = true;
        if let Some(username) = &new.username {
            bot.profile.username.clone_from(username);
        }
        if let Some(first_name) = &new.first_name {
            bot.profile.first_name.clone_from(first_name);
        }
        drop(bot);
        Ok(cell)
    }

    pub(crate) fn by_id(&self, id: i64) -> Option<Arc<BotCell>> {
        self.bots.read().get(&id).cloned()
    }

    /// Waits until a bot of this id is known.
    pub(crate) async fn wait_for_id(&self, id: i64, deadline: Instant) -> Option<Arc<BotCell>> {
        loop {
            let mut appeared = std::pin::pin!(self.appeared.notified());
            appeared.as_mut().enable();
            if let Some(cell) = self.by_id(id) {
                return Some(cell);
            }
            timeout_at(deadline, appeared).await.ok()?;
        }
    }

    pub(crate) fn all(&self) -> Vec<Arc<BotCell>> {
        self.bots.read().values().cloned().collect()
    }

    pub(crate) fn forget(&self, id: i64) -> bool {
        self.bots.write().remove(&id).is_some()
    }

    fn create(&self, token: Token) -> Result<Arc<BotCell>, Refusal> {
        let mut bots = self.bots.write();
        if let Some(cell) = bots.get(&token.id()) {
            let same = cell.token.matches(&token);
            return if same {
                Ok(Arc::clone(cell))
            } else {
                Err(Refusal::Unknown)
            };
        }
        if bots.len() >= self.options.bots_max {
            return Err(Refusal::TooManyBots);
        }
        tracing::info!(bot = token.id(), "new bot");
        let cell = Arc::new(BotCell::new(token, &self.options));
        bots.insert(cell.token.id(), Arc::clone(&cell));
        drop(bots);
        self.appeared.notify_waiters();
        Ok(cell)
    }
}
