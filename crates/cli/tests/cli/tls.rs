//! Servers behind https: whom the program believes, and what it says of the others.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{Program, Server, completed};

/// Speaks TLS before a server that doesn't, with a certificate of a CA of its own.
struct Front {
    url: String,
    ca: String,
    _tasks: JoinSet<()>,
}

impl Front {
    async fn before(server: &Server) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let own_key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let own = own.signed_by(&own_key, &issuer).unwrap();
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![own.der().clone()],
                PrivateKeyDer::try_from(own_key.serialize_der()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let behind = server.url.trim_start_matches("http://").to_owned();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                connections.spawn(async move {
                    if let Ok(mut stream) = acceptor.accept(stream).await {
                        let mut behind = TcpStream::connect(behind).await.unwrap();
                        let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
                    }
                });
            }
        });
        Self {
            url,
            ca,
            _tasks: tasks,
        }
    }
}

async fn server() -> Server {
    Server::start(|_| completed(json!({"bots": [], "count": 0, "max_bots": 3}))).await
}

fn program(url: &str) -> Program {
    Program::bare()
        .env("AVTOMATIKA_URL", url)
        .env("AVTOMATIKA_TOKEN", "123456:TEST-TOKEN")
}

#[tokio::test]
async fn a_private_ca_is_given_by_flag_variable_or_file() {
    let server = server().await;
    let front = Front::before(&server).await;
    let by_flag = program(&front.url);
    by_flag.file("ca.pem", &front.ca);
    let ran = by_flag.run(&["list", "--ca", "ca.pem"]).await;
    assert_eq!(ran.code, 0, "{}", ran.all());

    let by_variable = program(&front.url).env("AVTOMATIKA_CA", "ca.pem");
    by_variable.file("ca.pem", &front.ca);
    assert_eq!(by_variable.run(&["list"]).await.code, 0);

    let by_file = Program::bare();
    by_file.file("avtomatika-data/own-ca.pem", &front.ca);
    let text = format!(
        "url = \"{}\"\ntoken = \"123456:TEST-TOKEN\"\nca = \"own-ca.pem\"\n",
        front.url
    );
    let file = by_file.file("avtomatika-data/client.toml", text);
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(file, private).unwrap();
    let below = by_file.folder.path().join("a/b");
    std::fs::create_dir_all(&below).unwrap();
    let ran = by_file.run_with(&below, &["list"], "").await;
    assert_eq!(ran.code, 0, "{}", ran.all());
}

#[tokio::test]
async fn a_server_nobody_vouches_for_gets_no_token() {
    let server = server().await;
    let (front, other) = (Front::before(&server).await, Front::before(&server).await);
    let program = program(&front.url);
    program.file("other.pem", &other.ca);
    for arguments in [
        &["list", "--json"][..],
        &["list", "--json", "--ca", "other.pem"],
    ] {
        let ran = program.run(arguments).await;
        assert_eq!(ran.code, 6, "{}", ran.all());
        let error = ran.json()["error"].clone();
        assert_eq!(error["code"], "CERTIFICATE_NOT_TRUSTED", "{error}");
        assert!(
            error["hint"].as_str().unwrap().contains("--ca FILE"),
            "{error}"
        );
    }
    assert!(server.posted().is_empty());
}

#[tokio::test]
async fn the_name_must_be_the_servers() {
    let server = server().await;
    let front = Front::before(&server).await;
    let program = program(&front.url.replace("localhost", "127.0.0.1"));
    program.file("ca.pem", &front.ca);
    let ran = program.run(&["list", "--ca", "ca.pem", "--json"]).await;
    assert_eq!(
        ran.json()["error"]["code"],
        "CERTIFICATE_NOT_TRUSTED",
        "{}",
        ran.all()
    );
}

#[tokio::test]
async fn https_where_http_is_spoken_is_told_so() {
    let server = server().await;
    let program = program(&server.url.replace("http:", "https:"));
    let ran = program.run(&["list", "--json"]).await;
    assert_eq!(ran.code, 6, "{}", ran.all());
    assert_eq!(ran.json()["error"]["code"], "NOT_TLS", "{}", ran.all());
}

#[tokio::test]
async fn a_file_that_holds_no_certificates_is_named() {
    let program = program("https://localhost:9");
    program.file("empty.pem", "");
    program.file(
        "broken.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    for name in ["none.pem", "empty.pem", "broken.pem"] {
        let ran = program.run(&["list", "--ca", name, "--json"]).await;
        assert_eq!(ran.code, 2, "{name}: {}", ran.all());
        let error = ran.json()["error"].clone();
        assert_eq!(error["code"], "CA_UNUSABLE", "{name}");
        assert!(error["message"].as_str().unwrap().contains(name), "{error}");
    }
}
