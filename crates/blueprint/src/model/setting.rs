//! A setting that is fixed, or computed for each job.

use crate::template::Located;

/// A setting.
#[derive(Clone, Debug)]
pub enum Setting<T> {
    /// As written.
    Fixed(T),
    /// The value of an expression, checked when it is known.
    Computed(Located),
}

impl<T> Setting<T> {
    /// Calls `see` with its expression, if it has one.
    pub fn each(&self, see: &mut dyn FnMut(&Located)) {
        if let Self::Computed(located) = self {
            see(located);
        }
    }
}
