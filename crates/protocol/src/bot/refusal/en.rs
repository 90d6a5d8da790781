//! The texts in English.

use super::{Refusal, Text, en_faults as faults};

fn text(message: impl Into<String>, hint: impl Into<String>) -> Text {
    Text {
        message: message.into(),
        hint: hint.into(),
    }
}

impl Refusal {
    /// The message and hint in English.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm a text; splitting hides omissions"
    )]
    pub fn en(&self) -> Text {
        match self {
            Self::BodyNotObject => text(
                "The request must be a JSON object",
                "Send an object with at least 'action'",
            ),
            Self::MissingField { field } => text(
                format!("The field '{field}' is missing"),
                format!("Add '{field}' to the request"),
            ),
            Self::InvalidAction {
                given,
                meant: Some(meant),
            } => text(
                format!("Unknown action '{given}'"),
                format!("Did you mean '{meant}'?"),
            ),
            Self::InvalidAction { given, meant: None } => text(
                format!("Unknown action '{given}'"),
                "Use one of: start, stop, restart, update, logs, list, status",
            ),
            Self::InvalidBotId { given } => text(
                format!("The bot id '{given}' is not allowed"),
                "Use 1 to 64 Latin letters, digits, '-' and '_', as a JSON string",
            ),
            Self::InvalidUserId => text(
                "The user id is not allowed",
                "Use a JSON string of 1 to 128 visible characters, or leave 'user_id' out",
            ),
            Self::ForeignUser => text(
                "This token may not act for another user",
                "Leave 'user_id' out, or ask the operator to mark the client as trusted",
            ),
            Self::InvalidMode {
                given,
                meant: Some(meant),
            } => text(
                format!("Unknown deployment mode '{given}'"),
                format!("Did you mean '{meant}'?"),
            ),
            Self::InvalidMode { given, meant: None } => text(
                format!("Unknown deployment mode '{given}'"),
                "Use 'simple' for Python files, 'custom' for a Dockerfile, 'image' for a ready image",
            ),
            Self::ModeNotAvailable { mode } => text(
                format!("The deployment mode '{mode}' is not available on this server yet"),
                "Use the mode 'simple': send the Python files and the requirements",
            ),
            Self::InvalidLines { max } => text(
                "'lines' must be a whole number",
                format!("Ask for 0 to {max} lines"),
            ),
            Self::InvalidCursor => text(
                "The log cursor can't be read",
                "Send the 'cursor' of the last answer unchanged, or leave it out to start anew",
            ),
            Self::InvalidWait { max_ms } => text(
                "'wait_ms' must be a whole number",
                format!("Wait 0 to {max_ms} milliseconds"),
            ),
            Self::MissingCode => text(
                "The mode 'simple' needs the bot's code",
                "Send 'code' (one file as text) or 'files' (names and contents)",
            ),
            Self::ConflictingFields => text(
                "Both 'code' and 'files' are given",
                "Send one of them: 'code' for a single file, 'files' for several",
            ),
            Self::CodeNotText => text(
                "'code' must be text",
                "Send the file's content as a JSON string",
            ),
            Self::FilesNotObject => text(
                "'files' must be an object",
                "Send names as keys and contents as values",
            ),
            Self::EmptyFiles => text(
                "'files' has no files",
                "Add at least the file that runs the bot",
            ),
            Self::FileContent { path, fault } => faults::content(path, fault),
            Self::FilePath { path, fault } => faults::path(path, fault),
            Self::FileSize(fault) => faults::size(fault),
            Self::InvalidEntrypoint { given } => text(
                format!("The entrypoint '{given}' is not allowed"),
                "Name a file such as 'bot.py' or 'src/main.py', or a module as '-m package'",
            ),
            Self::EntrypointNotFound {
                entrypoint,
                scripts,
            } => text(
                format!("The entrypoint '{entrypoint}' is not among the files"),
                match scripts.as_slice() {
                    [] => "None of the files ends in .py: add the one that runs the bot".to_owned(),
                    _ => format!(
                        "Set 'entrypoint' to one of the files sent: {}",
                        scripts.join(", ")
                    ),
                },
            ),
            Self::MissingSource => text(
                "The mode 'custom' needs a source",
                "Send one of 'archive', 'archive_url' and 'git_repo'",
            ),
            Self::ConflictingSources => text(
                "More than one source is given",
                "Send only one of 'archive', 'archive_url' and 'git_repo'",
            ),
            Self::InvalidGitUrl => text(
                "The repository's address is not allowed",
                "It must begin with https://, http:// or git@ and have no spaces",
            ),
            Self::InvalidArchiveUrl => text(
                "The archive's address is not allowed",
                "It must begin with https:// or http:// and have no spaces",
            ),
            Self::MissingDockerImage => text(
                "The mode 'image' needs 'docker_image'",
                "Name the image, best with its tag or digest",
            ),
            Self::InvalidImageName => text(
                "The image's name is not allowed",
                "Use letters, digits and . _ - / : @ without spaces",
            ),
            Self::InvalidRegistryAuth => text(
                "'registry_auth' must be an object",
                "Send an object with 'username' and 'password'",
            ),
            Self::IncompleteRegistryAuth => text(
                "'registry_auth' is incomplete",
                "It needs both 'username' and 'password', not empty",
            ),
            Self::RequirementsNotList => text(
                "'requirements' must be a list",
                "Send a list of strings, one package each",
            ),
            Self::TooManyRequirements { max } => text(
                "There are too many requirements",
                format!(
                    "Name {max} packages at most; what they need themselves is installed anyway"
                ),
            ),
            Self::Requirement { given, fault } => faults::requirement(given, fault),
            Self::Env(fault) => faults::env(fault),
            Self::LimitsNotObject => text(
                "'resource_limits' must be an object",
                "Send any of 'memory_mb', 'cpu_cores' and 'timeout_hours'",
            ),
            Self::InvalidLimit { field } => text(
                format!("The limit '{field}' must be a number above zero"),
                "Write a plain number without quotes or units",
            ),
            Self::InvalidReadyRegex { reason } => text(
                format!("'ready_regex' can't be used: {reason}"),
                "Use a short regular expression; plain text such as 'Run polling' will do",
            ),
            Self::QuotaExceeded {
                current,
                max,
                active,
            } => text(
                format!("You have {current} of {max} bots running"),
                match active.first() {
                    Some(first) => {
                        format!("Stop one first, for example: avtomatika-bot stop {first}")
                    }
                    None => "Stop one of them first".to_owned(),
                },
            ),
            Self::BotNotFound { bot_id } => text(
                format!("There is no bot '{bot_id}'"),
                "See your bots with: avtomatika-bot list",
            ),
            Self::BotBusy { bot_id } => text(
                format!("The bot '{bot_id}' is being started, stopped or updated right now"),
                "Wait until that has ended and try again",
            ),
            Self::WorkerAway { worker } => text(
                format!("The worker '{worker}' that runs this bot is not connected"),
                "Try again in a minute; if it lasts, tell the operator",
            ),
            Self::DependenciesFailed { .. } => text(
                "The requirements could not be installed",
                "Check names and versions of the packages; the end of the installer's output is in the details",
            ),
            Self::StartFailed {
                exit_code: Some(exit_code),
                ..
            } => text(
                format!("The bot ended right after its start with exit code {exit_code}"),
                "Its last lines of output are in the details; try the bot on your own machine first",
            ),
            Self::StartFailed {
                exit_code: None, ..
            } => text(
                "The bot ended right after its start",
                "Its last lines of output are in the details; try the bot on your own machine first",
            ),
            Self::HealthGateFailed { reason, .. } => text(
                format!("The bot started but did not become ready: {reason}"),
                "See its last lines of output in the details, and 'ready_regex' if you have set one",
            ),
            Self::TokenRejected { .. } => text(
                "Telegram refuses the bot's token (401)",
                "Copy the token anew from @BotFather and pass it with -e BOT_TOKEN",
            ),
            Self::PollingConflict { .. } => text(
                "Another program is polling with the same token (409)",
                "Stop the other copy of the bot, or give this one a token of its own",
            ),
            Self::MissingPackage {
                module, package, ..
            } => text(
                format!("The bot imports '{module}', which is not installed"),
                format!("Add '{package}' to the requirements"),
            ),
            Self::OutOfMemory { limit_mb, .. } => text(
                format!("The bot needed more memory than its limit of {limit_mb} MB"),
                "Raise 'memory_mb' in 'resource_limits' or make the bot use less",
            ),
            Self::UpdateFailed {
                reason,
                rolled_back: true,
                ..
            } => text(
                format!("The new version did not work ({reason}); the previous one runs again"),
                "Mend the new version and update again; its last lines of output are in the details",
            ),
            Self::UpdateFailed {
                reason,
                rolled_back: false,
                ..
            } => text(
                format!(
                    "The update failed ({reason}) and the previous version does not run either"
                ),
                "Mend the new version and start it; its last lines of output are in the details",
            ),
            Self::ContainerError { reason } => text(
                format!("The container engine refused: {reason}"),
                "Try again; if it lasts, tell the operator",
            ),
        }
    }
}
