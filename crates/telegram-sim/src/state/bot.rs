//! One bot.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tokio_util::sync::DropGuard;

use super::{
    calls::Calls, chats::Chats, faults::Faults, files::Files, polls::Polls, queue::UpdateQueue,
};
use crate::{clock::now_s, options::SimOptions};

/// Open button presses kept; older ones count as expired.
const CALLBACKS_MAX: usize = 1_000;
/// First second of the ids of updates; see [`UpdateQueue::new`].
const UPDATE_ID_EPOCH_S: u64 = 1_700_000_000;

/// Everything the server knows of one bot.
#[derive(Debug)]
pub(crate) struct Bot {
    pub(crate) profile: Profile,
    /// Whether it was registered, not made by its first call.
    pub(crate) registered: bool,
    pub(crate) queue: UpdateQueue,
    pub(crate) polls: Polls,
    pub(crate) calls: Calls,
    pub(crate) faults: Faults,
    pub(crate) chats: Chats,
    pub(crate) files: Files,
    pub(crate) webhook: Option<Webhook>,
    /// Command lists by scope and language.
    pub(crate) commands: BTreeMap<String, Value>,
    callbacks: BTreeSet<u64>,
    next_callback: u64,
}

/// How a bot presents itself.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) id: i64,
    pub(crate) username: String,
    pub(crate) first_name: String,
}

/// A webhook that is set. Dropping it ends its delivery task.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) max_connections: i64,
    pub(crate) has_custom_certificate: bool,
    pub(crate) last_error: Option<(u64, String)>,
    pub(crate) _delivery: DropGuard,
}

impl Bot {
    pub(crate) fn new(id: i64, options: &SimOptions) -> Self {
        let elapsed_s = now_s().saturating_sub(UPDATE_ID_EPOCH_S);
        let first_update = i64::try_from(elapsed_s).unwrap_or_default().max(1);
        Self {
            profile: Profile {
                id,
                username: format!("sim{id}_bot"),
                first_name: format!("Bot {id}"),
            },
            registered: false,
            queue: UpdateQueue::new(first_update, options.updates_max, options.ledger_max),
            polls: Polls::default(),
            calls: Calls::new(options.calls_max),
            faults: Faults::default(),
            chats: Chats::new(options.messages_max),
            files: Files::new(options.files_bytes_max),
            webhook: None,
            commands: BTreeMap::new(),
            callbacks: BTreeSet::new(),
            next_callback: 1,
        }
    }

    /// The bot as a `User` object.
    pub(crate) fn user(&self) -> Value {
        let Profile {
            id,
            username,
            first_name,
        } = &self.profile;
        json!({"id": id, "is_bot": true, "first_name": first_name, "username": username})
    }

    /// Opens a callback query and returns its id.
    pub(crate) fn open_callback(&mut self) -> u64 {
        let id = self.next_callback;
        self.next_callback += 1;
        self.callbacks.insert(id);
        if self.callbacks.len() > CALLBACKS_MAX {
            self.callbacks.pop_first();
        }
        id
    }

    /// Answers a callback query; `false` when it is not open.
    pub(crate) fn close_callback(&mut self, id: &str) -> bool {
        id.parse().is_ok_and(|id: u64| self.callbacks.remove(&id))
    }
}
