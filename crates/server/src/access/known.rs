//! Everybody a server knows at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use avtomatika_protocol::ClientId;

use super::account::{Account, ClientConfig, Rate};
use super::crowd::Crowd;
use super::hash::Hash;
use super::pattern::Pattern;
use super::workers_file::{Whom, WorkerConfig};

/// How many workers of one pattern have a bucket of their own.
pub(super) const WORKERS_MAX: usize = 100_000;

/// Clients and workers by what they show. Never changed: replaced.
#[derive(Default)]
pub(super) struct Known {
    by_token: HashMap<Hash, Arc<Account>>,
    by_id: HashMap<ClientId, Arc<Account>>,
    /// Whether there is a reason to compute the other hash.
    has_sha256: bool,
    common: Option<Hash>,
    workers: HashMap<String, Entry>,
    patterns: Vec<(Pattern, Entry)>,
}

/// What is known of a worker, or of many of one kind.
struct Entry {
    tokens: Vec<Hash>,
    disabled: bool,
    rate: Option<Crowd<String>>,
}

impl Entry {
    fn new(config: WorkerConfig) -> Self {
        Self {
            tokens: config.tokens,
            disabled: config.disabled,
            rate: config.rate.map(|rate| Crowd::new(rate, WORKERS_MAX)),
        }
    }
}

/// What a worker's token is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is this worker's own, or the common one and there is no own one.
    Fits,
    /// It is, but the worker may not work.
    Disabled,
    /// The worker has a token of its own, and this is another.
    NotItsOwn,
    /// Nobody's that could speak for this worker.
    Unknown,
}

impl Known {
    pub(super) fn common(&mut self, token: Option<Hash>) {
        self.common = token;
    }

    /// Adds a client. Its bucket is the one it had in `before`, if it is of the same rate.
    pub(super) fn add_client(
        &mut self,
        config: ClientConfig,
        rate_default: Option<Rate>,
        before: &Self,
    ) {
        let tokens = config.tokens.clone();
        let mut account = Account::new(config, rate_default);
        let id = account.client.id.clone();
        let bucket = before.by_id.get(&id).and_then(|old| old.bucket.clone());
        if bucket.as_ref().map(|bucket| bucket.rate()) == account.rate() {
            account.bucket = bucket;
        }
        let account = Arc::new(account);
        for hash in tokens {
            self.has_sha256 |= matches!(hash, Hash::Sha256(_));
            self.by_token.insert(hash, Arc::clone(&account));
        }
        self.by_id.insert(id, account);
    }

    pub(super) fn add_worker(&mut self, whom: Whom, config: WorkerConfig) {
        let entry = Entry::new(config);
        match whom {
            Whom::Worker(id) => {
                self.workers.insert(id, entry);
            }
            Whom::Like(pattern) => self.patterns.push((pattern, entry)),
        }
    }

    /// The client of this name.
    pub(super) fn named(&self, id: &ClientId) -> Option<&Arc<Account>> {
        self.by_id.get(id)
    }

    /// How many clients there are.
    pub(super) fn clients(&self) -> usize {
        self.by_id.len()
    }

    /// How many workers have tokens of their own, patterns counted once.
    pub(super) fn workers(&self) -> usize {
        self.workers.len() + self.patterns.len()
    }

    /// Whose token this is.
    pub(super) fn account(&self, token: &str) -> Option<&Arc<Account>> {
        // Looking a hash of the token up tells nothing about how close a guess was.
        let found = self.by_token.get(&Hash::of(token));
        match found {
            None if self.has_sha256 => self.by_token.get(&Hash::sha256_of(token)),
            found => found,
        }
    }

    pub(super) fn is_common(&self, token: &str) -> bool {
        self.common.is_some_and(|common| common.fits(token))
    }

    /// What this token is worth from this worker.
    pub(super) fn judge(&self, worker: &str, token: &str) -> Verdict {
        let mut has_own = false;
        for entry in self.entries(worker) {
            has_own = true;
            if entry.tokens.iter().any(|own| own.fits(token)) {
                return match entry.disabled {
                    true => Verdict::Disabled,
                    false => Verdict::Fits,
                };
            }
        }
        match has_own {
            true => Verdict::NotItsOwn,
            false if self.is_common(token) => Verdict::Fits,
            false => Verdict::Unknown,
        }
    }

    /// Whether the worker may not work, whatever it shows.
    pub(super) fn is_disabled(&self, worker: &str) -> bool {
        let mut entries = self.entries(worker).peekable();
        entries.peek().is_some() && entries.all(|entry| entry.disabled)
    }

    /// The worker's own limit, if it has one.
    pub(super) fn rate(&self, worker: &str) -> Option<&Crowd<String>> {
        self.entries(worker).find_map(|entry| entry.rate.as_ref())
    }

    /// The entry of its name; without one, those whose patterns it is like.
    fn entries<'a, 'b>(&'a self, worker: &'b str) -> impl Iterator<Item = &'a Entry> + use<'a, 'b> {
        let own = self.workers.get(worker);
        let has_own = own.is_some();
        let like = self.patterns.iter();
        let like = like.filter(move |(pattern, _)| !has_own && pattern.matches(worker));
        own.into_iter().chain(like.map(|(_, entry)| entry))
    }
}
