//! Faults that wait for their calls.

use crate::control::{Fault, FaultView, NewFault};

/// Most faults waiting at once, per bot.
pub(crate) const FAULTS_MAX: usize = 100;

/// Faults in the order they were added; the first that fits a call hits it.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<FaultView>);

impl Faults {
    /// Adds a fault; `false` when there are too many.
    pub(crate) fn add(&mut self, new: NewFault) -> bool {
        if self.0.len() >= FAULTS_MAX {
            return false;
        }
        let NewFault {
            method,
            fault,
            times,
        } = new;
        self.0.push(FaultView {
            method,
            fault,
            times_left: times.max(1),
        });
        true
    }

    /// The fault that hits a call of this method, used up by one.
    pub(crate) fn hit(&mut self, method: &str) -> Option<Fault> {
        let fits = |view: &FaultView| {
            view.method
                .as_ref()
                .is_none_or(|name| name.eq_ignore_ascii_case(method))
        };
        let at = self.0.iter().position(fits)?;
        let view = self.0.get_mut(at)?;
        view.times_left -= 1;
        let fault = view.fault.clone();
        if view.times_left == 0 {
            self.0.remove(at);
        }
        Some(fault)
    }

    pub(crate) fn list(&self) -> Vec<FaultView> {
        self.0.clone()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
