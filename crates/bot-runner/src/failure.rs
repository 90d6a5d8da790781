//! What can go wrong, with a code, a message and a hint in English and Russian.

use std::fmt::Display;

use avtomatika_protocol::Failure;
use avtomatika_protocol::error::code;
use serde_json::{Value, json};

/// What is left behind when a start fails; `details.kept` of the failure says which it was.
///
/// * **Removed** (`kept: false`): the bot can never work as it was given. Its dependencies can't
///   be installed, a package is missing, the token is refused, somebody else polls with it,
///   the memory limit is too small, or it never began to poll or got ready in time. Container,
///   network and volumes are gone.
/// * **Kept** (`kept: true`): the process started and ended by itself. The engine restarts it
///   (`restarting (n)`), the supervisor ends that as `crash-loop`, and `logs` and `status` work
///   until the bot is stopped, updated or started anew. It counts against the quota.
///
/// An update that fails always removes the new container and starts the old one again. A restart
/// removes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Nothing is left behind.
    Removed,
    /// The bot stays, to be looked at.
    Kept,
}

impl Policy {
    /// Whether the container stays.
    pub fn kept(self) -> bool {
        matches!(self, Self::Kept)
    }
}

/// One text in both languages.
pub(crate) struct Text<'a> {
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    pub(crate) hint: &'a str,
    pub(crate) ru_message: &'a str,
    pub(crate) ru_hint: &'a str,
}

impl Text<'_> {
    pub(crate) fn failure(&self) -> Failure {
        Failure::new(self.code, self.message).hint(self.hint).with(
            "ru",
            json!({"message": self.ru_message, "hint": self.ru_hint}),
        )
    }
}

/// Puts `details` on a failure, over what is there already.
pub(crate) fn with_details(mut failure: Failure, details: Value) -> Failure {
    let slot = failure
        .more
        .entry("details".to_owned())
        .or_insert_with(|| json!({}));
    if let (Some(old), Value::Object(new)) = (slot.as_object_mut(), details) {
        old.extend(new);
    }
    failure
}

/// The user has as many bots here as allowed.
pub(crate) fn quota_exceeded(active: &[String], max: usize) -> Failure {
    let current = active.len();
    let failure = Text {
        code: "QUOTA_EXCEEDED",
        message: &format!("{current} of {max} bots are running already"),
        hint: "stop one of them first: avtomatika-bot stop <bot>",
        ru_message: &format!("уже запущено ботов: {current} из {max}"),
        ru_hint: "сначала остановите одного из них: avtomatika-bot stop <бот>",
    }
    .failure();
    let details = json!({"current_bots": current, "max_bots": max, "active_bots": active});
    with_details(failure, details)
}

/// There is no such bot here.
pub(crate) fn bot_not_found(bot_id: &str) -> Failure {
    let failure = Text {
        code: "BOT_NOT_FOUND",
        message: &format!("bot {bot_id:?} does not run here"),
        hint: "see what runs: avtomatika-bot list",
        ru_message: &format!("бот {bot_id:?} здесь не запущен"),
        ru_hint: "посмотрите, что запущено: avtomatika-bot list",
    };
    failure.failure()
}

/// The packages can't be installed.
pub(crate) fn dependencies(reason: &str, ru_reason: &str, log_tail: &[String]) -> Failure {
    let failure = Text {
        code: "DEPENDENCIES_FAILED",
        message: &format!("the requirements could not be installed: {reason}"),
        hint: "check the names and versions in the requirements; the last lines of the installer say which",
        ru_message: &format!("не удалось установить зависимости: {ru_reason}"),
        ru_hint: "проверьте имена и версии пакетов; какой из них не подошёл, видно в последних строках установщика",
    }
    .failure();
    with_details(failure, json!({"kept": false, "log_tail": log_tail}))
}

/// The base image is not on the engine.
pub(crate) fn base_image_missing(image: &str) -> Failure {
    Text {
        code: "CONTAINER_ERROR",
        message: &format!("the base image {image} is not on this Docker Engine"),
        hint: "the operator makes it with scripts/base-image.sh",
        ru_message: &format!("на этом Docker Engine нет базового образа {image}"),
        ru_hint: "администратор создаёт его командой scripts/base-image.sh",
    }
    .failure()
}

/// The engine refused something it should not have.
pub(crate) fn container(what: &str, error: &dyn Display) -> Failure {
    Text {
        code: "CONTAINER_ERROR",
        message: &format!("failed to {what}: {error}"),
        hint: "this is not the bot's fault; try again, and tell the operator if it stays",
        ru_message: &format!("ошибка Docker Engine ({what}): {error}"),
        ru_hint: "бот тут ни при чём; попробуйте ещё раз, а если не поможет, сообщите администратору",
    }
    .failure()
}

/// The engine can't be reached now: worth another try.
pub(crate) fn engine_gone(what: &str, error: &dyn Display) -> Failure {
    Text {
        code: code::TRANSIENT,
        message: &format!("failed to {what}: the Docker Engine does not answer: {error}"),
        hint: "it is tried again by itself",
        ru_message: &format!("Docker Engine не отвечает ({what}): {error}"),
        ru_hint: "попытка повторится сама",
    }
    .failure()
}

/// All subnets of the pool are taken.
pub(crate) fn pool_exhausted() -> Failure {
    Text {
        code: "CONTAINER_ERROR",
        message: "no free subnet is left for another bot",
        hint: "the operator can give the runner a larger address pool",
        ru_message: "не осталось свободных подсетей для ещё одного бота",
        ru_hint: "администратор может выделить больший диапазон адресов",
    }
    .failure()
}

/// The record of a bot can't be kept.
pub(crate) fn record(error: &dyn Display) -> Failure {
    Text {
        code: "CONTAINER_ERROR",
        message: &format!("failed to write down the bot's record: {error}"),
        hint: "the operator should look at the runner's state directory (space, permissions)",
        ru_message: &format!("не удалось записать сведения о боте: {error}"),
        ru_hint: "администратору: проверьте каталог состояния (место на диске, права)",
    }
    .failure()
}

/// The task was called off while it ran.
pub(crate) fn cancelled() -> Failure {
    Text {
        code: "CANCELLED",
        message: "called off; nothing is left behind",
        hint: "start it again when you want it",
        ru_message: "отменено; ничего не осталось",
        ru_hint: "запустите снова, когда понадобится",
    }
    .failure()
}

/// What became of the version before a failed update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Previous {
    /// It runs, again or still.
    Runs,
    /// It did not run before the update, and doesn't now.
    DidNotRun,
    /// It could not be started again.
    Down,
}

/// An update failed with that failure of the new version.
pub(crate) fn update(inner: &Failure, became: Previous, previous: &Value) -> Failure {
    let reason = inner.code.clone().unwrap_or_default();
    let (state, ru_state) = match became {
        Previous::Runs => (
            "the previous version runs again",
            "снова работает прежняя версия",
        ),
        Previous::DidNotRun => (
            "the previous version did not run either and is left as it was",
            "прежняя версия тоже не работала и оставлена как была",
        ),
        Previous::Down => (
            "the previous version could not be started again",
            "прежнюю версию запустить не удалось",
        ),
    };
    let ru = inner.more.get("ru");
    let ru_text = |key: &str| {
        ru.and_then(|ru| ru.get(key))
            .and_then(Value::as_str)
            .unwrap_or("")
    };
    let mut failure = Text {
        code: "UPDATE_FAILED",
        message: &format!("the new version failed ({}); {state}", inner.message),
        hint: inner
            .hint
            .as_deref()
            .unwrap_or("fix the bot and update again"),
        ru_message: &format!(
            "новая версия не заработала ({}); {ru_state}",
            ru_text("message")
        ),
        ru_hint: ru_text("hint"),
    }
    .failure();
    if let Some(details) = inner.more.get("details") {
        failure = with_details(failure, details.clone());
    }
    let details = json!({
        "reason": reason, "kept": false, "rolled_back": became != Previous::Down,
        "previous_ran": became != Previous::DidNotRun, "previous_spec_version": previous,
    });
    with_details(failure, details)
}

/// Whether this failure only says that the task was called off.
pub(crate) fn is_cancelled(failure: &Failure) -> bool {
    failure.code.as_deref() == Some("CANCELLED")
}
