//! Fresh ids for the pure core.

use avtomatika_protocol::{JobId, TaskId};

use crate::entropy::Entropy;
use crate::machine::Draw;

/// Draws ids at one moment.
pub(super) struct Drawer<'a> {
    pub(super) entropy: &'a Entropy,
    pub(super) now_ms: u64,
}

impl Draw for Drawer<'_> {
    fn task_id(&self) -> TaskId {
        self.entropy.task_id(self.now_ms)
    }

    fn job_id(&self) -> JobId {
        self.entropy.job_id(self.now_ms)
    }

    fn token(&self) -> String {
        self.entropy.token()
    }
}
