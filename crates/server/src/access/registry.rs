//! The set of clients and workers that counts now, and how it is replaced.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use avtomatika_engine::names;
use avtomatika_protocol::ClientId;
use avtomatika_scheduler::file::read_regular;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::account::{Account, ClientConfig, Rate};
use super::bucket::now_ns;
use super::credential::WorkerAuth;
use super::crowd::Crowd;
use super::hash::Hash;
use super::known::{Known, WORKERS_MAX};
use super::mistakes::{Checked, LoadError, LoadErrors};
use super::workers_file::{Whom, WorkerConfig};
use super::{clients_file, workers_file};
use crate::http::{ApiError, Peer};

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// The largest file, bytes: a hundred thousand workers fit.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// How many remote addresses are told apart.
const ADDRESSES_MAX: usize = 16_384;
/// Wrong tokens from one address, unless told otherwise.
const FAILURES: Rate = Rate {
    per_second: 1.0,
    burst: 100,
};

/// Where clients and workers are configured. A file that isn't there holds nobody.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// `clients.toml`.
    pub clients: Option<PathBuf>,
    /// `workers.toml`.
    pub workers: Option<PathBuf>,
}

/// What a look at the files found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Reloaded {
    /// Clients there are now.
    pub clients: usize,
    /// Workers with tokens of their own, patterns counted once.
    pub workers: usize,
}

/// Who may do what: given by the program and by files, which are read again when they change.
pub struct Access {
    clients: Vec<ClientConfig>,
    workers: Vec<(Whom, WorkerConfig)>,
    common: Option<Hash>,
    client_rate: Option<Rate>,
    worker_rates: Option<Crowd<String>>,
    failures: Option<Crowd<u128>>,
    pub(super) worker_auth: WorkerAuth,
    files: Files,
    from_files: Mutex<FromFiles>,
    now: ArcSwap<Known>,
    changes: watch::Sender<()>,
}

/// What was last read.
#[derive(Default)]
struct FromFiles {
    clients: Content<Vec<ClientConfig>>,
    workers: Content<Vec<(Whom, WorkerConfig)>>,
    is_built: bool,
}

/// What was last read of one file.
#[derive(Default)]
struct Content<T> {
    /// The hash of what `good` was read from, while the file still says that.
    seen: Option<blake3::Hash>,
    is_missing: bool,
    good: T,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            clients: Vec::new(),
            workers: Vec::new(),
            common: None,
            client_rate: None,
            worker_rates: None,
            failures: Some(Crowd::new(FAILURES, ADDRESSES_MAX)),
            worker_auth: WorkerAuth::default(),
            files: Files::default(),
            from_files: Mutex::default(),
            now: ArcSwap::default(),
            changes: watch::Sender::new(()),
        }
    }
}

impl Access {
    /// The same, with one more client.
    #[must_use]
    pub fn client(mut self, client: impl Into<ClientConfig>) -> Self {
        self.clients.push(client.into());
        self
    }

    /// The same, with the token every worker without one of its own may use.
    #[must_use]
    pub fn worker_token(mut self, token: &str) -> Self {
        self.common = Some(Hash::of(token));
        self
    }

    /// The same, with the token of one worker. The common token then no longer serves it.
    #[must_use]
    pub fn worker(mut self, id: &str, token: &str) -> Self {
        let whom = Whom::Worker(id.to_owned());
        self.workers.push((whom, WorkerConfig::new(token)));
        self
    }

    /// The same, with these files beside.
    #[must_use]
    pub fn files(mut self, files: Files) -> Self {
        self.files = files;
        self
    }

    /// The same, with a rate for clients that have none of their own.
    #[must_use]
    pub fn client_rate(mut self, rate: Option<Rate>) -> Self {
        self.client_rate = rate;
        self
    }

    /// The same, with a rate for workers that have none of their own.
    #[must_use]
    pub fn worker_rate(mut self, rate: Option<Rate>) -> Self {
        self.worker_rates = rate.map(|rate| Crowd::new(rate, WORKERS_MAX));
        self
    }

    /// The same, with another rate of wrong tokens from one address.
    #[must_use]
    pub fn failure_rate(mut self, rate: Option<Rate>) -> Self {
        self.failures = rate.map(|rate| Crowd::new(rate, ADDRESSES_MAX));
        self
    }

    /// The same, with another rule for what workers may show.
    #[must_use]
    pub fn worker_auth(mut self, auth: WorkerAuth) -> Self {
        self.worker_auth = auth;
        self
    }

    /// The files it reads.
    pub fn configured(&self) -> &Files {
        &self.files
    }

    /// Reads the files and replaces what is known. A file with mistakes changes nothing: what it
    /// said before still counts.
    ///
    /// # Errors
    /// Everything that is wrong with the files.
    pub fn load(&self) -> Result<Reloaded, LoadErrors> {
        let mut from_files = self.from_files.lock();
        let mut errors = Vec::new();
        let parts = &mut *from_files;
        let mut changed = !parts.is_built;
        changed |= refresh(
            self.files.clients.as_ref(),
            &mut parts.clients,
            &mut errors,
            |text| clients_file::read(text, &self.clients),
        );
        changed |= refresh(
            self.files.workers.as_ref(),
            &mut parts.workers,
            &mut errors,
            workers_file::read,
        );
        if changed {
            parts.is_built = true;
            self.rebuild(parts);
        }
        if errors.is_empty() {
            let now = self.now.load();
            Ok(Reloaded {
                clients: now.clients(),
                workers: now.workers(),
            })
        } else {
            Err(LoadErrors(errors))
        }
    }

    fn rebuild(&self, from_files: &FromFiles) {
        let before = self.now.load();
        let mut known = Known::default();
        known.common(self.common);
        for client in self.clients.iter().chain(&from_files.clients.good) {
            known.add_client(client.clone(), self.client_rate, &before);
        }
        for (whom, worker) in self.workers.iter().chain(&from_files.workers.good) {
            known.add_worker(whom.clone(), worker.clone());
        }
        self.now.store(Arc::new(known));
        self.ask_again();
    }

    /// Looks at the files again and again until `stop`.
    pub(crate) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        if self.files.clients.is_none() && self.files.workers.is_none() {
            return;
        }
        let mut last = String::new();
        while stop
            .run_until_cancelled(tokio::time::sleep(LOOK))
            .await
            .is_some()
        {
            let access = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || access.load()).await;
            let said = match looked {
                Ok(Ok(_)) => String::new(),
                Ok(Err(errors)) => errors.to_string(),
                Err(error) => error.to_string(),
            };
            // Once for each new reason, not each second.
            if said != last && !said.is_empty() {
                tracing::error!("not taken, what was said before still counts: {said}");
            }
            last = said;
        }
    }

    /// Asks all guarded work again whether it may go on.
    pub(crate) fn ask_again(&self) {
        self.changes.send_replace(());
    }

    /// What is known now.
    pub(super) fn now(&self) -> arc_swap::Guard<Arc<Known>> {
        self.now.load()
    }

    /// Whose token this is.
    pub(super) fn account(&self, token: &str) -> Option<Arc<Account>> {
        self.now.load().account(token).cloned()
    }

    /// The client of this name, if it is known now.
    pub fn account_of(&self, id: &ClientId) -> Option<Arc<Account>> {
        self.now.load().named(id).cloned()
    }

    /// Does some work for as long as `still` holds; it is asked at the beginning and whenever
    /// clients and workers change.
    ///
    /// # Errors
    /// Why `still` no longer holds; the work is dropped then.
    pub(crate) async fn guard<T>(
        &self,
        still: impl Fn() -> Result<(), ApiError>,
        work: impl Future<Output = T>,
    ) -> Result<T, ApiError> {
        let mut changes = self.changes.subscribe();
        still()?;
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                // The sender lives as long as `self`, so this does not fail.
                _ = changes.changed() => still()?,
            }
        }
    }

    /// Notes a wrong token. Too many of them from one address are told to come more slowly; a
    /// right token always works, so that nobody can shut others out.
    pub(crate) fn wrong_token(&self, peer: Option<&Peer>, refusal: ApiError) -> ApiError {
        let (Some(failures), Some(peer)) = (&self.failures, peer) else {
            return refusal;
        };
        match failures.take(address_key(peer.addr.ip()), now_ns()) {
            Ok(()) => refusal,
            Err(wait) => {
                too_many("auth_failures", wait).hint("too many wrong tokens came from this address")
            }
        }
    }

    /// Counts a request of a worker against its rate.
    pub(super) fn count_worker(&self, known: &Known, worker: &str) -> Result<(), ApiError> {
        let Some(crowd) = known.rate(worker).or(self.worker_rates.as_ref()) else {
            return Ok(());
        };
        crowd
            .take(worker.to_owned(), now_ns())
            .map_err(|wait| too_many("worker_rate", wait).hint("this worker asks too often"))
    }
}

/// The refusal of a request that came too early; its message is the first generation's.
pub(super) fn too_many(limit: &'static str, wait: Duration) -> ApiError {
    metrics::counter!(names::LIMIT_HIT, "limit" => limit).increment(1);
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    ApiError::new(
        axum::http::StatusCode::TOO_MANY_REQUESTS,
        "RATE_LIMITED",
        "Too Many Requests",
    )
    .retry_after_s(u32::try_from(seconds.max(1)).unwrap_or(u32::MAX))
}

/// What tells addresses apart: all of an IPv4 one, the network of an IPv6 one, whose owner has
/// the rest to choose from.
fn address_key(address: std::net::IpAddr) -> u128 {
    match address.to_canonical() {
        std::net::IpAddr::V4(v4) => u128::from(v4.to_bits()),
        std::net::IpAddr::V6(v6) => v6.to_bits() >> 64 << 64,
    }
}

/// Reads a file without waiting for it: the look at all files waits meanwhile.
fn read_text(path: &Path) -> std::io::Result<String> {
    let bytes = read_regular(path, FILE_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            format!("it is not UTF-8 from byte {at} on"),
        )
    })
}

/// Reads a file if it has changed. Answers whether what it says has.
fn refresh<T>(
    path: Option<&PathBuf>,
    content: &mut Content<T>,
    errors: &mut Vec<LoadError>,
    read: impl FnOnce(&str) -> Checked<T>,
) -> bool {
    let Some(path) = path else { return false };
    let text = match read_text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if !std::mem::replace(&mut content.is_missing, true) {
                // Editors take a file away for a moment when they save it.
                tracing::warn!(
                    "{} is not there; what it said before, if anything, still counts",
                    path.display()
                );
            }
            return false;
        }
        Err(source) => {
            content.seen = None;
            errors.push(LoadError::Read {
                path: path.clone(),
                source,
            });
            return false;
        }
    };
    content.is_missing = false;
    let hash = blake3::hash(text.as_bytes());
    if content.seen == Some(hash) {
        return false;
    }
    match read(&text) {
        Ok((good, warnings)) => {
            for warning in warnings {
                tracing::warn!("{}: {warning}", path.display());
            }
            tracing::info!("{} was read", path.display());
            content.good = good;
            content.seen = Some(hash);
            true
        }
        Err(mistakes) => {
            content.seen = None;
            errors.push(LoadError::Mistakes {
                path: path.clone(),
                mistakes,
            });
            false
        }
    }
}
