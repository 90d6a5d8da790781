//! The stable code of each refusal.

use super::Refusal;

impl Refusal {
    /// The stable code. Those of the seed era's validator are all here.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BodyNotObject => "INVALID_REQUEST",
            Self::MissingField { .. } => "MISSING_REQUIRED_FIELD",
            Self::InvalidAction { .. } => "INVALID_ACTION",
            Self::InvalidBotId { .. } => "INVALID_BOT_ID",
            Self::InvalidUserId => "INVALID_USER_ID",
            Self::ForeignUser => "FOREIGN_USER_ID",
            Self::InvalidMode { .. } => "INVALID_DEPLOYMENT_MODE",
            Self::ModeNotAvailable { .. } => "MODE_NOT_AVAILABLE",
            Self::InvalidLines { .. } => "INVALID_LINES",
            Self::InvalidCursor => "INVALID_CURSOR",
            Self::InvalidWait { .. } => "INVALID_WAIT",
            Self::MissingCode => "MISSING_CODE",
            Self::ConflictingFields => "CONFLICTING_FIELDS",
            Self::CodeNotText | Self::FileContent { .. } => "INVALID_FILE_CONTENT",
            Self::FilesNotObject => "INVALID_FILES_FORMAT",
            Self::EmptyFiles => "EMPTY_FILES",
            Self::FilePath { .. } => "INVALID_FILE_PATH",
            Self::FileSize(_) => "FILES_TOO_LARGE",
            Self::InvalidEntrypoint { .. } => "INVALID_ENTRYPOINT",
            Self::EntrypointNotFound { .. } => "ENTRYPOINT_NOT_FOUND",
            Self::MissingSource => "MISSING_SOURCE",
            Self::ConflictingSources => "CONFLICTING_SOURCES",
            Self::InvalidGitUrl => "INVALID_GIT_URL",
            Self::InvalidArchiveUrl => "INVALID_ARCHIVE_URL",
            Self::MissingDockerImage => "MISSING_DOCKER_IMAGE",
            Self::InvalidImageName => "INVALID_IMAGE_NAME",
            Self::InvalidRegistryAuth => "INVALID_REGISTRY_AUTH",
            Self::IncompleteRegistryAuth => "INCOMPLETE_REGISTRY_AUTH",
            Self::RequirementsNotList
            | Self::TooManyRequirements { .. }
            | Self::Requirement { .. } => "INVALID_REQUIREMENTS",
            Self::Env(_) => "INVALID_ENV_VARS",
            Self::LimitsNotObject | Self::InvalidLimit { .. } => "INVALID_LIMITS",
            Self::InvalidReadyRegex { .. } => "INVALID_READY_REGEX",
            Self::QuotaExceeded { .. } => "QUOTA_EXCEEDED",
            Self::BotNotFound { .. } => "BOT_NOT_FOUND",
            Self::BotBusy { .. } => "BOT_BUSY",
            Self::WorkerAway { .. } => "WORKER_AWAY",
            Self::DependenciesFailed { .. } => "DEPENDENCIES_FAILED",
            Self::StartFailed { .. } => "START_FAILED",
            Self::HealthGateFailed { .. } => "HEALTH_GATE_FAILED",
            Self::TokenRejected { .. } => "TOKEN_REJECTED",
            Self::PollingConflict { .. } => "POLLING_CONFLICT",
            Self::MissingPackage { .. } => "MISSING_PACKAGE",
            Self::OutOfMemory { .. } => "OUT_OF_MEMORY",
            Self::UpdateFailed { .. } => "UPDATE_FAILED",
            Self::ContainerError { .. } => "CONTAINER_ERROR",
        }
    }
}
