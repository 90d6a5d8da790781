//! What handlers may return.

use avtomatika_protocol::Failure;
use avtomatika_protocol::error::code;
use avtomatika_protocol::worker::Outcome;
use serde_json::Value;

/// Anything a handler may return: a value, an [`Outcome`], or a `Result` of either with a
/// [`Failure`] as its error.
///
/// ```
/// use avtomatika_worker::{Failure, IntoOutcome as _, Outcome};
/// use serde_json::{Value, json};
///
/// let fine: Result<Value, Failure> = Ok(json!({"sum": 3}));
/// assert_eq!(fine.into_outcome().status(), "success");
///
/// // A status of the blueprint's own.
/// let mut review = Outcome::success(json!({"draft": "…"}));
/// review.status = Some("needs_review".into());
/// assert_eq!(review.into_outcome().status(), "needs_review");
///
/// let broken: Result<Value, Failure> = Err(Failure::new("QUOTA_EXCEEDED", "three bots already"));
/// assert_eq!(broken.into_outcome().status(), "failure");
/// ```
pub trait IntoOutcome {
    /// The outcome to report.
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for Outcome {
    fn into_outcome(self) -> Outcome {
        self
    }
}

impl IntoOutcome for Value {
    fn into_outcome(self) -> Outcome {
        Outcome::success(self)
    }
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Outcome {
            status: Some("success".to_owned()),
            ..Outcome::default()
        }
    }
}

impl<T: IntoOutcome> IntoOutcome for Result<T, Failure> {
    fn into_outcome(self) -> Outcome {
        match self {
            Ok(output) => output.into_outcome(),
            Err(failure) => Outcome::failure(&failure),
        }
    }
}

/// A failure that is worth another try: the job's retry policy decides when.
pub fn transient(message: impl Into<String>) -> Failure {
    Failure::new(code::TRANSIENT, message)
}

/// A failure that would repeat itself for ever: the job is set aside for a person.
pub fn permanent(message: impl Into<String>) -> Failure {
    Failure::new(code::PERMANENT, message)
}

/// A failure of whoever gave the parameters: the job fails.
pub fn invalid_input(message: impl Into<String>) -> Failure {
    Failure::new(code::INVALID_INPUT, message)
}
