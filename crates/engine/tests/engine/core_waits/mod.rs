//! The pure core under random events, with all there is to wait for: branches, sub-jobs, people,
//! events, times. Sub-jobs are tokens here: they end when the dice say so.

mod run;

use avtomatika_engine::blueprint::{
    AwaitApproval, EndAs, HandlerError, Join, Parallel, RetryPolicy, RunBlueprint, WaitEvent,
};
use avtomatika_engine::machine::{Event, Next};
use avtomatika_engine::{Action, Dispatch};
use proptest::prelude::*;
use serde_json::json;

use run::Run;

/// Something that is done to the job; the numbers choose among what there is.
#[derive(Clone, Debug)]
enum Blow {
    Handler(u8, u8),
    Report(u8, u8),
    Lose(u8, u8),
    Child(u8, u8),
    Decide(u8),
    Signal(u8),
    /// So much time passes, then the job's timer is looked at.
    Timer(u16),
    Cancel,
    Release,
    Discard,
}

fn blows() -> impl Strategy<Value = Blow> {
    let (a, b) = (any::<u8>(), any::<u8>());
    prop_oneof![
        10 => (a, b).prop_map(|(a, b)| Blow::Handler(a, b)),
        8 => (a, b).prop_map(|(a, b)| Blow::Report(a, b)),
        3 => (a, b).prop_map(|(a, b)| Blow::Lose(a, b)),
        6 => (a, b).prop_map(|(a, b)| Blow::Child(a, b)),
        3 => a.prop_map(Blow::Decide),
        3 => a.prop_map(Blow::Signal),
        5 => any::<u16>().prop_map(Blow::Timer),
        1 => Just(Blow::Cancel),
        1 => Just(Blow::Release),
        1 => Just(Blow::Discard),
    ]
}

const STATES: [&str; 5] = ["start", "next", "rescue", "done", "broken"];

fn state(number: u8) -> &'static str {
    // Mostly working states, so that jobs live long enough to be hit often.
    STATES[if number < 230 {
        usize::from(number % 3)
    } else {
        3 + usize::from(number % 2)
    }]
}

fn answer(kind: u8, more: u8, now_ms: u64) -> Result<Action, HandlerError> {
    let task = || {
        let retry = RetryPolicy {
            max_attempts: 2,
            initial_ms: 100,
            max_ms: 100,
        };
        Dispatch::new("t").on("success", state(more)).retry(retry)
    };
    let kid = || RunBlueprint::new("kid", json!({}));
    let limit_ms = u64::from(more) * 20;
    Ok(match kind % 12 {
        0 => Action::transition(state(more)),
        1 => Action::dispatch(task()),
        2..=4 => {
            let mut parallel = Parallel::new(state(more)).join(match kind / 12 % 4 {
                0 => Join::Any,
                1 => Join::AtLeast(u32::from(more % 5)),
                _ => Join::All,
            });
            for number in 0..more % 4 {
                parallel = parallel.task(format!("t{number}"), task());
            }
            for number in 0..more / 4 % 3 {
                parallel = parallel.job(format!("j{number}"), kid());
            }
            if kind > 120 {
                parallel = parallel.on_failure("rescue");
            }
            if kind.is_multiple_of(2) {
                parallel.timeout_ms(limit_ms)
            } else {
                parallel
            }
            .into_action()
        }
        5 => Action::run_blueprint(kid().on("success", state(more)).timeout_ms(limit_ms)),
        6 => Action::run_blueprint(
            kid()
                .on("success", state(more))
                .on("failure", "rescue")
                .on("timeout", "next"),
        ),
        7 => Action::await_approval(
            AwaitApproval::new("?")
                .on("yes", state(more))
                .on("timeout", "next")
                .timeout_ms(limit_ms),
        ),
        8 => Action::await_approval(if more < 20 {
            AwaitApproval::new("?")
        } else {
            AwaitApproval::new("?").on("yes", state(more))
        }),
        9 => Action::wait_event(WaitEvent::new("e", state(more)).or_after(limit_ms, "next")),
        10 => Action::wait_until(now_ms + limit_ms, state(more)),
        _ if more < 60 => return Err(HandlerError("no".to_owned())),
        _ => Action::finish(EndAs::Completed, None),
    })
}

trait IntoAction {
    fn into_action(self) -> Action;
}

impl IntoAction for Parallel {
    fn into_action(self) -> Action {
        Action::parallel(self)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_job_waits_for_comes_once(blows in prop::collection::vec(blows(), 1..120)) {
        let mut run = Run::new();
        for blow in &blows {
            run.strike(blow);
        }
        if run.next == Next::RunHandler {
            run.apply(&Event::Returned(answer(1, 0, run.now_ms)));
        }
        if !run.job.status.is_terminal() {
            run.apply(&Event::CancelRequested);
        }
        prop_assert!(run.job.status.is_terminal(), "a cancel ends every wait");
        prop_assert_eq!(run.added, run.finished);
    }
}

/// The random runs are only worth something if they come to every wait and every ending.
#[test]
fn random_waits_reach_everything() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec(blows(), 100);
    let mut seen = std::collections::HashSet::new();
    for _ in 0..400 {
        let mut run = Run::new();
        for blow in strategy.new_tree(&mut runner).unwrap().current() {
            run.strike(&blow);
            seen.insert(run.job.status.as_str().to_owned());
        }
    }
    assert_eq!(seen.len(), 12, "{seen:?}");
}
