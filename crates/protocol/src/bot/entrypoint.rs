//! What Python is told to run: a file or a module, always from the bot's own files.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use super::path;
use super::refusal::Refusal;
use super::shown::shown;

/// The file that runs when none is named; the seed era's default.
pub const DEFAULT: &str = "bot.py";

/// What Python runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entrypoint {
    /// `python <path>`: a relative path ending in `.py`.
    File(String),
    /// `python -m <module>`: a dotted name.
    Module(String),
}

impl Entrypoint {
    /// Reads `bot.py`, `src/main.py` or `-m package.module`; absent means [`DEFAULT`].
    pub fn parse(value: Option<&Value>) -> Result<Self, Refusal> {
        let text = match value {
            None | Some(Value::Null) => DEFAULT,
            Some(Value::String(text)) if text.is_empty() => DEFAULT,
            Some(Value::String(text)) => text,
            Some(other) => {
                return Err(Refusal::InvalidEntrypoint {
                    given: shown(&other.to_string()),
                });
            }
        };
        Self::from_text(&text.nfc().collect::<String>())
            .ok_or_else(|| Refusal::InvalidEntrypoint { given: shown(text) })
    }

    fn from_text(text: &str) -> Option<Self> {
        if let Some(module) = text.strip_prefix("-m ") {
            let module = module.trim_matches(' ');
            return is_module(module).then(|| Self::Module(module.to_owned()));
        }
        let good = is_script(text) && path::normalise(text).is_ok();
        good.then(|| Self::File(text.to_owned()))
    }

    /// The arguments that follow `python`, each one argument of its own: no shell, no template.
    pub fn args(&self) -> Vec<String> {
        match self {
            Self::File(path) => vec![path.clone()],
            Self::Module(module) => vec!["-m".to_owned(), module.clone()],
        }
    }

    /// Refuses an entrypoint that is not among the files.
    pub fn check_exists(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<(), Refusal> {
        let found = match self {
            Self::File(path) => files.contains_key(path),
            Self::Module(module) => {
                let base = module.replace('.', "/");
                files.contains_key(&format!("{base}.py"))
                    || files.contains_key(&format!("{base}/__main__.py"))
            }
        };
        if found {
            return Ok(());
        }
        let scripts = files
            .keys()
            .filter(|path| is_script(path))
            .take(5)
            .cloned()
            .collect();
        Err(Refusal::EntrypointNotFound {
            entrypoint: self.to_string(),
            scripts,
        })
    }
}

/// `^\w[\w./-]*\.py$`.
fn is_script(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_word)
        && chars.all(|c| is_word(c) || matches!(c, '.' | '/' | '-'))
        && text
            .strip_suffix(".py")
            .is_some_and(|stem| !stem.is_empty() && !stem.ends_with('/'))
}

/// Dotted Python identifiers.
fn is_module(text: &str) -> bool {
    text.len() <= path::NAME_BYTES_MAX
        && text.split('.').all(|part| {
            part.chars().all(is_word)
                && part.chars().next().is_some_and(|first| !first.is_numeric())
        })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl fmt::Display for Entrypoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(path),
            Self::Module(module) => write!(f, "-m {module}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(text: &str) -> Option<Entrypoint> {
        Entrypoint::parse(Some(&json!(text))).ok()
    }

    #[test]
    fn files_and_modules_are_read() {
        for text in [
            "bot.py",
            "src/main.py",
            "_a-b.c/d.py",
            "бот.py",
            "a..b.py",
            "9.py",
        ] {
            assert_eq!(
                parse(text),
                Some(Entrypoint::File(text.to_owned())),
                "{text}"
            );
        }
        for (text, module) in [
            ("-m pkg", "pkg"),
            ("-m  pkg.sub_1 ", "pkg.sub_1"),
            ("-m __main__", "__main__"),
        ] {
            assert_eq!(
                parse(text),
                Some(Entrypoint::Module(module.to_owned())),
                "{text}"
            );
        }
        assert_eq!(Entrypoint::parse(None).unwrap().args(), ["bot.py"]);
        assert_eq!(parse("").unwrap().args(), ["bot.py"]);
        assert_eq!(parse("-m pkg").unwrap().args(), ["-m", "pkg"]);
    }

    #[test]
    fn the_decomposed_spelling_is_the_same_file() {
        assert_eq!(
            parse("и\u{306}.py"),
            Some(Entrypoint::File("й.py".to_owned()))
        );
    }

    #[test]
    fn everything_else_is_refused() {
        let bad = [
            "bot.py\nRUN rm -rf /",
            "bot.py\n",
            "bot.py\0",
            "bot\".py",
            "bot'.py",
            "bot].py",
            "bot.py\"]",
            "-c",
            "-c print(1).py",
            "-bot.py",
            "--help",
            "-m",
            "-m ",
            "-m -c",
            "-m a b",
            "-m a..b",
            "-m a/b",
            "-m 1a",
            "-m a;b",
            "-m .a",
            "-ma",
            "/etc/x.py",
            "/bot.py",
            "./bot.py",
            "../bot.py",
            "a/../bot.py",
            "a//bot.py",
            "a/./bot.py",
            "C:\\bot.py",
            "C:/bot.py",
            "bot",
            "bot.sh",
            ".py",
            "a/.py",
            "bot.py ",
            " bot.py",
            "bot.PY",
            "$(id).py",
            "bot.py;id",
            ".hidden.py",
        ];
        for text in bad {
            assert_eq!(parse(text), None, "{text:?}");
        }
        for value in [json!(1), json!(["bot.py"]), json!({}), json!(true)] {
            let refusal = Entrypoint::parse(Some(&value)).unwrap_err();
            assert_eq!(refusal.code(), "INVALID_ENTRYPOINT");
        }
    }

    #[test]
    fn it_must_be_among_the_files() {
        let files: BTreeMap<_, _> = ["main.py", "pkg/__main__.py", "mod.py", "data.txt"]
            .map(|path| (path.to_owned(), Vec::new()))
            .into();
        for good in ["main.py", "-m pkg", "-m mod", "-m pkg.__main__"] {
            assert!(parse(good).unwrap().check_exists(&files).is_ok(), "{good}");
        }
        for bad in ["bot.py", "pkg.py", "-m data", "-m main.py"] {
            let refusal = parse(bad).unwrap().check_exists(&files).unwrap_err();
            assert_eq!(refusal.code(), "ENTRYPOINT_NOT_FOUND", "{bad}");
        }
    }
}
