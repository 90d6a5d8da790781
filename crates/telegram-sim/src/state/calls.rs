//! The record of a bot's calls.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use crate::{
    clock::now_ms,
    control::{Answer, AnswerQuery, CallFile, CallQuery, CallRecord},
};

/// Longest argument kept; a message is at most 4 096 characters.
const ARG_BYTES_MAX: usize = 16 << 10;

/// Most arguments kept; no method has half as many.
const ARGS_MAX: usize = 64;

/// Latest calls, oldest first, and counters of all.
#[derive(Debug)]
pub(crate) struct Calls {
    records: VecDeque<CallRecord>,
    records_max: usize,
    last_seq: u64,
    total: u64,
    by_method: BTreeMap<String, u64>,
}

/// A call that was just answered.
#[derive(Debug, Default)]
pub(crate) struct NewCall {
    pub(crate) method: String,
    pub(crate) args: BTreeMap<String, String>,
    pub(crate) files: Vec<CallFile>,
    pub(crate) error: Option<(u16, String)>,
    pub(crate) result: Option<Value>,
}

impl Calls {
    pub(crate) fn new(records_max: usize) -> Self {
        Self {
            records: VecDeque::new(),
            records_max,
            last_seq: 0,
            total: 0,
            by_method: BTreeMap::new(),
        }
    }

    /// Counts a call of a method. Only documented names get a counter of their own, so a caller
    /// cannot grow the map.
    pub(crate) fn count(&mut self, method: Option<&str>) {
        self.total += 1;
        *self
            .by_method
            .entry(method.unwrap_or("unknown").to_owned())
            .or_default() += 1;
    }

    /// Keeps a call.
    pub(crate) fn record(&mut self, call: NewCall) {
        self.last_seq += 1;
        if self.records.len() >= self.records_max {
            self.records.pop_front();
        }
        let chat_id = chat_of(call.result.as_ref())
            .or_else(|| call.args.get("chat_id").and_then(|id| id.parse().ok()));
        let args = call.args.into_iter().take(ARGS_MAX);
        let args = args.map(|(name, value)| (cut(name), cut(value))).collect();
        let (error_code, description) = call.error.unzip();
        self.records.push_back(CallRecord {
            seq: self.last_seq,
            at_ms: now_ms(),
            method: call.method,
            args,
            files: call.files,
            ok: error_code.is_none(),
            error_code,
            description,
            result: call.result,
            chat_id,
        });
    }

    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn by_method(&self) -> &BTreeMap<String, u64> {
        &self.by_method
    }

    /// Calls that fit, oldest first.
    pub(crate) fn find<'a>(&'a self, query: &'a CallQuery) -> impl Iterator<Item = &'a CallRecord> {
        self.after(query.after_seq).filter(|call| {
            let has = |field: &str, part: &str| call.arg(field).is_some_and(|t| t.contains(part));
            query
                .method
                .as_ref()
                .is_none_or(|name| call.method.eq_ignore_ascii_case(name))
                && query.chat_id.is_none_or(|id| call.chat_id == Some(id))
                && query
                    .text_contains
                    .as_ref()
                    .is_none_or(|part| has("text", part) || has("caption", part))
        })
    }

    /// What a user of a chat saw, oldest first.
    pub(crate) fn answers(&self, query: &AnswerQuery) -> Vec<Answer> {
        self.after(query.after_seq)
            .filter(|call| call.ok && is_visible(&call.method))
            .filter(|call| {
                query
                    .chat_id
                    .is_none_or(|id| call.chat_id.is_none_or(|in_| in_ == id))
            })
            .map(to_answer)
            .collect()
    }

    fn after(&self, seq: u64) -> impl Iterator<Item = &CallRecord> {
        let gone = self.last_seq - self.records.len() as u64;
        let skip = usize::try_from(seq.saturating_sub(gone)).unwrap_or(usize::MAX);
        self.records.iter().skip(skip)
    }
}

/// The methods whose effect a user sees.
fn is_visible(method: &str) -> bool {
    (method.starts_with("send") && method != "sendChatAction")
        || method.starts_with("edit")
        || matches!(method, "deleteMessage" | "answerCallbackQuery")
}

fn to_answer(call: &CallRecord) -> Answer {
    let message = call.result.as_ref().filter(|result| result.is_object());
    let text = message
        .and_then(|message| message.get("text").or_else(|| message.get("caption")))
        .and_then(Value::as_str)
        .or_else(|| call.arg("text"));
    Answer {
        seq: call.seq,
        method: call.method.clone(),
        chat_id: call.chat_id,
        text: text.map(ToOwned::to_owned),
        message: message.cloned(),
    }
}

fn chat_of(result: Option<&Value>) -> Option<i64> {
    result?.get("chat")?.get("id")?.as_i64()
}

fn cut(mut value: String) -> String {
    if value.len() > ARG_BYTES_MAX {
        let end = (0..=ARG_BYTES_MAX)
            .rev()
            .find(|at| value.is_char_boundary(*at))
            .unwrap_or(0);
        value.truncate(end);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::{Calls, NewCall};
    use crate::control::CallQuery;

    #[test]
    fn keeps_the_latest_and_finds_by_sequence() {
        let mut calls = Calls::new(3);
        for number in 1..=5 {
            let args = [("text".to_owned(), format!("answer {number}"))].into();
            calls.record(NewCall {
                method: "sendMessage".into(),
                args,
                ..NewCall::default()
            });
        }
        let seqs = |after_seq| {
            let query = CallQuery {
                after_seq,
                ..CallQuery::default()
            };
            calls.find(&query).map(|call| call.seq).collect::<Vec<_>>()
        };
        assert_eq!(seqs(0), [3, 4, 5]);
        assert_eq!(seqs(4), [5]);
        assert_eq!(seqs(9), [0_u64; 0]);
        let query = CallQuery {
            text_contains: Some("answer 4".into()),
            ..CallQuery::default()
        };
        assert_eq!(calls.find(&query).count(), 1);
    }

    #[test]
    fn long_arguments_are_cut_between_characters() {
        let mut calls = Calls::new(1);
        let args = [("text".to_owned(), format!("x{}", "я".repeat(20_000)))].into();
        calls.record(NewCall {
            method: "sendMessage".into(),
            args,
            ..NewCall::default()
        });
        let query = CallQuery::default();
        let kept = calls
            .find(&query)
            .next()
            .unwrap()
            .arg("text")
            .unwrap()
            .len();
        assert_eq!(kept, (16 << 10) - 1);
    }
}
