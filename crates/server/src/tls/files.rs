//! Which files TLS is made of, and the settings they make.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use avtomatika_scheduler::file::read_regular;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig, version};

use super::Certificate;

/// The largest file, bytes: a bundle of all public CAs has a quarter of a MiB.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Files in PEM that TLS is made of.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate, with the ones between it and its CA behind it.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// CAs of clients' certificates; without it nobody is asked for one.
    pub client_ca: Option<PathBuf>,
    /// Whether a connection without a certificate is refused.
    pub client_required: bool,
}

/// Why TLS can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error("failed to read {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not PEM, or not what is wanted.
    #[error("{} holds no {wanted} in PEM", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// Certificate and key don't go together, or are of no kind we know.
    #[error("the certificate in {} can't be used with its key: {source}", path.display())]
    Pair {
        /// The certificate's file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// The CAs can't be used.
    #[error("the CAs in {} can't be used: {reason}", path.display())]
    ClientCa {
        /// The CAs' file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A certificate is demanded that nobody could check.
    #[error("client certificates can't be required without a CA to check them by")]
    RequiredWithoutCa,
}

/// What the files hold.
#[derive(PartialEq, Eq)]
pub(super) struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
    pub(super) client_ca: Option<Vec<u8>>,
}

impl TlsFiles {
    pub(super) fn read(&self) -> Result<Contents, TlsError> {
        Ok(Contents {
            cert: read(&self.cert)?,
            key: read(&self.key)?,
            client_ca: self.client_ca.as_deref().map(read).transpose()?,
        })
    }

    /// The settings, and the server's own certificate.
    pub(super) fn make(
        &self,
        contents: &Contents,
    ) -> Result<(Arc<ServerConfig>, Certificate), TlsError> {
        let chain = certificates(&contents.cert, &self.cert)?;
        let own = chain
            .first()
            .map_or_else(|| Certificate::read(&[]), |first| Certificate::read(first));
        let key = PrivateKeyDer::from_pem_slice(&contents.key).map_err(|_| TlsError::Content {
            path: self.key.clone(),
            wanted: "private key",
        })?;
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(|source| self.pair(source))?;
        let builder = match (&self.client_ca, &contents.client_ca) {
            (Some(path), Some(content)) => {
                builder.with_client_cert_verifier(self.verifier(path, content)?)
            }
            _ if self.client_required => return Err(TlsError::RequiredWithoutCa),
            _ => builder.with_no_client_auth(),
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|source| self.pair(source))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok((Arc::new(config), own))
    }

    fn verifier(
        &self,
        path: &Path,
        content: &[u8],
    ) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, TlsError> {
        let wrong = |reason: String| TlsError::ClientCa {
            path: path.to_path_buf(),
            reason,
        };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(content, path)? {
            roots
                .add(certificate)
                .map_err(|error| wrong(error.to_string()))?;
        }
        let provider = Arc::new(ring::default_provider());
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let builder = if self.client_required {
            builder
        } else {
            builder.allow_unauthenticated()
        };
        builder.build().map_err(|error| wrong(error.to_string()))
    }

    fn pair(&self, source: rustls::Error) -> TlsError {
        TlsError::Pair {
            path: self.cert.clone(),
            source,
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    read_regular(path, FILE_BYTES_MAX).map_err(|source| TlsError::Read {
        path: path.to_path_buf(),
        source,
    })
}

fn certificates(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = || TlsError::Content {
        path: path.to_path_buf(),
        wanted: "certificate",
    };
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| wrong())?;
    if all.is_empty() {
        return Err(wrong());
    }
    Ok(all)
}
