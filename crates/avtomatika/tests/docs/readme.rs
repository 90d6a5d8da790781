//! The worker of the README, compiled.

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
