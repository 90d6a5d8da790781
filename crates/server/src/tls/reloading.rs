//! The settings of TLS that count now, read again when the files change.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;

use super::files::Contents;
use super::{Certificate, TlsError, TlsFiles};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// A certificate that ends sooner than this deserves a word, seconds.
const SOON_S: i64 = 14 * 24 * 3_600;

/// TLS as the files have it now.
pub struct Tls {
    files: TlsFiles,
    seen: Mutex<Contents>,
    now: ArcSwap<Moment>,
}

/// What counts until the files change.
pub(super) struct Moment {
    pub(super) config: Arc<ServerConfig>,
    /// Cancelled when the clients' CAs change: certificates they were to vouch for are worth
    /// nothing any more until a new handshake.
    pub(super) trust: CancellationToken,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// When they can't be read or used.
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let contents = files.read()?;
        let (config, own) = files.make(&contents)?;
        tell(&own);
        Ok(Self {
            files,
            seen: Mutex::new(contents),
            now: ArcSwap::from_pointee(Moment {
                config,
                trust: CancellationToken::new(),
            }),
        })
    }

    pub(super) fn now(&self) -> Arc<Moment> {
        self.now.load_full()
    }

    /// Reads the files again and uses what they hold from the next handshake on. Files that
    /// can't be used change nothing. Answers whether clients' certificates lost their worth.
    ///
    /// # Errors
    /// When they can't be read or used.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let mut seen = self.seen.lock();
        let contents = self.files.read()?;
        if *seen == contents {
            return Ok(false);
        }
        let (config, own) = self.files.make(&contents)?;
        tell(&own);
        let distrust = seen.client_ca != contents.client_ca;
        let before = self.now.load();
        let trust = if distrust {
            CancellationToken::new()
        } else {
            before.trust.clone()
        };
        self.now.store(Arc::new(Moment { config, trust }));
        *seen = contents;
        if distrust {
            before.trust.cancel();
        }
        Ok(distrust)
    }

    /// Looks at the files again and again until `stop`; calls `distrusted` when clients'
    /// certificates have lost their worth.
    pub(crate) async fn watch(
        self: Arc<Self>,
        stop: CancellationToken,
        distrusted: impl Fn() + Send,
    ) {
        let mut last = String::new();
        while stop
            .run_until_cancelled(tokio::time::sleep(LOOK))
            .await
            .is_some()
        {
            let tls = Arc::clone(&self);
            let said = match tokio::task::spawn_blocking(move || tls.reload()).await {
                Ok(Ok(distrust)) => {
                    if distrust {
                        distrusted();
                    }
                    String::new()
                }
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            // Once for each new reason, not each second.
            if said != last && !said.is_empty() {
                tracing::error!("TLS goes on with what it had before: {said}");
            }
            last = said;
        }
    }
}

fn tell(own: &Certificate) {
    let left_s = own
        .not_after_s()
        .saturating_sub(jiff::Timestamp::now().as_second());
    if left_s < 0 {
        tracing::error!(name = own.name(), "the server's certificate has expired");
    } else if left_s < SOON_S {
        tracing::warn!(
            name = own.name(),
            "the server's certificate expires in {} days",
            left_s / 86_400
        );
    } else {
        tracing::info!(name = own.name(), "the server's certificate was read");
    }
}
