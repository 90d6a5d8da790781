//! Failures only the orchestrator knows, in English and Russian.

use avtomatika_engine::Action;
use avtomatika_protocol::{Failure, WorkerId};
use serde_json::{Value, json};

use super::blueprint::FAILED;
use super::task::Ended;

/// The end of a job whose task failed, for a task tied to `worker`: the worker's own words where
/// it had some, else ours.
pub(super) fn end(ended: &Ended<'_>, worker: Option<&WorkerId>) -> Action {
    match (ended.code(), worker) {
        ("DISPATCH_TIMEOUT", Some(worker)) => Action::fail(FAILED, worker_away(worker)),
        ("DISPATCH_TIMEOUT", None) => Action::fail(FAILED, no_worker()),
        ("WORKER_LOST", _) => Action::fail(FAILED, worker_lost(ended.worker().as_ref())),
        ("EXECUTION_TIMEOUT", _) => Action::fail(FAILED, took_too_long()),
        // The worker's failure is on the job already.
        _ => Action::transition(FAILED),
    }
}

/// The worker that has the bot did not take the task.
pub(super) fn worker_away(worker: &WorkerId) -> Failure {
    bilingual(
        "WORKER_AWAY",
        [
            &format!("The worker '{worker}', which has this bot, does not answer"),
            "Try again in a minute; if it lasts, stop the bot and start it again, so that another worker takes it",
        ],
        [
            &format!("Воркер '{worker}', на котором этот бот, не отвечает"),
            "Повторите через минуту; если не поможет, остановите бота и запустите снова: его возьмёт другой воркер",
        ],
    )
    .with("details", json!({"worker_id": worker}))
}

/// A bot is marked as stopped, but its worker could not be told.
pub(super) fn stop_pending(worker: Option<&WorkerId>) -> Failure {
    let name = worker.map_or("", WorkerId::as_str);
    bilingual(
        "WORKER_AWAY",
        [
            &format!(
                "The worker '{name}', which has this bot, does not answer; the bot is marked as stopped and no longer counts"
            ),
            "When the worker is back, it is told to stop the bot by your next stop or start of it",
        ],
        [
            &format!(
                "Воркер '{name}', на котором этот бот, не отвечает; бот помечен как остановленный и больше не учитывается"
            ),
            "Когда воркер вернётся, ваша следующая команда stop или start для этого бота остановит его и там",
        ],
    )
    .with(
        "details",
        json!({"worker_id": worker, "pending_stop": true}),
    )
}

fn no_worker() -> Failure {
    bilingual(
        "DISPATCH_TIMEOUT",
        [
            "No bot runner took the bot in time",
            "Check that a bot runner is connected and not full: avtomatika-bot doctor",
        ],
        [
            "Ни один воркер не взял бота вовремя",
            "Проверьте, что воркер подключён и не занят: avtomatika-bot doctor",
        ],
    )
}

fn worker_lost(worker: Option<&WorkerId>) -> Failure {
    let name = worker.map_or("", WorkerId::as_str);
    bilingual(
        "WORKER_LOST",
        [
            &format!("The worker '{name}' fell silent while it had the task"),
            "See how the bot is with: avtomatika-bot list, then try again",
        ],
        [
            &format!("Воркер '{name}' замолчал, не закончив задание"),
            "Посмотрите, что с ботом: avtomatika-bot list, затем повторите",
        ],
    )
    .with("details", json!({"worker_id": worker}))
}

fn took_too_long() -> Failure {
    bilingual(
        "EXECUTION_TIMEOUT",
        [
            "The worker did not finish the task in time",
            "See how the bot is with: avtomatika-bot list, then try again",
        ],
        [
            "Воркер не закончил задание вовремя",
            "Посмотрите, что с ботом: avtomatika-bot list, затем повторите",
        ],
    )
}

/// Said with a start that found the bot running as something else.
pub(super) fn use_update() -> Value {
    json!({
        "hint": "The bot runs with other code or settings; replace it with: avtomatika-bot update",
        "ru": {"hint": "Бот работает с другим кодом или настройками; замените его: avtomatika-bot update"},
    })
}

fn bilingual(code: &str, en: [&str; 2], ru: [&str; 2]) -> Failure {
    let ([message, hint], [ru_message, ru_hint]) = (en, ru);
    Failure::new(code, message)
        .hint(hint)
        .with("ru", json!({"message": ru_message, "hint": ru_hint}))
}
