//! Which of the states a user sees a bot is in: a pure function of what the engine and our
//! record say.

use std::time::Duration;

use avtomatika_protocol::bot::BotState;

use crate::inspect::Seen;
use crate::record::{Gate, Record};

/// The state of a bot that has a container. One that was restarted runs again once it has been
/// up for `steady_after`.
pub(crate) fn of(
    seen: &Seen,
    record: Option<&Record>,
    now_ns: i128,
    steady_after: Duration,
) -> BotState {
    let halted = record.and_then(|record| record.halted.as_ref());
    let gate = record.map_or(Gate::Passed, |record| record.gate);
    match (seen.status.as_str(), halted) {
        ("running", _) => {
            // A crashing bot is up most of the time: "running" is what stays up.
            let steady_ns = i128::try_from(steady_after.as_nanos()).unwrap_or(i128::MAX);
            let steady = seen.started_ns.is_some_and(|at| now_ns - at >= steady_ns);
            match gate {
                Gate::Passed if seen.restarts == 0 || steady => BotState::Running,
                Gate::Failed if steady => BotState::Running,
                Gate::Failed => BotState::Restarting,
                _ if seen.restarts > 0 => BotState::Restarting,
                _ => BotState::Starting,
            }
        }
        ("restarting", _) => BotState::Restarting,
        ("created", _) => BotState::Starting,
        (_, Some(halted)) => halted.state,
        _ => BotState::Stopped,
    }
}

/// How often it was restarted, by the engine and by us.
pub(crate) fn restarts(seen: &Seen, record: Option<&Record>) -> u64 {
    let halted = record.and_then(|record| record.halted.as_ref());
    let counted = seen.restarts + record.map_or(0, |record| record.restarts_before);
    halted.map_or(counted, |halted| halted.restarts.max(counted))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bot::BotId;
    use crate::record::Halted;

    const SECOND: i128 = 1_000_000_000;

    fn seen(status: &str, restarts: u64, up_s: i128) -> Seen {
        Seen {
            status: status.to_owned(),
            restarts,
            started_ns: Some(-up_s * SECOND),
            ..Seen::default()
        }
    }

    fn state(seen: &Seen, gate: Gate, halted: Option<BotState>) -> BotState {
        let halted = halted.map(|state| Halted {
            state,
            reason: "CRASH_LOOP".to_owned(),
            restarts: 5,
            at: String::new(),
        });
        let record = Record {
            version: 1,
            bot: BotId::new("u", "b"),
            instance: String::new(),
            spec_version: json!(1),
            gate,
            restarts_before: 0,
            runs_since: String::new(),
            halted,
        };
        of(seen, Some(&record), 0, Duration::from_secs(3))
    }

    #[test]
    fn running_means_the_gate_passed_and_it_stays_up() {
        assert_eq!(
            state(&seen("created", 0, 0), Gate::Pending, None),
            BotState::Starting
        );
        assert_eq!(
            state(&seen("running", 0, 9), Gate::Pending, None),
            BotState::Starting
        );
        assert_eq!(
            state(&seen("running", 0, 0), Gate::Passed, None),
            BotState::Running
        );
        // A bot that crashes and was just restarted is not running.
        assert_eq!(
            state(&seen("running", 2, 1), Gate::Passed, None),
            BotState::Restarting
        );
        assert_eq!(
            state(&seen("running", 2, 1), Gate::Failed, None),
            BotState::Restarting
        );
        assert_eq!(
            state(&seen("restarting", 2, 1), Gate::Passed, None),
            BotState::Restarting
        );
        // It recovered by itself.
        assert_eq!(
            state(&seen("running", 2, 9), Gate::Failed, None),
            BotState::Running
        );
        assert_eq!(
            of(&seen("running", 0, 9), None, 0, Duration::from_secs(3)),
            BotState::Running
        );
    }

    #[test]
    fn what_was_stopped_says_why() {
        assert_eq!(
            state(
                &seen("exited", 0, 9),
                Gate::Failed,
                Some(BotState::CrashLoop)
            ),
            BotState::CrashLoop
        );
        assert_eq!(
            state(&seen("exited", 0, 9), Gate::Passed, Some(BotState::Failed)),
            BotState::Failed
        );
        assert_eq!(
            state(&seen("exited", 0, 9), Gate::Passed, None),
            BotState::Stopped
        );
    }
}
