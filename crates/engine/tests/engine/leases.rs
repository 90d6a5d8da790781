//! Leases: who has a task, until when, and what becomes of it when they fall silent.

use avtomatika_engine::Dispatch;
use avtomatika_engine::blueprint::RetryPolicy;
use avtomatika_engine::machine::Ignored;
use avtomatika_engine::service::EngineError;
use avtomatika_protocol::worker::{Heartbeat, Outcome};
use avtomatika_protocol::{Failure, JobStatus};

use super::lab::{LEASE_MS, Lab, one_task, success};

fn plain() -> Lab {
    Lab::new(one_task(|_| Dispatch::new("t")))
}

#[tokio::test]
async fn a_silent_workers_task_goes_to_the_next_and_its_late_result_is_ignored() {
    let lab = plain();
    lab.register("a", None).await;
    lab.register("b", None).await;
    let job = lab.submit().await;
    let first = lab.take("a").await.unwrap();
    assert_eq!(first.message.attempt, 1);
    lab.pass(LEASE_MS - 1).await;
    assert!(lab.take("b").await.is_none(), "it still has time");
    lab.pass(1).await;
    let second = lab.take("b").await.unwrap();
    assert_eq!((second.task, second.message.attempt), (first.task, 2));
    assert_ne!(second.lease, first.lease);
    let late = lab.report("a", &first, success()).await.unwrap();
    assert_eq!(late.ignored, Some(Ignored::StaleTask));
    assert_eq!(lab.view(job).await.status, JobStatus::WaitingForWorker);
    let good = lab.report("b", &second, success()).await.unwrap();
    assert_eq!(good.ignored, None);
    assert_eq!(lab.view(job).await.status, JobStatus::Completed);
    // The same result twice is the same answer; any other finds the job ended.
    let twice = lab.report("b", &second, success()).await.unwrap();
    assert_eq!(twice.ignored, None);
    let late = lab.report("a", &first, success()).await.unwrap();
    assert_eq!(late.ignored, Some(Ignored::JobEnded));
}

#[tokio::test]
async fn a_result_must_be_of_the_worker_and_lease_that_hold_the_task() {
    let lab = plain();
    lab.register("a", None).await;
    lab.register("b", None).await;
    let job = lab.submit().await;
    let handout = lab.take("a").await.unwrap();
    let stolen = lab.report("b", &handout, success()).await.unwrap();
    assert_eq!(stolen.ignored, Some(Ignored::StaleTask));
    let mut forged = super::lab::message("a", &handout, success());
    forged.lease = Some(avtomatika_protocol::LeaseId(handout.lease.0 ^ 1));
    let forged = lab.engine.report(forged).await.unwrap();
    assert_eq!(forged.ignored, Some(Ignored::StaleTask));
    let mut seed_era = super::lab::message("a", &handout, success());
    seed_era.lease = None;
    assert_eq!(lab.engine.report(seed_era).await.unwrap().ignored, None);
    assert_eq!(lab.view(job).await.status, JobStatus::Completed);
}

#[tokio::test]
async fn every_sign_of_life_extends_the_lease() {
    let lab = plain();
    lab.register("a", None).await;
    lab.submit().await;
    let handout = lab.take("a").await.unwrap();
    for _ in 0..10 {
        lab.pass(LEASE_MS - 1).await;
        lab.beat("a", Some(&[&handout])).await;
    }
    let reported = lab.report("a", &handout, success()).await.unwrap();
    assert_eq!(reported.ignored, None);
}

#[tokio::test]
async fn an_attempt_that_runs_too_long_is_given_up_however_alive_its_worker_is() {
    let lab = Lab::new(one_task(|_| {
        Dispatch::new("t").execution_timeout_ms(10_000)
    }));
    lab.register("a", None).await;
    let job = lab.submit().await;
    let handout = lab.take("a").await.unwrap();
    assert!(handout.message.deadline_at_ms.is_some());
    lab.pass(9_999).await;
    lab.beat("a", Some(&[&handout])).await;
    assert_eq!(lab.view(job).await.retry_count, 0);
    lab.pass(1).await;
    let view = lab.view(job).await;
    assert_eq!(view.retry_count, 1);
    assert_eq!(
        view.error.unwrap().code.as_deref(),
        Some("EXECUTION_TIMEOUT")
    );
    assert!(lab.take("a").await.is_none(), "it backs off first");
    lab.pass(1_000).await;
    assert_eq!(lab.take("a").await.unwrap().message.attempt, 2);
}

#[tokio::test]
async fn a_task_nobody_takes_in_time_fails_its_job() {
    let lab = Lab::new(one_task(|_| Dispatch::new("t").dispatch_timeout_ms(5_000)));
    let job = lab.submit().await;
    lab.pass(4_999).await;
    assert_eq!(lab.view(job).await.status, JobStatus::WaitingForWorker);
    lab.pass(1).await;
    let view = lab.view(job).await;
    assert_eq!(view.status, JobStatus::Failed);
    assert_eq!(
        view.error.unwrap().code.as_deref(),
        Some("DISPATCH_TIMEOUT")
    );
}

#[tokio::test]
async fn a_task_that_was_taken_has_not_waited_too_long() {
    let lab = Lab::new(one_task(|_| Dispatch::new("t").dispatch_timeout_ms(5_000)));
    lab.register("a", None).await;
    let job = lab.submit().await;
    let handout = lab.take("a").await.unwrap();
    lab.pass(20_000).await;
    lab.report("a", &handout, success()).await.unwrap();
    assert_eq!(lab.view(job).await.status, JobStatus::Completed);
}

#[tokio::test]
async fn a_task_handed_back_is_ready_at_once_and_was_no_attempt_that_failed() {
    let lab = plain();
    lab.register("a", None).await;
    let job = lab.submit().await;
    let handout = lab.take("a").await.unwrap();
    lab.engine.hand_back(handout.task, handout.lease).await;
    lab.engine.hand_back(handout.task, handout.lease).await;
    let again = lab.take("a").await.unwrap();
    assert_ne!(again.lease, handout.lease);
    assert_eq!(lab.view(job).await.retry_count, 0);
    // The first hand-out is gone: handing it back now must not take the second one away.
    lab.engine.hand_back(handout.task, handout.lease).await;
    let reported = lab.report("a", &again, success()).await.unwrap();
    assert_eq!(reported.ignored, None);
}

#[tokio::test]
async fn a_worker_that_does_not_name_a_task_never_got_it() {
    let lab = plain();
    lab.register("a", None).await;
    lab.submit().await;
    let handout = lab.take("a").await.unwrap();
    lab.beat("a", Some(&[])).await;
    assert!(lab.take("a").await.is_none(), "it may still be on its way");
    lab.pass(6_000).await;
    lab.beat("a", Some(&[])).await;
    let again = lab.take("a").await.unwrap();
    assert_eq!(again.task, handout.task);
    assert_ne!(again.lease, handout.lease);
}

#[tokio::test]
async fn a_worker_that_goes_offline_gives_its_tasks_back() {
    let lab = plain();
    lab.register("a", None).await;
    lab.register("b", None).await;
    lab.submit().await;
    let handout = lab.take("a").await.unwrap();
    let beat = Heartbeat {
        status: Some("offline".to_owned()),
        ..Heartbeat::default()
    };
    lab.engine.heartbeat(&"a".into(), beat).await.unwrap();
    assert_eq!(lab.take("b").await.unwrap().task, handout.task);
    let unknown = lab
        .engine
        .heartbeat(&"a".into(), Heartbeat::default())
        .await;
    assert!(matches!(unknown, Err(EngineError::UnknownWorker)));
}

#[tokio::test]
async fn a_broken_connection_leaves_little_time() {
    let lab = plain();
    lab.register("a", None).await;
    lab.register("b", None).await;
    lab.submit().await;
    lab.take("a").await.unwrap();
    lab.engine.connection_broke(&"a".into());
    lab.pass(4_999).await;
    assert!(lab.take("b").await.is_none());
    lab.pass(1).await;
    assert!(lab.take("b").await.is_some());
}

#[tokio::test]
async fn a_reused_name_does_not_keep_the_leases_of_the_worker_that_died() {
    let lab = plain();
    lab.register("a", None).await;
    lab.register("b", None).await;
    lab.submit().await;
    let lost = lab.take("a").await.unwrap();
    lab.pass(1_000).await;
    // It is back under its name, knows of no task, and is of the seed era: it doesn't name any.
    lab.register("a", None).await;
    for _ in 0..5 {
        lab.pass(10_000).await;
        lab.beat("a", None).await;
        lab.beat("b", None).await;
    }
    let again = lab.take("b").await.expect("its name blocks recovery");
    assert_eq!(again.task, lost.task);
}

#[tokio::test]
async fn a_worker_that_registers_again_keeps_the_tasks_it_names() {
    let lab = plain();
    lab.register("a", None).await;
    lab.submit().await;
    let handout = lab.take("a").await.unwrap();
    lab.pass(1_000).await;
    lab.register("a", None).await;
    for _ in 0..20 {
        lab.pass(10_000).await;
        lab.beat("a", Some(&[&handout])).await;
    }
    let reported = lab.report("a", &handout, success()).await.unwrap();
    assert_eq!(reported.ignored, None);
}

#[tokio::test]
async fn used_up_attempts_set_the_job_aside() {
    let retry = RetryPolicy {
        max_attempts: 2,
        initial_ms: 100,
        max_ms: 100,
    };
    let lab = Lab::new(one_task(move |_| Dispatch::new("t").retry(retry)));
    lab.register("a", None).await;
    let job = lab.submit().await;
    for expected in [JobStatus::WaitingForWorker, JobStatus::Quarantined] {
        let handout = lab.take("a").await.unwrap();
        let failure = Outcome::failure(&Failure::new("TRANSIENT_ERROR", "no luck"));
        lab.report("a", &handout, failure).await.unwrap();
        assert_eq!(lab.view(job).await.status, expected);
        lab.pass(100).await;
    }
}

#[tokio::test]
async fn a_cancelled_jobs_result_changes_nothing_and_its_worker_is_told() {
    let lab = plain();
    lab.register("a", None).await;
    let job = lab.submit().await;
    let handout = lab.take("a").await.unwrap();
    lab.engine.cancel(&"c".into(), job).await.unwrap();
    let beat = Heartbeat {
        running: Some(vec![avtomatika_protocol::worker::RunningTask {
            task_id: handout.task,
            lease: handout.lease,
        }]),
        ..Heartbeat::default()
    };
    let told = lab.engine.heartbeat(&"a".into(), beat).await.unwrap();
    assert_eq!(told.answer.cancel_task_ids, [handout.task]);
    let late = lab.report("a", &handout, success()).await.unwrap();
    assert_eq!(late.ignored, Some(Ignored::JobEnded));
    assert_eq!(lab.view(job).await.status, JobStatus::Cancelled);
    let twice = lab.engine.cancel(&"c".into(), job).await;
    assert!(matches!(
        twice,
        Err(EngineError::Ignored(Ignored::JobEnded))
    ));
}
