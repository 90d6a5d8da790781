//! Who gets a task: affinity, requirements, cost, strategies, type limits, what is at hand; and that
//! a poll that was woken for a task it can't have leaves it to the next.

use std::time::Duration;

use avtomatika_engine::blueprint::{Needs, Strategy};
use avtomatika_engine::service::{Handout, NewJob, Poll};
use avtomatika_engine::{Action, Blueprint, Dispatch, EndAs};
use avtomatika_protocol::JobId;
use avtomatika_protocol::worker::{Heartbeat, Registration};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::super::lab::{Lab, client};
use super::{Did::*, lab};

/// A blueprint whose one task is described by the job's input.
fn described() -> Blueprint {
    Blueprint::builder("b")
        .start("start", |context| {
            let input = context.input;
            let mut dispatch =
                Dispatch::new(input["type"].as_str().unwrap_or("t")).on("success", "done");
            dispatch.priority = i32::try_from(input["priority"].as_i64().unwrap_or(0)).unwrap();
            dispatch.affinity = input["affinity"].as_str().map(str::to_owned);
            dispatch.max_cost = input["max_cost"].as_f64();
            dispatch.save_as = input["save_as"].as_str().map(str::to_owned);
            if input["needs"].is_object() {
                dispatch.needs = Needs::parse(&input["needs"]).unwrap();
            }
            if let Ok(strategy) = serde_json::from_value::<Strategy>(input["strategy"].clone()) {
                dispatch.strategy = strategy;
            }
            Ok(Action::dispatch(dispatch))
        })
        .end("done", EndAs::Completed)
        .build()
        .unwrap()
}

async fn submit(lab: &Lab, input: Value) -> JobId {
    lab.engine
        .submit(NewJob::new("b", client(), input))
        .await
        .unwrap()
        .job
}

async fn register(lab: &Lab, name: &str, more: Value) {
    let mut whole = json!({"worker_id": name, "supported_tasks": ["t", "u"]});
    for (key, value) in more.as_object().unwrap() {
        whole[key] = value.clone();
    }
    let registration: Registration = serde_json::from_value(whole).unwrap();
    lab.engine.register(registration).await.unwrap();
}

type Polling = JoinHandle<Option<Handout>>;

/// Parks a poll and waits until it is.
async fn park(lab: &Lab, name: &str) -> Polling {
    let (engine, name) = (lab.engine.clone(), name.to_owned());
    let before = lab.engine.stats().await.unwrap().parked_polls;
    let poll = Poll {
        worker: name.as_str().into(),
        types: None,
        wait_ms: 600_000,
    };
    let polling = tokio::spawn(async move { engine.poll(poll).await.unwrap() });
    while lab.engine.stats().await.unwrap().parked_polls == before {
        tokio::task::yield_now().await;
    }
    polling
}

/// The job a parked poll got.
async fn got(polling: Polling) -> JobId {
    let handed = tokio::time::timeout(Duration::from_secs(20), polling).await;
    handed
        .expect("nobody woke it")
        .unwrap()
        .expect("a task")
        .message
        .job_id
}

#[tokio::test]
async fn a_key_stays_with_the_worker_that_succeeded_with_it_last() {
    let lab = lab(vec![described()]);
    register(&lab, "a", json!({})).await;
    register(&lab, "b", json!({})).await;
    let bot = json!({"affinity": "bot 7"});
    let first = submit(&lab, bot.clone()).await;
    let taken = lab.take("a").await.unwrap();
    // Not yet: nobody has succeeded.
    submit(&lab, bot.clone()).await;
    let other = lab.take("b").await.unwrap();
    lab.did("b", &other, No).await;
    lab.did("a", &taken, Well).await;
    assert!(lab.stored(first).await.status.is_terminal());
    let tied = submit(&lab, bot.clone()).await;
    assert!(lab.take("b").await.is_none(), "it is a's");
    let handout = lab.take("a").await.unwrap();
    assert_eq!(handout.message.job_id, tied);
    lab.did("a", &handout, No).await;
    submit(&lab, bot).await;
    assert!(lab.take("b").await.is_none(), "a failure does not untie it");
    let handout = lab.take("a").await.unwrap();
    lab.did("a", &handout, Well).await;
    submit(&lab, json!({"affinity": "bot 8"})).await;
    assert!(lab.take("b").await.is_some(), "another key is another's");
}

#[tokio::test]
async fn save_as_keeps_a_result_apart() {
    let lab = lab(vec![described()]);
    register(&lab, "a", json!({})).await;
    for (input, data) in [
        (json!({"save_as": "echo"}), json!({"echo": {"answer": 42}})),
        (json!({}), json!({"answer": 42})),
    ] {
        let job = submit(&lab, input).await;
        let handout = lab.take("a").await.unwrap();
        lab.did("a", &handout, Well).await;
        assert_eq!(Value::Object(lab.stored(job).await.data.clone()), data);
    }
}

#[tokio::test]
async fn a_task_goes_to_a_worker_that_has_what_it_needs_and_costs_no_more() {
    let lab = lab(vec![described()]);
    let rows = [
        (
            json!({"needs": {"gpu_model": "RTX"}}),
            json!({"resources": {"gpu_info": {"model": "RTX 9", "vram_gb": 8}}}),
        ),
        (
            json!({"needs": {"models": ["m"]}}),
            json!({"installed_models": [{"name": "m"}]}),
        ),
        (
            json!({"needs": {"software": {"s": "any"}}}),
            json!({"installed_software": {"s": "1"}}),
        ),
        (
            json!({"needs": {"cpu_cores": 8.0}}),
            json!({"resources": {"cpu_cores": 8}}),
        ),
        (json!({"max_cost": 0.5}), json!({"cost_per_second": 0.5})),
    ];
    for (input, able) in rows {
        register(&lab, "able", able).await;
        register(&lab, "plain", json!({"cost_per_second": 9.0})).await;
        let job = submit(&lab, input.clone()).await;
        assert!(lab.take("plain").await.is_none(), "{input}");
        let handout = lab.take("able").await.unwrap();
        assert_eq!(handout.message.job_id, job);
        lab.did("able", &handout, Well).await;
        // And of several that wait, the one that can is woken.
        let (plain, able) = (park(&lab, "plain").await, park(&lab, "able").await);
        let job = submit(&lab, input).await;
        assert_eq!(got(able).await, job);
        plain.abort();
    }
}

#[tokio::test]
async fn each_strategy_asks_its_own_first() {
    // The one that waits longest is dear and busy; each of the others has one thing for it.
    let rows = [
        ("round_robin", "dear"),
        ("cheapest", "cheap"),
        ("least_connections", "free"),
        ("default", "hot"),
        ("best_value", "cheap"),
    ];
    for (strategy, chosen) in rows {
        let lab = lab(vec![described()]);
        for (name, cost, busy) in [
            ("dear", 9.0, true),
            ("cheap", 1.0, true),
            ("free", 8.0, false),
            ("hot", 8.0, true),
        ] {
            register(&lab, name, json!({"cost_per_second": cost})).await;
            if busy {
                submit(&lab, json!({"type": "u"})).await;
                lab.take(name).await.unwrap();
            }
        }
        let more = json!({"hot_cache": ["t"]}).as_object().unwrap().clone();
        let beat = Heartbeat {
            more,
            ..Heartbeat::default()
        };
        lab.engine.heartbeat(&"hot".into(), beat).await.unwrap();
        let mut parked = Vec::new();
        for name in ["dear", "cheap", "free", "hot"] {
            parked.push((name, park(&lab, name).await));
        }
        let job = submit(&lab, json!({"strategy": strategy})).await;
        for (name, polling) in parked {
            if name == chosen {
                assert_eq!(got(polling).await, job, "{strategy}");
            } else {
                assert!(!polling.is_finished(), "{strategy}: {name} got it");
                polling.abort();
            }
        }
    }
}

#[tokio::test]
async fn a_worker_has_no_more_tasks_of_a_type_than_it_takes() {
    let lab = lab(vec![described()]);
    register(&lab, "w", json!({"task_type_limits": {"t": 1}})).await;
    for task_type in ["t", "t", "u"] {
        submit(&lab, json!({"type": task_type})).await;
    }
    let first = lab.take("w").await.unwrap();
    let second = lab.take("w").await.unwrap();
    assert_eq!(
        (
            first.message.task_type.as_str(),
            second.message.task_type.as_str()
        ),
        ("t", "u")
    );
    assert!(lab.take("w").await.is_none());
    let parked = park(&lab, "w").await;
    lab.did("w", &first, Well).await;
    got(parked).await;
}

/// A worker woken for a task it may not have leaves the wake-up to the next that can.
#[tokio::test]
async fn a_wake_up_that_cannot_be_used_goes_to_the_next() {
    let lab = lab(vec![described()]);
    register(&lab, "full", json!({"task_type_limits": {"t": 1}})).await;
    register(&lab, "next", json!({})).await;
    let (one, two) = (park(&lab, "full").await, park(&lab, "full").await);
    let next = park(&lab, "next").await;
    // Both polls of the first worker are woken, but it takes only one.
    let jobs = [submit(&lab, json!({})).await, submit(&lab, json!({})).await];
    let other = got(next).await;
    assert!(jobs.contains(&other));
    one.abort();
    two.abort();
}

/// The one with the GPU is woken for the task that needs it, but a more urgent plain one comes in
/// between and it takes that: the task that needs a GPU must wake the other that has one.
#[tokio::test]
async fn a_wake_up_for_one_that_needs_something_is_not_used_up_by_a_plain_task() {
    let lab = lab(vec![described()]);
    let gpu = json!({"resources": {"gpu_info": {"model": "RTX", "vram_gb": 8}}});
    register(&lab, "gpu 1", gpu.clone()).await;
    register(&lab, "plain", json!({})).await;
    register(&lab, "gpu 2", gpu).await;
    let first = park(&lab, "gpu 1").await;
    let plain = park(&lab, "plain").await;
    let second = park(&lab, "gpu 2").await;
    let (special, urgent) = tokio::join!(
        submit(&lab, json!({"needs": {"gpu_model": "RTX"}})),
        submit(&lab, json!({"priority": 9})),
    );
    let mut handed = Vec::new();
    for polling in [first, plain, second] {
        match tokio::time::timeout(Duration::from_secs(2), polling).await {
            Ok(handout) => handed.push(handout.unwrap().unwrap().message.job_id),
            Err(_still_waits) => {}
        }
    }
    handed.sort_unstable();
    let mut both = [special, urgent];
    both.sort_unstable();
    assert_eq!(handed, both);
}
