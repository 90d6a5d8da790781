//! Faults: calls that fail, wait or break off on demand.

use serde::{Deserialize, Serialize};

/// How a call goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// 401, as after the token was revoked.
    Unauthorized,
    /// 409, as when another instance polls.
    Conflict,
    /// 429 with `retry_after` and the header `Retry-After`.
    TooManyRequests {
        /// Seconds the bot must wait.
        retry_after_s: u32,
    },
    /// 500 `Internal Server Error`.
    ServerError,
    /// 500 `Internal Server Error: restart`, as while the public server restarts.
    Restart,
    /// Any other error.
    Error {
        /// Error code and HTTP status, 400 to 599.
        code: u16,
        /// Text of the error.
        description: String,
    },
    /// Holds the call, does nothing with it, then closes the connection.
    Timeout {
        /// How long it is held, milliseconds.
        hold_ms: u64,
    },
    /// Serves the call, but later.
    Slow {
        /// The delay, milliseconds.
        delay_ms: u64,
    },
    /// Closes the connection at once: the call has no effect.
    Cut,
    /// Does what was asked, then closes the connection: the bot never learns it.
    CutAfter,
}

/// A fault to add.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFault {
    /// Only calls of this method, in any case; by default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What happens.
    pub fault: Fault,
    /// How many calls it hits; at least 1.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

/// A fault that still waits for calls.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FaultView {
    /// Method it waits for; none means all.
    pub method: Option<String>,
    /// What happens.
    pub fault: Fault,
    /// Calls it will still hit.
    pub times_left: u32,
}
