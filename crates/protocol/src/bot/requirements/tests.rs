use proptest::prelude::*;
use serde_json::json;

use super::*;

fn line(text: &str) -> String {
    match canonical(text) {
        Ok(Some(line)) => line,
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn requirements_get_one_canonical_form() {
    for (text, expected) in [
        ("aiogram", "aiogram"),
        (" aiogram ", "aiogram"),
        ("AIOgram", "aiogram"),
        ("Zope.Interface", "zope-interface"),
        ("a__b--c..d", "a-b-c-d"),
        ("aiogram>=3.0", "aiogram>=3"),
        ("aiogram >= 3.0.0 , < 4", "aiogram<4,>=3"),
        ("aiogram<4,>=3,<4.0", "aiogram<4,>=3"),
        ("aiogram (>=3)", "aiogram>=3"),
        ("aiogram( >=3 , <4 )", "aiogram<4,>=3"),
        ("aiogram==3.4.*", "aiogram==3.4.*"),
        ("aiogram==3.0.*", "aiogram==3.0.*"),
        ("aiogram!=3.0.*", "aiogram!=3.0.*"),
        ("aiogram~=3.0", "aiogram~=3.0"),
        ("aiogram===3.0.0", "aiogram===3.0.0"),
        ("aiogram==3.0.0+cpu", "aiogram==3+cpu"),
        ("aiogram==v3.0RC1", "aiogram==3rc1"),
        ("uvicorn[Standard]", "uvicorn[standard]"),
        ("aiogram[i18n, fast,i18n]>=3", "aiogram[fast,i18n]>=3"),
        ("aiogram[]", "aiogram"),
        ("aiogram # the framework", "aiogram"),
        ("aiogram\t>=\t3", "aiogram>=3"),
        (
            "uvloop; sys_platform != 'win32'",
            "uvloop; sys_platform != \"win32\"",
        ),
        (
            "uvloop;python_version>='3.8'",
            "uvloop; python_version >= \"3.8\"",
        ),
        ("x ; ('3' in python_version)", "x; \"3\" in python_version"),
        (
            "x; os_name not  in 'nt java'",
            "x; os_name not in \"nt java\"",
        ),
        (
            "x; sys_platform == 'linux' and python_version < '4' and sys_platform == \"linux\"",
            "x; python_version < \"4\" and sys_platform == \"linux\"",
        ),
        (
            "x>=1; (os_name=='b' or os_name=='a') and (extra=='e')",
            "x>=1; extra == \"e\" and (os_name == \"a\" or os_name == \"b\")",
        ),
        (
            "x; os_name=='c' or os_name=='a' and os_name=='b'",
            "x; os_name == \"c\" or os_name == \"a\" and os_name == \"b\"",
        ),
    ] {
        assert_eq!(line(text), expected, "{text}");
        assert_eq!(line(expected), expected, "canonical twice");
    }
    for blank in ["", "  ", "\t", "# only a comment", "  # indented"] {
        assert_eq!(canonical(blank), Ok(None));
    }
}

#[test]
fn everything_that_is_no_plain_requirement_is_refused() {
    use RequirementFault as F;
    let long = "x".repeat(ENTRY_BYTES_MAX + 1);
    let deep = format!("x; {}os_name=='a'{}", "(".repeat(50), ")".repeat(50));
    let rows: &[(&str, F)] = &[
        ("--index-url https://evil.example", F::Option),
        ("--index-url=https://evil.example", F::Option),
        ("--extra-index-url https://evil.example", F::Option),
        ("-i https://evil.example", F::Option),
        ("--find-links /tmp", F::Option),
        ("--trusted-host x", F::Option),
        ("--pre", F::Option),
        ("-r other.txt", F::Option),
        ("-rother.txt", F::Option),
        ("-c constraints.txt", F::Option),
        ("-e .", F::Option),
        ("-e git+https://h/x", F::Option),
        ("  -r x", F::Option),
        ("aiogram --hash=sha256:00", F::Option),
        ("aiogram --global-option=x", F::Option),
        ("aiogram\t--pre", F::Option),
        ("file:///etc/passwd", F::Url),
        ("file:x", F::Url),
        ("FILE:x", F::Url),
        ("git+ssh://git@host/x.git", F::Url),
        ("git+https://host/x.git", F::Url),
        ("hg+http://x", F::Url),
        ("https://host/x.whl", F::Url),
        ("aiogram @ https://host/x.whl", F::Url),
        ("aiogram@file:///x", F::Url),
        ("aiogram @ ./x", F::Url),
        ("aiogram\n--index-url https://evil.example", F::LineBreak),
        ("aiogram\r-r x", F::LineBreak),
        ("aiogram\n", F::LineBreak),
        ("aiogram\u{b}x", F::LineBreak),
        ("aiogram\u{2028}-r x", F::LineBreak),
        ("aiogram\u{85}x", F::LineBreak),
        ("aiogram\0", F::LineBreak),
        ("aiogram\\", F::Backslash),
        ("aiogram \\ -r x", F::Backslash),
        ("./package", F::Path),
        (".", F::Path),
        ("..", F::Path),
        ("~/package", F::Path),
        ("/abs/package", F::Path),
        ("dir/package", F::Path),
        ("package-1.0.whl", F::Path),
        ("package-1.0.tar.gz", F::Path),
        ("requirements.txt", F::Path),
        ("bot.py", F::Path),
        ("_aiogram", F::Name),
        ("aiogram-", F::Name),
        ("аiogram", F::Name),
        ("aiogrаm", F::Name),
        ("$(id)", F::Name),
        ("${HOME}", F::Name),
        ("`id`", F::Name),
        ("\"aiogram\"", F::Name),
        ("[fast]", F::Name),
        (">=3", F::Name),
        ("aiogram[", F::Extras),
        ("aiogram[fast", F::Extras),
        ("aiogram[,]", F::Extras),
        ("aiogram[fast,]", F::Extras),
        ("aiogram[a b]", F::Extras),
        ("aiogram=3.0", F::SingleEquals),
        ("aiogram = 3.0", F::SingleEquals),
        ("aiogram 3.0", F::Version),
        ("aiogram requests", F::Version),
        ("aiogram,requests", F::Version),
        ("aiogram>=", F::Version),
        ("aiogram>=3,", F::Version),
        ("aiogram>=3 <4", F::Version),
        ("aiogram>=x", F::Version),
        ("aiogram>=3.*", F::Version),
        ("aiogram>=1.0+local", F::Version),
        ("aiogram~=3", F::Version),
        ("aiogram~=3.0.*", F::Version),
        ("aiogram==1.0.dev1.*", F::Version),
        ("aiogram(>=3", F::Version),
        ("aiogram()", F::Version),
        ("aiogram=>3", F::SingleEquals),
        ("aiogram===", F::Version),
        ("aiogram===${X}", F::Version),
        ("aiogram>=3$(id)", F::Version),
        ("aiogram>=3|id", F::Version),
        ("aiogram;", F::Marker),
        ("aiogram; x", F::Marker),
        ("aiogram; python_version", F::Marker),
        ("aiogram; python_version >=", F::Marker),
        ("aiogram; python_version >= 3", F::Marker),
        ("aiogram; python_version >= '3", F::Marker),
        ("aiogram; python_version >= '3\"", F::Marker),
        ("aiogram; '3' >= '3'", F::Marker),
        ("aiogram; (python_version >= '3'", F::Marker),
        ("aiogram; python_version >= '3')", F::Marker),
        ("aiogram; python_version >= '3' and", F::Marker),
        (
            "aiogram; python_version >= '3' xor os_name == 'a'",
            F::Marker,
        ),
        ("aiogram; os_name == '$HOME'", F::Marker),
        ("aiogram; os_name == 'a' -r x", F::Option),
        (&deep, F::Marker),
        (&long, F::TooLong(ENTRY_BYTES_MAX)),
    ];
    for (text, fault) in rows {
        assert_eq!(canonical(text), Err(fault.clone()), "{text:?}");
    }
}

#[test]
fn a_list_is_sorted_and_each_need_named_once() {
    let one = json!([
        "requests",
        "AIOgram >= 3.0",
        "# comment",
        "",
        "aiogram>=3",
        "aiogram[fast]"
    ]);
    let two = json!(["aiogram[fast]", "Requests", "aiogram>=3.0.0"]);
    assert_eq!(parse(Some(&one)), parse(Some(&two)));
    assert_eq!(
        parse(Some(&one)).unwrap(),
        ["aiogram>=3", "aiogram[fast]", "requests"]
    );
    assert_eq!(parse(None), Ok(vec![]));
    assert_eq!(parse(Some(&json!(null))), Ok(vec![]));
}

#[test]
fn what_is_no_list_of_texts_is_refused() {
    for bad in [
        json!("aiogram"),
        json!({}),
        json!(1),
        json!([1]),
        json!([null]),
        json!([["aiogram"]]),
        json!(vec!["aiogram"; COUNT_MAX + 1]),
    ] {
        assert_eq!(
            parse(Some(&bad)).unwrap_err().code(),
            "INVALID_REQUIREMENTS",
            "{bad}"
        );
    }
}

#[test]
fn refused_entries_are_repeated_without_their_credentials() {
    for entry in [
        "--index-url https://me:MARKER@host/simple",
        "--index-url=MARKER",
        "-i MARKER",
        "x @ git+https://me:MARKER@host/x",
        "git+ssh://me:MARKER@host/x",
        "https://MARKER@host/x",
        "MARKER@host",
        "x --config-settings=MARKER",
    ] {
        let Err(refusal) = parse(Some(&json!([entry]))) else {
            panic!("{entry}")
        };
        let shown = json!(crate::Failure::from(refusal)).to_string();
        assert!(
            !shown.contains("MARKER") || entry.starts_with("MARKER"),
            "{shown}"
        );
    }
}

/// Texts near the grammar.
fn near() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "B.c",
        "_",
        "-",
        "[",
        "]",
        ",",
        ">=",
        "==",
        "~=",
        "===",
        "<",
        "1",
        "1.0",
        ".*",
        "rc1",
        "+x",
        ";",
        " ",
        "(",
        ")",
        "and",
        "or",
        "in",
        "not",
        "os_name",
        "python_version",
        "'3'",
        "\"x y\"",
        "#",
        "@",
        "\\",
        "\n",
        "--pre",
        "://",
        "1!",
        ".post1",
        ".dev0",
        "й",
    ]);
    prop_oneof![
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()),
        "[A-Za-z][A-Za-z0-9._-]{0,6}[a-z](\\[[a-z]{1,3}(,[a-z]{1,3}){0,2}\\])?((>=|==|<|!=)[0-9]{1,2}(\\.[0-9]{1,2}){0,2}((a|rc|\\.post|\\.dev)[0-9])?)?(; ?(os_name|extra) ?== ?'[a-z. ]{0,4}'( (and|or) os_name<'x'){0,2})?",
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn normalising_twice_changes_nothing_and_yields_one_plain_line(text in near()) {
        if let Ok(Some(line)) = canonical(&text) {
            prop_assert_eq!(canonical(&line), Ok(Some(line.clone())));
            prop_assert!(line.is_ascii());
            prop_assert!(line.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()));
            prop_assert!(!line.contains(|c: char| c.is_control() || "@\\$#`'".contains(c)));
            prop_assert!(!line.contains("://") && !line.contains(" -"));
        }
    }
}
