//! What a long operation tells while it works.

/// Receives the phases of an operation, in order. Must not block.
pub trait Phases: Send + Sync {
    /// A phase began; the message is English free text for people.
    fn phase(&self, phase: &str, message: &str);
}

/// Tells nobody.
impl Phases for () {
    fn phase(&self, _phase: &str, _message: &str) {}
}

/// Keeps what was told: for tests.
impl Phases for parking_lot::Mutex<Vec<(String, String)>> {
    fn phase(&self, phase: &str, message: &str) {
        self.lock().push((phase.to_owned(), message.to_owned()));
    }
}
