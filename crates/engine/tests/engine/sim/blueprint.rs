//! The blueprint simulated jobs walk through: a route of stations their input names, each visit
//! noted in the job's data and in two documents, one of them shared by all jobs. Sub-jobs walk
//! through the same blueprint on a route of their own.

use avtomatika_engine::blueprint::{
    AwaitApproval, Blueprint, DocumentKey, Join, Parallel, RetryPolicy, RunBlueprint, WaitEvent,
};
use avtomatika_engine::{Action, Context, Dispatch, EndAs, HandlerError};
use avtomatika_protocol::JobId;
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// What there is on a route.
const STATIONS: [&str; 7] = ["task", "fan", "any", "sub", "ask", "event", "nap"];
/// Stations with which a sub-job may begin.
const KIDS: [&str; 5] = ["task", "nap", "event", "sub", "any"];
/// The longest route.
const LENGTH_MAX: usize = 5;

pub(crate) fn total() -> DocumentKey {
    DocumentKey::new("sim", "total")
}

pub(crate) fn trail_of(job: JobId) -> DocumentKey {
    DocumentKey::new("sim", job.to_string())
}

/// How often a job has gone on because this sub-job ended.
pub(crate) fn resumed_by(job: JobId) -> DocumentKey {
    DocumentKey::new("resumed", job.to_string())
}

/// The input of a job: its route and, two generations deep, those of its sub-jobs.
pub(crate) fn input(dice: &mut StdRng) -> Value {
    let length = dice.random_range(2..=LENGTH_MAX);
    let route: Vec<&str> = (0..length).map(|_| pick(dice, &STATIONS)).collect();
    let grandchild = json!({"route": ["task"]});
    let child = json!({"route": [pick(dice, &KIDS), "task"], "kid": grandchild});
    json!({"route": route, "kid": child})
}

fn pick(dice: &mut StdRng, from: &[&'static str]) -> &'static str {
    from[dice.random_range(0..from.len())]
}

pub(crate) fn blueprint() -> Blueprint {
    let mut builder = Blueprint::builder("b").start("s0", |context| visit(context, 0));
    for place in 1..=LENGTH_MAX {
        builder = builder.state(&format!("s{place}"), move |context| visit(context, place));
    }
    builder
        .end("done", EndAs::Completed)
        .end("broken", EndAs::Failed)
        .build()
        .unwrap()
}

fn visit(context: &Context<'_>, place: usize) -> Result<Action, HandlerError> {
    let route = context.input["route"].as_array().expect("a route");
    let own = trail_of(context.job_id);
    let ended = ended_before(context, place.checked_sub(1).map(|place| &route[place]));
    let mut keys: Vec<DocumentKey> = ended.iter().map(|job| resumed_by(*job)).collect();
    keys.extend([own.clone(), total()]);
    if !keys.iter().all(|key| context.documents.is_loaded(key)) {
        return Ok(Action::load(keys));
    }
    let number = |key: &DocumentKey| {
        let value = context.documents.get(key).and_then(Value::as_u64);
        value.unwrap_or(0)
    };
    let mut action = match route.get(place) {
        Some(station) => {
            let mut trail = match context.documents.get(&own) {
                Some(Value::Array(trail)) => trail.clone(),
                _ => Vec::new(),
            };
            trail.push(station.clone());
            let next = format!("s{}", place + 1);
            stop_at(station.as_str().expect("a name"), &next, context)
                .set("trail", trail.clone())
                .put(own, json!(trail))
                .put(total(), json!(number(&total()) + 1))
        }
        None => Action::transition("done"),
    };
    for job in ended {
        let key = resumed_by(job);
        let count = number(&key);
        action = action.put(key, json!(count + 1));
    }
    Ok(action)
}

/// The sub-jobs whose end led here.
fn ended_before(context: &Context<'_>, station: Option<&Value>) -> Vec<JobId> {
    match station.and_then(Value::as_str) {
        Some("sub") => context.child.iter().map(|child| child.job).collect(),
        Some("fan" | "any") => {
            let branches = context.branches.iter();
            branches.filter_map(|branch| branch.job).collect()
        }
        _ => Vec::new(),
    }
}

fn stop_at(station: &str, next: &str, context: &Context<'_>) -> Action {
    let kid = || RunBlueprint::new("b", context.input["kid"].clone());
    let side_by_side = || {
        let parallel = Parallel::new(next).on_failure("broken");
        parallel
            .task("a", task("t"))
            .task("b", task("u"))
            .job("kid", kid())
    };
    match station {
        "task" => Action::dispatch(task("t").on("success", next).on("failure", "broken")),
        "fan" => Action::parallel(side_by_side()),
        "any" => Action::parallel(side_by_side().join(Join::Any).timeout_ms(120_000)),
        "sub" => {
            let run = kid().on("success", next).on("failure", "broken");
            Action::run_blueprint(run.on("timeout", next).timeout_ms(40_000))
        }
        "ask" => {
            let question = AwaitApproval::new("go on?").on("approve", next);
            let question = question.on("reject", "broken").on("timeout", next);
            Action::await_approval(question.timeout_ms(30_000))
        }
        "event" => Action::wait_event(WaitEvent::new("go", next).or_after(30_000, next)),
        _ => Action::wait_until(context.now_ms + 900, next),
    }
}

fn task(task_type: &str) -> Dispatch {
    Dispatch::new(task_type)
        .execution_timeout_ms(20_000)
        .retry(RetryPolicy {
            max_attempts: 3,
            initial_ms: 200,
            max_ms: 2_000,
        })
}
