//! `avtomatika blueprint`.

use std::fs;

use crate::server::Server;
use crate::{program, run};

fn flow(head: &str) -> String {
    format!("{head}\nstates:\n  start: {{goto: done}}\n  done: {{end: completed}}\n")
}

#[test]
fn files_of_one_folder_are_checked_together_as_a_server_does() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let write = |name: &str, head: &str| fs::write(folder.join(name), flow(head)).unwrap();
    write("a.yaml", "name: one\nendpoint: /jobs/one");
    assert!(run(folder, &["blueprint", "check", "."]).1);

    write("b.yaml", "name: one");
    let (said, well) = run(folder, &["blueprint", "check", "."]);
    assert!(!well, "{said}");
    assert!(
        said.contains("error: ./a.yaml has the name 'one' already"),
        "{said}"
    );
    assert!(said.contains("--> ./b.yaml:1:7"), "{said}");
    assert!(said.contains("ok: ./a.yaml"), "{said}");
    assert!(!run(folder, &["blueprint", "check", "a.yaml", "b.yaml"]).1);
    assert!(run(folder, &["blueprint", "check", "b.yaml"]).1);

    write("b.yaml", "name: two\nendpoint: /jobs/one");
    let (said, well) = run(folder, &["blueprint", "check", "."]);
    assert!(
        !well && said.contains("has the endpoint /api/jobs/one already"),
        "{said}"
    );

    // What every server has already, and what is the server's own.
    for (head, reason) in [
        (
            "name: test_flow",
            "that of a blueprint that is part of the program",
        ),
        (
            "name: two\nendpoint: /v1/jobs/test",
            "is taken by blueprint 'test_flow'",
        ),
        (
            "name: two\nendpoint: /admin/reload",
            "is taken by the server",
        ),
    ] {
        write("b.yaml", head);
        let (said, well) = run(folder, &["blueprint", "check", "."]);
        assert!(!well && said.contains(reason), "{said}");
    }
}

#[test]
fn a_sub_blueprint_in_no_file_of_the_folder_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let parent = "name: parent
states:
  start:
    when:
      - if: has(input.fast)
        goto: done
      - else: {run_blueprint: {blueprint: chlid, on: {success: both}}}
  both:
    parallel:
      branches:
        one: {blueprint: test_flow}
        two: {blueprint: nowhere}
        three: {blueprint: \"${input.name}\"}
      into: done
  done: {end: completed}
";
    let child = "name: child\nstates:\n  start: {goto: b}\n  b: {end: completed}\n";
    fs::write(folder.join("parent.yaml"), parent).unwrap();
    fs::write(folder.join("child.yaml"), child).unwrap();
    let (said, well) = run(folder, &["blueprint", "check", "."]);
    assert!(well, "{said}");
    assert!(
        said.contains("warning: no file here is about the blueprint 'chlid'"),
        "{said}"
    );
    assert!(said.contains("parent.yaml:7:43"), "{said}");
    assert!(said.contains("did you mean 'child'?"), "{said}");
    assert!(said.contains("the blueprint 'nowhere'"), "{said}");
    assert_eq!(said.matches("warning:").count(), 2, "{said}");
    // Of a file that was named by itself nothing can be said.
    let (said, _) = run(folder, &["blueprint", "check", "parent.yaml"]);
    assert!(!said.contains("warning:"), "{said}");
}

#[test]
fn a_graph_is_not_written_into_a_file_of_another_kind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.yaml"), flow("name: a")).unwrap();
    let (said, well) = run(folder, &["blueprint", "graph", "a.yaml", "-o", "a.png"]);
    assert!(!well && said.contains(".svg or .dot"), "{said}");
    assert!(!folder.join("a.png").exists());
    for name in ["a.svg", "a.dot", "a.GV"] {
        let (said, well) = run(folder, &["blueprint", "graph", "a.yaml", "-o", name]);
        assert!(well && folder.join(name).exists(), "{said}");
    }
    let with_format = [
        "blueprint",
        "graph",
        "a.yaml",
        "-o",
        "a.txt",
        "--format",
        "dot",
    ];
    assert!(run(folder, &with_format).1);
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.yaml"), flow("name: a")).unwrap();
    for asked in [
        &["check", "a.yaml"][..],
        &["check", "--json", "a.yaml"],
        &["graph", "a.yaml"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = program(folder, &[&["blueprint"], asked].concat());
        let output = command.stdout(writer).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), &*complaint),
            (Some(0), ""),
            "{asked:?}"
        );
    }
}

#[test]
fn a_server_that_starts_on_a_full_disk_has_its_blueprints() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("blueprints")).unwrap();
    let file = folder.join("blueprints/one.yaml");
    fs::write(&file, flow("name: one\nendpoint: /jobs/one")).unwrap();
    let submit = || run(folder, &["jobs", "submit", "jobs/one", "--input", "{}"]);
    let server = Server::start(folder);
    let (said, well) = submit();
    assert!(well, "{said}");
    drop(server);
    // More than any disk has.
    let server = Server::start_with(folder, &["--disk-reserve-mb", "1000000000"]);
    let (said, well) = submit();
    assert!(!well && said.contains("STORAGE_FULL"), "{said}");
    drop(server);
    let _server = Server::start(folder);
    let (said, well) = submit();
    assert!(well, "{said}");
}
