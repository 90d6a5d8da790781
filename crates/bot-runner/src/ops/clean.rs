//! Stopping containers and removing everything that belongs to a bot.

use std::time::Duration;

use avtomatika_protocol::Failure;
use bollard::errors::Error;
use bollard::query_parameters::{
    RemoveContainerOptionsBuilder, RemoveVolumeOptions, StopContainerOptionsBuilder,
};

use super::Found;
use crate::names::Names;
use crate::runner::Inner;
use crate::time::now_ns;
use crate::{engine, failure};

/// Sends SIGTERM, and SIGKILL after the grace; done when the process is gone.
pub(crate) async fn stop_container(
    inner: &Inner,
    container: &str,
    grace: Duration,
) -> Result<(), Failure> {
    let grace_s = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
    let options = StopContainerOptionsBuilder::new().t(grace_s).build();
    let stopped = inner.docker.stop_container(container, Some(options)).await;
    match engine::gone_is_fine(stopped) {
        // The engine answers 304 for one that is stopped already.
        Ok(())
        | Err(Error::DockerResponseServerError {
            status_code: 304, ..
        }) => {}
        Err(error) => return Err(engine::failed("stop the bot", &error)),
    }
    inner.crashes.forget(container, now_ns());
    Ok(())
}

/// Removes a container, running or not, and the volumes of its generation.
pub(crate) async fn kill_and_remove(inner: &Inner, found: &Found) -> Result<(), Failure> {
    let id = &found.seen.id;
    inner.crashes.forget(id, now_ns());
    remove_container(inner, id).await?;
    let data = found.names.data_volume();
    for volume in found.seen.volumes.iter().filter(|name| **name != data) {
        remove_volume(inner, volume).await?;
    }
    Ok(())
}

/// Removes a container by name or id, with its anonymous volumes.
pub(super) async fn remove_container(inner: &Inner, container: &str) -> Result<(), Failure> {
    let options = RemoveContainerOptionsBuilder::new()
        .force(true)
        .v(true)
        .build();
    let removed = inner
        .docker
        .remove_container(container, Some(options))
        .await;
    match engine::gone_is_fine(removed) {
        // Somebody else is removing it.
        Err(error) if engine::is_conflict(&error) => Ok(()),
        other => other.map_err(|error| engine::failed("remove the bot's container", &error)),
    }
}

/// Removes a volume; one that is gone already is fine.
pub(super) async fn remove_volume(inner: &Inner, volume: &str) -> Result<(), Failure> {
    let removed = inner
        .docker
        .remove_volume(volume, None::<RemoveVolumeOptions>)
        .await;
    engine::gone_is_fine(removed).map_err(|error| engine::failed("remove a volume", &error))
}

/// Removes all there is of a bot: containers, volumes, network, record.
pub(crate) async fn remove_bot(
    inner: &Inner,
    names: &Names,
    found: &[Found],
) -> Result<(), Failure> {
    for container in found {
        kill_and_remove(inner, container).await?;
    }
    remove_volume(inner, &names.data_volume()).await?;
    inner.networks.remove(names.network()).await?;
    inner
        .records
        .remove(&names.key)
        .map_err(|error| failure::record(&error))
}
