//! TLS, and what workers may show over it.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use avtomatika_server::access::WorkerAuth;
use avtomatika_server::tls::{Tls, TlsFiles};

/// Files in PEM, read again when they change.
#[derive(Debug, clap::Args)]
pub(crate) struct TlsArgs {
    /// The server's certificate, the ones between it and its CA behind it: makes the API speak
    /// TLS
    #[arg(long, env = "TLS_CERT_PATH", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key
    #[arg(long, env = "TLS_KEY_PATH", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// CAs of clients' certificates: then workers may show one instead of a token
    #[arg(long, env = "TLS_CA_PATH", value_name = "FILE", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,
    /// Refuse connections without a certificate
    #[arg(long, env = "TLS_REQUIRE_CLIENT_CERT", requires = "tls_client_ca")]
    tls_client_required: bool,
    /// What lets workers in: a certificate or else a token, only one of the two
    #[arg(
        long,
        env = "WORKER_AUTH_MODE",
        value_enum,
        default_value = "mixed",
        value_name = "MODE"
    )]
    worker_auth: Mode,
}

/// What lets workers in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Mode {
    Mixed,
    MtlsOnly,
    TokenOnly,
}

/// What a worker needs for an `https://` server; files in PEM, read again when they change.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ClientTlsArgs {
    /// CAs that may vouch for an https server, instead of those the system knows
    #[arg(long, env = "TLS_CA_PATH", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The worker's own certificate
    #[arg(long, env = "TLS_CERT_PATH", value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The key of the worker's own certificate
    #[arg(long, env = "TLS_KEY_PATH", value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

impl ClientTlsArgs {
    /// The files as the SDK takes them.
    pub(crate) fn files(&self) -> avtomatika_worker::TlsFiles {
        avtomatika_worker::TlsFiles {
            ca: self.ca.clone(),
            cert: self.cert.clone(),
            key: self.key.clone(),
        }
    }
}

impl TlsArgs {
    /// TLS as the files have it, if there are any.
    pub(crate) fn open(&self) -> anyhow::Result<Option<Arc<Tls>>> {
        let (Some(cert), Some(key)) = (&self.tls_cert, &self.tls_key) else {
            anyhow::ensure!(
                self.worker_auth != Mode::MtlsOnly,
                "--worker-auth mtls-only lets nobody in without --tls-cert and --tls-client-ca"
            );
            return Ok(None);
        };
        anyhow::ensure!(
            self.worker_auth != Mode::MtlsOnly || self.tls_client_ca.is_some(),
            "--worker-auth mtls-only lets nobody in without --tls-client-ca"
        );
        let files = TlsFiles {
            cert: cert.clone(),
            key: key.clone(),
            client_ca: self.tls_client_ca.clone(),
            client_required: self.tls_client_required,
        };
        let tls = Tls::open(files).context("failed to set up TLS")?;
        Ok(Some(Arc::new(tls)))
    }

    /// What lets workers in.
    pub(crate) fn worker_auth(&self) -> WorkerAuth {
        match self.worker_auth {
            Mode::Mixed => WorkerAuth::Mixed,
            Mode::MtlsOnly => WorkerAuth::MtlsOnly,
            Mode::TokenOnly => WorkerAuth::TokenOnly,
        }
    }
}
