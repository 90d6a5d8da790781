use std::collections::BTreeSet;

use serde_json::json;

use super::*;

/// One of each; the match below makes a forgotten variant a compile error.
fn all() -> Vec<Refusal> {
    let tail = || vec!["last line".to_owned()];
    let text = || "given".to_owned();
    let mut all = vec![
        Refusal::BodyNotObject,
        Refusal::MissingField { field: "action" },
        Refusal::MissingField { field: "bot_id" },
        Refusal::MissingField {
            field: "deployment_mode",
        },
        Refusal::InvalidAction {
            given: text(),
            meant: Some("start"),
        },
        Refusal::InvalidAction {
            given: text(),
            meant: None,
        },
        Refusal::InvalidBotId { given: text() },
        Refusal::InvalidUserId,
        Refusal::ForeignUser,
        Refusal::InvalidMode {
            given: text(),
            meant: Some("simple"),
        },
        Refusal::InvalidMode {
            given: text(),
            meant: None,
        },
        Refusal::ModeNotAvailable { mode: "custom" },
        Refusal::InvalidLines { max: 10_000 },
        Refusal::InvalidCursor,
        Refusal::InvalidWait { max_ms: 20_000 },
        Refusal::MissingCode,
        Refusal::ConflictingFields,
        Refusal::CodeNotText,
        Refusal::FilesNotObject,
        Refusal::EmptyFiles,
        Refusal::InvalidEntrypoint { given: text() },
        Refusal::EntrypointNotFound {
            entrypoint: text(),
            scripts: vec![],
        },
        Refusal::EntrypointNotFound {
            entrypoint: text(),
            scripts: vec!["a.py".to_owned()],
        },
        Refusal::MissingSource,
        Refusal::ConflictingSources,
        Refusal::InvalidGitUrl,
        Refusal::InvalidArchiveUrl,
        Refusal::MissingDockerImage,
        Refusal::InvalidImageName,
        Refusal::InvalidRegistryAuth,
        Refusal::IncompleteRegistryAuth,
        Refusal::RequirementsNotList,
        Refusal::TooManyRequirements { max: 100 },
        Refusal::LimitsNotObject,
        Refusal::InvalidLimit { field: "memory_mb" },
        Refusal::InvalidReadyRegex { reason: text() },
        Refusal::QuotaExceeded {
            current: 3,
            max: 3,
            active: vec!["a".to_owned()],
        },
        Refusal::QuotaExceeded {
            current: 3,
            max: 3,
            active: vec![],
        },
        Refusal::BotNotFound { bot_id: text() },
        Refusal::BotBusy { bot_id: text() },
        Refusal::WorkerAway { worker: text() },
        Refusal::DependenciesFailed { log_tail: tail() },
        Refusal::StartFailed {
            exit_code: Some(1),
            log_tail: tail(),
        },
        Refusal::StartFailed {
            exit_code: None,
            log_tail: tail(),
        },
        Refusal::HealthGateFailed {
            reason: text(),
            log_tail: tail(),
        },
        Refusal::TokenRejected { log_tail: tail() },
        Refusal::PollingConflict { log_tail: tail() },
        Refusal::MissingPackage {
            module: text(),
            package: text(),
            log_tail: tail(),
        },
        Refusal::OutOfMemory {
            limit_mb: 256,
            log_tail: tail(),
        },
        Refusal::ContainerError { reason: text() },
    ];
    for rolled_back in [true, false] {
        all.push(Refusal::UpdateFailed {
            reason: "START_FAILED".to_owned(),
            rolled_back,
            previous_spec_version: Some(1),
            log_tail: tail(),
        });
    }
    for fault in [
        PathFault::Empty,
        PathFault::Absolute,
        PathFault::Drive,
        PathFault::Backslash,
        PathFault::Dots,
        PathFault::Unseen,
        PathFault::NameTooLong(255),
        PathFault::PathTooLong(1024),
        PathFault::TooDeep(16),
        PathFault::Collides(text()),
        PathFault::FileAndFolder,
    ] {
        all.push(Refusal::FilePath {
            path: text(),
            fault,
        });
    }
    for fault in [ContentFault::NotText, ContentFault::BadBase64] {
        all.push(Refusal::FileContent {
            path: text(),
            fault,
        });
    }
    for fault in [
        SizeFault::Count(9),
        SizeFault::One(text(), 5 << 20),
        SizeFault::Total(99),
    ] {
        all.push(Refusal::FileSize(fault));
    }
    for fault in [
        RequirementFault::NotText,
        RequirementFault::TooLong(500),
        RequirementFault::LineBreak,
        RequirementFault::Backslash,
        RequirementFault::Option,
        RequirementFault::Url,
        RequirementFault::Path,
        RequirementFault::Name,
        RequirementFault::Extras,
        RequirementFault::SingleEquals,
        RequirementFault::Version,
        RequirementFault::Marker,
    ] {
        all.push(Refusal::Requirement {
            given: text(),
            fault,
        });
    }
    for fault in [
        EnvFault::NotObject,
        EnvFault::Name(text()),
        EnvFault::Reserved(text()),
        EnvFault::NotText(text()),
        EnvFault::Nul(text()),
        EnvFault::TooLong(text(), 9),
        EnvFault::TooMany(9),
        EnvFault::TotalTooLong(9),
    ] {
        all.push(Refusal::Env(fault));
    }
    all
}

#[test]
fn every_text_is_there_in_both_languages() {
    let cyrillic = |text: &str| text.chars().any(|c| ('а'..='я').contains(&c));
    for refusal in all() {
        let failure = Failure::from(refusal.clone());
        let hint = failure.hint.as_deref().unwrap_or_default();
        let ru = |key: &str| {
            failure.more["ru"][key]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        for text in [&failure.message, hint] {
            assert!(
                !text.is_empty() && !cyrillic(text) && !text.ends_with('.'),
                "{refusal:?}"
            );
        }
        for text in [ru("message"), ru("hint")] {
            assert!(
                cyrillic(&text) || text.contains("avtomatika-bot"),
                "{refusal:?}: {text}"
            );
            assert!(!text.ends_with('.'), "{refusal:?}");
        }
        let code = failure.code.unwrap_or_default();
        assert!(
            code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'),
            "{code}"
        );
    }
}

#[test]
fn the_codes_of_the_contract_are_all_there() {
    let codes: BTreeSet<&str> = all().iter().map(Refusal::code).collect();
    let seed = "MISSING_REQUIRED_FIELD INVALID_ACTION INVALID_BOT_ID INVALID_DEPLOYMENT_MODE \
        INVALID_ENV_VARS MISSING_CODE CONFLICTING_FIELDS INVALID_FILES_FORMAT \
        INVALID_FILE_CONTENT EMPTY_FILES INVALID_REQUIREMENTS MISSING_SOURCE CONFLICTING_SOURCES \
        INVALID_GIT_URL INVALID_ARCHIVE_URL MISSING_DOCKER_IMAGE INVALID_IMAGE_NAME \
        INVALID_REGISTRY_AUTH INCOMPLETE_REGISTRY_AUTH QUOTA_EXCEEDED CONTAINER_ERROR";
    let new = "INVALID_REQUEST INVALID_FILE_PATH INVALID_ENTRYPOINT ENTRYPOINT_NOT_FOUND \
        FILES_TOO_LARGE MODE_NOT_AVAILABLE INVALID_LIMITS INVALID_LINES INVALID_CURSOR \
        INVALID_WAIT INVALID_USER_ID FOREIGN_USER_ID INVALID_READY_REGEX BOT_NOT_FOUND BOT_BUSY \
        WORKER_AWAY DEPENDENCIES_FAILED START_FAILED HEALTH_GATE_FAILED TOKEN_REJECTED \
        POLLING_CONFLICT MISSING_PACKAGE OUT_OF_MEMORY UPDATE_FAILED";
    let expected: BTreeSet<&str> = seed
        .split_whitespace()
        .chain(new.split_whitespace())
        .collect();
    assert_eq!(codes, expected);
}

#[test]
fn a_failure_has_the_contract_s_shape() {
    let refusal = Refusal::QuotaExceeded {
        current: 3,
        max: 3,
        active: vec!["a".to_owned()],
    };
    assert_eq!(
        json!(Failure::from(refusal)),
        json!({
            "code": "QUOTA_EXCEEDED",
            "message": "You have 3 of 3 bots running",
            "hint": "Stop one first, for example: avtomatika-bot stop a",
            "details": {"current_bots": 3, "max_bots": 3, "active_bots": ["a"]},
            "ru": {
                "message": "Лимит ботов исчерпан: запущено 3 из 3",
                "hint": "Сначала остановите один из них, например: avtomatika-bot stop a",
            },
        })
    );
    let refusal = Refusal::InvalidAction {
        given: "strat".to_owned(),
        meant: Some("start"),
    };
    assert_eq!(
        Failure::from(refusal).hint.as_deref(),
        Some("Did you mean 'start'?")
    );
}
