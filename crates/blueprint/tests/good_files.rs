//! Good files: they are accepted, and do what they say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

use avtomatika_blueprint::{Source, compile, parse};

/// The example files of the repository.
fn examples() -> Vec<std::path::PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/blueprints");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn the_examples_are_good() {
    for file in examples() {
        let text = std::fs::read_to_string(&file).unwrap();
        let parsed = match parse(&Source::new(file.display().to_string(), text)) {
            Ok(parsed) => parsed,
            Err(refused) => {
                let shown: String = refused
                    .0
                    .iter()
                    .map(avtomatika_blueprint::Problem::pretty)
                    .collect();
                panic!("{shown}")
            }
        };
        let blueprint = compile(&parsed).unwrap();
        assert_eq!(blueprint.name, parsed.name);
    }
}
