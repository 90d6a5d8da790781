//! Expressions: what they mean, what is refused, and that nothing can hang them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

use avtomatika_blueprint::expression::{Entry, Scope, compile};
use serde_json::{Value, json};

const NAMES: [&str; 4] = ["input", "data", "task", "now"];

/// The value of an expression, or the place and reason there is none.
fn value(text: &str, input: &Value) -> String {
    let expression = match compile(text, &NAMES) {
        Ok(expression) => expression,
        Err(errors) => {
            let shown = errors.iter().map(|error| {
                let hint = error.hint.as_deref().map(|hint| format!(" ({hint})"));
                format!(
                    "{}+{} {}{}",
                    error.at,
                    error.length,
                    error.reason,
                    hint.unwrap_or_default()
                )
            });
            return shown.collect::<Vec<_>>().join("; ");
        }
    };
    let mut scope = Scope::default();
    scope.set("input", Entry::Value(input));
    scope.set("now", Entry::Time(1_795_284_000_000));
    match expression.evaluate(&scope) {
        Ok(value) => value.to_string(),
        Err(error) => format!("!{} {}", error.at, error.reason),
    }
}

#[test]
fn expressions_mean_what_they_say() {
    let input = json!({
        "n": 3, "f": 2.5, "big": 18_446_744_073_709_551_615_u64, "s": "Привет", "none": null, "t": true,
        "list": [1, 2, 3], "people": [{"name": "Ann", "age": 30}, {"name": "Bob"}],
        "deep": {"a": {"b": "found"}}, "odd key": 1,
    });
    for (text, expected) in [
        ("input.n", "3"),
        (
            "input.deep.a.b + {'z': 1, 'y': 2, 'x': 3, 'w': 4}.map(k, k).join('')",
            "\"foundwxyz\"",
        ),
        ("input.n + 1", "4"),
        ("input.f * 2.0", "5.0"),
        ("input.n > 2.5", "true"),
        ("input.big", "18446744073709551615"),
        ("input.s + '!'", "\"Привет!\""),
        ("input.s.upper()", "\"ПРИВЕТ\""),
        ("size(input.s)", "6"),
        ("input.list.map(x, x * 2)", "[2,4,6]"),
        ("input.list.filter(x, x > 1)", "[2,3]"),
        ("input.list.exists(x, x == 2)", "true"),
        ("input.people.map(p, p.age ?? 0)", "[30,0]"),
        ("input.people[1].name", "\"Bob\""),
        ("input.people[7].name ?? 'nobody'", "\"nobody\""),
        ("input.missing ?? 'x'", "\"x\""),
        ("input.none ?? 'x'", "\"x\""),
        ("input.none.deeper ?? 'x'", "\"x\""),
        ("input.missing.deeper.still ?? 'x'", "\"x\""),
        ("input.missing ?? input.also ?? 7", "7"),
        ("input.n ?? input.missing", "3"),
        ("input.count ?? 0 > 5", "false"),
        ("(input.count ?? 9) > 5 ? 'many' : 'few'", "\"many\""),
        ("input.deep.a.b ?? 'x'", "\"found\""),
        ("input['odd key'] + 0", "1"),
        ("has(input.n) && !has(input.missing)", "true"),
        (
            "has(input.none.x) || has(input.missing.x) || has(input.deep.z)",
            "false",
        ),
        ("has(input.none) && has(input.deep.a.b)", "true"),
        ("has(input.n.x)", "!0 value has no keys"),
        ("input.people.filter(p, has(p.age)).size()", "1"),
        ("input.people.map(input, input.age ?? 1)", "[30,1]"),
        ("(input.missing ?? input.n + 1) * 2", "8"),
        ("input.n.x ?? input.n + 1", "!0 int has no keys"),
        ("input.?missing.orValue('x')", "\"x\""),
        ("{'a': input.n, 'b': [input.t]}", "{\"a\":3,\"b\":[true]}"),
        ("input.list + [4]", "[1,2,3,4]"),
        ("', '.join", "!0"),
        ("['a', 'b'].join('-')", "\"a-b\""),
        ("'a,b'.split(',')", "[\"a\",\"b\"]"),
        ("'banana'.replace('a', 'o')", "\"bonono\""),
        ("'banana'.substring(2)", "\"nana\""),
        ("'banana'.substring(1, 3)", "\"an\""),
        ("math.greatest(1, 5, 3)", "5"),
        ("math.round(2.6)", "3.0"),
        ("string(input.n) + 'x'", "\"3x\""),
        ("int('12') + input.n", "15"),
        ("'abc'.matches('^a.c$')", "true"),
        ("type(input.n) == int", "true"),
        ("3 in input.list", "true"),
        ("input.n == 3 || input.missing == 1", "true"),
        ("1 + 2 // a comment", "3"),
        ("now", "\"2026-11-21T18:00:00Z\""),
        ("now + duration('1h30m')", "\"2026-11-21T19:30:00Z\""),
        ("now - timestamp('2026-11-21T17:59:59.5Z')", "\"0.5s\""),
        ("duration('1h') - duration('90m')", "\"-1800s\""),
        (
            "now > timestamp('2026-01-01T00:00:00Z') && now == timestamp(int(now))",
            "true",
        ),
        ("now.getHours()", "18"),
        ("now.getHours('Europe/Moscow')", "21"),
        ("now.getHours('-02:30')", "15"),
        ("now.getDayOfWeek()", "6"),
        ("string(now) + '!'", "\"2026-11-21T18:00:00Z!\""),
        ("duration('90m').getHours()", "1"),
        ("now + 1", "!0 '+' does not work on timestamp and int"),
        (
            "timestamp('soon')",
            "!0 timestamp: the text is not a time like 2026-11-21T18:00:00Z",
        ),
        (
            "now + duration('99y')",
            "!0 duration: not a duration; durations look like 500ms, 30s, 5m, 2h, 1d or 1h30m",
        ),
        ("input.missing", "!0 'input' has no key 'missing'"),
        ("'x' + input.deep.c", "!6 there is no key 'c'"),
        (
            "input.n.x",
            "!0 'input.n' is not an object, it has no key 'x'",
        ),
        (
            "input.n.x ?? 1",
            "!0 'input.n' is not an object, it has no key 'x'",
        ),
        (
            "input.n + 'a'",
            "!0 '+' does not work on int and string; make them one kind with int(…), double(…) or string(…)",
        ),
        ("input.n / 0", "!0 division by zero"),
        (
            "1.0 / 0.0",
            "!0 the result is a number without end (division by 0.0?)",
        ),
        ("input.list[9]", "!0 the list has no item at this place"),
    ] {
        let shown = value(text, &input);
        if expected != "!0" {
            assert_eq!(shown, expected, "{text}");
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, expected) in [
        ("", "0+0 the expression is empty"),
        (
            "inptu.x",
            "0+5 unknown variable 'inptu' (did you mean 'input'?)",
        ),
        (
            "1 + inptu.x ?? 2",
            "4+5 unknown variable 'inptu' (did you mean 'input'?)",
        ),
        (
            "size(input) + sise(data)",
            "14+4 unknown function 'sise' (did you mean 'size'?)",
        ),
        (
            "input.s.uper()",
            "8+4 unknown function 'uper' (did you mean 'upper'?)",
        ),
        ("1 +", "3+0 this is no expression: it ends too early"),
        (
            "input.x = 1",
            "8+1 this is no expression: unexpected '=' ('=' is written '==' here)",
        ),
        (
            "__or(0)",
            "0+4 names that begin with '__' are not available",
        ),
        ("Foo{a: 1}", "3+1 messages (`Name{…}`) are not supported"),
        (
            "input.list.map(x, y)",
            "18+1 unknown variable 'y' (there is: input, data, task, now)",
        ),
        (
            "a.b.c",
            "0+1 unknown variable 'a' (there is: input, data, task, now)",
        ),
    ] {
        assert_eq!(value(text, &Value::Null), expected, "{text}");
    }
}

#[test]
fn nothing_hangs_or_overflows() {
    let list: Vec<u32> = (0..1_000).collect();
    let text = "x".repeat(1_000_000);
    let input = json!({"l": list, "t": text});
    let nested = "input.l.map(a, input.l.map(b, input.l.map(c, a + b + c)))";
    let sum = ["input.t"; 60].join(" + ");
    let copies = "input.l.map(a, input.t)";
    let doubled = "input.t.replace('x', input.t)";
    let compared = "input.l.filter(a, input.t == input.t + 'y')";
    let any = "input.l.exists(a, input.l.exists(b, input.l.exists(c, a + b + c < 0)))";
    for hostile in [nested, &sum, copies, doubled, compared, any] {
        let begun = std::time::Instant::now();
        let shown = value(hostile, &input);
        assert_eq!(shown, "!0 the expression takes too much work", "{hostile}");
        assert!(
            begun.elapsed().as_secs() < 20,
            "{hostile}: {:?}",
            begun.elapsed()
        );
    }
    for deep in [
        "!".repeat(390) + "true",
        "1".to_owned() + &"+1".repeat(190),
        "input".to_owned() + &".a".repeat(190),
        "true ? 1 : ".repeat(90) + "2",
        "[".repeat(20) + &"]".repeat(20),
        "(".repeat(24) + "1" + &")".repeat(24),
        "1 ?? ".repeat(150) + "1",
        "input[0]".to_owned() + &"[0]".repeat(100),
    ] {
        println!("{:?}", value(&deep, &Value::Null).get(..80.min(deep.len())));
    }
}

#[test]
fn what_is_written_otherwise_elsewhere_is_named() {
    let input = json!({"n": 3, "f": 2.5, "s": "x", "t": true, "list": [1]});
    for (text, wanted) in [
        ("input.t and input.t", "'and' is written '&&' here"),
        ("input.t or input.t", "'or' is written '||' here"),
        ("not input.t", "'not' is written '!' here"),
        ("input.n = 3", "'=' is written '==' here"),
        ("math.min(1, 2)", "here it is called 'math.least'"),
        ("float(input.n)", "here it is called 'double'"),
        ("len(input.list)", "here it is called 'size'"),
        ("math.least(input.s, 1)", "'math.least' does not work on "),
        (
            "input.n * input.f",
            "'*' does not work on int and double; write double(…)",
        ),
        (
            "input.s - 1",
            "'-' does not work on string and int; make them one kind",
        ),
        (
            "input.s < 1",
            "does not work on string and int; make them one kind",
        ),
        (
            "input.s + 1",
            "'+' does not work on string and int; make them one kind",
        ),
    ] {
        let said = value(text, &input);
        assert!(said.contains(wanted), "{text}: {said}");
    }
}
