//! Brings what is on the engine in line with what should be there. Idempotent: run at the
//! runner's start, after every reconnect and from time to time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use avtomatika_protocol::{Failure, bot::BotState};
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveVolumeOptions, RenameContainerOptionsBuilder,
    StartContainerOptions,
};

use crate::label::{KIND, RUNNER};
use crate::names::Names;
use crate::ops::{Found, find_all, kill_and_remove, remove_bot};
use crate::record::{Gate, Halted, Record};
use crate::runner::Inner;
use crate::time::{now_ns, parse_ns};
use crate::{engine, state, supervise};

/// Everything at the runner's start: also what only a runner that is not running leaves behind.
pub(crate) async fn run(inner: &Inner) -> Result<(), Failure> {
    remove_builds(inner).await?;
    tidy(inner).await?;
    for found in find_all(inner).await? {
        let record = inner.records.get(&found.names.key);
        let now_ns = crate::time::now_ns();
        let state = state::of(
            &found.seen,
            record.as_ref(),
            now_ns,
            inner.options.gate.alive,
        );
        let many = found.seen.restarts >= inner.options.crash.crashes_max as u64;
        if state == BotState::Restarting && many {
            // Its crashes were not seen one by one, but counted by the engine.
            supervise::halt(inner, &found, BotState::CrashLoop, "CRASH_LOOP").await;
        }
    }
    Ok(())
}

/// Half-made bots, interrupted updates, networks and volumes of nobody.
pub(crate) async fn tidy(inner: &Inner) -> Result<(), Failure> {
    let mut bots: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    for found in find_all(inner).await? {
        bots.entry(found.names.key.clone()).or_default().push(found);
    }
    for (key, found) in &bots {
        // Somebody works on it right now: whatever looks odd is theirs.
        let Some(_turn) = inner.locks.try_lock(key) else {
            continue;
        };
        tidy_bot(inner, found).await?;
    }
    for (key, record) in inner.records.all() {
        let Some(_turn) = inner.locks.try_lock(&key) else {
            continue;
        };
        if record.gate == Gate::Pending && !bots.contains_key(&key) {
            forget(inner, &key);
        }
    }
    remove_orphans(inner, &find_all(inner).await?).await
}

async fn tidy_bot(inner: &Inner, found: &[Found]) -> Result<(), Failure> {
    let is_base = |it: &&Found| it.seen.name == it.names.container();
    let base = found.iter().find(is_base);
    let next = found.iter().find(|it| !is_base(it));
    match (base, next) {
        (Some(base), Some(next)) => {
            tracing::info!(
                container = next.seen.name,
                "an interrupted update is rolled back"
            );
            kill_and_remove(inner, next).await?;
            take_back(inner, base).await
        }
        (None, Some(next)) => {
            // The old one is removed last, so the new one had passed.
            let options = RenameContainerOptionsBuilder::new()
                .name(next.names.container())
                .build();
            let renamed = inner.docker.rename_container(&next.seen.id, options).await;
            renamed.map_err(|error| engine::failed("rename the new container", &error))?;
            note(inner, next, Gate::Passed);
            Ok(())
        }
        (Some(base), None) => tidy_alone(inner, base).await,
        (None, None) => Ok(()),
    }
}

async fn tidy_alone(inner: &Inner, base: &Found) -> Result<(), Failure> {
    let record = inner.records.get(&base.names.key);
    let half_made = record.as_ref().is_some_and(|record| {
        record.gate == Gate::Pending && record.instance == base.labels.instance
    });
    if half_made {
        tracing::info!(container = base.seen.name, "a half-made bot is removed");
        return remove_bot(inner, &base.names, std::slice::from_ref(base)).await;
    }
    if base.seen.is_up() && time_is_up(base, record.as_ref()) {
        supervise::halt(inner, base, BotState::Stopped, "MAX_RUNTIME").await;
    }
    Ok(())
}

/// Whether a bot ran for as long as its plan allows.
fn time_is_up(found: &Found, record: Option<&Record>) -> bool {
    let since = record.map_or(found.labels.started_at.as_str(), |it| {
        it.runs_since.as_str()
    });
    let Some(since_ns) = parse_ns(since) else {
        return false;
    };
    let ran = Duration::from_nanos(u64::try_from(now_ns() - since_ns).unwrap_or_default());
    ran.as_secs_f64() >= found.labels.timeout_hours * 3600.0
}

/// The old version of an interrupted update runs again.
async fn take_back(inner: &Inner, base: &Found) -> Result<(), Failure> {
    let record = inner.records.get(&base.names.key);
    let swapped = record.is_some_and(|record| record.instance != base.labels.instance);
    if !swapped {
        return Ok(());
    }
    note(inner, base, Gate::Passed);
    if base.seen.is_up() {
        return Ok(());
    }
    let started = inner
        .docker
        .start_container(&base.seen.id, None::<StartContainerOptions>)
        .await;
    started.map_err(|error| engine::failed("start the previous version", &error))
}

/// Notes why a bot was stopped, whether or not it had a record.
pub(crate) fn note_halted(inner: &Inner, found: &Found, halted: Halted) {
    let gate = inner
        .records
        .get(&found.names.key)
        .map_or(Gate::Failed, |record| record.gate);
    put(inner, found, gate, Some(halted));
}

fn note(inner: &Inner, found: &Found, gate: Gate) {
    put(inner, found, gate, None);
}

fn put(inner: &Inner, found: &Found, gate: Gate, halted: Option<Halted>) {
    let record = Record {
        version: crate::record::VERSION,
        bot: found.labels.bot.clone(),
        instance: found.labels.instance.clone(),
        spec_version: found.labels.spec_version.clone(),
        gate,
        restarts_before: 0,
        runs_since: inner.records.get(&found.names.key).map_or_else(
            || found.labels.started_at.clone(),
            |record| record.runs_since,
        ),
        halted,
    };
    if let Err(error) = inner.records.put(&found.names.key, record) {
        tracing::warn!(%error, "a bot's record was not written");
    }
}

fn forget(inner: &Inner, key: &str) {
    if let Err(error) = inner.records.remove(key) {
        tracing::warn!(%error, "a bot's record was not removed");
    }
}

fn ours(inner: &Inner) -> HashMap<&'static str, Vec<String>> {
    HashMap::from([(
        "label",
        vec![format!("{RUNNER}={}", inner.options.worker_id)],
    )])
}

/// Installing containers of a runner that ended meanwhile.
async fn remove_builds(inner: &Inner) -> Result<(), Failure> {
    let mut filters = ours(inner);
    filters
        .entry("label")
        .or_default()
        .push(format!("{KIND}=build"));
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters)
        .build();
    let listed = inner.docker.list_containers(Some(options)).await;
    let prefix = &inner.options.name_prefix;
    for container in listed.map_err(|error| engine::failed("list containers", &error))? {
        let owned = container.labels.as_ref().is_some_and(|labels| {
            inner
                .key
                .owns_part(prefix, &inner.options.worker_id, labels)
        });
        if let Some(id) = container.id.filter(|_| owned) {
            let options = RemoveContainerOptionsBuilder::new()
                .force(true)
                .v(true)
                .build();
            let removed = inner.docker.remove_container(&id, Some(options)).await;
            engine::gone_is_fine(removed)
                .map_err(|error| engine::failed("remove an installing container", &error))?;
        }
    }
    Ok(())
}

/// Networks and volumes whose bot is no more.
async fn remove_orphans(inner: &Inner, found: &[Found]) -> Result<(), Failure> {
    let options = &inner.options;
    let bases: HashSet<&str> = found.iter().map(|it| it.names.base.as_str()).collect();
    let used: HashSet<&str> = found
        .iter()
        .flat_map(|it| it.seen.volumes.iter().map(String::as_str))
        .collect();
    let list = ListNetworksOptionsBuilder::new()
        .filters(&ours(inner))
        .build();
    let networks = inner.docker.list_networks(Some(list)).await;
    for network in networks.map_err(|error| engine::failed("list networks", &error))? {
        let (Some(name), Some(labels)) = (network.name, network.labels) else {
            continue;
        };
        let Some((base, key)) = base_of(&options.name_prefix, &name) else {
            continue;
        };
        let owned = inner.key.owns_part(base, &options.worker_id, &labels);
        let turn = inner.locks.try_lock(key);
        if owned && turn.is_some() && !bases.contains(base) {
            inner.networks.remove(&name).await?;
        }
    }
    let list = ListVolumesOptionsBuilder::new()
        .filters(&ours(inner))
        .build();
    let volumes = inner.docker.list_volumes(Some(list)).await;
    let volumes = volumes.map_err(|error| engine::failed("list volumes", &error))?;
    for volume in volumes.volumes.into_iter().flatten() {
        let Some((base, key)) = base_of(&options.name_prefix, &volume.name) else {
            continue;
        };
        let owned = inner
            .key
            .owns_part(base, &options.worker_id, &volume.labels);
        let turn = inner.locks.try_lock(key);
        if owned && turn.is_some() && !used.contains(volume.name.as_str()) {
            let removed = inner
                .docker
                .remove_volume(&volume.name, None::<RemoveVolumeOptions>)
                .await;
            engine::gone_is_fine(removed)
                .map_err(|error| engine::failed("remove a volume", &error))?;
        }
    }
    Ok(())
}

/// The bot's base name and key inside the name of something of it.
fn base_of<'a>(prefix: &str, name: &'a str) -> Option<(&'a str, &'a str)> {
    let rest = name.strip_prefix(prefix)?.strip_prefix('-')?;
    let key_len = Names::KEY_LEN;
    let key = rest
        .get(..key_len)
        .filter(|key| key.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some((name.get(..prefix.len() + 1 + key_len)?, key))
}

/// Removes all bots, the build network and the firewall rules.
pub(crate) async fn remove_everything(inner: &Inner) -> Result<(), Failure> {
    let removed = remove_bots(inner).await;
    if let Some(firewall) = &inner.firewall {
        firewall.remove().await;
    }
    removed
}

async fn remove_bots(inner: &Inner) -> Result<(), Failure> {
    for container in find_all(inner).await? {
        let _turn = inner.locks.lock(&container.names.key).await;
        kill_and_remove(inner, &container).await?;
    }
    for (key, _) in inner.records.all() {
        forget(inner, &key);
    }
    remove_builds(inner).await?;
    remove_orphans(inner, &[]).await?;
    inner
        .networks
        .remove(&format!("{}-build", inner.options.name_prefix))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::BotId;

    #[test]
    fn the_bot_of_a_thing_is_in_its_name() {
        let names = Names::of("avt-bot", &BotId::new("u", "b"));
        let expected = Some((names.base.as_str(), names.key.as_str()));
        for name in [
            names.base.clone(),
            names.code_volume("12345678"),
            names.data_volume(),
        ] {
            assert_eq!(base_of("avt-bot", &name), expected);
        }
        assert_eq!(base_of("avt-bot", "avt-bot-build"), None);
        assert_eq!(base_of("avt-bot", "other"), None);
    }
}
