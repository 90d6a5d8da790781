//! Takes out of an output what is different each time.

/// The output with times, moments and container names replaced, and columns no wider than two
/// spaces.
pub(crate) fn redacted(output: &str) -> String {
    let rules = [
        (r"avotest-e2e-[0-9a-f]{8}", "PREFIX"),
        (r"PREFIX-deps:[0-9a-f]+", "PREFIX-deps:KEY"),
        (r"PREFIX-[0-9a-f]{32}", "PREFIX-BOT"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC", "MOMENT"),
        (r"\d+ (min|мин) \d+ (s|с)(\s)", "TIME$3"),
        (r"\d+([.,]\d)? (s|с)(\s)", "TIME$3"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}", "JOB"),
        (r" {2,}", "  "),
        (r" +\n", "\n"),
    ];
    let mut text = output.to_owned();
    for (pattern, with) in rules {
        let pattern = regex_lite::Regex::new(pattern).unwrap();
        text = pattern.replace_all(&text, with).into_owned();
    }
    text
}
