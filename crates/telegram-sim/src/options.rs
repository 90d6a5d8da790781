//! What a simulator can be told when it starts.

use std::net::{Ipv4Addr, SocketAddr};

/// Settings of one simulator. Every kind of state it keeps has a limit here.
#[derive(Clone, Debug)]
pub struct SimOptions {
    /// Where to listen; port 0 takes a free one. The public local server uses 8081.
    pub listen: SocketAddr,
    /// Tokens known from the start, each `<digits>:<secret>`.
    pub tokens: Vec<String>,
    /// Answers 401 for tokens that were not registered. Off, any well-formed token makes a bot.
    pub strict_tokens: bool,
    /// Answers 404 for methods the simulator does not know. Off, they answer `true`.
    pub strict_methods: bool,
    /// Bearer token that the control side then demands. Without one it answers this machine only
    /// (loopback peers), so that bots in containers can't play the users.
    pub control_token: Option<String>,
    /// Lets webhooks go to any address. Off, only to this machine.
    pub webhooks_anywhere: bool,
    /// Largest body of one request.
    pub body_bytes_max: usize,
    /// Bots kept; further tokens are refused.
    pub bots_max: usize,
    /// Connections served at once; further ones wait.
    pub connections_max: usize,
    /// Unconfirmed updates per bot; injecting more is refused.
    pub updates_max: usize,
    /// Ledger entries per bot; the oldest finished ones go first.
    pub ledger_max: usize,
    /// Recorded calls per bot; the oldest go first.
    pub calls_max: usize,
    /// Messages per bot that can still be edited or replied to; the oldest go first.
    pub messages_max: usize,
    /// Bytes of files per bot; the oldest files lose their content first.
    pub files_bytes_max: usize,
}

impl Default for SimOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tokens: Vec::new(),
            strict_tokens: false,
            strict_methods: true,
            control_token: None,
            webhooks_anywhere: false,
            // The public server takes uploads of 50 MB.
            body_bytes_max: 50 << 20,
            bots_max: 1_000,
            connections_max: 2_048,
            updates_max: 20_000,
            ledger_max: 100_000,
            calls_max: 5_000,
            messages_max: 5_000,
            files_bytes_max: 64 << 20,
        }
    }
}
