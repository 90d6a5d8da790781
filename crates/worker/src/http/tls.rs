//! TLS to a server: whom to believe, and what to show.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore, version};

/// Files are not looked at more often than this.
const LOOK: Duration = Duration::from_secs(1);

/// Files in PEM for `https://` servers. Read again, when they have changed, for each new
/// connection.
#[derive(Clone, Debug, Default)]
pub struct TlsFiles {
    /// The CAs that may vouch for servers, instead of those the system knows.
    pub ca: Option<PathBuf>,
    /// The worker's own certificate, with the ones between it and its CA behind it; needs a key.
    pub cert: Option<PathBuf>,
    /// The key of the worker's own certificate.
    pub key: Option<PathBuf>,
}

/// Why TLS can't be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file could not be read.
    #[error("read {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("find a {wanted} in PEM in {}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A certificate without a key, or a key without a certificate.
    #[error("use a certificate without its key, or a key without its certificate")]
    HalfAPair,
    /// Certificates or key can't be used.
    #[error("use the certificates: {0}")]
    Unusable(rustls::Error),
    /// The system knows no CAs, and none are given.
    #[error("find the system's CAs; name a file with those that count")]
    NoCas,
}

/// What the files hold: CAs, certificate, key.
#[derive(Default, PartialEq, Eq)]
struct Contents([Option<Vec<u8>>; 3]);

/// Secures connections. The default one can't, and is for servers without TLS.
#[derive(Default)]
pub(crate) struct Connector {
    files: TlsFiles,
    now: Mutex<Option<Now>>,
}

struct Now {
    contents: Contents,
    config: Arc<ClientConfig>,
    looked: Instant,
}

impl Connector {
    pub(crate) fn new(files: TlsFiles) -> Result<Self, TlsError> {
        let contents = files.read()?;
        let config = files.make(&contents)?;
        Ok(Self {
            files,
            now: Mutex::new(Some(Now {
                contents,
                config,
                looked: Instant::now(),
            })),
        })
    }

    /// Shakes hands over a new connection.
    pub(super) async fn secure(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
        TlsConnector::from(self.config()?)
            .connect(name, stream)
            .await
    }

    fn config(&self) -> std::io::Result<Arc<ClientConfig>> {
        let mut now = self.now.lock();
        let Some(now) = now.as_mut() else {
            return Err(std::io::Error::other("no certificates were set up"));
        };
        if now.looked.elapsed() >= LOOK {
            now.looked = Instant::now();
            if let Err(error) = self.files.refresh(now) {
                tracing::warn!("TLS goes on with what it had before: failed to {error}");
            }
        }
        Ok(Arc::clone(&now.config))
    }
}

impl TlsFiles {
    fn read(&self) -> Result<Contents, TlsError> {
        if self.cert.is_some() != self.key.is_some() {
            return Err(TlsError::HalfAPair);
        }
        let read = |path: &Option<PathBuf>| path.as_deref().map(read).transpose();
        Ok(Contents([
            read(&self.ca)?,
            read(&self.cert)?,
            read(&self.key)?,
        ]))
    }

    fn refresh(&self, now: &mut Now) -> Result<(), TlsError> {
        let contents = self.read()?;
        if contents != now.contents {
            now.config = self.make(&contents)?;
            now.contents = contents;
        }
        Ok(())
    }

    fn make(&self, contents: &Contents) -> Result<Arc<ClientConfig>, TlsError> {
        let Contents([ca, cert, key]) = contents;
        let roots = match (&self.ca, ca) {
            (Some(path), Some(pem)) => given(path, pem)?,
            _ => of_the_system()?,
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(TlsError::Unusable)?
            .with_root_certificates(roots);
        let mut config = match (&self.cert, cert, &self.key, key) {
            (Some(cert_path), Some(cert), Some(key_path), Some(key)) => {
                let chain = certificates(cert_path, cert)?;
                let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::Content {
                    path: key_path.clone(),
                    wanted: "private key",
                })?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(TlsError::Unusable)?
            }
            _ => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Read {
        path: path.to_path_buf(),
        source,
    })
}

fn given(path: &Path, pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, pem)? {
        roots.add(certificate).map_err(TlsError::Unusable)?;
    }
    Ok(roots)
}

fn of_the_system() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::debug!(%error, "some CAs of the system can't be read");
    }
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err(TlsError::NoCas);
    }
    Ok(roots)
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .unwrap_or_default();
    if all.is_empty() {
        return Err(TlsError::Content {
            path: path.to_path_buf(),
            wanted: "certificate",
        });
    }
    Ok(all)
}
