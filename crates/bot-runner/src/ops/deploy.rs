//! Making a bot's container, code included, up to the moment before it starts.

use avtomatika_protocol::Failure;
use avtomatika_protocol::bot::StartSpec;
use bollard::query_parameters::{CreateContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use rand::Rng as _;

use super::clean::{remove_container, remove_volume};
use crate::archive::{Archive, UID};
use crate::container::{APP_DIR, CODE_DIR, DATA_DIR, Plan, SITE_DIR};
use crate::image::Ready;
use crate::label::BotLabels;
use crate::names::Names;
use crate::network::Network;
use crate::redirect::{SITECUSTOMIZE, URL_VARIABLE};
use crate::runner::Inner;
use crate::{engine, failure};

/// A container ready to start.
pub(super) struct Made {
    pub(super) id: String,
    code_volume: String,
}

/// What it is made from.
pub(super) struct Order<'a> {
    pub(super) names: &'a Names,
    /// Its name: the bot's own, or the one of an update's new generation.
    pub(super) container: &'a str,
    pub(super) labels: &'a BotLabels,
    pub(super) spec: &'a StartSpec,
    pub(super) image: &'a Ready,
    pub(super) network: &'a Network,
}

/// A name for one generation of a bot.
pub(super) fn new_instance() -> String {
    format!("{:08x}", rand::rng().random::<u32>())
}

impl Made {
    /// Makes the container and puts the code in. On failure nothing of it is left.
    pub(super) async fn make(inner: &Inner, order: &Order<'_>) -> Result<Self, Failure> {
        let code_volume = order.names.code_volume(&order.labels.instance);
        let options = CreateContainerOptionsBuilder::new()
            .name(order.container)
            .build();
        let body = plan(inner, order, &code_volume).body(&inner.options.container);
        let created = inner.docker.create_container(Some(options), body).await;
        let created =
            created.map_err(|error| engine::failed("create the bot's container", &error))?;
        let made = Self {
            id: created.id,
            code_volume,
        };
        if let Err(failure) = made.upload(inner, order).await {
            made.discard(inner).await;
            return Err(failure);
        }
        Ok(made)
    }

    /// Removes it again, with its code.
    pub(super) async fn discard(&self, inner: &Inner) {
        inner.crashes.forget(&self.id, crate::time::now_ns());
        let removed = match remove_container(inner, &self.id).await {
            Ok(()) => remove_volume(inner, &self.code_volume).await,
            Err(failure) => Err(failure),
        };
        if let Err(failure) = removed {
            tracing::warn!(
                error = failure.message,
                "a container stays until the next reconcile"
            );
        }
    }

    async fn upload(&self, inner: &Inner, order: &Order<'_>) -> Result<(), Failure> {
        let what = "put the code into the container";
        let archive = archive(order.spec).map_err(|error| failure::container(what, &error))?;
        let options = UploadToContainerOptionsBuilder::new().path(APP_DIR).build();
        let body = bollard::body_full(archive);
        let uploaded = inner
            .docker
            .upload_to_container(&self.id, Some(options), body)
            .await;
        uploaded.map_err(|error| engine::failed(what, &error))
    }
}

fn archive(spec: &StartSpec) -> std::io::Result<bytes::Bytes> {
    let mut archive = Archive::new();
    archive.files("code", &spec.files)?;
    archive.file("site/sitecustomize.py", SITECUSTOMIZE.as_bytes())?;
    archive.directory("data", UID, 0o700)?;
    archive.finish()
}

fn plan(inner: &Inner, order: &Order<'_>, code_volume: &str) -> Plan {
    let options = &inner.options;
    let mut env: Vec<String> = order
        .spec
        .env_vars
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    // Ours come last: the engine lets the last of equal names win.
    env.extend([
        format!("HOME={DATA_DIR}"),
        // The bot's own directory too, so that a script in a folder finds its siblings.
        format!("PYTHONPATH={SITE_DIR}:{CODE_DIR}"),
        "PYTHONUNBUFFERED=1".to_owned(),
        "PYTHONDONTWRITEBYTECODE=1".to_owned(),
    ]);
    if let Some(redirect) = &inner.redirect {
        env.push(format!(
            "{URL_VARIABLE}={}",
            redirect.url(order.network.gateway)
        ));
    }
    let limits = order.labels;
    Plan {
        image: order.image.image.clone(),
        has_venv: order.image.has_venv,
        args: order.spec.entrypoint.args(),
        env,
        labels: inner.key.label(order.names, &options.worker_id, limits),
        network: order.network.name.clone(),
        code_volume: code_volume.to_owned(),
        data_volume: order.names.data_volume(),
        volume_labels: inner
            .key
            .part(&order.names.base, &options.worker_id, "volume"),
        memory_mb: limits.memory_mb,
        cpu_cores: limits.cpu_cores.max(options.gate.boost_cpu_cores),
    }
}
