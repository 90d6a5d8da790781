//! Bad files: each says all that is wrong with it, with line, column and hint. The files are in
//! `tests/bad`, what is said of them in `tests/snapshots`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

use avtomatika_blueprint::{FILE_BYTES_MAX, Problem, Source, parse};

/// All that is wrong with a file, as people see it.
fn shown(name: &str, text: &str) -> String {
    match parse(&Source::new(name, text)) {
        Ok(parsed) => panic!("{name} is accepted as {}", parsed.name),
        Err(refused) => {
            let positions: Vec<_> = refused.0.iter().map(|problem| problem.position).collect();
            assert!(positions.is_sorted(), "{name}: {positions:?}");
            refused.0.iter().map(Problem::pretty).collect()
        }
    }
}

/// The first thing that is wrong with a file, in one line.
fn first(text: &str) -> String {
    let refused = parse(&Source::new("f", text))
        .map(|parsed| parsed.name)
        .unwrap_err();
    format!("{} {}", refused.0[0].position, refused.0[0].reason)
}

#[test]
fn each_bad_file_says_all_that_is_wrong_with_it() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bad");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        insta::with_settings!({snapshot_suffix => name.clone(), omit_expression => true}, {
            insta::assert_snapshot!(shown(&format!("{name}.yaml"), &text));
        });
        count += 1;
    }
    assert!(count >= 10, "{count}");
}

#[test]
fn files_that_are_no_blueprint_at_all() {
    for (text, expected) in [
        ("", "1:1 the file is empty"),
        ("# only a comment\n", "1:1 the file is empty"),
        (
            "- a\n- b\n",
            "1:1 a blueprint must be a mapping, not a list",
        ),
        (
            "just text",
            "1:1 a blueprint must be a mapping, not a string",
        ),
        (
            "name: [",
            "1:8 not YAML: while parsing a node, did not find expected node content",
        ),
        ("name: a\n---\nname: b\n", "2:1 a second document"),
        (
            "a: *b\n",
            "1:4 not YAML: while parsing node, found unknown anchor",
        ),
        (
            "a: &x [*x]\n",
            "1:8 this alias is used inside of what it stands for",
        ),
        (
            "name: &a b\nstates: !!map {start: {end: completed}}\n",
            "2:9 tags are not supported ('tag:yaml.org,2002:!map')",
        ),
        ("\u{0}", "1:1 not YAML: found unprintable character"),
    ] {
        assert_eq!(first(text), expected, "{text:?}");
    }
}

#[test]
fn files_that_are_too_much_are_refused_quickly() {
    let bombs = [
        (" ".repeat(FILE_BYTES_MAX + 1), "longer than 256 KiB"),
        ("[".repeat(10_000), "recursion limit exceeded"),
        (
            "a: ".to_owned() + &"{b: ".repeat(100),
            "levels inside each other",
        ),
        ("- ".repeat(10_000), "levels inside each other"),
        (laughs(), "holds more than 20000 values"),
        (
            format!(
                "name: f\nstates: {{start: {{finish: {{result: \"${{{}}}\"}}}}}}",
                "(".repeat(5_000)
            ),
            "longer than",
        ),
        (
            format!(
                "name: f\nstates: {{start: {{finish: {{result: \"${{{}1}}\"}}}}}}",
                "!".repeat(5_000)
            ),
            "longer than",
        ),
    ];
    for (text, expected) in bombs {
        let begun = std::time::Instant::now();
        let said = first(&text);
        assert!(said.contains(expected), "{said}");
        assert!(
            begun.elapsed().as_secs() < 5,
            "{expected}: {:?}",
            begun.elapsed()
        );
    }
}

/// Nine levels of ten aliases each.
fn laughs() -> String {
    let mut text = "a0: &a0 [lol]\n".to_owned();
    for level in 1..10 {
        let last = format!("*a{}, ", level - 1).repeat(10);
        text.push_str(&format!("a{level}: &a{level} [{last}]\n"));
    }
    text
}
