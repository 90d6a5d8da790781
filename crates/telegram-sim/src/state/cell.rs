//! A bot behind its lock, with the signals that wake those who wait for it.

use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::{bot::Bot, calls::NewCall};
use crate::{
    control::{BotInfo, Injected},
    options::SimOptions,
    token::Token,
};

/// A bot that is shared by all requests.
#[derive(Debug)]
pub(crate) struct BotCell {
    pub(crate) token: Token,
    // A plain lock: nothing inside awaits, and no section does more than a few map lookups.
    bot: Mutex<Bot>,
    /// Rung when an update is queued.
    pub(crate) arrived: Notify,
    /// Rung when a call is recorded or a poll starts.
    changed: Notify,
}

impl BotCell {
    pub(crate) fn new(token: Token, options: &SimOptions) -> Self {
        let bot = Mutex::new(Bot::new(token.id(), options));
        Self {
            token,
            bot,
            arrived: Notify::new(),
            changed: Notify::new(),
        }
    }

    /// The bot's state, for a moment; never across an await.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Bot> {
        self.bot.lock()
    }

    /// Records a call and wakes those who wait for it.
    pub(crate) fn record(&self, call: NewCall) {
        self.lock().calls.record(call);
        self.changed.notify_waiters();
    }

    /// Wakes those who wait for a poll.
    pub(crate) fn poll_started(&self) {
        self.changed.notify_waiters();
    }

    /// Queues an update and wakes whoever delivers it; `None` when the queue is full.
    pub(crate) fn inject(
        &self,
        kind: &str,
        payload: &serde_json::Value,
        now_ms: u64,
    ) -> Option<Injected> {
        let message = if kind == "callback_query" {
            &payload["message"]
        } else {
            payload
        };
        let chat_id = message["chat"]["id"].as_i64();
        let mut bot = self.lock();
        let after_seq = bot.calls.last_seq();
        let (update_id, queued) = bot.queue.push(kind, chat_id, payload, now_ms)?;
        drop(bot);
        self.arrived.notify_waiters();
        let message_id = message["message_id"].as_i64();
        Some(Injected {
            update_id,
            queued,
            chat_id,
            message_id,
            after_seq,
        })
    }

    /// Looks at the bot until `look` finds something or the time is over.
    pub(crate) async fn wait_until<T>(
        &self,
        time: Duration,
        look: impl Fn(&Bot) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + time;
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Enabled before the look, so a change between look and wait is not missed.
            changed.as_mut().enable();
            if let Some(found) = look(&self.lock()) {
                return Some(found);
            }
            timeout_at(deadline, changed).await.ok()?;
        }
    }

    /// What the control side shows of the bot.
    pub(crate) fn info(&self) -> BotInfo {
        let bot = self.lock();
        BotInfo {
            id: bot.profile.id,
            token_hint: self.token.hint(),
            username: bot.profile.username.clone(),
            first_name: bot.profile.first_name.clone(),
            registered: bot.registered,
            calls: bot.calls.total(),
            calls_by_method: bot.calls.by_method().clone(),
            polls: bot.polls.count,
            first_poll_at_ms: bot.polls.first_at_ms,
            last_poll_at_ms: bot.polls.last_at_ms,
            pollers_now: bot.polls.now,
            pollers_max: bot.polls.max,
            conflicts: bot.polls.conflicts,
            pending_updates: bot.queue.len(),
            webhook_url: bot.webhook.as_ref().map(|webhook| webhook.url.clone()),
            last_seq: bot.calls.last_seq(),
        }
    }
}
