//! What a client may do, as configured.

use std::collections::BTreeSet;
use std::sync::Arc;

use avtomatika_engine::Client;
use avtomatika_protocol::ClientId;
use avtomatika_protocol::bot::user_id_of_token;
use serde_json::{Map, Value};

use super::bucket::Bucket;
use super::hash::Hash;
use super::pattern::Pattern;

/// What a client may do beyond its own jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// May use the admin routes.
    Admin,
    /// May act for other users.
    Trusted,
}

impl Role {
    /// The name it has in files and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Trusted => "trusted",
        }
    }
}

/// How often: so many a second in the long run, so many at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Requests a second, in the long run.
    pub per_second: f64,
    /// Requests at once, after a pause.
    pub burst: u32,
}

/// A client with one token, the simple case.
#[derive(Clone)]
pub struct ClientEntry {
    /// Its name.
    pub id: ClientId,
    /// Its token, in clear; only a hash of it is kept.
    pub token: String,
    /// Whether it has both roles.
    pub trusted: bool,
}

/// A client as configured.
#[derive(Clone)]
pub struct ClientConfig {
    pub(super) id: ClientId,
    /// In clear or hashed, the first one names the user if nothing else does.
    pub(super) tokens: Vec<Hash>,
    pub(super) user_id: String,
    pub(super) roles: BTreeSet<Role>,
    pub(super) plan: Option<String>,
    pub(super) params: Map<String, Value>,
    pub(super) monthly_attempts: Option<u64>,
    pub(super) rate: Option<Rate>,
    pub(super) jobs_live_max: Option<u64>,
    pub(super) blueprints: Option<Vec<String>>,
    pub(super) disabled: bool,
}

impl ClientConfig {
    /// A client with this token and without roles and limits of its own.
    pub fn new(id: impl Into<ClientId>, token: &str) -> Self {
        Self {
            id: id.into(),
            tokens: vec![Hash::of(token)],
            user_id: user_id_of_token(token),
            roles: BTreeSet::new(),
            plan: None,
            params: Map::new(),
            monthly_attempts: None,
            rate: None,
            jobs_live_max: None,
            blueprints: None,
            disabled: false,
        }
    }

    /// The same, with one more role.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.roles.insert(role);
        self
    }

    /// The same, on a plan.
    #[must_use]
    pub fn plan(mut self, plan: impl Into<String>) -> Self {
        self.plan = Some(plan.into());
        self
    }

    /// The same, with one more parameter for handlers.
    #[must_use]
    pub fn param(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.params.insert(key.into(), value.into());
        self
    }

    /// The same, with a bound on new jobs a calendar month (UTC).
    #[must_use]
    pub fn monthly_attempts(mut self, jobs: u64) -> Self {
        self.monthly_attempts = Some(jobs);
        self
    }

    /// The same, with a bound on requests.
    #[must_use]
    pub fn rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// The same, with a bound on jobs that have not ended.
    #[must_use]
    pub fn jobs_live_max(mut self, jobs: u64) -> Self {
        self.jobs_live_max = Some(jobs);
        self
    }

    /// The same, for these blueprints only; patterns such as `mail_*` are understood.
    #[must_use]
    pub fn blueprints(mut self, names: &[&str]) -> Self {
        self.blueprints = Some(names.iter().map(ToString::to_string).collect());
        self
    }
}

impl From<ClientEntry> for ClientConfig {
    fn from(entry: ClientEntry) -> Self {
        let config = Self::new(entry.id, &entry.token);
        if entry.trusted {
            config.role(Role::Admin).role(Role::Trusted)
        } else {
            config
        }
    }
}

/// A client a server knows: who it is to jobs and their handlers, and what bounds it.
pub struct Account {
    /// Who it is to jobs and their handlers.
    pub client: Arc<Client>,
    /// What it may do beyond its own jobs.
    pub roles: BTreeSet<Role>,
    /// New jobs a calendar month (UTC); without it there is no bound.
    pub monthly_attempts: Option<u64>,
    /// Jobs that have not ended; without it the server's own bound holds.
    pub jobs_live_max: Option<u64>,
    /// The blueprints it may start, as configured; without it all.
    pub blueprints: Option<Vec<String>>,
    pub(super) disabled: bool,
    pub(super) bucket: Option<Arc<Bucket>>,
    patterns: Vec<Pattern>,
}

impl Account {
    pub(super) fn new(config: ClientConfig, rate_default: Option<Rate>) -> Self {
        let names = config.blueprints.iter().flatten();
        let patterns = names.map(|name| Pattern::parse(name)).collect();
        let mut client = Client::new(config.id, config.user_id);
        client.trusted = config.roles.contains(&Role::Trusted);
        client.params = config.params;
        if let Some(plan) = config.plan {
            client.plan = plan;
        }
        Self {
            client: Arc::new(client),
            roles: config.roles,
            monthly_attempts: config.monthly_attempts,
            jobs_live_max: config.jobs_live_max,
            blueprints: config.blueprints,
            disabled: config.disabled,
            bucket: config.rate.or(rate_default).map(Bucket::new).map(Arc::new),
            patterns,
        }
    }

    /// Whether it may start jobs of this blueprint.
    pub fn may_start(&self, blueprint: &str) -> bool {
        self.blueprints.is_none()
            || self
                .patterns
                .iter()
                .any(|pattern| pattern.matches(blueprint))
    }

    /// Whether it may do nothing.
    pub fn is_disabled(&self) -> bool {
        self.disabled
    }

    /// How often it may ask, if that is bounded.
    pub fn rate(&self) -> Option<Rate> {
        self.bucket.as_ref().map(|bucket| bucket.rate())
    }
}
