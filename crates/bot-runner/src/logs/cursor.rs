//! Where a reader of logs stands, so that the next answer has no gap and no repeat.

use std::fmt;
use std::str::FromStr;

use super::line::{Line, Stream};

/// The last line seen of each stream. The two streams are read by two threads of the engine, so
/// only within one are moments in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    stdout: Mark,
    stderr: Mark,
}

/// The moment of the last line seen, and how many lines of that very moment were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mark {
    at_ns: i128,
    seen: u32,
}

/// How far apart lines of the two streams may be out of order, seconds.
const DISORDER_S: i128 = 2;
const NS_PER_S: i128 = 1_000_000_000;

impl Cursor {
    /// From which second on the engine must be asked.
    pub(crate) fn since_s(&self) -> i32 {
        let (early, late) = if self.stdout.at_ns < self.stderr.at_ns {
            (self.stdout.at_ns, self.stderr.at_ns)
        } else {
            (self.stderr.at_ns, self.stdout.at_ns)
        };
        // A stream that was silent for long must not make us read everything again.
        let since = early.max(late - DISORDER_S * NS_PER_S).max(0) / NS_PER_S;
        i32::try_from(since).unwrap_or(i32::MAX)
    }

    /// Notes that a line was handed out.
    pub(crate) fn pass(&mut self, line: &Line) {
        self.mark(line.stream).pass(line.at_ns);
    }

    fn mark(&mut self, stream: Stream) -> &mut Mark {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }
}

impl Mark {
    fn pass(&mut self, at_ns: i128) {
        if at_ns > self.at_ns {
            *self = Self { at_ns, seen: 1 };
        } else if at_ns == self.at_ns {
            self.seen += 1;
        }
    }
}

/// Tells lines handed out already from new ones while the engine repeats some.
pub(crate) struct Sieve {
    cursor: Cursor,
    repeated: Cursor,
}

impl Sieve {
    pub(crate) fn new(cursor: Cursor) -> Self {
        Self {
            cursor,
            repeated: Cursor::default(),
        }
    }

    /// Whether this line comes after the cursor.
    pub(crate) fn is_new(&mut self, line: &Line) -> bool {
        let mark = *self.cursor.mark(line.stream);
        if line.at_ns != mark.at_ns {
            return line.at_ns > mark.at_ns;
        }
        let repeated = self.repeated.mark(line.stream);
        repeated.pass(line.at_ns);
        repeated.seen > mark.seen
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (out, err) = (self.stdout, self.stderr);
        write!(f, "1.{}.{}.{}.{}", out.at_ns, out.seen, err.at_ns, err.seen)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.');
        if parts.next() != Some("1") {
            return Err(());
        }
        let mut mark = || {
            let at_ns = parts.next()?.parse::<u64>().ok()?;
            Some(Mark {
                at_ns: at_ns.into(),
                seen: parts.next()?.parse().ok()?,
            })
        };
        let cursor = mark().and_then(|stdout| {
            Some(Self {
                stdout,
                stderr: mark()?,
            })
        });
        cursor.filter(|_| parts.next().is_none()).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(stream: Stream, at_ns: i128, text: &str) -> Line {
        Line {
            stream,
            at_ns,
            text: text.to_owned(),
        }
    }

    #[test]
    fn reading_on_in_any_steps_has_no_gap_and_no_repeat() {
        let (out, err) = (Stream::Stdout, Stream::Stderr);
        let all = [
            line(out, 5, "a"),
            line(out, 5, "b"),
            line(err, 4, "c"), // later in the file, earlier by the clock
            line(out, 5, "d"),
            line(err, 9, "e"),
            line(out, 9, "f"),
        ];
        for step in 1..=all.len() {
            let (mut got, mut cursor) = (Vec::new(), Cursor::default());
            loop {
                let read: Cursor = cursor.to_string().parse().unwrap();
                let mut sieve = Sieve::new(read);
                let new: Vec<_> = all
                    .iter()
                    .filter(|line| sieve.is_new(line))
                    .take(step)
                    .cloned()
                    .collect();
                if new.is_empty() {
                    break;
                }
                new.iter().for_each(|line| cursor.pass(line));
                got.extend(new);
            }
            assert_eq!(got, all, "in steps of {step}");
        }
    }

    #[test]
    fn a_silent_stream_does_not_pull_the_start_back() {
        let mut cursor = Cursor::default();
        cursor.pass(&line(Stream::Stderr, 10 * NS_PER_S, "x"));
        cursor.pass(&line(Stream::Stdout, 500 * NS_PER_S, "y"));
        assert_eq!(cursor.since_s(), 498);
        for bad in [
            "",
            "1",
            "1.2.3.4",
            "2.1.1.1.1",
            "1.1.1.1.1.1",
            "1.-1.0.0.0",
            "1.a.0.0.0",
        ] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }
}
