//! Every way a bot request or a bot's task is refused or fails: one variant each, its code, and
//! its texts in English and Russian.
//!
//! Texts are exhaustive matches, so a variant without a translation doesn't compile. Codes never
//! change and are never translated. No text repeats a secret: values of environment variables,
//! credentials and URLs are never in a variant.

mod code;
mod en;
mod en_faults;
mod example;
mod fault;
mod ru;
mod ru_faults;

use serde_json::{Value, json};

pub use fault::{ContentFault, EnvFault, PathFault, RequirementFault, SizeFault};

use crate::Failure;

/// A message and what to do about it, in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// Why something was refused or failed. Texts inside come from [`super::shown`].
#[derive(Clone, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "the English text of each variant says what its fields are"
)]
pub enum Refusal {
    // The request.
    BodyNotObject,
    MissingField {
        field: &'static str,
    },
    InvalidAction {
        given: String,
        meant: Option<&'static str>,
    },
    InvalidBotId {
        given: String,
    },
    InvalidUserId,
    ForeignUser,
    InvalidMode {
        given: String,
        meant: Option<&'static str>,
    },
    ModeNotAvailable {
        mode: &'static str,
    },
    InvalidLines {
        max: u64,
    },
    InvalidCursor,
    InvalidWait {
        max_ms: u64,
    },
    // The source.
    MissingCode,
    ConflictingFields,
    CodeNotText,
    FilesNotObject,
    EmptyFiles,
    FileContent {
        path: String,
        fault: ContentFault,
    },
    FilePath {
        path: String,
        fault: PathFault,
    },
    FileSize(SizeFault),
    InvalidEntrypoint {
        given: String,
    },
    EntrypointNotFound {
        entrypoint: String,
        scripts: Vec<String>,
    },
    MissingSource,
    ConflictingSources,
    InvalidGitUrl,
    InvalidArchiveUrl,
    MissingDockerImage,
    InvalidImageName,
    InvalidRegistryAuth,
    IncompleteRegistryAuth,
    // What it needs.
    RequirementsNotList,
    TooManyRequirements {
        max: usize,
    },
    Requirement {
        given: String,
        fault: RequirementFault,
    },
    Env(EnvFault),
    LimitsNotObject,
    InvalidLimit {
        field: &'static str,
    },
    InvalidReadyRegex {
        reason: String,
    },
    // The world.
    QuotaExceeded {
        current: u64,
        max: u64,
        active: Vec<String>,
    },
    BotNotFound {
        bot_id: String,
    },
    BotBusy {
        bot_id: String,
    },
    WorkerAway {
        worker: String,
    },
    // The run.
    DependenciesFailed {
        log_tail: Vec<String>,
    },
    StartFailed {
        exit_code: Option<i64>,
        log_tail: Vec<String>,
    },
    HealthGateFailed {
        reason: String,
        log_tail: Vec<String>,
    },
    TokenRejected {
        log_tail: Vec<String>,
    },
    PollingConflict {
        log_tail: Vec<String>,
    },
    MissingPackage {
        module: String,
        package: String,
        log_tail: Vec<String>,
    },
    OutOfMemory {
        limit_mb: u64,
        log_tail: Vec<String>,
    },
    UpdateFailed {
        reason: String,
        rolled_back: bool,
        previous_spec_version: Option<u64>,
        log_tail: Vec<String>,
    },
    ContainerError {
        reason: String,
    },
}

impl Refusal {
    /// The facts behind the message, for programs.
    fn details(&self) -> Option<Value> {
        Some(match self {
            Self::MissingField { field } | Self::InvalidLimit { field } => json!({"field": field}),
            Self::InvalidAction {
                meant: Some(meant), ..
            }
            | Self::InvalidMode {
                meant: Some(meant), ..
            } => json!({"did_you_mean": meant}),
            Self::FilePath { path, .. } | Self::FileContent { path, .. } => json!({"path": path}),
            Self::EntrypointNotFound {
                entrypoint,
                scripts,
            } => {
                json!({"entrypoint": entrypoint, "scripts": scripts})
            }
            Self::Requirement { given, .. } => json!({"requirement": given}),
            Self::Env(fault) => json!({"name": fault.name()?}),
            Self::QuotaExceeded {
                current,
                max,
                active,
            } => {
                json!({"current_bots": current, "max_bots": max, "active_bots": active})
            }
            Self::BotNotFound { bot_id } | Self::BotBusy { bot_id } => json!({"bot_id": bot_id}),
            Self::WorkerAway { worker } => json!({"worker_id": worker}),
            Self::DependenciesFailed { log_tail }
            | Self::TokenRejected { log_tail }
            | Self::PollingConflict { log_tail } => json!({"log_tail": log_tail}),
            Self::StartFailed {
                exit_code,
                log_tail,
            } => {
                json!({"exit_code": exit_code, "log_tail": log_tail})
            }
            Self::HealthGateFailed { reason, log_tail } => {
                json!({"reason": reason, "log_tail": log_tail})
            }
            Self::MissingPackage {
                module,
                package,
                log_tail,
            } => {
                json!({"module": module, "package": package, "log_tail": log_tail})
            }
            Self::OutOfMemory { limit_mb, log_tail } => {
                json!({"memory_limit_mb": limit_mb, "log_tail": log_tail})
            }
            Self::UpdateFailed {
                reason,
                rolled_back,
                previous_spec_version,
                log_tail,
            } => json!({
                "reason": reason,
                "rolled_back": rolled_back,
                "previous_spec_version": previous_spec_version,
                "log_tail": log_tail,
            }),
            _ => return None,
        })
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (en, ru) = (refusal.en(), refusal.ru());
        let mut failure = Self::new(refusal.code(), en.message)
            .hint(en.hint)
            .with("ru", json!({"message": ru.message, "hint": ru.hint}));
        if let Some(example) = refusal.example() {
            failure = failure.with("example", example);
        }
        if let Some(details) = refusal.details() {
            failure = failure.with("details", details);
        }
        failure
    }
}

#[cfg(test)]
mod tests;
