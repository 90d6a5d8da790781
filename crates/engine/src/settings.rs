//! Limits and intervals, each with its default and unit.

/// What bounds an engine.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a lease lasts after its worker's last sign of life, milliseconds.
    pub lease_ms: u64,
    /// How often workers are asked to send heartbeats, milliseconds.
    pub heartbeat_interval_ms: u64,
    /// How long a worker whose connection broke may be silent before its leases expire,
    /// milliseconds.
    pub broken_connection_grace_ms: u64,
    /// How long a poll waits for a task, milliseconds.
    pub poll_timeout_ms: u64,
    /// Handler runs and state changes of one job without help from outside.
    pub transitions_max: u32,
    /// How deep sub-jobs may be nested.
    pub depth_max: u32,
    /// Whether commits tell the jobs' history what they change. Somebody must take it out of the
    /// outbox.
    pub history: bool,
    /// Jobs of one client that have not ended; more are refused with 429.
    pub live_jobs_per_client_max: u64,
    /// Jobs that have not ended, of all clients; more are refused with 503.
    pub live_jobs_max: u64,
    /// Polls that may be parked at once; more are answered with "no task" at once.
    pub parked_polls_max: usize,
    /// How long terminal jobs are kept, milliseconds.
    pub retention_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease_ms: 45_000,
            heartbeat_interval_ms: 15_000,
            broken_connection_grace_ms: 5_000,
            poll_timeout_ms: 30_000,
            transitions_max: 100,
            depth_max: 10,
            history: false,
            live_jobs_per_client_max: 1_000_000,
            live_jobs_max: 2_000_000,
            parked_polls_max: 50_000,
            retention_ms: 7 * 24 * 3_600_000,
        }
    }
}
