//! Building one dependency image: install in a container, commit it, remove it.

use std::collections::HashMap;

use avtomatika_protocol::Failure;
use avtomatika_protocol::bot::SecretValues;
use bollard::models::{
    ContainerConfig, ContainerCreateBody, HostConfig, Mount, MountType, ResourcesUlimits,
};
use bollard::query_parameters::{
    CommitContainerOptionsBuilder, CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder,
    StartContainerOptions, UploadToContainerOptionsBuilder, WaitContainerOptions,
};
use futures_util::StreamExt as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Images, recipe};
use crate::archive::{Archive, UID};
use crate::container::{MIB, locked, mebibytes, nano_cpus};
use crate::gate::shown;
use crate::label::{KIND, RUNNER};
use crate::logs::read;
use crate::{engine, failure};

/// How many last lines of the installer a failure tells.
const TAIL_LINES: usize = 30;
/// The largest file an installation may write.
const FILE_MAX: i64 = 4096 * MIB;

/// How an installation ended.
enum End {
    Code(i64),
    TimedOut,
    Cancelled,
}

impl Images {
    /// Builds and names the image; whatever happens, the container is gone afterwards.
    pub(super) async fn build(
        &self,
        image: &str,
        key: &str,
        requirements: &[String],
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        let network = format!("{}-build", self.prefix);
        let labels = self.labels("build");
        self.networks.ensure_build(&network, labels.clone()).await?;
        let container = format!("{}-build-{}", self.prefix, uuid::Uuid::now_v7().simple());
        let options = CreateContainerOptionsBuilder::new()
            .name(&container)
            .build();
        self.docker
            .create_container(Some(options), self.body(network, labels))
            .await
            .map_err(|error| engine::failed("create the installing container", &error))?;
        let built = self
            .install_and_commit(&container, image, key, requirements, cancel)
            .await;
        let remove = RemoveContainerOptionsBuilder::new()
            .force(true)
            .v(true)
            .build();
        let removed = self.docker.remove_container(&container, Some(remove)).await;
        if let Err(error) = engine::gone_is_fine(removed) {
            tracing::warn!(container, %error, "an installing container stays until the next start");
        }
        built
    }

    async fn install_and_commit(
        &self,
        container: &str,
        image: &str,
        key: &str,
        requirements: &[String],
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        let what = "install the requirements";
        let failed = |error| engine::failed(what, &error);
        let archive = self
            .archive(requirements)
            .map_err(|error| failure::container(what, &error))?;
        let upload = UploadToContainerOptionsBuilder::new().path("/").build();
        let body = bollard::body_full(archive);
        self.docker
            .upload_to_container(container, Some(upload), body)
            .await
            .map_err(failed)?;
        self.docker
            .start_container(container, None::<StartContainerOptions>)
            .await
            .map_err(failed)?;
        match self.wait(container, cancel).await? {
            End::Code(0) => self.commit(container, image, key).await,
            End::Cancelled => Err(failure::cancelled()),
            End::TimedOut => {
                let limit = self.options.timeout.as_secs();
                let reason = format!("not done after {limit} s");
                let ru_reason = format!("не завершилось за {limit} с");
                Err(failure::dependencies(
                    &reason,
                    &ru_reason,
                    &self.tail(container).await,
                ))
            }
            End::Code(code) => {
                let reason = format!("the installer ended with code {code}");
                let ru_reason = format!("установщик завершился с кодом {code}");
                Err(failure::dependencies(
                    &reason,
                    &ru_reason,
                    &self.tail(container).await,
                ))
            }
        }
    }

    async fn wait(&self, container: &str, cancel: &CancellationToken) -> Result<End, Failure> {
        let mut exit = std::pin::pin!(
            self.docker
                .wait_container(container, None::<WaitContainerOptions>)
        );
        tokio::select! {
            () = cancel.cancelled() => Ok(End::Cancelled),
            () = tokio::time::sleep(self.options.timeout) => Ok(End::TimedOut),
            code = exit.next() => match code {
                Some(Ok(answer)) => Ok(End::Code(answer.status_code)),
                Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => {
                    Ok(End::Code(code))
                }
                Some(Err(error)) => Err(engine::failed("wait for the installation", &error)),
                None => Err(failure::engine_gone("wait for the installation", &"no answer")),
            },
        }
    }

    async fn commit(&self, container: &str, image: &str, key: &str) -> Result<(), Failure> {
        let (repo, tag) = image.split_once(':').unwrap_or((image, key));
        let options = CommitContainerOptionsBuilder::new()
            .container(container)
            .repo(repo)
            .tag(tag)
            .comment("dependencies of a bot")
            .build();
        let config = ContainerConfig {
            // The command held the index settings, which are nobody else's business.
            cmd: Some(vec!["python3".to_owned()]),
            labels: Some(self.labels("dependencies")),
            ..ContainerConfig::default()
        };
        let committed = self.docker.commit_container(options, config).await;
        committed
            .map(drop)
            .map_err(|error| engine::failed("keep the dependency image", &error))
    }

    async fn tail(&self, container: &str) -> Vec<String> {
        // The index address may carry credentials.
        let secrets = SecretValues::of(&json!({"git_repo": self.options.index_url}));
        let lines = read::tail(&self.docker, container, TAIL_LINES, &secrets).await;
        shown(&lines.unwrap_or_default())
    }

    fn archive(&self, requirements: &[String]) -> std::io::Result<bytes::Bytes> {
        let mut archive = Archive::new();
        archive.directory("opt/venv", UID, 0o755)?;
        let mut list = requirements.join("\n");
        list.push('\n');
        archive.file(
            &format!("{}/requirements.txt", recipe::DIR),
            list.as_bytes(),
        )?;
        if let Some(bundle) = &self.options.ca_bundle {
            archive.file(&format!("{}/ca.crt", recipe::DIR), &std::fs::read(bundle)?)?;
        }
        archive.finish()
    }

    /// A package's own build steps may run in it, so it is locked up like a bot.
    fn body(&self, network: String, labels: HashMap<String, String>) -> ContainerCreateBody {
        let wheels = self.options.find_links.as_ref().map(|directory| Mount {
            target: Some(recipe::WHEELS_DIR.to_owned()),
            source: Some(directory.to_string_lossy().into_owned()),
            typ: Some(MountType::BIND),
            read_only: Some(true),
            ..Mount::default()
        });
        let fsize = ResourcesUlimits {
            name: Some("fsize".to_owned()),
            soft: Some(FILE_MAX),
            hard: Some(FILE_MAX),
        };
        ContainerCreateBody {
            image: Some(self.base.clone()),
            cmd: Some(recipe::command(&self.options)),
            user: Some(format!("{UID}:{UID}")),
            working_dir: Some("/".to_owned()),
            labels: Some(labels),
            host_config: Some(HostConfig {
                network_mode: Some(network),
                memory: Some(mebibytes(self.options.memory_mb)),
                memory_swap: Some(mebibytes(self.options.memory_mb)),
                nano_cpus: Some(nano_cpus(self.options.cpu_cores)),
                ulimits: Some(vec![fsize]),
                tmpfs: Some(HashMap::from([(
                    "/tmp".to_owned(),
                    // Packages that compile run what they made there.
                    "rw,exec,nosuid,nodev,mode=1777,size=1024m".to_owned(),
                )])),
                mounts: wheels.map(|wheels| vec![wheels]),
                ..locked(self.options.pids_max)
            }),
            ..ContainerCreateBody::default()
        }
    }

    fn labels(&self, kind: &str) -> HashMap<String, String> {
        let mut labels = self.key.part(&self.prefix, &self.runner, kind);
        debug_assert!(labels.contains_key(KIND) && labels.contains_key(RUNNER));
        labels.insert("avtomatika.recipe".to_owned(), recipe::VERSION.to_string());
        labels
    }
}
