//! Whether a started bot really works.
//!
//! It must stay alive for a while, print none of the words that mean Telegram refused it, match
//! its ready pattern if it has one, and ask for updates if there is a simulator to see it.

use std::collections::VecDeque;
use std::time::Duration;

use avtomatika_protocol::bot::SecretValues;
use bollard::Docker;
use bollard::query_parameters::WaitContainerOptionsBuilder;
use futures_util::StreamExt as _;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::classify::{self, Cause};
use crate::inspect::{Seen, look};
use crate::logs::{Line, read};
use crate::options::GateOptions;
use crate::sim::Sim;

/// How many last lines a failure tells.
pub(crate) const TAIL_LINES: usize = 20;
/// The longest of them.
const TAIL_LINE_CHARS: usize = 500;
/// How often the container is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long the output of an ended process may take to arrive.
const SETTLE: Duration = Duration::from_millis(50);

/// Says whether a line means the bot is ready.
pub(crate) type ReadyTest = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// A container that was just started.
pub(crate) struct Watch<'a> {
    pub(crate) docker: &'a Docker,
    pub(crate) container: &'a str,
    pub(crate) options: &'a GateOptions,
    pub(crate) secrets: &'a SecretValues,
    pub(crate) ready: Option<ReadyTest>,
    /// The simulator, and the bot's number in it.
    pub(crate) sim: Option<(&'a Sim, String)>,
    pub(crate) cancel: &'a CancellationToken,
    /// When the start was asked for, by both clocks. The process is there by now.
    pub(crate) began: Instant,
    pub(crate) began_ns: i128,
}

/// How the gate ended.
#[derive(Debug)]
pub(crate) enum End {
    Passed(Passed),
    Failed(Failed),
}

/// The bot works.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passed {
    /// From the start to the first line of output.
    pub(crate) first_line: Option<Duration>,
    /// When it first was seen asking for updates, milliseconds since the Unix epoch.
    pub(crate) polled_at_ms: Option<u64>,
}

/// The bot doesn't work.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) why: Why,
    pub(crate) exit_code: Option<i64>,
    pub(crate) log_tail: Vec<String>,
}

/// Why not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Known(Cause),
    OutOfMemory,
    /// The process ended by itself.
    Ended,
    /// The ready pattern did not appear.
    NotReady,
    /// No `getUpdates` was seen.
    NotPolling,
    /// The container is gone: somebody removed it.
    Vanished,
    Cancelled,
    /// The engine stopped answering.
    Engine(String),
}

impl Watch<'_> {
    /// Watches until the gate's end is known; never longer than the deadline and a little.
    pub(crate) async fn run(self) -> End {
        let since_s = i32::try_from(self.began_ns / 1_000_000_000).unwrap_or(0);
        let lines = read::follow(self.docker, self.container, since_s, self.secrets);
        let mut lines = std::pin::pin!(lines);
        let exit = WaitContainerOptionsBuilder::new()
            .condition("next-exit")
            .build();
        let mut exit = std::pin::pin!(self.docker.wait_container(self.container, Some(exit)));
        let mut tick = interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tail = VecDeque::new();
        let (mut flowing, mut waiting) = (true, true);
        let (mut passed, mut ready) = (Passed::default(), self.ready.is_none());
        let up = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return self.failed(Why::Cancelled, None, tail),
                line = lines.next(), if flowing => {
                    let Some(Ok(line)) = line else { flowing = false; continue };
                    passed.first_line.get_or_insert_with(|| self.began.elapsed());
                    ready = ready || self.ready.as_ref().is_some_and(|test| test(&line.text));
                    let cause = classify::line(&line.text);
                    keep(&mut tail, &line);
                    if let Some(cause) = cause {
                        return self.settled(cause).await;
                    }
                }
                code = exit.next(), if waiting => {
                    waiting = false;
                    match code {
                        Some(Ok(answer)) => return self.ended(Some(answer.status_code)).await,
                        Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => {
                            return self.ended(Some(code)).await;
                        }
                        _ => {}
                    }
                }
                _ = tick.tick() => {
                    match look(self.docker, self.container).await {
                        Ok(Some(seen)) if seen.status == "running" && seen.restarts == 0 => {}
                        Ok(Some(seen)) => return self.ended(code_of(&seen)).await,
                        Ok(None) => return self.failed(Why::Vanished, None, tail),
                        Err(error) => {
                            return self.failed(Why::Engine(error.to_string()), None, tail);
                        }
                    }
                    if passed.polled_at_ms.is_none() {
                        passed.polled_at_ms = self.polled().await;
                    }
                    let polls = self.sim.is_none() || passed.polled_at_ms.is_some();
                    let elapsed = self.began.elapsed();
                    if ready && polls && up.elapsed() >= self.options.alive {
                        return End::Passed(passed);
                    }
                    if elapsed >= self.options.deadline.max(self.options.alive) {
                        let why = if ready { Why::NotPolling } else { Why::NotReady };
                        return self.failed(why, None, tail);
                    }
                }
            }
        }
    }

    /// When the bot asked for updates since it was started.
    async fn polled(&self) -> Option<u64> {
        let (sim, number) = self.sim.as_ref()?;
        let at_ms = sim.last_poll_ms(number).await?;
        (i128::from(at_ms) >= self.began_ns / 1_000_000).then_some(at_ms)
    }

    /// Refused while it runs: gives the rest of the traceback a moment.
    async fn settled(&self, cause: Cause) -> End {
        tokio::time::sleep(SETTLE * 4).await;
        let tail = self.last_lines().await;
        End::Failed(Failed {
            why: Why::Known(cause),
            exit_code: None,
            log_tail: shown(&tail),
        })
    }

    /// The process ended: finds out why.
    async fn ended(&self, exit_code: Option<i64>) -> End {
        let oom = look(self.docker, self.container).await.ok().flatten();
        // Engines miss the kernel's notice on some cgroup layouts; but nobody else sends SIGKILL
        // (128 + 9) to a bot that is being watched.
        let oom = oom.is_some_and(|seen| seen.oom_killed) || exit_code == Some(137);
        tokio::time::sleep(SETTLE).await;
        let tail = self.last_lines().await;
        let cause = classify::end(tail.iter().map(|line| line.text.as_str()));
        let why = match cause {
            _ if oom => Why::OutOfMemory,
            Some(cause) => Why::Known(cause),
            None => Why::Ended,
        };
        End::Failed(Failed {
            why,
            exit_code,
            log_tail: shown(&tail),
        })
    }

    async fn last_lines(&self) -> Vec<Line> {
        let tail = read::tail(self.docker, self.container, TAIL_LINES, self.secrets).await;
        tail.unwrap_or_default()
    }

    fn failed(&self, why: Why, exit_code: Option<i64>, tail: VecDeque<String>) -> End {
        End::Failed(Failed {
            why,
            exit_code,
            log_tail: tail.into(),
        })
    }
}

fn code_of(seen: &Seen) -> Option<i64> {
    (seen.status != "running").then_some(seen.exit_code)
}

fn keep(tail: &mut VecDeque<String>, line: &Line) {
    if tail.len() == TAIL_LINES {
        tail.pop_front();
    }
    tail.push_back(short(&line.text));
}

/// Lines as a failure tells them.
pub(crate) fn shown(lines: &[Line]) -> Vec<String> {
    lines.iter().map(|line| short(&line.text)).collect()
}

fn short(text: &str) -> String {
    text.chars().take(TAIL_LINE_CHARS).collect()
}
