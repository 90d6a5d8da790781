//! Finding the containers that are really ours.

use avtomatika_protocol::Failure;
use bollard::query_parameters::ListContainersOptionsBuilder;

use crate::bot::BotId;
use crate::engine;
use crate::inspect::{Seen, look};
use crate::label::{BOT_RUNNER, BotLabels, RUNNER};
use crate::names::Names;
use crate::runner::Inner;

/// A container of a bot, its tag found right.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) names: Names,
    pub(crate) labels: BotLabels,
    pub(crate) seen: Seen,
}

/// The container of this name, if it is this bot's.
pub(crate) async fn find(
    inner: &Inner,
    bot: &BotId,
    container: &str,
) -> Result<Option<Found>, Failure> {
    let seen = look(&inner.docker, container)
        .await
        .map_err(|error| engine::failed("look at the bot's container", &error))?;
    let found = seen.and_then(|seen| verify(inner, seen));
    Ok(found.filter(|found| found.labels.bot == *bot))
}

/// All containers of this runner's bots.
pub(crate) async fn find_all(inner: &Inner) -> Result<Vec<Found>, Failure> {
    let filters = std::collections::HashMap::from([(
        "label",
        vec![
            format!("{BOT_RUNNER}=true"),
            format!("{RUNNER}={}", inner.options.worker_id),
        ],
    )]);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters)
        .build();
    let listed = inner
        .docker
        .list_containers(Some(options))
        .await
        .map_err(|error| engine::failed("list containers", &error))?;
    let mut found = Vec::new();
    for container in listed {
        // One that vanished since is none.
        let Some(id) = container.id else { continue };
        let seen = look(&inner.docker, &id)
            .await
            .map_err(|error| engine::failed("look at a bot's container", &error))?;
        found.extend(seen.and_then(|seen| verify(inner, seen)));
    }
    Ok(found)
}

fn verify(inner: &Inner, seen: Seen) -> Option<Found> {
    let options = &inner.options;
    let verified = inner.key.verify(
        &options.name_prefix,
        &options.worker_id,
        &seen.name,
        &seen.labels,
    );
    verified.map(|(names, labels)| Found {
        names,
        labels,
        seen,
    })
}
