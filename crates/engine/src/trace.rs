//! Trace contexts (W3C Trace Context, `traceparent`) of jobs and tasks.
//!
//! Ids of spans are derived from the ids of jobs and tasks, so whoever reports a span of one, the
//! server or a worker on another host, agrees on them without being told.

use avtomatika_protocol::{JobId, TaskId};

/// A trace, and the span something hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: [u8; 16],
    /// The span.
    pub span: [u8; 8],
    /// Whether the trace is recorded.
    pub sampled: bool,
}

impl TraceContext {
    /// Reads a `traceparent`. One that is malformed, or all zeros, counts as none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let version = hex(parts.next()?, 2)?;
        let trace = hex(parts.next()?, 32)?;
        let span = hex(parts.next()?, 16)?;
        let flags = *hex(parts.next()?, 2)?.first()?;
        // Version ff is forbidden; version 00 has exactly four parts.
        if version == [0xff] || (version == [0] && parts.next().is_some()) {
            return None;
        }
        let context = Self {
            trace: trace.try_into().ok()?,
            span: span.try_into().ok()?,
            sampled: flags & 1 == 1,
        };
        (context.trace != [0; 16] && context.span != [0; 8]).then_some(context)
    }

    /// The context of a job nobody sent one with: a trace of its own.
    pub fn of_job(job: JobId) -> Self {
        Self {
            trace: *job.as_bytes(),
            span: job_span(job),
            sampled: true,
        }
    }

    /// The same trace, at another span.
    #[must_use]
    pub fn at(self, span: [u8; 8]) -> Self {
        Self { span, ..self }
    }

    /// As a `traceparent`.
    pub fn header(self) -> String {
        let mut text = String::from("00-");
        push_hex(&mut text, &self.trace);
        text.push('-');
        push_hex(&mut text, &self.span);
        text.push_str(if self.sampled { "-01" } else { "-00" });
        text
    }
}

/// The span of a job.
pub fn job_span(job: JobId) -> [u8; 8] {
    derive(b"job", job.as_bytes())
}

/// The span of a task: what its worker's spans hang on.
pub fn task_span(task: TaskId) -> [u8; 8] {
    derive(b"task", task.as_bytes())
}

fn derive(kind: &[u8], id: &[u8; 16]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(kind).update(id);
    let mut span = [0; 8];
    hasher.finalize_xof().fill(&mut span);
    span
}

/// Lower-case hex digits, as many as asked for, as bytes.
fn hex(text: &str, digits: usize) -> Option<Vec<u8>> {
    let lower = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if text.len() != digits || !text.bytes().all(lower) {
        return None;
    }
    let pairs = (0..digits).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(half), 16));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_read_as_the_standard_has_them() {
        let example = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let context = TraceContext::parse(example).unwrap();
        assert!(context.sampled);
        assert_eq!(context.header(), example);
        assert_eq!(
            context.at([1; 8]).header(),
            "00-0af7651916cd43dd8448eb211c80319c-0101010101010101-01"
        );
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        ] {
            assert_eq!(TraceContext::parse(bad), None, "{bad}");
        }
        let later = "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-more";
        assert!(!TraceContext::parse(later).unwrap().sampled);
    }
}
