//! One warning for each time of trouble, not one for each failure in it.

use std::fmt::Display;

/// Whether something that is done over and over has been failing lately.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    failures: u32,
}

impl Trouble {
    /// Notes a failure; only the first of a row is a warning.
    pub(crate) fn with(&mut self, what: &str, server: impl Display, error: impl Display) {
        self.failures = self.failures.saturating_add(1);
        if self.failures == 1 {
            tracing::warn!(%server, %error, "{what} are failing; will go on trying");
        } else {
            tracing::debug!(%server, %error, failures = self.failures, "{what} are still failing");
        }
    }

    /// Notes a success.
    pub(crate) fn over(&mut self, what: &str, server: impl Display) {
        if self.failures > 0 {
            tracing::info!(%server, failures = self.failures, "{what} are well again");
            self.failures = 0;
        }
    }
}
