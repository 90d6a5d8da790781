//! Waiting for a person, an event or a time.

use std::collections::BTreeMap;

/// A question to a person.
#[derive(Clone, Debug)]
pub struct AwaitApproval {
    /// The question.
    pub message: String,
    /// Which state each decision leads to; `timeout` for when nobody decides in time.
    pub transitions: BTreeMap<String, String>,
    /// How long the job waits, milliseconds. Then it takes the `timeout` transition, or fails.
    pub timeout_ms: Option<u64>,
    /// Where the question is posted, with a token that is good for one decision.
    pub notify_url: Option<String>,
}

/// A wait for something that happens elsewhere.
#[derive(Clone, Debug)]
pub struct WaitEvent {
    /// The event's name. One that came before anybody waited for it counts.
    pub name: String,
    /// `received` and, if it may not come, `timeout`.
    pub transitions: BTreeMap<String, String>,
    /// How long the job waits, milliseconds. Then it takes the `timeout` transition, or fails.
    pub timeout_ms: Option<u64>,
    /// The key of the job's data the event's payload is kept under; its name if none is given.
    pub save_as: Option<String>,
}

/// The transition taken when a wait has been too long.
pub const TIMEOUT: &str = "timeout";
/// The transition taken when the awaited event has come.
pub const RECEIVED: &str = "received";

impl AwaitApproval {
    /// A question.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            transitions: BTreeMap::new(),
            timeout_ms: None,
            notify_url: None,
        }
    }

    /// The same, going to `state` for this decision.
    #[must_use]
    pub fn on(mut self, decision: &str, state: &str) -> Self {
        self.transitions
            .insert(decision.to_owned(), state.to_owned());
        self
    }

    /// The same, waiting so long, milliseconds.
    #[must_use]
    pub fn timeout_ms(mut self, limit_ms: u64) -> Self {
        self.timeout_ms = Some(limit_ms);
        self
    }

    /// The same, posted to this address.
    #[must_use]
    pub fn notify(mut self, url: impl Into<String>) -> Self {
        self.notify_url = Some(url.into());
        self
    }
}

impl WaitEvent {
    /// A wait for this event, then on to `state`.
    pub fn new(name: impl Into<String>, state: &str) -> Self {
        Self {
            name: name.into(),
            transitions: BTreeMap::from([(RECEIVED.to_owned(), state.to_owned())]),
            timeout_ms: None,
            save_as: None,
        }
    }

    /// The same, going to `state` when it does not come within `limit_ms`.
    #[must_use]
    pub fn or_after(mut self, limit_ms: u64, state: &str) -> Self {
        self.timeout_ms = Some(limit_ms);
        self.transitions
            .insert(TIMEOUT.to_owned(), state.to_owned());
        self
    }

    /// The same, keeping the payload under this key of the job's data.
    #[must_use]
    pub fn save_as(mut self, key: &str) -> Self {
        self.save_as = Some(key.to_owned());
        self
    }
}
