//! `list_bots`.

use avtomatika_protocol::Failure;
use avtomatika_protocol::bot::BotState;
use serde::Serialize;
use serde_json::Value;

use super::{find_all, status};
use crate::runner::Runner;

/// A user's bots here.
#[derive(Clone, Debug, Serialize)]
pub struct Listing {
    /// By name.
    pub bots: Vec<Listed>,
    /// How many they are.
    pub count: usize,
    /// How many the user may have.
    pub max_bots: usize,
}

/// One of them.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Its name.
    pub bot_id: String,
    /// The engine's id of its container.
    pub container_id: String,
    /// Its container's name.
    pub container_name: String,
    /// The engine's word.
    pub status: String,
    /// The state a user sees.
    pub state: BotState,
    /// The n of `restarting (n)`.
    pub restarts: u64,
    /// When it was started, RFC 3339.
    pub started_at: String,
    /// The version that runs.
    pub spec_version: Value,
}

impl Runner {
    /// Lists a user's bots. Containers that only claim to be the user's are not among them.
    pub async fn list(&self, user_id: &str) -> Result<Listing, Failure> {
        let inner = &*self.inner;
        let mut bots: Vec<Listed> = find_all(inner)
            .await?
            .iter()
            // An update's new generation is no second bot.
            .filter(|found| found.labels.bot.user_id == user_id)
            .filter(|found| found.seen.name == found.names.container())
            .map(|found| {
                let status = status::describe(inner, found);
                Listed {
                    bot_id: found.labels.bot.bot_id.clone(),
                    container_id: found.seen.id.clone(),
                    container_name: status.container_name,
                    status: status.status,
                    state: status.state,
                    restarts: status.restarts,
                    started_at: status.started_at,
                    spec_version: status.spec_version,
                }
            })
            .collect();
        bots.sort_by(|a, b| a.bot_id.cmp(&b.bot_id));
        let max_bots = inner.options.bots_per_user_max;
        Ok(Listing {
            count: bots.len(),
            bots,
            max_bots,
        })
    }
}
