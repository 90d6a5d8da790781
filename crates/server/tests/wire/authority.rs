//! Certificates made for a test, and connections that show them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use avtomatika_server::tls::TlsFiles;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

/// Who signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) cert: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    pub(crate) fn issue(&self, name: &str) -> Issued {
        self.issue_with(name, |_| ())
    }

    pub(crate) fn issue_with(
        &self,
        name: &str,
        adjust: impl FnOnce(&mut CertificateParams),
    ) -> Issued {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        adjust(&mut params);
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        Issued {
            cert: cert.pem(),
            key: key.serialize_pem(),
        }
    }

    /// One for the server, which is called `localhost`.
    pub(crate) fn issue_server(&self) -> Issued {
        self.issue_with("the server", |params| {
            let name = "localhost".try_into().unwrap();
            params.subject_alt_names = vec![rcgen::SanType::DnsName(name)];
        })
    }
}

/// The server's files, in a folder that goes with the test.
pub(crate) struct Drawer {
    dir: TempDir,
}

impl Drawer {
    pub(crate) fn new(own: &Issued, client_ca: &Authority) -> Self {
        let drawer = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        drawer.put(own);
        drawer.put_ca(client_ca);
        drawer
    }

    pub(crate) fn put(&self, own: &Issued) {
        std::fs::write(self.path("key.pem"), &own.key).unwrap();
        std::fs::write(self.path("cert.pem"), &own.cert).unwrap();
    }

    pub(crate) fn put_ca(&self, authority: &Authority) {
        std::fs::write(self.path("ca.pem"), &authority.pem).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn files(&self) -> TlsFiles {
        TlsFiles {
            cert: self.path("cert.pem"),
            key: self.path("key.pem"),
            client_ca: Some(self.path("ca.pem")),
            client_required: false,
        }
    }
}

/// What a client trusts and shows.
pub(crate) struct Shows<'a> {
    pub(crate) trusts: &'a Authority,
    pub(crate) certificate: Option<&'a Issued>,
    pub(crate) versions: Vec<&'static SupportedProtocolVersion>,
}

impl<'a> Shows<'a> {
    pub(crate) fn nothing(trusts: &'a Authority) -> Self {
        Self {
            trusts,
            certificate: None,
            versions: vec![&version::TLS13, &version::TLS12],
        }
    }

    pub(crate) fn certificate(trusts: &'a Authority, certificate: &'a Issued) -> Self {
        Self {
            certificate: Some(certificate),
            ..Self::nothing(trusts)
        }
    }

    /// Connects and shakes hands.
    pub(crate) async fn connect(&self, addr: SocketAddr) -> std::io::Result<Secure> {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(self.trusts.pem.as_bytes()).unwrap();
        roots.add(ca).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(roots);
        let config = match self.certificate {
            Some(own) => {
                let cert = CertificateDer::from_pem_slice(own.cert.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![cert], key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        let stream = TcpStream::connect(addr).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Secure(connector.connect(name, stream).await?))
    }

    /// Connects and sends one request.
    pub(crate) async fn ask(&self, addr: SocketAddr, request: &str) -> std::io::Result<Told> {
        self.connect(addr).await?.ask(request).await
    }
}

/// A connection with TLS.
#[derive(Debug)]
pub(crate) struct Secure(TlsStream<TcpStream>);

/// An answer with a `content-length`.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Secure {
    pub(crate) fn stream(&self) -> &TlsStream<TcpStream> {
        &self.0
    }

    pub(crate) async fn send(&mut self, request: &str) -> std::io::Result<()> {
        self.0.write_all(request.as_bytes()).await?;
        self.0.flush().await
    }

    pub(crate) async fn ask(&mut self, request: &str) -> std::io::Result<Told> {
        self.send(request).await?;
        self.answer().await
    }

    pub(crate) async fn answer(&mut self) -> std::io::Result<Told> {
        let read = tokio::time::timeout(Duration::from_secs(10), self.read());
        read.await.expect("an answer in time")
    }

    async fn read(&mut self) -> std::io::Result<Told> {
        let mut bytes = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let head = head.to_lowercase();
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |length| length.parse().unwrap());
                if body.len() >= length {
                    return Ok(Told {
                        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
                        body: serde_json::from_str(body).unwrap_or_default(),
                        head,
                    });
                }
            }
            if self.0.read_buf(&mut bytes).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
