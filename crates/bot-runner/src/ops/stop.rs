//! `stop_bot`.

use avtomatika_protocol::Failure;
use serde::Serialize;

use super::{find, remove_bot, stop_container};
use crate::bot::BotId;
use crate::names::Names;
use crate::runner::Runner;

/// A bot that does not run any more.
#[derive(Clone, Debug, Serialize)]
pub struct Stopped {
    /// `stopped`, or `not_found` when there was none.
    pub status: &'static str,
    /// What its container was called.
    pub container_name: String,
}

impl Runner {
    /// Stops a bot and removes everything of it: containers, network, volumes, record. A start or
    /// update of it that is under way is called off. Idempotent.
    pub async fn stop(&self, bot: &BotId) -> Result<Stopped, Failure> {
        let inner = &*self.inner;
        let names = Names::of(&inner.options.name_prefix, bot);
        inner.call_off(&names.key);
        let _turn = inner.locks.lock(&names.key).await;
        let mut found = Vec::new();
        for container in [names.container(), &names.next_container()] {
            found.extend(find(inner, bot, container).await?);
        }
        for container in found.iter().filter(|found| found.seen.is_up()) {
            stop_container(inner, &container.seen.id, inner.options.stop_grace).await?;
        }
        remove_bot(inner, &names, &found).await?;
        let status = if found.is_empty() {
            "not_found"
        } else {
            "stopped"
        };
        Ok(Stopped {
            status,
            container_name: names.base,
        })
    }
}
