//! What a builder refuses.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

use avtomatika_worker::{Error, TaskContext, TlsFiles, Worker, WorkerBuilder};

fn builder(url: &str, id: &str) -> WorkerBuilder {
    Worker::builder(url, id).task("a", |_: TaskContext| async {})
}

const URL: &str = "http://127.0.0.1:1";

#[test]
fn refuses_what_cannot_work_and_says_why() {
    let refused = |builder: WorkerBuilder| builder.build().unwrap_err();
    let error = refused(builder("ftp://example.org", "w"));
    assert!(matches!(error, Error::InvalidServer { .. }), "{error}");
    assert!(error.to_string().contains("https"), "{error}");
    let second = refused(builder(URL, "w").server("nonsense"));
    assert!(matches!(second, Error::InvalidServer { url, .. } if url == "nonsense"));
    assert!(matches!(
        refused(builder(URL, "")),
        Error::InvalidWorkerId { .. }
    ));
    assert!(matches!(
        refused(builder(URL, "w").token("two\nlines")),
        Error::InvalidToken
    ));
    assert!(matches!(refused(Worker::builder(URL, "w")), Error::NoTasks));
    let twice = refused(builder(URL, "w").task("a", |_| async {}));
    assert!(matches!(twice, Error::DuplicateTask { task_type } if task_type == "a"));
    let none = refused(builder(URL, "w").max_concurrent_tasks(0));
    assert!(matches!(none, Error::InvalidLimit { .. }));
    let unknown = refused(builder(URL, "w").type_limit("b", 1));
    assert!(matches!(unknown, Error::InvalidLimit { what, .. } if what == "b"));
    assert!(matches!(
        refused(builder(URL, "w").type_limit("a", 0)),
        Error::InvalidLimit { .. }
    ));
}

#[test]
fn tokens_are_not_shown() {
    let builder = builder(URL, "w").token("123456:TEST-TOKEN");
    assert!(!format!("{builder:?}").contains("TEST-TOKEN"));
    assert!(!format!("{:?}", builder.build().unwrap()).contains("TEST-TOKEN"));
}

#[test]
fn refuses_certificates_that_cannot_be_used() {
    let refused = |files: TlsFiles| {
        let error = builder("https://example.org", "w").tls(files).build();
        error.unwrap_err().to_string()
    };
    let none = Some("no-such-file.pem".into());
    let told = refused(TlsFiles {
        ca: none.clone(),
        ..TlsFiles::default()
    });
    assert!(
        told.starts_with("set up TLS: read no-such-file.pem: "),
        "{told}"
    );
    let told = refused(TlsFiles {
        ca: Some("Cargo.toml".into()),
        ..TlsFiles::default()
    });
    assert_eq!(told, "set up TLS: find a certificate in PEM in Cargo.toml");
    let told = refused(TlsFiles {
        cert: none.clone(),
        ..TlsFiles::default()
    });
    assert!(told.contains("without its key"), "{told}");
    // A server without TLS needs none of it.
    let files = TlsFiles {
        ca: none,
        ..TlsFiles::default()
    };
    assert!(builder(URL, "w").tls(files).build().is_ok());
}
