//! Why an expression was refused, or gave no value.

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// Where in the expression, in bytes.
    pub at: usize,
    /// How many bytes of it are concerned.
    pub length: usize,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl CompileError {
    pub(crate) fn new(at: usize, length: usize, reason: impl Into<String>) -> Self {
        Self {
            at,
            length,
            reason: reason.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Why an expression gave no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct EvaluateError {
    /// Where in the expression, in bytes.
    pub at: usize,
    /// What went wrong.
    pub reason: String,
}
