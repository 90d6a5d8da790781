//! Images with a bot's dependencies installed: built once for each set of requirements and kept.

mod build;
mod keep;
mod key;
mod recipe;

use std::path::Path;
use std::sync::Arc;

use avtomatika_protocol::Failure;
use bollard::Docker;
use bollard::models::ImageInspect;
use bollard::query_parameters::RemoveImageOptions;
use tokio_util::sync::CancellationToken;

use crate::label::Key;
use crate::locks::Locks;
use crate::network::Networks;
use crate::options::DependencyOptions;
use crate::phases::Phases;
use crate::{engine, failure};

/// The dependency images of one runner.
pub(crate) struct Images {
    docker: Docker,
    networks: Arc<Networks>,
    options: DependencyOptions,
    base: String,
    prefix: String,
    runner: String,
    key: Key,
    building: Locks,
    kept: keep::Kept,
}

/// What to run a bot on.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    pub(crate) image: String,
    /// Whether dependencies were installed in it.
    pub(crate) has_venv: bool,
}

/// Whose images they are.
pub(crate) struct Owner<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) runner: &'a str,
    pub(crate) key: Key,
    pub(crate) state_dir: &'a Path,
}

impl Images {
    pub(crate) fn new(
        docker: Docker,
        networks: Arc<Networks>,
        options: DependencyOptions,
        base: &str,
        owner: Owner<'_>,
    ) -> Self {
        Self {
            docker,
            networks,
            kept: keep::Kept::open(owner.state_dir, options.images_max),
            options,
            base: base.to_owned(),
            prefix: owner.prefix.to_owned(),
            runner: owner.runner.to_owned(),
            key: owner.key,
            building: Locks::default(),
        }
    }

    /// The image for these requirements, built now if it isn't there. Two that ask for the same
    /// at once build it once.
    pub(crate) async fn ensure(
        &self,
        requirements: &[String],
        phases: &dyn Phases,
        cancel: &CancellationToken,
    ) -> Result<Ready, Failure> {
        let base = self.inspect(&self.base).await?;
        let base = base.ok_or_else(|| failure::base_image_missing(&self.base))?;
        if requirements.is_empty() {
            phases.phase("dependencies", "none");
            return Ok(Ready {
                image: self.base.clone(),
                has_venv: false,
            });
        }
        let key = key::of(&base, requirements, &self.options);
        let image = format!("{}-deps:{key}", self.prefix);
        let _turn = self.building.lock(&key).await;
        if self.inspect(&image).await?.is_some() {
            phases.phase("dependencies", "cached");
        } else {
            let count = requirements.len();
            phases.phase(
                "dependencies",
                &format!("installing {count} requirement(s)"),
            );
            self.build(&image, &key, requirements, cancel).await?;
        }
        for old in self.kept.used(&key) {
            self.drop_image(&old).await;
        }
        Ok(Ready {
            image,
            has_venv: true,
        })
    }

    async fn inspect(&self, image: &str) -> Result<Option<ImageInspect>, Failure> {
        match self.docker.inspect_image(image).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if engine::is_missing(&error) => Ok(None),
            Err(error) => Err(engine::failed("look for an image", &error)),
        }
    }

    /// Removes an image nobody uses; one in use stays until its turn comes again.
    async fn drop_image(&self, key: &str) {
        let image = format!("{}-deps:{key}", self.prefix);
        match self
            .docker
            .remove_image(&image, None::<RemoveImageOptions>, None)
            .await
        {
            Ok(_) => self.kept.forget(key),
            Err(error) if engine::is_missing(&error) => self.kept.forget(key),
            Err(error) => tracing::debug!(image, %error, "dependency image stays"),
        }
    }
}
