//! A TOML file read table by table, with every mistake noted by table, key and line.

use std::collections::BTreeMap;
use std::ops::Range;

use avtomatika_blueprint::nearest::nearest;
use serde_json::{Map, Number, Value as Json};
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::Rate;
use super::hash::Hash;
use super::mistakes::Mistake;

/// The longest token, bytes.
const TOKEN_MAX_BYTES: usize = 1_024;

/// A file's tables and what is wrong with them.
pub(super) struct Reading {
    /// In the order of the file.
    pub(super) tables: Vec<Fields>,
    /// What is wrong outside of the tables.
    pub(super) mistakes: Vec<Mistake>,
}

impl Reading {
    /// Reads a file whose top level holds tables only.
    pub(super) fn of(text: &str) -> Self {
        let (spans, errors) = DeTable::parse_recoverable(text);
        let line = |span: Range<usize>| {
            let before = text.as_bytes().get(..span.start).unwrap_or_default();
            1 + before.iter().filter(|byte| **byte == b'\n').count()
        };
        let mut mistakes: Vec<_> = errors
            .iter()
            .map(|error| Mistake {
                line: error.span().map_or(1, line),
                table: None,
                key: None,
                // Only the parser's words: its display repeats the line, and the line may be a
                // token.
                text: error.message().to_owned(),
            })
            .collect();
        let mut values = match toml::from_str::<Table>(text) {
            Ok(values) => values,
            Err(error) => {
                if mistakes.is_empty() {
                    mistakes.push(Mistake {
                        line: error.span().map_or(1, line),
                        table: None,
                        key: None,
                        text: error.message().to_owned(),
                    });
                }
                return Self {
                    tables: Vec::new(),
                    mistakes,
                };
            }
        };
        let mut tables = Vec::new();
        for (name, spanned) in spans.get_ref() {
            let at = line(name.span());
            let name: &str = name.get_ref();
            match (values.remove(name), spanned.get_ref()) {
                (Some(Value::Table(values)), DeValue::Table(keys)) => {
                    let lines = keys
                        .keys()
                        .map(|key| (key.get_ref().to_string(), line(key.span())))
                        .collect();
                    tables.push(Fields {
                        name: name.to_owned(),
                        line: at,
                        lines,
                        values,
                        mistakes: Vec::new(),
                    });
                }
                _ => mistakes.push(Mistake {
                    line: at,
                    table: Some(name.to_owned()),
                    key: None,
                    text: "must be a table: only tables belong at the top level".to_owned(),
                }),
            }
        }
        tables.sort_by_key(|table| table.line);
        Self { tables, mistakes }
    }
}

/// One table: each key is taken out as it is read.
pub(super) struct Fields {
    /// The table's name.
    pub(super) name: String,
    line: usize,
    lines: BTreeMap<String, usize>,
    values: Table,
    /// What is wrong with it so far.
    pub(super) mistakes: Vec<Mistake>,
}

impl Fields {
    /// Notes a mistake about a key; about the table without one.
    pub(super) fn wrong(&mut self, key: Option<&str>, text: impl Into<String>) {
        let line = key.and_then(|key| self.lines.get(key).copied());
        self.mistakes.push(Mistake {
            line: line.unwrap_or(self.line),
            table: Some(self.name.clone()),
            key: key.map(str::to_owned),
            text: text.into(),
        });
    }

    /// Whether the key is there and has not been read yet.
    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    fn read<T>(
        &mut self,
        key: &str,
        wanted: &str,
        convert: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.values.remove(key)?;
        let read = convert(&value);
        if read.is_none() {
            self.wrong(Some(key), format!("must be {wanted}"));
        }
        read
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.read(key, "a string that is not empty", |value| {
            let text = value.as_str().filter(|text| !text.is_empty());
            text.map(str::to_owned)
        })
    }

    pub(super) fn whole(&mut self, key: &str, min: u64) -> Option<u64> {
        self.read(key, &format!("a whole number from {min}"), |value| {
            let number = u64::try_from(value.as_integer()?).ok()?;
            (number >= min).then_some(number)
        })
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        self.read(key, "true or false", Value::as_bool)
            .unwrap_or_default()
    }

    pub(super) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        self.read(key, "a list of strings that are not empty", texts_in)
    }

    /// `rate_per_second` and `burst`.
    pub(super) fn rate(&mut self) -> Option<Rate> {
        let wanted = "a number above 0 and up to 1000000";
        let given = self.has("rate_per_second");
        #[expect(clippy::cast_precision_loss, reason = "bounded to a million below")]
        let per_second = self.read("rate_per_second", wanted, |value| {
            let number = match value {
                Value::Integer(number) => *number as f64,
                Value::Float(number) => *number,
                _ => return None,
            };
            (number > 0.0 && number <= 1e6).then_some(number)
        });
        let has_burst = self.has("burst");
        let burst = self.read("burst", "a whole number from 1 to 4294967295", |value| {
            let number = u32::try_from(value.as_integer()?).ok()?;
            (number >= 1).then_some(number)
        });
        if has_burst && !given {
            self.wrong(Some("burst"), "means nothing without rate_per_second");
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and a million"
        )]
        per_second.map(|per_second| Rate {
            per_second,
            burst: burst.unwrap_or(per_second.ceil() as u32).max(1),
        })
    }

    /// Hashes of the tokens: `token`, `tokens`, `token_sha256`, `token_blake3`. `user` is told
    /// of the first one in clear or as SHA-256.
    pub(super) fn tokens(&mut self) -> Tokens {
        let mut tokens = Tokens::default();
        let given = ["token", "tokens", "token_sha256", "token_blake3"];
        if !given.iter().any(|key| self.has(key)) {
            self.wrong(Some("token"), "is missing: a string is required");
        }
        let one = |value: &Value| value.as_str().map(|text| vec![text.to_owned()]);
        let clear = [
            ("token", self.read("token", "a string", one)),
            ("tokens", self.texts("tokens")),
        ];
        for (key, texts) in clear {
            for text in texts.into_iter().flatten() {
                if text.is_empty()
                    || text.len() > TOKEN_MAX_BYTES
                    || !text.bytes().all(|byte| byte.is_ascii_graphic())
                {
                    let wanted = format!(
                        "must be 1 to {TOKEN_MAX_BYTES} visible ASCII characters without spaces"
                    );
                    self.wrong(Some(key), wanted);
                    continue;
                }
                tokens.short |= text.len() < 16;
                tokens.user.get_or_insert_with(|| {
                    let Hash::Sha256(digest) = Hash::sha256_of(&text) else {
                        return [0; 32];
                    };
                    digest
                });
                tokens.hashes.push(Hash::of(&text));
            }
        }
        let digits = "64 hex digits, or a list of such";
        let hashed = |value: &Value| match value {
            Value::String(text) => Some(vec![Hash::read_hex(text)?]),
            other => texts_in(other)?
                .iter()
                .map(|text| Hash::read_hex(text))
                .collect(),
        };
        for digest in self
            .read("token_sha256", digits, hashed)
            .into_iter()
            .flatten()
        {
            tokens.user.get_or_insert(digest);
            tokens.hashes.push(Hash::Sha256(digest));
        }
        for digest in self
            .read("token_blake3", digits, hashed)
            .into_iter()
            .flatten()
        {
            tokens.hashes.push(Hash::Blake3(digest));
        }
        tokens
    }

    /// A table as JSON. Dates become texts.
    pub(super) fn object(&mut self, key: &str) -> Option<Map<String, Json>> {
        self.read(
            key,
            "a table without infinite numbers",
            |value| match json(value)? {
                Json::Object(map) => Some(map),
                _ => None,
            },
        )
    }

    /// Everything that has not been read, as JSON. Dates become texts; what JSON has no words
    /// for is left out.
    pub(super) fn rest(&mut self) -> Map<String, Json> {
        std::mem::take(&mut self.values)
            .into_iter()
            .filter_map(|(key, value)| Some((key, json(&value)?)))
            .collect()
    }
}

/// The tokens of one table.
#[derive(Default)]
pub(super) struct Tokens {
    pub(super) hashes: Vec<Hash>,
    /// The SHA-256 of the first one, as far as it is known.
    pub(super) user: Option<[u8; 32]>,
    /// Whether one of them is short enough to be guessed.
    pub(super) short: bool,
}

fn texts_in(value: &Value) -> Option<Vec<String>> {
    let list = value.as_array()?.iter().map(|item| {
        let text = item.as_str().filter(|text| !text.is_empty())?;
        Some(text.to_owned())
    });
    list.collect()
}

fn json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::String(text) => Json::from(text.as_str()),
        Value::Integer(number) => Json::from(*number),
        Value::Float(number) => Json::Number(Number::from_f64(*number)?),
        Value::Boolean(flag) => Json::from(*flag),
        Value::Datetime(time) => Json::from(time.to_string()),
        Value::Array(items) => Json::Array(items.iter().map(json).collect::<Option<_>>()?),
        Value::Table(table) => {
            let entries = table
                .iter()
                .map(|(key, value)| Some((key.clone(), json(value)?)));
            Json::Object(entries.collect::<Option<_>>()?)
        }
    })
}

/// The known key this one was most likely meant to be.
pub(super) fn meant<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    nearest(key, known.iter().copied().filter(|known| known.len() > 3))
}

/// The mistake of a key that was meant to be another one.
pub(super) fn meaningless(known: &str) -> String {
    format!("means nothing to the server: did you mean '{known}'?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_recognised() {
        let known = ["monthly_attempts", "blueprints", "plan"];
        assert_eq!(meant("monthly_attempt", &known), Some("monthly_attempts"));
        assert_eq!(meant("blueprint", &known), Some("blueprints"));
        assert_eq!(meant("monthly_atempts", &known), Some("monthly_attempts"));
        assert_eq!(meant("paln", &known), Some("plan"));
        assert_eq!(meant("languages", &known), None);
        assert_eq!(meant("lang", &known), None);
    }

    #[test]
    fn values_become_json() {
        let mut reading = Reading::of("[a]\nparams = {n = 1, f = 1.5, d = 2026-01-02, l = [true]}");
        let params = reading.tables[0].object("params").unwrap();
        assert_eq!(
            Json::from(params),
            serde_json::json!({"n": 1, "f": 1.5, "d": "2026-01-02", "l": [true]})
        );
        let mut reading = Reading::of("[a]\nparams = {n = nan}");
        assert!(reading.tables[0].object("params").is_none());
        assert_eq!(reading.tables[0].mistakes[0].line, 2);
    }
}
