//! TLS: who gets a connection, and what becomes of those who don't.

use std::sync::Arc;
use std::time::{Duration, Instant};

use avtomatika_server::tls::{Tls, TlsFiles};
use rcgen::date_time_ymd;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::rustls::version;

use crate::authority::{Authority, Drawer, Shows};
use crate::harness::{CLIENT, Wire, access};

const STATUS: &str = "GET /_public/status HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A server with TLS.
pub(crate) async fn serve(files: TlsFiles) -> Wire {
    let tls = Tls::open(files).unwrap();
    Wire::set(access(), |options| {
        options.tls = Some(Arc::new(tls));
        options.listener.handshake_timeout_ms = 1_000;
    })
    .await
}

#[tokio::test]
async fn the_api_is_there_over_both_versions() {
    let ca = Authority::new("ca");
    let drawer = Drawer::new(&ca.issue_server(), &ca);
    let wire = serve(drawer.files()).await;
    let jobs = format!(
        "GET /api/jobs HTTP/1.1\r\nhost: localhost\r\nx-avtomatika-token: {CLIENT}\r\n\r\n"
    );
    for version in [&version::TLS12, &version::TLS13] {
        let shows = Shows {
            versions: vec![version],
            ..Shows::nothing(&ca)
        };
        let mut connection = shows.connect(wire.addr).await.unwrap();
        let tls = connection.stream().get_ref().1;
        assert_eq!(tls.protocol_version(), Some(version.version));
        // Twice on one connection.
        for _ in 0..2 {
            let told = connection.ask(STATUS).await.unwrap();
            assert_eq!((told.status, &told.body), (200, &json!({"status": "ok"})));
        }
        assert_eq!(connection.ask(&jobs).await.unwrap().status, 200);
    }
    assert!(wire.stop().await, "connections with TLS are drained, too");
}

#[tokio::test]
async fn a_client_that_does_not_know_the_ca_does_not_connect() {
    let (ca, other) = (Authority::new("ca"), Authority::new("other"));
    let drawer = Drawer::new(&ca.issue_server(), &ca);
    let wire = serve(drawer.files()).await;
    let refused = Shows::nothing(&other).connect(wire.addr).await.unwrap_err();
    assert!(refused.to_string().contains("UnknownIssuer"), "{refused}");
    let metrics = Shows::nothing(&ca)
        .ask(
            wire.addr,
            "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n",
        )
        .await;
    assert_eq!(metrics.unwrap().status, 200);
}

#[tokio::test]
async fn who_speaks_plain_http_is_told_and_closed_in_good_order() {
    let ca = Authority::new("ca");
    let drawer = Drawer::new(&ca.issue_server(), &ca);
    let wire = serve(drawer.files()).await;
    let mut plain = TcpStream::connect(wire.addr).await.unwrap();
    plain.write_all(STATUS.as_bytes()).await.unwrap();
    let mut told = String::new();
    let read = tokio::time::timeout(Duration::from_secs(5), plain.read_to_string(&mut told));
    read.await.unwrap().expect("an end, not a reset");
    assert!(told.starts_with("HTTP/1.1 400 "), "{told}");
    assert!(told.contains("\"code\":\"TLS_REQUIRED\""), "{told}");
    // The same from an ordinary client.
    let request = wire.request(reqwest::Method::GET, "/_public/status");
    let told = crate::harness::answer(request).await;
    assert_eq!(
        (told.status.as_u16(), &told.json()["code"]),
        (400, &json!("TLS_REQUIRED"))
    );
}

#[tokio::test]
async fn who_says_nothing_is_closed_and_holds_up_nobody() {
    let ca = Authority::new("ca");
    let drawer = Drawer::new(&ca.issue_server(), &ca);
    let tls = Tls::open(drawer.files()).unwrap();
    let wire = Wire::set(access(), |options| {
        options.tls = Some(Arc::new(tls));
        options.listener.handshake_timeout_ms = 1_000;
        options.listener.handshakes_max = 2;
    })
    .await;
    // Some say nothing at all, some begin and stop. Of the latter one fits beside.
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(TcpStream::connect(wire.addr).await.unwrap());
    }
    let mut begun = TcpStream::connect(wire.addr).await.unwrap();
    begun.write_all(&[0x16, 0x03, 0x01, 0x02]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let start = Instant::now();
    let told = Shows::nothing(&ca).ask(wire.addr, STATUS).await.unwrap();
    assert_eq!(told.status, 200);
    assert!(
        start.elapsed() < Duration::from_millis(500),
        "{:?}",
        start.elapsed()
    );
    for mut stream in idle.into_iter().chain([begun]) {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut rest));
        // The end, or a reset: closed in any case.
        let _ = read.await.expect("closed after the time for handshakes");
    }
}

#[tokio::test]
async fn garbage_ends_a_connection_and_nothing_else() {
    let ca = Authority::new("ca");
    let drawer = Drawer::new(&ca.issue_server(), &ca);
    let wire = serve(drawer.files()).await;
    for garbage in [
        &b"\x16\x03\x01\xff\xff"[..],
        b"\x00",
        b"\x16",
        &[0x16; 3_000],
    ] {
        let mut stream = TcpStream::connect(wire.addr).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut rest));
        let _ = read.await.expect("an end");
    }
    assert_eq!(
        Shows::nothing(&ca)
            .ask(wire.addr, STATUS)
            .await
            .unwrap()
            .status,
        200
    );
}

#[tokio::test]
async fn new_files_count_from_the_next_connection_on() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let drawer = Drawer::new(&old.issue_server(), &old);
    let wire = serve(drawer.files()).await;
    let mut before = Shows::nothing(&old).connect(wire.addr).await.unwrap();
    assert_eq!(before.ask(STATUS).await.unwrap().status, 200);
    // First something that can't be used: key and certificate that don't belong together.
    let strange = new.issue_server();
    std::fs::write(drawer.path("cert.pem"), &strange.cert).unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(
        Shows::nothing(&old)
            .ask(wire.addr, STATUS)
            .await
            .unwrap()
            .status,
        200
    );
    drawer.put(&strange);
    let begun = Instant::now();
    while Shows::nothing(&new).ask(wire.addr, STATUS).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(Shows::nothing(&old).connect(wire.addr).await.is_err());
    // A connection that was there goes on.
    assert_eq!(before.ask(STATUS).await.unwrap().status, 200);
}

#[test]
fn files_that_can_not_be_used_are_named() {
    let ca = Authority::new("ca");
    let own = ca.issue_server();
    let drawer = Drawer::new(&own, &ca);
    let error = |files: TlsFiles| {
        let text = Tls::open(files).err().expect("an error").to_string();
        text.replace(&format!("{}", drawer.path("").display()), "")
    };
    let other = ca.issue("other");
    std::fs::write(drawer.path("other.pem"), &other.key).unwrap();
    std::fs::write(drawer.path("empty.pem"), "").unwrap();
    for (files, wanted) in [
        (
            TlsFiles {
                cert: drawer.path("none.pem"),
                ..drawer.files()
            },
            "failed to read none.pem: ",
        ),
        (
            TlsFiles {
                cert: drawer.path("empty.pem"),
                ..drawer.files()
            },
            "empty.pem holds no certificate in PEM",
        ),
        (
            TlsFiles {
                key: drawer.path("cert.pem"),
                ..drawer.files()
            },
            "cert.pem holds no private key in PEM",
        ),
        (
            TlsFiles {
                key: drawer.path("other.pem"),
                ..drawer.files()
            },
            "the certificate in cert.pem can't be used with its key: ",
        ),
        (
            TlsFiles {
                client_ca: Some(drawer.path("key.pem")),
                ..drawer.files()
            },
            "key.pem holds no certificate in PEM",
        ),
        (
            TlsFiles {
                client_ca: None,
                client_required: true,
                ..drawer.files()
            },
            "client certificates can't be required without a CA to check them by",
        ),
    ] {
        let told = error(files);
        assert!(told.starts_with(wanted), "{told}");
    }
}

#[tokio::test]
async fn a_required_certificate_must_be_good() {
    let (ca, other) = (Authority::new("ca"), Authority::new("other"));
    let drawer = Drawer::new(&ca.issue_server(), &ca);
    let wire = serve(TlsFiles {
        client_required: true,
        ..drawer.files()
    })
    .await;
    let good = ca.issue("me");
    let strange = other.issue("me");
    let expired = ca.issue_with("me", |params| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    let future = ca.issue_with("me", |params| params.not_before = date_time_ymd(2190, 1, 1));
    let ask = async |shows: Shows<'_>| shows.ask(wire.addr, STATUS).await;
    assert_eq!(
        ask(Shows::certificate(&ca, &good)).await.unwrap().status,
        200
    );
    for (name, bad) in [
        ("strange", &strange),
        ("expired", &expired),
        ("future", &future),
    ] {
        assert!(ask(Shows::certificate(&ca, bad)).await.is_err(), "{name}");
    }
    assert!(ask(Shows::nothing(&ca)).await.is_err());
}
