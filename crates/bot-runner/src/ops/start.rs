//! `start_bot`.

use avtomatika_protocol::Failure;
use avtomatika_protocol::bot::{BotState, StartSpec};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::deploy::{Made, Order, new_instance};
use super::gated::{self, Expect, Through};
use super::{Found, find, find_all, kill_and_remove, remove_bot};
use crate::bot::BotId;
use crate::label::BotLabels;
use crate::names::Names;
use crate::phases::Phases;
use crate::record::{Gate, Record, VERSION};
use crate::runner::{Inner, Runner};
use crate::time::{ms, now_ns, now_rfc3339};
use crate::{failure, state};

/// What to start.
#[derive(Clone, Debug)]
pub struct StartRequest {
    /// Whose bot.
    pub bot: BotId,
    /// What it is made of, checked.
    pub spec: StartSpec,
    /// The orchestrator's version of the spec; it comes back in every answer.
    pub spec_version: Value,
}

/// A bot that runs.
#[derive(Clone, Debug, Serialize)]
pub struct Started {
    /// `started`, or `already_running` when it was there.
    pub status: &'static str,
    /// The engine's id of the container.
    pub container_id: String,
    /// Its name.
    pub container_name: String,
    /// When it was started, RFC 3339 in UTC.
    pub started_at: String,
    /// The version that runs.
    pub spec_version: Value,
    /// The image it runs on.
    pub image: String,
    /// How long each part took.
    pub timings_ms: Timings,
}

/// Durations of the parts of a start, milliseconds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Timings {
    /// Getting the source: nothing in `simple` mode.
    pub fetch: u64,
    /// The dependency image.
    pub build: u64,
    /// Network, container and code.
    pub create: u64,
    /// The engine's start of the process.
    pub start: u64,
    /// From the beginning of that start to the bot's first line of output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_line: Option<u64>,
    /// From the started process to the passed gate.
    pub gate: u64,
    /// All of it.
    pub total: u64,
}

impl Runner {
    /// Starts a bot. A running one is left alone; one that crashed or was left half made is
    /// replaced. What a failure leaves behind is [`Policy`](crate::failure::Policy)'s matter.
    pub async fn start(
        &self,
        request: &StartRequest,
        phases: &dyn Phases,
        cancel: &CancellationToken,
    ) -> Result<Started, Failure> {
        let inner = &*self.inner;
        let began = Instant::now();
        let names = Names::of(&inner.options.name_prefix, &request.bot);
        let _turn = inner.locks.lock(&names.key).await;
        let cancel = cancel.child_token();
        let _under_way = inner.under_way(&names.key, &cancel);
        phases.phase("prepare", "checking quota and what is there");
        let existing = find(inner, &request.bot, names.container()).await?;
        if let Some(found) = existing.as_ref().filter(|found| is_working(inner, found)) {
            return Ok(already_running(found, began));
        }
        let _place = reserve(inner, &request.bot).await?;
        if let Some(found) = &existing {
            kill_and_remove(inner, found).await?;
        }
        let started = Box::pin(self.start_anew(request, &names, phases, &cancel, began)).await;
        match started {
            Ok(started) => Ok(started),
            Err((failure, true)) => Err(failure),
            Err((failure, false)) => {
                if let Err(error) = remove_bot(inner, &names, &[]).await {
                    tracing::warn!(
                        error = error.message,
                        "leftovers stay until the next reconcile"
                    );
                }
                Err(failure)
            }
        }
    }

    /// The error says whether the bot was kept.
    async fn start_anew(
        &self,
        request: &StartRequest,
        names: &Names,
        phases: &dyn Phases,
        cancel: &CancellationToken,
        began: Instant,
    ) -> Result<Started, (Failure, bool)> {
        let inner = &*self.inner;
        let lost = |failure| (failure, false);
        let build = Instant::now();
        let image = inner
            .images
            .ensure(&request.spec.requirements, phases, cancel);
        let image = Box::pin(image).await.map_err(lost)?;
        let build_ms = ms(build.elapsed());
        let create = Instant::now();
        phases.phase("create", "network, container and code");
        let labels = labels(request);
        let options = &inner.options;
        let network_labels = inner.key.part(&names.base, &options.worker_id, "network");
        let network = inner
            .networks
            .create_for_bot(names.network(), network_labels)
            .await;
        let network = network.map_err(lost)?;
        write_record(inner, names, request, &labels).map_err(lost)?;
        let order = Order {
            names,
            container: names.container(),
            labels: &labels,
            spec: &request.spec,
            image: &image,
            network: &network,
        };
        let made = Made::make(inner, &order).await.map_err(lost)?;
        let create_ms = ms(create.elapsed());
        phases.phase("start", "starting the process");
        let expect = Expect::of(&request.spec);
        let through = gated::start(inner, &made.id, &expect, cancel, || {
            phases.phase("gate", "waiting until the bot works");
        });
        let through = match through.await {
            Ok(through) => through,
            Err(refused) if refused.policy.kept() => {
                note_gate(inner, names, Gate::Failed);
                return Err((refused.failure, true));
            }
            Err(refused) => {
                made.discard(inner).await;
                return Err((refused.failure, false));
            }
        };
        note_gate(inner, names, Gate::Passed);
        Ok(Started {
            status: "started",
            container_id: made.id,
            container_name: names.container().to_owned(),
            started_at: labels.started_at,
            spec_version: request.spec_version.clone(),
            image: image.image,
            timings_ms: timings(began, build_ms, create_ms, &through),
        })
    }
}

/// The labels of a new generation.
pub(super) fn labels(request: &StartRequest) -> BotLabels {
    BotLabels {
        bot: request.bot.clone(),
        started_at: now_rfc3339(),
        spec_version: request.spec_version.clone(),
        instance: new_instance(),
        memory_mb: request.spec.limits.memory_mb,
        cpu_cores: request.spec.limits.cpu_cores,
        timeout_hours: request.spec.limits.timeout_hours,
        secrets: request.spec.env_vars.keys().cloned().collect(),
    }
}

/// Writes down that this generation is being started.
pub(super) fn write_record(
    inner: &Inner,
    names: &Names,
    request: &StartRequest,
    labels: &BotLabels,
) -> Result<(), Failure> {
    let record = Record {
        version: VERSION,
        bot: request.bot.clone(),
        instance: labels.instance.clone(),
        spec_version: request.spec_version.clone(),
        gate: Gate::Pending,
        restarts_before: 0,
        runs_since: now_rfc3339(),
        halted: None,
    };
    inner
        .records
        .put(&names.key, record)
        .map_err(|error| failure::record(&error))
}

/// Notes how the gate ended. A record that can't be written costs the state's exactness, not
/// the bot.
pub(super) fn note_gate(inner: &Inner, names: &Names, gate: Gate) {
    let noted = inner.records.change(&names.key, |record| {
        record.gate = gate;
        record.restarts_before = u64::from(gate == Gate::Failed);
        record.halted = None;
    });
    if let Err(error) = noted {
        tracing::warn!(%error, "the bot's record was not written");
    }
}

/// Notes that the running time begins anew.
pub(super) fn note_since(inner: &Inner, names: &Names) {
    let noted = inner
        .records
        .change(&names.key, |record| record.runs_since = now_rfc3339());
    if let Err(error) = noted {
        tracing::warn!(%error, "the bot's record was not written");
    }
}

pub(super) fn timings(began: Instant, build: u64, create: u64, through: &Through) -> Timings {
    Timings {
        fetch: 0,
        build,
        create,
        start: ms(through.start),
        first_line: through.passed.first_line.map(ms),
        gate: ms(through.gate),
        total: ms(began.elapsed()),
    }
}

fn is_working(inner: &Inner, found: &Found) -> bool {
    let record = inner.records.get(&found.names.key);
    let state = state::of(
        &found.seen,
        record.as_ref(),
        now_ns(),
        inner.options.gate.alive,
    );
    state == BotState::Running
}

fn already_running(found: &Found, began: Instant) -> Started {
    Started {
        status: "already_running",
        container_id: found.seen.id.clone(),
        container_name: found.seen.name.clone(),
        started_at: found.labels.started_at.clone(),
        spec_version: found.labels.spec_version.clone(),
        image: found.seen.image.clone(),
        timings_ms: Timings {
            total: ms(began.elapsed()),
            ..Timings::default()
        },
    }
}

/// Takes a place for a bot, or says who has the others.
async fn reserve(inner: &Inner, bot: &BotId) -> Result<crate::locks::Reservation, Failure> {
    let _counting = inner.reservations.counting.lock().await;
    // Before the list: a place given back since then has its container in the list.
    let mut active = inner.reservations.of(&bot.user_id);
    let found = find_all(inner).await?;
    let own = found.into_iter().map(|found| found.labels.bot);
    active.extend(
        own.filter(|it| it.user_id == bot.user_id)
            .map(|it| it.bot_id),
    );
    active.remove(&bot.bot_id);
    let max = inner.options.bots_per_user_max;
    if active.len() >= max {
        let mut active: Vec<String> = active.into_iter().collect();
        active.sort();
        return Err(failure::quota_exceeded(&active, max));
    }
    Ok(inner.reservations.take(&bot.user_id, &bot.bot_id))
}
