//! Starting a container, watching it through the gate, and what each way to fail means.

use std::collections::BTreeMap;
use std::time::Duration;

use avtomatika_protocol::Failure;
use avtomatika_protocol::bot::{SecretValues, StartSpec, ready};
use bollard::models::ContainerUpdateBody;
use bollard::query_parameters::StartContainerOptions;
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::classify::Cause;
use crate::container::{nano_cpus, restart_policy};
use crate::failure::{Policy, Text, with_details};
use crate::gate::{End, Failed, Passed, Watch, Why};
use crate::inspect::look;
use crate::runner::Inner;
use crate::time::now_ns;
use crate::{engine, failure, sim};

/// What the gate must know of a bot beside its container.
#[derive(Clone, Default)]
pub(crate) struct Expect {
    pub(crate) env: BTreeMap<String, String>,
    /// The bot's number at the simulator.
    pub(crate) number: Option<String>,
    pub(crate) ready_regex: Option<String>,
    /// The plan's cores, given once the gate passed or failed.
    pub(crate) cpu_cores: f64,
}

impl Expect {
    pub(crate) fn of(spec: &StartSpec) -> Self {
        Self {
            env: spec.env_vars.clone(),
            number: sim::bot_number(&spec.env_vars, &spec.files),
            ready_regex: spec.ready_regex.clone(),
            cpu_cores: spec.limits.cpu_cores,
        }
    }
}

/// A container that passed its gate.
pub(crate) struct Through {
    pub(crate) start: Duration,
    pub(crate) gate: Duration,
    pub(crate) passed: Passed,
}

/// A container that did not.
pub(crate) struct Refused {
    pub(crate) failure: Failure,
    pub(crate) policy: Policy,
}

/// Starts a container and watches it. Afterwards it has the plan's CPU limit and is started again
/// by the engine, unless it is one that is removed anyway.
pub(crate) async fn start(
    inner: &Inner,
    container: &str,
    expect: &Expect,
    cancel: &CancellationToken,
    told: impl FnOnce(),
) -> Result<Through, Refused> {
    let removed = |failure| Refused {
        failure,
        policy: Policy::Removed,
    };
    let secrets = SecretValues::new(expect.env.values());
    let test = expect
        .ready_regex
        .as_deref()
        .map(ready::compile)
        .transpose()
        .map_err(removed)?;
    let (began, began_ns) = (Instant::now(), now_ns());
    let started = inner
        .docker
        .start_container(container, None::<StartContainerOptions>)
        .await;
    started.map_err(|error| removed(engine::failed("start the bot's container", &error)))?;
    let start = began.elapsed();
    told();
    let watch = Watch {
        docker: &inner.docker,
        container,
        options: &inner.options.gate,
        secrets: &secrets,
        ready: test.map(|regex| -> crate::gate::ReadyTest {
            Box::new(move |line: &str| regex.is_match(line))
        }),
        sim: inner.sim.as_ref().zip(expect.number.clone()),
        cancel,
        began,
        began_ns,
    };
    match Box::pin(watch.run()).await {
        End::Passed(passed) => {
            let gate = began.elapsed().saturating_sub(start);
            release(inner, container, expect.cpu_cores)
                .await
                .map_err(removed)?;
            Ok(Through {
                start,
                gate,
                passed,
            })
        }
        End::Failed(failed) => {
            let policy = policy_of(&failed.why);
            if policy.kept() {
                release(inner, container, expect.cpu_cores)
                    .await
                    .map_err(removed)?;
            }
            Err(Refused {
                failure: explain(&failed, policy),
                policy,
            })
        }
    }
}

/// Gives a container start-up CPU, and keeps the engine from starting it again by itself.
pub(crate) async fn boost(inner: &Inner, container: &str, cores: f64) -> Result<(), Failure> {
    let cores = cores.max(inner.options.gate.boost_cpu_cores);
    change(inner, container, cores, false).await
}

/// Gives a container the plan's CPU limit and leaves it to the engine to start it again whenever
/// it ends, which it may have done already.
pub(crate) async fn release(inner: &Inner, container: &str, cores: f64) -> Result<(), Failure> {
    change(inner, container, cores, true).await?;
    let looked = look(&inner.docker, container).await;
    let seen = looked.map_err(|error| engine::failed("look at the bot's container", &error))?;
    if seen.is_some_and(|seen| !seen.is_up()) {
        let started = inner
            .docker
            .start_container(container, None::<StartContainerOptions>)
            .await;
        started.map_err(|error| engine::failed("start the bot's container", &error))?;
    }
    Ok(())
}

async fn change(inner: &Inner, container: &str, cores: f64, again: bool) -> Result<(), Failure> {
    let body = ContainerUpdateBody {
        nano_cpus: Some(nano_cpus(cores)),
        restart_policy: Some(restart_policy(again)),
        ..ContainerUpdateBody::default()
    };
    let changed = inner.docker.update_container(container, body).await;
    changed.map_err(|error| engine::failed("set the bot's limits", &error))
}

/// See [`Policy`].
fn policy_of(why: &Why) -> Policy {
    match why {
        Why::Ended => Policy::Kept,
        Why::Known(_)
        | Why::OutOfMemory
        | Why::NotReady
        | Why::NotPolling
        | Why::Vanished
        | Why::Cancelled
        | Why::Engine(_) => Policy::Removed,
    }
}

/// The failure a user reads.
fn explain(failed: &Failed, policy: Policy) -> Failure {
    let code = failed.exit_code;
    let (failure, reason) = match &failed.why {
        Why::Known(Cause::TokenRejected) => (token_rejected(), "TOKEN_REJECTED"),
        Why::Known(Cause::PollingConflict) => (polling_conflict(), "POLLING_CONFLICT"),
        Why::Known(Cause::MissingPackage { module, package }) => {
            let failure = missing_package(module, package);
            (
                with_details(failure, json!({"package": package, "module": module})),
                "MISSING_PACKAGE",
            )
        }
        Why::OutOfMemory => (out_of_memory(), "OUT_OF_MEMORY"),
        Why::Ended => (
            ended(code),
            if code == Some(0) { "EXITED" } else { "CRASHED" },
        ),
        Why::NotReady => (not_ready(), "NOT_READY"),
        Why::NotPolling => (not_polling(), "NOT_POLLING"),
        Why::Vanished => (
            failure::container("watch the bot start", &"its container is gone"),
            "VANISHED",
        ),
        Why::Cancelled => return failure::cancelled(),
        Why::Engine(error) => (failure::engine_gone("watch the bot start", error), "ENGINE"),
    };
    let mut details = json!({
        "reason": reason, "kept": policy.kept(), "log_tail": failed.log_tail,
    });
    if let (Some(code), Some(details)) = (code, details.as_object_mut()) {
        details.insert("exit_code".to_owned(), code.into());
    }
    with_details(failure, details)
}

fn token_rejected() -> Failure {
    Text {
        code: "TOKEN_REJECTED",
        message: "Telegram refused the bot's token",
        hint: "take the token from @BotFather and pass it whole: -e BOT_TOKEN=...",
        ru_message: "Telegram не принял токен бота",
        ru_hint: "возьмите токен у @BotFather и передайте его целиком: -e BOT_TOKEN=...",
    }
    .failure()
}

fn polling_conflict() -> Failure {
    Text {
        code: "POLLING_CONFLICT",
        message: "another process already receives this bot's updates (409)",
        hint: "stop the other copy of the bot, or delete its webhook, and start again",
        ru_message: "обновления этого бота уже получает другой процесс (409)",
        ru_hint: "остановите вторую копию бота или удалите его вебхук и запустите снова",
    }
    .failure()
}

fn missing_package(module: &str, package: &str) -> Failure {
    Text {
        code: "MISSING_PACKAGE",
        message: &format!("the bot imports {module}, which is not installed"),
        hint: &format!("add the package to the requirements: -r {package}"),
        ru_message: &format!("бот импортирует {module}, а этот модуль не установлен"),
        ru_hint: &format!("добавьте пакет в зависимости: -r {package}"),
    }
    .failure()
}

fn out_of_memory() -> Failure {
    Text {
        code: "OUT_OF_MEMORY",
        message: "the bot needed more memory than its limit while starting",
        hint: "give it more (resource_limits.memory_mb), or load less at once",
        ru_message: "при запуске боту не хватило памяти",
        ru_hint: "увеличьте лимит (resource_limits.memory_mb) или загружайте меньше сразу",
    }
    .failure()
}

fn ended(code: Option<i64>) -> Failure {
    let code = code.map_or_else(|| "?".to_owned(), |code| code.to_string());
    Text {
        code: "HEALTH_GATE_FAILED",
        message: &format!("the bot ended by itself with exit code {code}"),
        hint: "see what it printed in log_tail or with avtomatika-bot logs; then fix it and use update",
        ru_message: &format!("бот завершился сам с кодом {code}"),
        ru_hint: "посмотрите, что он напечатал (log_tail или avtomatika-bot logs); исправьте и выполните update",
    }
    .failure()
}

fn not_ready() -> Failure {
    Text {
        code: "HEALTH_GATE_FAILED",
        message: "the bot did not print its ready pattern in time",
        hint: "check ready_regex against what the bot prints, or let it print sooner",
        ru_message: "бот вовремя не напечатал строку готовности",
        ru_hint: "сверьте ready_regex с тем, что печатает бот, или печатайте её раньше",
    }
    .failure()
}

fn not_polling() -> Failure {
    Text {
        code: "HEALTH_GATE_FAILED",
        message: "the bot runs, but never asked Telegram for updates",
        hint: "does it start polling (for example dp.start_polling), with this token?",
        ru_message: "бот работает, но ни разу не запросил обновления у Telegram",
        ru_hint: "запускает ли он опрос (например, dp.start_polling) и с этим ли токеном?",
    }
    .failure()
}
