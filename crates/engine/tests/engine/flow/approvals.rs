//! Questions to people: decisions, tokens, patience.

use avtomatika_engine::blueprint::AwaitApproval;
use avtomatika_engine::machine::Ignored;
use avtomatika_engine::service::{Authority, EngineError, Verdict, WEBHOOK_TASK};
use avtomatika_engine::{Action, Blueprint, EndAs};
use avtomatika_protocol::{JobId, JobStatus};
use serde_json::{Value, json};

use super::super::lab::{Lab, NOW_MS};
use super::{lab, telling};

pub(super) fn asking(
    change: impl Fn(AwaitApproval) -> AwaitApproval + Send + Sync + 'static,
) -> Blueprint {
    telling("b", &["yes", "no", "late"], move |_| {
        let question = AwaitApproval::new("ship it?")
            .on("approve", "yes")
            .on("reject", "no");
        Ok(Action::await_approval(change(question)))
    })
}

fn verdict(decision: &str) -> Verdict {
    Verdict {
        decision: decision.to_owned(),
        by: None,
        comment: None,
    }
}

async fn decide(
    lab: &Lab,
    job: JobId,
    authority: Authority<'_>,
    decision: &str,
) -> Result<(), EngineError> {
    lab.engine
        .decide(job, authority, verdict(decision))
        .await
        .map(|_| ())
}

/// The question as it is posted: the webhook's task, taken as the server's own worker would.
async fn posted(lab: &Lab) -> Value {
    let registration =
        serde_json::from_value(json!({"worker_id": "post", "supported_tasks": [WEBHOOK_TASK]}));
    lab.engine.register(registration.unwrap()).await.unwrap();
    let handout = lab.take("post").await.expect("a question is posted");
    let params: Value = serde_json::from_str(handout.message.params.get()).unwrap();
    lab.report("post", &handout, super::super::lab::success())
        .await
        .unwrap();
    params
}

#[tokio::test]
async fn each_decision_leads_on_and_is_recorded() {
    for (decision, state) in [("approve", "yes"), ("reject", "no")] {
        let lab = lab(vec![asking(|question| question)]);
        let job = lab.submit().await;
        let view = lab.view(job).await;
        assert_eq!(view.status, JobStatus::WaitingForHuman);
        let asked = view.approval.unwrap();
        assert_eq!(
            (asked.message.as_str(), asked.decisions),
            ("ship it?", vec!["approve".to_owned(), "reject".to_owned()])
        );
        lab.clock.advance(7);
        let said = Verdict {
            decision: decision.to_owned(),
            by: Some("ann".to_owned()),
            comment: Some("fine".to_owned()),
        };
        lab.engine
            .decide(job, Authority::Client(&"c".into()), said)
            .await
            .unwrap();
        let told = lab.told(job).await.unwrap();
        assert_eq!(
            (&told["in"], &told["decision"]),
            (&json!(state), &json!([decision, "ann", "fine"]))
        );
        let view = lab.view(job).await;
        assert_eq!(
            (
                view.decisions.len(),
                view.decisions[0].at_ms,
                view.decisions[0].state.as_str()
            ),
            (1, NOW_MS + 7, "start")
        );
        assert!(view.approval.is_none());
        let again = decide(&lab, job, Authority::Client(&"c".into()), decision).await;
        assert!(matches!(
            again,
            Err(EngineError::Ignored(Ignored::JobEnded))
        ));
        lab.assert_over().await;
    }
}

#[tokio::test]
async fn what_is_no_decision_changes_nothing() {
    let lab = lab(vec![asking(|question| {
        question.on("timeout", "late").timeout_ms(5_000)
    })]);
    let job = lab.submit().await;
    let before = lab.stored(job).await;
    for wrong in ["maybe", "", "timeout"] {
        let refused = decide(&lab, job, Authority::Client(&"c".into()), wrong).await;
        assert!(
            matches!(refused, Err(EngineError::Ignored(Ignored::UnknownDecision))),
            "{wrong}"
        );
    }
    let stranger = decide(&lab, job, Authority::Client(&"d".into()), "approve").await;
    assert!(matches!(stranger, Err(EngineError::JobNotFound)));
    let guess = decide(&lab, job, Authority::Token("guess"), "approve").await;
    assert!(matches!(guess, Err(EngineError::WrongToken)));
    assert_eq!(lab.stored(job).await, before);
    let missing = JobId(uuid::Uuid::from_u128(9));
    let nothing = decide(&lab, missing, Authority::Token("guess"), "approve").await;
    assert!(
        matches!(nothing, Err(EngineError::WrongToken)),
        "it does not tell that there is no such job"
    );
}

#[tokio::test]
async fn a_token_is_good_for_one_decision() {
    // Two questions in a row: the token of the first is not good for the second.
    let twice = Blueprint::builder("b")
        .start("start", |_| {
            let question = AwaitApproval::new("1?")
                .on("approve", "second")
                .notify("https://example.com/hook");
            Ok(Action::await_approval(question))
        })
        .state("second", |_| {
            Ok(Action::await_approval(
                AwaitApproval::new("2?")
                    .on("approve", "done")
                    .notify("https://example.com/hook"),
            ))
        })
        .end("done", avtomatika_engine::EndAs::Completed)
        .build()
        .unwrap();
    let lab = lab(vec![twice]);
    let job = lab.submit().await;
    let first = posted(&lab).await;
    assert_eq!(first["url"], json!("https://example.com/hook"));
    assert_eq!(first["body"]["message"], json!("1?"));
    let token = first["body"]["token"].as_str().unwrap().to_owned();
    let kept = serde_json::to_string(lab.stored(job).await.as_ref()).unwrap();
    assert!(!kept.contains(&token), "only a digest is kept");
    decide(&lab, job, Authority::Token(&token), "approve")
        .await
        .unwrap();
    assert_eq!(lab.stored(job).await.decisions[0].by, "token");
    let again = decide(&lab, job, Authority::Token(&token), "approve").await;
    assert!(matches!(again, Err(EngineError::WrongToken)));
    let second = posted(&lab).await;
    let other = second["body"]["token"].as_str().unwrap();
    assert_ne!(other, token);
    decide(&lab, job, Authority::Token(other), "approve")
        .await
        .unwrap();
    assert_eq!(lab.stored(job).await.status, JobStatus::Completed);
    lab.assert_over().await;
}

/// Two holders of the first question's token at once: one decides the first question, the other
/// must not decide the second.
#[tokio::test]
async fn a_token_is_good_for_one_decision_even_when_two_use_it_at_once() {
    let lab_of = |seed| {
        let twice = Blueprint::builder("b")
            .start("start", |_| {
                Ok(Action::await_approval(
                    AwaitApproval::new("1?")
                        .on("approve", "second")
                        .notify("https://example.com/hook"),
                ))
            })
            .state("second", |_| {
                Ok(Action::await_approval(
                    AwaitApproval::new("2?").on("approve", "done"),
                ))
            })
            .end("done", avtomatika_engine::EndAs::Completed)
            .build()
            .unwrap();
        let store = std::sync::Arc::new(super::super::stretched::Stretched::new(
            super::super::lab::LEASE_MS,
            seed,
        ));
        Lab::of(store, vec![twice], |_| {})
    };
    for seed in 0..40 {
        let lab = lab_of(seed);
        let job = lab.submit().await;
        let posted = posted(&lab).await;
        let token = posted["body"]["token"].as_str().unwrap().to_owned();
        let both = [(), ()].map(|()| {
            let (engine, token) = (lab.engine.clone(), token.clone());
            tokio::spawn(async move {
                engine
                    .decide(job, Authority::Token(&token), verdict("approve"))
                    .await
                    .is_ok()
            })
        });
        let mut taken = 0;
        for one in both {
            taken += usize::from(one.await.unwrap());
        }
        let stored = lab.stored(job).await;
        assert_eq!(
            (taken, stored.decisions.len(), stored.state.as_str()),
            (1, 1, "second"),
            "seed {seed}"
        );
    }
}

#[tokio::test]
async fn when_nobody_decides_in_time_the_job_goes_on_or_fails() {
    for mapped in [true, false] {
        let lab = lab(vec![asking(move |question| {
            let question = question.timeout_ms(5_000);
            if mapped {
                question.on("timeout", "late")
            } else {
                question
            }
        })]);
        let job = lab.submit().await;
        lab.pass(4_999).await;
        assert_eq!(lab.stored(job).await.status, JobStatus::WaitingForHuman);
        lab.pass(1).await;
        if mapped {
            assert_eq!(lab.told(job).await.unwrap()["in"], json!("late"));
        } else {
            assert_eq!(lab.stored(job).await.status, JobStatus::Failed);
            assert_eq!(lab.code(job).await.as_deref(), Some("APPROVAL_TIMEOUT"));
        }
        let late = decide(&lab, job, Authority::Client(&"c".into()), "approve").await;
        assert!(late.unwrap_err().is_no_approval());
        lab.assert_over().await;
    }
}

#[tokio::test]
async fn a_job_that_fails_because_nobody_decided_says_so() {
    let blueprint = Blueprint::builder("b")
        .start("start", |_| {
            let question = AwaitApproval::new("?").on("y", "done");
            let question = question.on("timeout", "expired").timeout_ms(5_000);
            Ok(Action::await_approval(question))
        })
        .end("done", EndAs::Completed)
        .end("expired", EndAs::Failed)
        .build()
        .unwrap();
    let lab = lab(vec![blueprint]);
    let job = lab.submit().await;
    lab.pass(5_000).await;
    assert_eq!(lab.stored(job).await.state, "expired");
    assert_eq!(lab.code(job).await.as_deref(), Some("APPROVAL_TIMEOUT"));
}

#[tokio::test]
async fn a_decision_in_time_takes_the_timer_away() {
    let lab = lab(vec![asking(|question| {
        question.timeout_ms(5_000).on("timeout", "late")
    })]);
    let job = lab.submit().await;
    lab.pass(4_999).await;
    decide(&lab, job, Authority::Client(&"c".into()), "reject")
        .await
        .unwrap();
    lab.pass(1).await;
    assert_eq!(lab.told(job).await.unwrap()["in"], json!("no"));
    lab.assert_over().await;
}

/// Nobody could ever answer: such a question is a mistake of the blueprint, not a wait.
#[tokio::test]
async fn a_question_without_answers_is_an_error() {
    let lab = lab(vec![telling("b", &[], |_| {
        Ok(Action::await_approval(AwaitApproval::new("?")))
    })]);
    let job = lab.submit().await;
    let stored = lab.stored(job).await;
    assert_eq!(stored.status, JobStatus::AwaitingRetry);
    assert_eq!(lab.code(job).await.as_deref(), Some("HANDLER_ERROR"));
}
