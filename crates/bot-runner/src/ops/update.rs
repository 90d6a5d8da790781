//! `update_bot`: a new version without two of them ever polling.

use avtomatika_protocol::Failure;
use bollard::query_parameters::{RenameContainerOptionsBuilder, StartContainerOptions};
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Duration, Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::deploy::{Made, Order};
use super::gated::{self, Expect, Through};
use super::restart::{environment, gap_ms};
use super::start::{StartRequest, Timings, labels, note_gate, timings, write_record};
use super::{Found, find, kill_and_remove, stop_container};
use crate::failure::Previous;
use crate::inspect::look;
use crate::label::BotLabels;
use crate::names::Names;
use crate::phases::Phases;
use crate::record::{Gate, Record};
use crate::runner::{Inner, Runner};
use crate::time::ms;
use crate::{engine, failure};

/// How long a version that was started again is watched before it counts as running.
const BACK_ALIVE: Duration = Duration::from_secs(1);

/// A bot with a new version.
#[derive(Clone, Debug, Serialize)]
pub struct Updated {
    /// `updated`.
    pub status: &'static str,
    /// The engine's id of the new container.
    pub container_id: String,
    /// Its name, the same as before.
    pub container_name: String,
    /// When the new version was started, RFC 3339.
    pub started_at: String,
    /// The version that runs.
    pub spec_version: Value,
    /// The image it runs on.
    pub image: String,
    /// How long nobody asked for updates: from the old process's end to the new one's first
    /// `getUpdates` where a simulator saw it, else to its start.
    pub gap_ms: u64,
    /// How long each part took.
    pub timings_ms: Timings,
}

/// What an update needs at hand while it swaps.
struct Swap<'a> {
    request: &'a StartRequest,
    names: &'a Names,
    old: &'a Found,
    old_record: Option<Record>,
    labels: BotLabels,
}

impl Runner {
    /// Replaces a bot by a new version. The new one is prepared while the old one runs; then the
    /// old one is stopped, and only when its process is gone is the new one started. If that does
    /// not pass its gate, it is removed and the old one started again.
    ///
    /// With `keep_env` the environment variables stay as they are.
    pub async fn update(
        &self,
        request: &StartRequest,
        keep_env: bool,
        phases: &dyn Phases,
        cancel: &CancellationToken,
    ) -> Result<Updated, Failure> {
        let inner = &*self.inner;
        let began = Instant::now();
        let names = Names::of(&inner.options.name_prefix, &request.bot);
        let _turn = inner.locks.lock(&names.key).await;
        let cancel = cancel.child_token();
        let _under_way = inner.under_way(&names.key, &cancel);
        phases.phase("prepare", "looking for the version that runs");
        let old = find(inner, &request.bot, names.container()).await?;
        let old = old.ok_or_else(|| failure::bot_not_found(&request.bot.bot_id))?;
        let mut request = request.clone();
        if keep_env {
            request.spec.env_vars = environment(&old);
        }
        let swap = Swap {
            labels: labels(&request),
            request: &request,
            names: &names,
            old: &old,
            old_record: inner.records.get(&names.key),
        };
        Box::pin(swap.run(inner, phases, &cancel, began)).await
    }
}

impl Swap<'_> {
    async fn run(
        self,
        inner: &Inner,
        phases: &dyn Phases,
        cancel: &CancellationToken,
        began: Instant,
    ) -> Result<Updated, Failure> {
        // Until the old one is stopped a failure changes nothing: it still runs.
        let untouched = |failure| self.failed(failure, self.as_before());
        let build = Instant::now();
        let image = inner
            .images
            .ensure(&self.request.spec.requirements, phases, cancel);
        let image = Box::pin(image).await.map_err(untouched)?;
        let build_ms = ms(build.elapsed());
        let create = Instant::now();
        phases.phase("create", "container and code of the new version");
        let next = self.names.next_container();
        if let Some(left) = find(inner, &self.request.bot, &next).await? {
            kill_and_remove(inner, &left).await?;
        }
        let network = inner
            .networks
            .find(self.names.network())
            .await
            .map_err(untouched)?;
        let order = Order {
            names: self.names,
            container: &next,
            labels: &self.labels,
            spec: &self.request.spec,
            image: &image,
            network: &network,
        };
        let made = Made::make(inner, &order).await.map_err(untouched)?;
        let create_ms = ms(create.elapsed());
        let through = match self.swap(inner, &made, phases, cancel).await {
            Ok(through) => through,
            Err(failure) => {
                phases.phase("roll_back", "starting the previous version again");
                made.discard(inner).await;
                let became = self.roll_back(inner).await;
                return Err(self.failed(failure, became));
            }
        };
        let polled = through.passed.polled_at_ms;
        let gap_ms = gap_ms(inner, &self.old.seen.id, &made.id, polled).await;
        self.settle(inner, &made).await?;
        Ok(Updated {
            status: "updated",
            container_id: made.id,
            container_name: self.names.base.clone(),
            started_at: self.labels.started_at.clone(),
            spec_version: self.request.spec_version.clone(),
            image: image.image,
            gap_ms,
            timings_ms: timings(began, build_ms, create_ms, &through),
        })
    }

    /// Old one out, new one in.
    async fn swap(
        &self,
        inner: &Inner,
        made: &Made,
        phases: &dyn Phases,
        cancel: &CancellationToken,
    ) -> Result<Through, Failure> {
        if cancel.is_cancelled() {
            return Err(failure::cancelled());
        }
        phases.phase("stop_old", "asking the old version to end");
        stop_container(inner, &self.old.seen.id, inner.options.stop_grace).await?;
        write_record(inner, self.names, self.request, &self.labels)?;
        phases.phase("start_new", "starting the new version");
        let expect = Expect::of(&self.request.spec);
        let started = gated::start(inner, &made.id, &expect, cancel, || {
            phases.phase("gate", "waiting until the new version works");
        });
        started.await.map_err(|refused| refused.failure)
    }

    /// The new one works: the old one goes, and the new one takes its name.
    async fn settle(&self, inner: &Inner, made: &Made) -> Result<(), Failure> {
        kill_and_remove(inner, self.old).await?;
        let options = RenameContainerOptionsBuilder::new()
            .name(self.names.container())
            .build();
        let renamed = inner.docker.rename_container(&made.id, options).await;
        renamed.map_err(|error| engine::failed("rename the new container", &error))?;
        note_gate(inner, self.names, Gate::Passed);
        Ok(())
    }

    /// What the old version is while nobody has touched it.
    fn as_before(&self) -> Previous {
        if self.old.seen.is_up() {
            Previous::Runs
        } else {
            Previous::DidNotRun
        }
    }

    /// Makes the old version run again, if it did.
    async fn roll_back(&self, inner: &Inner) -> Previous {
        let restored = match &self.old_record {
            Some(record) => inner.records.put(&self.names.key, record.clone()),
            None => inner.records.remove(&self.names.key),
        };
        if let Err(error) = restored {
            tracing::warn!(%error, "the old version's record was not written");
        }
        let id = &self.old.seen.id;
        if self.as_before() == Previous::DidNotRun {
            return Previous::DidNotRun;
        }
        let started = inner
            .docker
            .start_container(id, None::<StartContainerOptions>)
            .await;
        if let Err(error) = started {
            tracing::error!(%error, "the old version can't be started again");
            return Previous::Down;
        }
        sleep(BACK_ALIVE).await;
        let seen = look(&inner.docker, id).await.ok().flatten();
        if seen.is_some_and(|seen| seen.is_up()) {
            Previous::Runs
        } else {
            Previous::Down
        }
    }

    fn failed(&self, failure: Failure, became: Previous) -> Failure {
        if failure::is_cancelled(&failure) {
            return failure;
        }
        failure::update(&failure, became, &self.old.labels.spec_version)
    }
}
