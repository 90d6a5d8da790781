//! Finishing: with a result, from an end state that makes one, checked against what was promised.

use std::sync::Arc;

use avtomatika_engine::{Action, Blueprint, Context, EndAs, HandlerError};
use avtomatika_protocol::{Failure, JobStatus};
use serde_json::{Value, json};

use super::lab;

fn ending(how: EndAs, output: Option<&'static str>) -> Blueprint {
    let result = move |context: &Context<'_>| -> Result<Action, HandlerError> {
        Ok(Action::finish(how, Some(json!({"got": context.data["x"]}))))
    };
    let builder = Blueprint::builder("b")
        .start("start", |_| Ok(Action::transition("closing").set("x", 1)))
        .end_with("closing", how, Arc::new(result));
    let builder = match output {
        Some(code) => builder.check_output(move |value: &Value| {
            assert_eq!(*value, json!({"got": 1}));
            if code.is_empty() {
                Ok(())
            } else {
                Err(Failure::new(code, "not as promised"))
            }
        }),
        None => builder,
    };
    builder.build().unwrap()
}

#[tokio::test]
async fn an_end_state_may_make_the_result() {
    for (how, status) in [
        (EndAs::Completed, JobStatus::Completed),
        (EndAs::Failed, JobStatus::Failed),
    ] {
        let lab = lab(vec![ending(how, None)]);
        let job = lab.submit().await;
        let stored = lab.stored(job).await;
        assert_eq!((stored.status, stored.state.as_str()), (status, "closing"));
        assert_eq!(stored.result, Some(json!({"got": 1})));
        assert_eq!(lab.view(job).await.result, Some(json!({"got": 1})));
        lab.assert_over().await;
    }
}

#[tokio::test]
async fn a_result_that_is_not_as_promised_fails_the_job() {
    for (how, code, status, kept) in [
        (EndAs::Completed, "", JobStatus::Completed, None),
        (
            EndAs::Completed,
            "INVALID_OUTPUT",
            JobStatus::Failed,
            Some("INVALID_OUTPUT"),
        ),
        // What has failed anyway is not checked.
        (EndAs::Failed, "INVALID_OUTPUT", JobStatus::Failed, None),
    ] {
        let lab = lab(vec![ending(how, Some(code))]);
        let job = lab.submit().await;
        assert_eq!(lab.stored(job).await.status, status, "{how:?} {code}");
        assert_eq!(lab.code(job).await.as_deref(), kept, "{how:?} {code}");
        lab.assert_over().await;
    }
}

#[tokio::test]
async fn a_finish_in_a_working_state_names_its_state_as_the_first_generation_does() {
    for (how, name) in [(EndAs::Completed, "completed"), (EndAs::Failed, "failed")] {
        let lab = lab(vec![super::telling("b", &[], move |_| {
            Ok(Action::finish(how, Some(json!([1]))))
        })]);
        let job = lab.submit().await;
        let view = lab.view(job).await;
        assert_eq!(
            (view.current_state.as_str(), view.status.as_str()),
            (name, name)
        );
        assert_eq!(view.result, Some(json!([1])));
        lab.assert_over().await;
    }
}
