//! Each action on its own.

use avtomatika_engine::service::{Authority, Verdict};
use avtomatika_protocol::JobStatus;
use serde_json::{Value, json};

use crate::lab::{Lab, failure, success};

#[tokio::test]
async fn goto_set_and_when_choose_by_what_was_set() {
    let lab = Lab::new(&["
name: f
states:
  start:
    set:
      double: ${input.n * 2}
      again: ${data.double + 1}
    when:
      - if: data.again > 10
        set: {size: large}
        goto: done
      - if: data.again > 4
        finish: {result: {size: middling, again: \"${data.again}\"}}
      - else:
          set: {size: small}
          goto: done
  done:
    end: completed
    output: {size: \"${data.size}\", text: \"${data.again} of ${input.n}, $${not this}\"}
"]);
    for (n, state, result) in [
        (
            9,
            "done",
            json!({"size": "large", "text": "19 of 9, ${not this}"}),
        ),
        (2, "completed", json!({"size": "middling", "again": 5})),
        (
            1,
            "done",
            json!({"size": "small", "text": "3 of 1, ${not this}"}),
        ),
    ] {
        let job = lab.start(json!({"n": n})).await;
        let expected = (state.to_owned(), JobStatus::Completed, result);
        assert_eq!(lab.ended(job).await, expected, "{n}");
    }
}

#[tokio::test]
async fn a_task_gets_its_parameters_and_its_result_is_merged_or_kept_apart() {
    let lab = Lab::new(&["
name: f
states:
  start:
    dispatch:
      task: ${'t' + input.kind}
      params: {whole: \"${input.list}\", number: \"${input.n ?? 7}\", text: \"n=${input.n ?? 7}\", fixed: [1, x]}
      priority: ${input.n ?? 7}
      on: {success: second, busy: busy}
  second:
    dispatch:
      task: u
      params: ${data}
      save_as: kept
      on: {success: done}
  busy: {fail: {code: BUSY, message: \"${task.type} is ${task.status}\", goto: failed}}
  done:
    end: completed
    output: \"${data}\"
  failed: {end: failed}
"]);
    let job = lab
        .start(json!({"kind": "1", "list": [1, {"a": 2.5}]}))
        .await;
    let params = lab.work("t1", success(json!({"x": 1}))).await;
    assert_eq!(
        params,
        json!({"whole": [1, {"a": 2.5}], "number": 7, "text": "n=7", "fixed": [1, "x"]})
    );
    assert_eq!(
        lab.work("u", success(json!({"x": 2}))).await,
        json!({"x": 1})
    );
    let (_, _, result) = lab.ended(job).await;
    assert_eq!(result, json!({"x": 1, "kept": {"x": 2}}));
    // A status of the worker's own.
    let job = lab.start(json!({"kind": "1", "list": [], "n": 3})).await;
    let handout = lab.take(&["t1"]).await;
    assert!((handout.message.priority - 3.0).abs() < f64::EPSILON);
    let busy = serde_json::from_value(json!({"status": "busy"})).unwrap();
    lab.report(&handout, busy).await;
    let view = lab.view(job).await;
    assert_eq!(view.status, JobStatus::Failed);
    assert_eq!(view.error.unwrap().code.as_deref(), Some("BUSY"));
    assert_eq!(view.error_message.as_deref(), Some("t1 is busy"));
}

#[tokio::test]
async fn a_task_is_tried_again_as_its_policy_says_and_bounded_by_its_timeouts() {
    let lab = Lab::new(&["
name: f
states:
  start:
    dispatch:
      task: t
      retry: {max_attempts: 2, initial: 4s, max: 4s}
      timeouts: {execution: 30s, dispatch: \"${input.wait ?? '1h'}\"}
      on: {success: done, failure: failed}
  done: {end: completed}
  failed: {end: failed}
"]);
    let job = lab.start(json!({})).await;
    lab.work("t", failure("TRANSIENT_ERROR")).await;
    assert!(
        lab.maybe_take("w", &["t"]).await.is_none(),
        "it backs off first"
    );
    lab.pass(4_000).await;
    lab.work("t", failure("TRANSIENT_ERROR")).await;
    assert_eq!(lab.view(job).await.status, JobStatus::Failed);
    // Nobody takes it in time. A number is a number of seconds.
    let job = lab.start(json!({"wait": 90})).await;
    lab.pass(89_000).await;
    assert_eq!(lab.view(job).await.status, JobStatus::WaitingForWorker);
    lab.pass(2_000).await;
    let view = lab.view(job).await;
    assert_eq!(
        (view.status, view.current_state.as_str()),
        (JobStatus::Failed, "failed")
    );
}

#[tokio::test]
async fn needs_cost_and_affinity_choose_the_worker() {
    let lab = Lab::new(&["
name: f
states:
  start:
    dispatch:
      task: t
      needs: {models: [\"${input.model}\"]}
      max_cost: 0.5
      affinity: key-${input.model}
      strategy: cheapest
      on: {success: done}
  done: {end: completed}
"]);
    lab.start(json!({"model": "m"})).await;
    assert!(lab.maybe_take("poor", &["t"]).await.is_none());
    let registration = serde_json::from_value(json!({
        "worker_id": "rich", "supported_tasks": ["t"], "installed_models": [{"name": "m", "version": "1"}],
    }));
    lab.engine.register(registration.unwrap()).await.unwrap();
    let poll = avtomatika_engine::service::Poll {
        worker: "rich".into(),
        types: None,
        wait_ms: 0,
    };
    assert!(lab.engine.poll(poll).await.unwrap().is_some());
}

#[tokio::test]
async fn branches_join_all_with_what_came_of_each() {
    let lab = Lab::new(&["
name: f
states:
  start:
    parallel:
      branches:
        a: {task: t, params: {x: 1}}
        b: {task: u, retry: {max_attempts: 1}}
      into: joined
  joined:
    finish:
      result:
        a: ${branches.a.data.y}
        b: ${branches.b.failure.code ?? 'fine'}
        statuses: ${results.map(r, r.name + '=' + r.status)}
"]);
    let job = lab.start(json!({})).await;
    assert_eq!(
        lab.work("t", success(json!({"y": 5}))).await,
        json!({"x": 1})
    );
    assert_eq!(
        lab.view(job).await.status,
        JobStatus::WaitingForParallelTasks
    );
    lab.work("u", failure("NO_LUCK")).await;
    let (_, status, result) = lab.ended(job).await;
    assert_eq!(status, JobStatus::Completed);
    assert_eq!(
        result,
        json!({"a": 5, "b": "NO_LUCK", "statuses": ["a=success", "b=failure"]})
    );
}

#[tokio::test]
async fn branches_for_each_item_join_when_enough_succeed() {
    let lab = Lab::new(&["
name: f
states:
  start:
    parallel:
      for_each: input.items
      as: it
      name: item-${it.id}
      branch: {task: t, params: {id: \"${it.id}\", place: \"${index}\"}, retry: {max_attempts: 1}}
      join: ${input.enough}
      into: joined
      on_failure: lost
  joined:
    finish: {result: \"${results.filter(r, r.status == 'success').map(r, r.name)}\"}
  lost:
    finish: {as: failed, result: \"${size(results)}\"}
"]);
    let items = json!([{"id": 1}, {"id": 2}, {"id": 3}]);
    let job = lab.start(json!({"items": items, "enough": 2})).await;
    assert_eq!(
        lab.work("t", success(json!({}))).await,
        json!({"id": 1, "place": 0})
    );
    lab.work("t", failure("X")).await;
    lab.work("t", success(json!({}))).await;
    assert_eq!(lab.ended(job).await.2, json!(["item-1", "item-3"]));
    // Not enough.
    let job = lab.start(json!({"items": items, "enough": 3})).await;
    lab.work("t", failure("X")).await;
    let (state, status, _) = lab.ended(job).await;
    assert_eq!((state.as_str(), status), ("failed", JobStatus::Failed));
    // None at all.
    let job = lab.start(json!({"items": [], "enough": 1})).await;
    assert_eq!(lab.ended(job).await.2, json!([]));
    // Two of one name.
    let twins = json!({"items": [{"id": 1}, {"id": 1}], "enough": 1});
    let job = lab.start(twins).await;
    let message = lab.view(job).await.error_message.unwrap();
    assert_eq!(
        message,
        "flow.yaml:8:20: items 0 and 1 of the list both name their branch 'item-1', and names must differ; computed in 'it.id'"
    );
}

const SUB: &str = "
name: sub
input: {type: object, required: [n]}
states:
  start: {dispatch: {task: t, params: {n: \"${input.n}\"}, on: {success: done, failure: failed}}}
  done: {end: completed, output: {squared: \"${data.squared}\"}}
  failed: {end: failed}
";

#[tokio::test]
async fn a_sub_job_comes_back_however_it_ends() {
    let main = "
name: f
states:
  start:
    run_blueprint:
      blueprint: sub
      input: {n: \"${input.n}\"}
      on: {success: good, failure: bad, timeout: late}
      timeout: 1h
      save_as: square
  good: {finish: {result: \"${data.square.squared + child.result.squared}\"}}
  bad: {finish: {as: failed, result: \"${child.status + ' ' + (child.failure.code ?? '')}\"}}
  late: {finish: {as: failed, result: \"${child.status}\"}}
";
    let lab = Lab::new(&[main, SUB]);
    let job = lab.start(json!({"n": 3})).await;
    assert_eq!(lab.view(job).await.status, JobStatus::WaitingForSubJob);
    assert_eq!(
        lab.work("t", success(json!({"squared": 9}))).await,
        json!({"n": 3})
    );
    assert_eq!(lab.ended(job).await.2, json!(18));
    let job = lab.start(json!({"n": 3})).await;
    lab.work("t", failure("TOO_HARD")).await;
    assert_eq!(lab.ended(job).await.2, json!("failed TOO_HARD"));
    let job = lab.start(json!({"n": 3})).await;
    lab.pass(3_601_000).await;
    assert_eq!(lab.ended(job).await.2, json!("timeout"));
}

#[tokio::test]
async fn branches_can_be_sub_jobs() {
    let main = "
name: f
states:
  start:
    parallel:
      for_each: input.ns
      branch: {blueprint: sub, input: {n: \"${item}\"}}
      into: joined
  joined: {finish: {result: \"${results.map(r, r.data.squared)}\"}}
";
    let lab = Lab::new(&[main, SUB]);
    let job = lab.start(json!({"ns": [2, 3]})).await;
    for _ in 0..2 {
        let handout = lab.take(&["t"]).await;
        let n = serde_json::from_str::<Value>(handout.message.params.get()).unwrap()["n"]
            .as_i64()
            .unwrap();
        lab.report(&handout, success(json!({"squared": n * n})))
            .await;
    }
    assert_eq!(lab.ended(job).await.2, json!([4, 9]));
}

#[tokio::test]
async fn a_person_decides() {
    let lab = Lab::new(&["
name: f
states:
  start:
    await_approval:
      message: \"May ${client.user_id} (${client.plan}) have ${input.what}?\"
      on: {yes: good, no: bad, timeout: late}
      timeout: 2h
  good: {finish: {result: \"${decision.by + ': ' + decision.comment}\"}}
  bad: {finish: failed}
  late: {finish: {as: failed, result: late}}
"]);
    let verdict = |decision: &str| Verdict {
        decision: decision.to_owned(),
        by: Some("ann".to_owned()),
        comment: Some("of course".to_owned()),
    };
    let client = "c".into();
    let job = lab.start(json!({"what": "cake"})).await;
    let question = lab.view(job).await.approval.unwrap();
    assert_eq!(question.message, "May u (gold) have cake?");
    lab.engine
        .decide(job, Authority::Client(&client), verdict("yes"))
        .await
        .unwrap();
    assert_eq!(lab.ended(job).await.2, json!("ann: of course"));
    let job = lab.start(json!({"what": "cake"})).await;
    lab.engine
        .decide(job, Authority::Client(&client), verdict("no"))
        .await
        .unwrap();
    assert_eq!(lab.ended(job).await.1, JobStatus::Failed);
    let job = lab.start(json!({"what": "cake"})).await;
    lab.pass(7_201_000).await;
    assert_eq!(lab.ended(job).await.2, json!("late"));
}

#[tokio::test]
async fn a_job_sleeps_waits_and_hears() {
    let lab = Lab::new(&["
name: f
states:
  start: {sleep: {for: \"${input.nap}\", then: until}}
  until: {wait_until: {time: \"${now + duration('1h')}\", then: event}}
  event:
    wait_event:
      name: paid-${input.invoice}
      on: {received: good, timeout: late}
      timeout: 10m
      save_as: payment
  good: {finish: {result: \"${data.payment.amount}\"}}
  late: {finish: {as: failed, result: \"${now}\"}}
"]);
    let job = lab.start(json!({"nap": "90s", "invoice": 7})).await;
    assert_eq!(lab.view(job).await.status, JobStatus::Sleeping);
    lab.pass(89_000).await;
    assert_eq!(lab.view(job).await.current_state, "start");
    lab.pass(1_000).await;
    assert_eq!(lab.view(job).await.current_state, "until");
    lab.pass(3_600_000).await;
    assert_eq!(lab.view(job).await.status, JobStatus::WaitingForEvent);
    let client = "c".into();
    lab.engine
        .signal(&client, job, "paid-7", json!({"amount": 12}))
        .await
        .unwrap();
    assert_eq!(lab.ended(job).await.2, json!(12));
    let job = lab.start(json!({"nap": 1, "invoice": 8})).await;
    lab.pass(1_000).await;
    lab.pass(3_600_000).await;
    lab.pass(600_000).await;
    let (_, status, result) = lab.ended(job).await;
    assert_eq!(
        (status, result),
        (JobStatus::Failed, json!("2026-11-21T20:11:31Z"))
    );
}

#[tokio::test]
async fn documents_are_shared_by_jobs_and_deleted_by_null() {
    let lab = Lab::new(&["
name: f
states:
  start:
    load: {stock: {store: inventory, key: \"${input.sku}\"}}
    when:
      - if: (documents.stock.left ?? 2) < 1
        put: {stock: null}
        goto: gone
      - else:
          put: {stock: {left: \"${(documents.stock.left ?? 2) - 1}\"}}
          goto: done
  done:
    finish: {result: sold}
  gone: {finish: {as: failed, result: gone}}
"]);
    let mut results = Vec::new();
    for _ in 0..4 {
        let job = lab.start(json!({"sku": "s"})).await;
        results.push(lab.ended(job).await.2);
    }
    assert_eq!(
        results,
        [json!("sold"), json!("sold"), json!("gone"), json!("sold")]
    );
}

#[tokio::test]
async fn the_engines_own_documents_are_out_of_reach() {
    let lab = Lab::new(&["
name: f
states:
  start:
    load: {kept: {store: \"${input.store}\", key: k}}
    goto: done
  done: {end: completed}
"]);
    let job = lab.start(json!({"store": "avtomatika.blueprints"})).await;
    let view = lab.view(job).await;
    assert_eq!(
        view.error_message.as_deref(),
        Some(
            "flow.yaml:5:29: the store 'avtomatika.blueprints' is the engine's own in 'input.store'"
        )
    );
}

#[tokio::test]
async fn what_has_no_value_names_its_place_and_quarantines() {
    let lab = Lab::new(&["
name: f
states:
  start:
    dispatch:
      task: t
      params:
        a: \"hello ${ input.who.name }\"
      on: {success: done}
  done: {end: completed}
"]);
    let job = lab.start(json!({"who": {"nick": "x"}})).await;
    let view = lab.view(job).await;
    assert_eq!(view.status, JobStatus::AwaitingRetry);
    assert_eq!(
        view.error_message.as_deref(),
        Some("flow.yaml:8:21: 'input.who' has no key 'name' in 'input.who.name'")
    );
    for _ in 0..3 {
        lab.pass(60_000).await;
    }
    assert_eq!(lab.view(job).await.status, JobStatus::Quarantined);
}

#[tokio::test]
async fn schemas_are_checked_at_the_door_and_at_the_end() {
    let lab = Lab::new(&["
name: f
input:
  type: object
  required: [n]
  properties: {n: {type: integer}, token: {type: string, minLength: 3}, at: {format: date-time}}
output: {type: object, properties: {n: {maximum: 5}}}
states:
  start: {finish: {result: {n: \"${input.n}\"}}}
"]);
    let client = std::sync::Arc::new(avtomatika_engine::Client::new("c".into(), "u"));
    let refused = |input: Value| {
        let new =
            avtomatika_engine::service::NewJob::new("f", std::sync::Arc::clone(&client), input);
        async { lab.engine.submit(new).await.map(|done| done.job) }
    };
    let error = refused(json!({"n": "x", "token": "s"})).await.unwrap_err();
    let avtomatika_engine::service::EngineError::Refused(failure) = error else {
        panic!("{error:?}")
    };
    assert_eq!(failure.code.as_deref(), Some("INVALID_INPUT_ERROR"));
    assert!(
        failure.message.contains("/n: ") && failure.message.contains("/token: "),
        "{failure:?}"
    );
    assert!(
        !failure.message.contains("\"s\"") && !failure.message.contains("\"x\""),
        "{failure:?}"
    );
    // A format is more than a remark.
    let at = |text: &str| json!({"n": 1, "at": text});
    assert!(refused(at("2026-11-21T12:99:00Z")).await.is_err());
    assert!(refused(at("2026-11-21T12:59:00Z")).await.is_ok());
    let job = lab.start(json!({"n": 5})).await;
    assert_eq!(lab.ended(job).await.1, JobStatus::Completed);
    let job = lab.start(json!({"n": 6})).await;
    let view = lab.view(job).await;
    assert_eq!(view.status, JobStatus::Failed);
    assert_eq!(view.error.unwrap().code.as_deref(), Some("INVALID_OUTPUT"));
}

#[tokio::test]
async fn secrets_pass_through_sealed_and_are_opened_for_the_worker() {
    let lab = Lab::new(&["
name: f
secrets: [token, env]
states:
  start:
    dispatch:
      task: t
      params:
        token: ${input.token}
        env: ${input.env ?? null}
        picked: \"${has(input.token) ? [input.token] : []}\"
      on: {success: done}
  done: {end: completed, output: {token: \"${input.token}\"}}
"]);
    let job = lab
        .start(json!({"token": "123456:TEST-TOKEN", "env": {"A": "hush"}}))
        .await;
    let params = lab.work("t", success(json!({}))).await;
    assert_eq!(
        params,
        json!({"token": "123456:TEST-TOKEN", "env": {"A": "hush"}, "picked": ["123456:TEST-TOKEN"]})
    );
    let view = serde_json::to_string(&lab.view(job).await).unwrap();
    assert!(
        !view.contains("TEST-TOKEN") && !view.contains("hush"),
        "{view}"
    );
}

#[tokio::test]
async fn a_file_may_bound_its_transitions() {
    let lab = Lab::new(&["
name: f
max_transitions: 10
states:
  start:
    set: {n: \"${(data.n ?? 0) + 1}\"}
    when:
      - if: data.n > input.rounds
        goto: done
      - else: start
  done: {end: completed}
"]);
    let job = lab.start(json!({"rounds": 5})).await;
    assert_eq!(lab.ended(job).await.1, JobStatus::Completed);
    let job = lab.start(json!({"rounds": 50})).await;
    let view = lab.view(job).await;
    assert_eq!(view.error.unwrap().code.as_deref(), Some("MAX_TRANSITIONS"));
}
