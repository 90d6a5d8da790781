//! `restart_bot`.

use std::collections::BTreeMap;

use avtomatika_protocol::Failure;
use avtomatika_protocol::bot::BotState;
use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::gated::{self, Expect};
use super::start::{note_gate, note_since};
use super::{Found, find, stop_container};
use crate::bot::BotId;
use crate::inspect::look;
use crate::names::Names;
use crate::phases::Phases;
use crate::record::Gate;
use crate::runner::{Inner, Runner};
use crate::{failure, sim, supervise};

/// A bot that was restarted.
#[derive(Clone, Debug, Serialize)]
pub struct Restarted {
    /// `restarted`.
    pub status: &'static str,
    /// The engine's id of the container, the same as before.
    pub container_id: String,
    /// Its name.
    pub container_name: String,
    /// When the bot was first started, RFC 3339.
    pub started_at: String,
    /// The version that runs.
    pub spec_version: Value,
    /// How long the bot was away: from the old process's end to the new one's first `getUpdates`
    /// where a simulator saw it, else to its start.
    pub gap_ms: u64,
}

impl Runner {
    /// Stops a bot's process and starts the same one again. Nothing is removed if it fails.
    pub async fn restart(
        &self,
        bot: &BotId,
        phases: &dyn Phases,
        cancel: &CancellationToken,
    ) -> Result<Restarted, Failure> {
        let inner = &*self.inner;
        let names = Names::of(&inner.options.name_prefix, bot);
        let _turn = inner.locks.lock(&names.key).await;
        let cancel = cancel.child_token();
        let _under_way = inner.under_way(&names.key, &cancel);
        let found = find(inner, bot, names.container()).await?;
        let found = found.ok_or_else(|| failure::bot_not_found(&bot.bot_id))?;
        let id = &found.seen.id;
        phases.phase("stop_old", "asking the bot to end");
        if found.seen.is_up() {
            stop_container(inner, id, inner.options.stop_grace).await?;
        }
        // Not passed, but not half-made either: if the runner dies now, the bot must stay.
        note_gate(inner, &names, Gate::Failed);
        note_since(inner, &names);
        gated::boost(inner, id, found.labels.cpu_cores).await?;
        phases.phase("start_new", "starting the process");
        let expect = expect(&found);
        let started = gated::start(inner, id, &expect, &cancel, || {
            phases.phase("gate", "waiting until the bot works");
        });
        match started.await {
            Ok(through) => {
                note_gate(inner, &names, Gate::Passed);
                Ok(Restarted {
                    status: "restarted",
                    container_id: id.clone(),
                    container_name: names.base,
                    started_at: found.labels.started_at,
                    spec_version: found.labels.spec_version,
                    gap_ms: gap_ms(inner, id, id, through.passed.polled_at_ms).await,
                })
            }
            Err(refused) => {
                note_gate(inner, &names, Gate::Failed);
                let code = refused.failure.code.as_deref();
                if let Some(reason @ ("TOKEN_REJECTED" | "POLLING_CONFLICT")) = code {
                    supervise::halt(inner, &found, BotState::Failed, reason).await;
                } else if let Err(error) = gated::release(inner, id, expect.cpu_cores).await {
                    tracing::warn!(error = error.message, "the bot keeps its start-up limits");
                }
                Err(failure::with_details(
                    refused.failure,
                    json!({"kept": true}),
                ))
            }
        }
    }
}

/// What the gate needs, read back from a container.
fn expect(found: &Found) -> Expect {
    let env = environment(found);
    Expect {
        number: sim::bot_number(&env, &BTreeMap::new()),
        env,
        ready_regex: None,
        cpu_cores: found.labels.cpu_cores,
    }
}

/// The user's environment variables, as the container has them.
pub(super) fn environment(found: &Found) -> BTreeMap<String, String> {
    let pairs = found
        .seen
        .env
        .iter()
        .filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(name, _)| found.labels.secrets.iter().any(|secret| secret == name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// How long the bot was away: from the end of the old process to the first `getUpdates` of the
/// new one where a simulator saw it, else to the start of the new process. Milliseconds.
pub(super) async fn gap_ms(inner: &Inner, old: &str, new: &str, polled_ms: Option<u64>) -> u64 {
    let at = async |id: &str| look(&inner.docker, id).await.ok().flatten();
    let ended_ns = at(old).await.and_then(|seen| seen.finished_ns);
    let back_ns = match polled_ms {
        Some(at_ms) => Some(i128::from(at_ms) * 1_000_000),
        None => at(new).await.and_then(|seen| seen.started_ns),
    };
    let gap = ended_ns
        .zip(back_ns)
        .map_or(0, |(ended, back)| (back - ended).max(0) / 1_000_000);
    u64::try_from(gap).unwrap_or_default()
}
