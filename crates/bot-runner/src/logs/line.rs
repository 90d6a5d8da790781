//! One line of output.

use bollard::container::LogOutput;
use serde::Serialize;

use crate::time::{parse_ns, rfc3339};

/// Which of the two streams a line was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A line, or a piece of at most 16 KiB of a longer one. Control bytes are in it as the bot
/// wrote them; whoever shows it neutralises them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it was written to.
    pub stream: Stream,
    /// When, in nanoseconds since the Unix epoch.
    pub at_ns: i128,
    /// What, without the line's end.
    pub text: String,
}

impl Line {
    /// The moment as RFC 3339 in UTC.
    pub fn at(&self) -> String {
        rfc3339(self.at_ns)
    }
}

/// Reads what the engine sends for one line when asked for timestamps. A piece without one (the
/// rest of a long line) gets the moment of the line before.
pub(crate) fn parse(output: LogOutput, before_ns: i128) -> Line {
    let (stream, bytes) = match output {
        LogOutput::StdErr { message } => (Stream::Stderr, message),
        LogOutput::StdOut { message }
        | LogOutput::StdIn { message }
        | LogOutput::Console { message } => (Stream::Stdout, message),
    };
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    let stamped = text
        .split_once(' ')
        .or(Some((text, "")))
        .and_then(|(stamp, rest)| Some((parse_ns(stamp)?, rest)));
    let (at_ns, text) = stamped.unwrap_or((before_ns, text));
    Line {
        stream,
        at_ns,
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_taken_off() {
        let out = |text: &str| LogOutput::StdErr {
            message: text.as_bytes().to_vec().into(),
        };
        let line = parse(out("2026-01-01T00:00:00.000000001Z  two\n"), 5);
        assert_eq!((line.at_ns % 10, line.text.as_str()), (1, " two"));
        assert_eq!(line.stream, Stream::Stderr);
        assert_eq!(parse(out("2026-01-01T00:00:00.5Z \n"), 5).text, "");
        assert_eq!(
            parse(out("the rest\n"), 5),
            Line {
                at_ns: 5,
                text: "the rest".into(),
                ..line
            }
        );
    }
}
