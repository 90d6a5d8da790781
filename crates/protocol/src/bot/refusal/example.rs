//! A correct piece of JSON to show beside a refusal.

use serde_json::{Value, json};

use super::Refusal;

impl Refusal {
    /// What the field should have looked like, where seeing it helps.
    pub fn example(&self) -> Option<Value> {
        Some(match self {
            Self::BodyNotObject | Self::InvalidAction { .. } => {
                json!({"action": "status", "bot_id": "my-bot"})
            }
            Self::MissingField { field: "action" } => json!({"action": "start"}),
            Self::MissingField {
                field: "deployment_mode",
            }
            | Self::InvalidMode { .. } => {
                json!({"deployment_mode": "simple"})
            }
            Self::MissingField { .. } | Self::InvalidBotId { .. } => json!({"bot_id": "my-bot_1"}),
            Self::InvalidLines { .. } => json!({"lines": 100}),
            Self::MissingCode | Self::CodeNotText | Self::ConflictingFields => {
                json!({"code": "print('hello')"})
            }
            Self::FilesNotObject | Self::EmptyFiles | Self::FilePath { .. } => {
                json!({"files": {"bot.py": "print('hello')", "handlers/start.py": ""}})
            }
            Self::FileContent { .. } => {
                json!({"files": {"bot.py": "print('hello')", "logo.png": {"base64": "iVBORw0KGgo="}}})
            }
            Self::InvalidEntrypoint { .. } => json!({"entrypoint": "bot.py"}),
            Self::MissingSource | Self::ConflictingSources | Self::InvalidGitUrl => {
                json!({"git_repo": "https://git.example.org/me/my-bot.git"})
            }
            Self::InvalidArchiveUrl => {
                json!({"archive_url": "https://files.example.org/my-bot.tar.gz"})
            }
            Self::MissingDockerImage | Self::InvalidImageName => {
                json!({"docker_image": "registry.example.org/me/my-bot:1.0"})
            }
            Self::InvalidRegistryAuth | Self::IncompleteRegistryAuth => {
                json!({"registry_auth": {"username": "me", "password": "…"}})
            }
            Self::RequirementsNotList | Self::Requirement { .. } => {
                json!({"requirements": ["aiogram>=3,<4", "aiosqlite"]})
            }
            Self::Env(_) => json!({"env_vars": {"BOT_TOKEN": "token from @BotFather"}}),
            Self::LimitsNotObject | Self::InvalidLimit { .. } => json!({
                "resource_limits": {"memory_mb": 256, "cpu_cores": 0.5, "timeout_hours": 24}
            }),
            Self::InvalidReadyRegex { .. } => json!({"ready_regex": "Run polling|Start polling"}),
            _ => return None,
        })
    }
}
