//! The container a bot runs in: what it gets and what it is denied.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig, Mount, MountType,
    MountVolumeOptions, ResourcesUlimits, RestartPolicy, RestartPolicyNameEnum,
};

use crate::archive::UID;
use crate::options::ContainerOptions;

/// Where the code volume is mounted. Below it: `code` (the bot's files, the working directory)
/// and `site` (ours).
pub(crate) const APP_DIR: &str = "/bot";
/// The bot's files.
pub(crate) const CODE_DIR: &str = "/bot/code";
/// What runs before the bot's first line.
pub(crate) const SITE_DIR: &str = "/bot/site";
/// Where the bot's own volume is mounted a second time, so that the one archive with the code can
/// also give it to the bot's user: the engine takes archives only into writable mounts, and not
/// for a mount's own directory.
const APP_DATA_DIR: &str = "/bot/data";
/// The bot's own volume, and its `HOME`.
pub(crate) const DATA_DIR: &str = "/data";
/// Where dependencies are installed, in a dependency image.
pub(crate) const VENV_DIR: &str = "/opt/venv";

/// A megabyte of the kind engines count in.
pub(crate) const MIB: i64 = 1024 * 1024;

/// What differs from bot to bot.
pub(crate) struct Plan {
    pub(crate) image: String,
    /// The arguments after `python -u`.
    pub(crate) args: Vec<String>,
    /// `KEY=value`.
    pub(crate) env: Vec<String>,
    pub(crate) labels: HashMap<String, String>,
    pub(crate) network: String,
    pub(crate) code_volume: String,
    pub(crate) data_volume: String,
    pub(crate) volume_labels: HashMap<String, String>,
    pub(crate) memory_mb: u64,
    /// Cores until the gate passes.
    pub(crate) cpu_cores: f64,
    /// Whether dependencies lie in [`VENV_DIR`].
    pub(crate) has_venv: bool,
}

impl Plan {
    /// The engine's words for it.
    pub(crate) fn body(self, limits: &ContainerOptions) -> ContainerCreateBody {
        let python = if self.has_venv {
            format!("{VENV_DIR}/bin/python")
        } else {
            "python3".to_owned()
        };
        let mut cmd = vec![python, "-u".to_owned()];
        cmd.extend(self.args);
        let host = HostConfig {
            network_mode: Some(self.network),
            mounts: Some(vec![
                volume(APP_DIR, self.code_volume, &self.volume_labels),
                volume(APP_DATA_DIR, self.data_volume.clone(), &self.volume_labels),
                volume(DATA_DIR, self.data_volume, &self.volume_labels),
            ]),
            memory: Some(mebibytes(self.memory_mb)),
            memory_swap: Some(mebibytes(self.memory_mb)),
            nano_cpus: Some(nano_cpus(self.cpu_cores)),
            ulimits: Some(vec![
                ulimit("nofile", limits.nofile_max),
                ulimit("fsize", mebibytes(limits.file_mb)),
                ulimit("core", 0),
            ]),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(HashMap::from([
                    ("max-size".to_owned(), format!("{}m", limits.log_mb)),
                    ("max-file".to_owned(), "2".to_owned()),
                ])),
            }),
            // Until the gate is over, an end is an end: its exit code must not be lost to a restart.
            restart_policy: Some(restart_policy(false)),
            readonly_rootfs: Some(true),
            tmpfs: Some(HashMap::from([(
                "/tmp".to_owned(),
                format!("rw,noexec,nosuid,nodev,mode=1777,size={}m", limits.tmp_mb),
            )])),
            shm_size: Some(16 * MIB),
            ..locked(limits.pids_max)
        };
        ContainerCreateBody {
            image: Some(self.image),
            cmd: Some(cmd),
            env: Some(self.env),
            labels: Some(self.labels),
            user: Some(format!("{UID}:{UID}")),
            working_dir: Some(CODE_DIR.to_owned()),
            healthcheck: Some(HealthConfig {
                test: Some(vec!["NONE".to_owned()]),
                ..HealthConfig::default()
            }),
            stop_signal: Some("SIGTERM".to_owned()),
            host_config: Some(host),
            ..ContainerCreateBody::default()
        }
    }
}

/// What every container of ours is denied, bots' and builders' alike. The engine's default
/// seccomp profile applies because nothing here turns it off.
pub(crate) fn locked(pids_max: i64) -> HostConfig {
    HostConfig {
        privileged: Some(false),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
        pids_limit: Some(pids_max),
        init: Some(true),
        ipc_mode: Some("private".to_owned()),
        // The kernel rather ends a bot than a service of the host.
        oom_score_adj: Some(500),
        ..HostConfig::default()
    }
}

pub(crate) fn mebibytes(mib: u64) -> i64 {
    i64::try_from(mib)
        .unwrap_or(i64::MAX / MIB)
        .saturating_mul(MIB)
}

/// Cores as the engine counts them, to the thousandth.
#[expect(
    clippy::cast_possible_truncation,
    reason = "limits are clamped to a few cores"
)]
pub(crate) fn nano_cpus(cores: f64) -> i64 {
    (cores * 1000.0).round() as i64 * 1_000_000
}

/// Whether the engine starts a process again that ended by itself.
pub(crate) fn restart_policy(again: bool) -> RestartPolicy {
    let name = if again {
        RestartPolicyNameEnum::UNLESS_STOPPED
    } else {
        RestartPolicyNameEnum::NO
    };
    RestartPolicy {
        name: Some(name),
        maximum_retry_count: None,
    }
}

fn ulimit(name: &str, value: i64) -> ResourcesUlimits {
    ResourcesUlimits {
        name: Some(name.to_owned()),
        soft: Some(value),
        hard: Some(value),
    }
}

fn volume(target: &str, source: String, labels: &HashMap<String, String>) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        source: Some(source),
        typ: Some(MountType::VOLUME),
        read_only: Some(false),
        volume_options: Some(MountVolumeOptions {
            no_copy: Some(true),
            labels: Some(labels.clone()),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}
