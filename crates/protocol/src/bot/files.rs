//! The bot's files: names, contents, sizes.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::entrypoint::{self, Entrypoint};
use super::path;
use super::refusal::{ContentFault, PathFault, Refusal, SizeFault};
use super::shown::shown;

/// Padding may be there or not; whitespace is removed before.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Bounds of a bot's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLimits {
    /// Most files.
    pub count_max: usize,
    /// Biggest file, bytes.
    pub file_bytes_max: usize,
    /// All files together, names included, bytes.
    pub total_bytes_max: usize,
}

impl Default for FileLimits {
    fn default() -> Self {
        Self {
            count_max: 1000,
            file_bytes_max: 5 << 20,
            total_bytes_max: 10 << 20,
        }
    }
}

/// Reads `code` or `files`. What the seed era took for absent (null, an empty text) is absent.
pub fn parse(
    params: &Map<String, Value>,
    entrypoint: &Entrypoint,
    limits: &FileLimits,
) -> Result<BTreeMap<String, Vec<u8>>, Refusal> {
    let code = match params.get("code") {
        None | Some(Value::Null) => None,
        Some(Value::String(code)) if code.is_empty() => None,
        Some(Value::String(code)) => Some(code),
        Some(_) => return Err(Refusal::CodeNotText),
    };
    let files = match params.get("files") {
        None | Some(Value::Null) => None,
        Some(Value::Object(files)) => Some(files),
        Some(_) => return Err(Refusal::FilesNotObject),
    };
    match (code, files) {
        (Some(code), None) => from_code(code, entrypoint, limits),
        (Some(code), Some(files)) if files.is_empty() => from_code(code, entrypoint, limits),
        (Some(_), Some(_)) => Err(Refusal::ConflictingFields),
        (None, Some(files)) if files.is_empty() => Err(Refusal::EmptyFiles),
        (None, Some(files)) => from_files(files, limits),
        (None, None) => Err(Refusal::MissingCode),
    }
}

/// A single text becomes the file the entrypoint names.
fn from_code(
    code: &str,
    entrypoint: &Entrypoint,
    limits: &FileLimits,
) -> Result<BTreeMap<String, Vec<u8>>, Refusal> {
    let name = match entrypoint {
        Entrypoint::File(path) => path.clone(),
        Entrypoint::Module(_) => entrypoint::DEFAULT.to_owned(),
    };
    let mut collected = Collected::new(limits);
    collected.add(name, code.as_bytes().to_vec())?;
    Ok(collected.files)
}

fn from_files(
    files: &Map<String, Value>,
    limits: &FileLimits,
) -> Result<BTreeMap<String, Vec<u8>>, Refusal> {
    if files.len() > limits.count_max {
        return Err(Refusal::FileSize(SizeFault::Count(limits.count_max)));
    }
    let mut collected = Collected::new(limits);
    for (path, value) in files {
        let path = path::normalise(path).map_err(|fault| Refusal::FilePath {
            path: shown(path),
            fault,
        })?;
        let content = content(&path, value, limits)?;
        collected.add(path, content)?;
    }
    Ok(collected.files)
}

/// The bytes of a text or of `{"base64": "…"}`.
fn content(path: &str, value: &Value, limits: &FileLimits) -> Result<Vec<u8>, Refusal> {
    let refuse = |fault| Refusal::FileContent {
        path: shown(path),
        fault,
    };
    match value {
        Value::String(text) => Ok(text.as_bytes().to_vec()),
        Value::Object(map) if map.len() == 1 => {
            let Some(Value::String(encoded)) = map.get("base64") else {
                return Err(refuse(ContentFault::NotText));
            };
            let encoded: Vec<u8> = encoded
                .bytes()
                .filter(|byte| !byte.is_ascii_whitespace())
                .collect();
            if encoded.len() / 4 * 3 > limits.file_bytes_max + 3 {
                return Err(too_big(path, limits));
            }
            BASE64
                .decode(encoded)
                .map_err(|_| refuse(ContentFault::BadBase64))
        }
        _ => Err(refuse(ContentFault::NotText)),
    }
}

fn too_big(path: &str, limits: &FileLimits) -> Refusal {
    Refusal::FileSize(SizeFault::One(shown(path), limits.file_bytes_max))
}

/// Files that fit together so far.
struct Collected<'a> {
    limits: &'a FileLimits,
    files: BTreeMap<String, Vec<u8>>,
    /// Every file and every folder above one, by its folded name.
    taken: BTreeMap<String, Taken>,
    bytes: usize,
}

struct Taken {
    path: String,
    folder: bool,
}

impl<'a> Collected<'a> {
    fn new(limits: &'a FileLimits) -> Self {
        Self {
            limits,
            files: BTreeMap::new(),
            taken: BTreeMap::new(),
            bytes: 0,
        }
    }

    fn add(&mut self, path: String, content: Vec<u8>) -> Result<(), Refusal> {
        if content.len() > self.limits.file_bytes_max {
            return Err(too_big(&path, self.limits));
        }
        self.bytes = self
            .bytes
            .saturating_add(path.len())
            .saturating_add(content.len());
        if self.bytes > self.limits.total_bytes_max {
            return Err(Refusal::FileSize(SizeFault::Total(
                self.limits.total_bytes_max,
            )));
        }
        for (at, _) in path.match_indices('/') {
            self.take(path.get(..at).unwrap_or_default(), true)?;
        }
        self.take(&path, false)?;
        self.files.insert(path, content);
        Ok(())
    }

    fn take(&mut self, path: &str, folder: bool) -> Result<(), Refusal> {
        let refuse = |fault| {
            Err(Refusal::FilePath {
                path: shown(path),
                fault,
            })
        };
        match self.taken.get(&path::folded(path)) {
            None => {
                let taken = Taken {
                    path: path.to_owned(),
                    folder,
                };
                self.taken.insert(path::folded(path), taken);
                Ok(())
            }
            Some(other) if other.path == path && other.folder && folder => Ok(()),
            Some(other) if other.path == path && other.folder != folder => {
                refuse(PathFault::FileAndFolder)
            }
            Some(other) => refuse(PathFault::Collides(shown(&other.path))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(params: &Value) -> Result<BTreeMap<String, Vec<u8>>, Refusal> {
        let entrypoint = Entrypoint::File("bot.py".to_owned());
        let limits = FileLimits {
            count_max: 4,
            file_bytes_max: 9,
            total_bytes_max: 40,
        };
        parse(params.as_object().unwrap(), &entrypoint, &limits)
    }

    #[test]
    fn texts_and_binaries_become_bytes() {
        let files = read(&json!({"files": {
            "a.py": "x", "b/c": {"base64": "AP8="}, "d": {"base64": "AP8"}, "e": {"base64": "A P8\n="}
        }}))
        .unwrap();
        assert_eq!(files["a.py"], b"x");
        for path in ["b/c", "d", "e"] {
            assert_eq!(files[path], [0, 255], "{path}");
        }
        assert_eq!(read(&json!({"code": "x"})).unwrap()["bot.py"], b"x");
        assert_eq!(
            read(&json!({"code": "x", "files": {}})).unwrap()["bot.py"],
            b"x"
        );
        assert_eq!(
            read(&json!({"code": "", "files": {"a": ""}})).unwrap()["a"],
            b""
        );
        let named = Entrypoint::File("src/main.py".to_owned());
        let params = json!({"code": "x"});
        let files = parse(params.as_object().unwrap(), &named, &FileLimits::default()).unwrap();
        assert_eq!(files["src/main.py"], b"x");
    }

    #[test]
    fn names_are_kept_composed() {
        assert!(
            read(&json!({"files": {"и\u{306}.py": ""}}))
                .unwrap()
                .contains_key("й.py")
        );
    }

    #[test]
    fn table_of_refusals() {
        let rows = [
            (json!({}), "MISSING_CODE"),
            (json!({"code": null, "files": null}), "MISSING_CODE"),
            (json!({"code": ""}), "MISSING_CODE"),
            (json!({"code": 1}), "INVALID_FILE_CONTENT"),
            (json!({"code": ["x"]}), "INVALID_FILE_CONTENT"),
            (
                json!({"code": "x", "files": {"a": "x"}}),
                "CONFLICTING_FIELDS",
            ),
            (json!({"files": {}}), "EMPTY_FILES"),
            (json!({"files": ["a.py"]}), "INVALID_FILES_FORMAT"),
            (json!({"files": "a.py"}), "INVALID_FILES_FORMAT"),
            (json!({"files": {"a": 1}}), "INVALID_FILE_CONTENT"),
            (json!({"files": {"a": null}}), "INVALID_FILE_CONTENT"),
            (json!({"files": {"a": {}}}), "INVALID_FILE_CONTENT"),
            (
                json!({"files": {"a": {"base64": 1}}}),
                "INVALID_FILE_CONTENT",
            ),
            (
                json!({"files": {"a": {"base64": "AP8=", "mode": 511}}}),
                "INVALID_FILE_CONTENT",
            ),
            (
                json!({"files": {"a": {"base64": "!"}}}),
                "INVALID_FILE_CONTENT",
            ),
            (
                json!({"files": {"a": {"base64": "A"}}}),
                "INVALID_FILE_CONTENT",
            ),
            (json!({"files": {"/etc/x": ""}}), "INVALID_FILE_PATH"),
            (json!({"files": {"../x": ""}}), "INVALID_FILE_PATH"),
            (json!({"files": {"a\u{0}": ""}}), "INVALID_FILE_PATH"),
            (json!({"files": {"a": "", "a/b": ""}}), "INVALID_FILE_PATH"),
            (
                json!({"files": {"a/b/c": "", "a/b": ""}}),
                "INVALID_FILE_PATH",
            ),
            (
                json!({"files": {"Bot.py": "", "bot.py": ""}}),
                "INVALID_FILE_PATH",
            ),
            (
                json!({"files": {"A/x": "", "a/y": ""}}),
                "INVALID_FILE_PATH",
            ),
            (json!({"files": {"A": "", "a/y": ""}}), "INVALID_FILE_PATH"),
            (
                json!({"files": {"é": "", "e\u{301}": ""}}),
                "INVALID_FILE_PATH",
            ),
            (
                json!({"files": {"a": "", "b": "", "c": "", "d": "", "e": ""}}),
                "FILES_TOO_LARGE",
            ),
            (json!({"files": {"a": "0123456789"}}), "FILES_TOO_LARGE"),
            (
                json!({"files": {"a": {"base64": "MDEyMzQ1Njc4OQ=="}}}),
                "FILES_TOO_LARGE",
            ),
            (
                json!({"files": {"a": {"base64": "A".repeat(1000)}}}),
                "FILES_TOO_LARGE",
            ),
            (json!({"code": "0123456789"}), "FILES_TOO_LARGE"),
            (
                json!({"files": {"aaa": "012345678", "bbb": "012345678", "ccc": "012345678", "ddd": "01234567"}}),
                "FILES_TOO_LARGE",
            ),
        ];
        for (params, code) in rows {
            assert_eq!(read(&params).unwrap_err().code(), code, "{params}");
        }
    }

    #[test]
    fn folders_may_be_shared() {
        let files = read(&json!({"files": {"a/x": "", "a/y": "", "a/b/z": ""}})).unwrap();
        assert_eq!(files.len(), 3);
    }
}
