//! The worker of the README, compiled, and its blueprint, checked.

use crate::files::read;

#[path = "worker_example.rs"]
#[allow(
    dead_code,
    clippy::indexing_slicing,
    reason = "it is here to be compiled"
)]
mod worker_example;

#[test]
fn the_worker_of_the_readme_is_the_one_that_compiles() {
    let example = include_str!("worker_example.rs");
    for document in ["README.md", "docs/ru/README.md"] {
        assert!(
            read(document).contains(example),
            "{document} has another worker"
        );
    }
}

#[test]
fn the_blueprint_of_the_readme_is_as_good_as_it_says() {
    for document in ["README.md", "docs/ru/README.md"] {
        let text = read(document);
        let blueprint = text.split("```yaml\n").nth(1).unwrap();
        let blueprint = blueprint.split("```").next().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("blueprints")).unwrap();
        std::fs::write(folder.path().join("blueprints/letter.yaml"), blueprint).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_avtomatika"));
        let output = command
            .current_dir(folder.path())
            .args(["blueprint", "check"])
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{document}: {said}");
        assert!(text.contains(said.trim_end()), "{document} lacks: {said}");
    }
}
