//! Puts together what `start` and `update` send.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::collect::Collected;
use super::requirements::{self, Requirements};
use super::{BYTES_MAX, environment, script};
use crate::args::{Deploy, Source};
use crate::context::Context;
use crate::text::Problem;

/// The names looked for when nobody says which file to run.
const ENTRYPOINTS: [&str; 2] = ["bot.py", "main.py"];
/// The file to run when there is only a piece of code; the server's default.
const ENTRYPOINT_INLINE: &str = "bot.py";
/// The file looked for when nobody names the requirements.
const REQUIREMENTS: &str = "requirements.txt";

/// What is sent, and what the author should know about it.
#[derive(Debug)]
pub struct Bundle {
    /// The parameters of the action, without variables.
    pub params: Map<String, Value>,
    /// What the author should know.
    pub notes: Vec<Note>,
}

/// Something the author should know about what is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// What is sent, and which file runs.
    Sending {
        /// How many files.
        files: u64,
        /// How many bytes.
        bytes: u64,
        /// The file to run.
        entrypoint: String,
    },
    /// Requirements come from a file nobody named.
    RequirementsFound {
        /// The file.
        file: String,
        /// How many.
        count: u64,
    },
    /// Hashes aren't checked.
    HashesDropped(String),
    /// A file with secrets was left out.
    SecretFileSkipped(String),
    /// Links were left out.
    LinksSkipped(u64),
}

/// Reads everything a bot consists of, variables aside.
///
/// # Errors
/// A [`Problem`] with a file, a name or a limit.
pub fn bundle(deploy: &Deploy, context: &mut Context) -> Result<Bundle, Problem> {
    let mut bundle = Bundle {
        params: Map::new(),
        notes: Vec::new(),
    };
    bundle.set("deployment_mode", "simple");
    let beside = match &deploy.source {
        Source::NotYet(option) => return Err(Problem::ModeNotAvailable(option)),
        Source::Inline(code) => bundle.inline(code.clone(), deploy)?,
        Source::InlineFromStdin => {
            if deploy.env.iter().any(|option| option.ends_with("=-")) {
                return Err(Problem::StdinTwice);
            }
            let code = environment::stdin(context)?;
            bundle.inline(code, deploy)?
        }
        Source::Files(paths) => bundle.files(&context.current_dir, paths, deploy)?,
    };
    let requirements = match (&deploy.requirements, beside) {
        (Some(value), _) => {
            let found = requirements::given(&context.current_dir, value)?;
            bundle.note_hashes(&found, &value.to_string_lossy());
            found
        }
        // What the script says of itself is nearer than a file beside it.
        (None, folder) => match (bundle.requirements_inside()?, folder) {
            (Some(found), _) => found,
            (None, Some(folder)) => bundle.requirements_beside(&folder)?,
            (None, None) => Requirements::default(),
        },
    };
    bundle.set("requirements", requirements.list);
    let mut limits = Map::new();
    if let Some(memory_mb) = deploy.memory_mb {
        limits.insert("memory_mb".to_owned(), memory_mb.into());
    }
    if let Some(cpu_cores) = deploy.cpu_cores {
        limits.insert("cpu_cores".to_owned(), cpu_cores.into());
    }
    if !limits.is_empty() {
        bundle.set("resource_limits", limits);
    }
    if let Some(ready) = &deploy.ready {
        bundle.set("ready_regex", ready.clone());
    }
    Ok(bundle)
}

impl Bundle {
    fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.params.insert(key.to_owned(), value.into());
    }

    fn inline(&mut self, code: String, deploy: &Deploy) -> Result<Option<PathBuf>, Problem> {
        if code.len() as u64 > BYTES_MAX {
            return Err(Problem::TooManyBytes {
                max_bytes: BYTES_MAX,
            });
        }
        let entrypoint = deploy
            .entrypoint
            .clone()
            .unwrap_or(ENTRYPOINT_INLINE.to_owned());
        self.sending(1, code.len() as u64, &entrypoint);
        self.set("code", code);
        self.set("entrypoint", entrypoint);
        Ok(None)
    }

    /// Takes the files and answers the folder that may hold requirements.
    fn files(
        &mut self,
        current_dir: &Path,
        paths: &[PathBuf],
        deploy: &Deploy,
    ) -> Result<Option<PathBuf>, Problem> {
        let collected = Collected::read(current_dir, paths)?;
        let names: Vec<&str> = collected.files.keys().map(String::as_str).collect();
        let entrypoint = entrypoint(&names, deploy.entrypoint.as_deref())?;
        self.sending(names.len() as u64, collected.bytes, &entrypoint);
        self.set("entrypoint", entrypoint);
        self.notes.extend(
            collected
                .secret_files
                .into_iter()
                .map(Note::SecretFileSkipped),
        );
        if collected.links > 0 {
            self.notes.push(Note::LinksSkipped(collected.links));
        }
        let files: Map<String, Value> = collected
            .files
            .into_iter()
            .map(|(name, content)| (name, wire(content)))
            .collect();
        self.set("files", files);
        let first = paths.first().map(|path| current_dir.join(path));
        Ok(first.and_then(|first| match first.is_dir() {
            true => Some(first),
            false => first.parent().map(Path::to_owned),
        }))
    }

    /// The packages the file to run names itself.
    fn requirements_inside(&mut self) -> Result<Option<Requirements>, Problem> {
        let name = self
            .params
            .get("entrypoint")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let code = match self.params.get("files") {
            Some(files) => files.get(name),
            None => self.params.get("code"),
        };
        let Some(code) = code.and_then(Value::as_str) else {
            return Ok(None);
        };
        let Some(list) = script::dependencies(name, code)? else {
            return Ok(None);
        };
        let (file, count) = (name.to_owned(), list.len() as u64);
        self.notes.push(Note::RequirementsFound { file, count });
        Ok(Some(Requirements {
            list,
            hashes_dropped: false,
        }))
    }

    fn requirements_beside(&mut self, folder: &Path) -> Result<Requirements, Problem> {
        let file = folder.join(REQUIREMENTS);
        if !file.is_file() {
            return Ok(Requirements::default());
        }
        let found = requirements::from_file(&file)?;
        let count = found.list.len() as u64;
        self.notes.push(Note::RequirementsFound {
            file: REQUIREMENTS.to_owned(),
            count,
        });
        self.note_hashes(&found, REQUIREMENTS);
        Ok(found)
    }

    fn note_hashes(&mut self, found: &Requirements, file: &str) {
        if found.hashes_dropped {
            self.notes.push(Note::HashesDropped(file.to_owned()));
        }
    }

    fn sending(&mut self, files: u64, bytes: u64, entrypoint: &str) {
        self.notes.push(Note::Sending {
            files,
            bytes,
            entrypoint: entrypoint.to_owned(),
        });
    }
}

/// A file as it travels: text as it is, anything else in base64.
fn wire(content: Vec<u8>) -> Value {
    match String::from_utf8(content) {
        // NUL is valid UTF-8, yet no text file has one, and some stores refuse it in strings.
        Ok(text) if !text.contains('\0') => Value::String(text),
        Ok(text) => json!({ "base64": STANDARD.encode(text) }),
        Err(error) => json!({ "base64": STANDARD.encode(error.as_bytes()) }),
    }
}

/// Which file to run.
fn entrypoint(names: &[&str], wanted: Option<&str>) -> Result<String, Problem> {
    if let Some(wanted) = wanted {
        let wanted = wanted.strip_prefix("./").unwrap_or(wanted);
        return match names.contains(&wanted) {
            true => Ok(wanted.to_owned()),
            false => Err(Problem::EntrypointMissing(wanted.to_owned())),
        };
    }
    if let [only] = names {
        return Ok((*only).to_owned());
    }
    if let Some(name) = ENTRYPOINTS.iter().find(|name| names.contains(name)) {
        return Ok((*name).to_owned());
    }
    // A folder with one script beside its requirements and data leaves no doubt either.
    let mut scripts = names
        .iter()
        .filter(|name| !name.contains('/') && name.ends_with(".py"));
    match (scripts.next(), scripts.next()) {
        (Some(only), None) => Ok((*only).to_owned()),
        _ => Err(Problem::NoEntrypoint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_to_run_is_found_or_asked_for() {
        assert_eq!(entrypoint(&["echo_bot.py"], None).unwrap(), "echo_bot.py");
        assert_eq!(
            entrypoint(&["a.py", "bot.py", "main.py"], None).unwrap(),
            "bot.py"
        );
        assert_eq!(entrypoint(&["a.py", "main.py"], None).unwrap(), "main.py");
        assert_eq!(
            entrypoint(&["a.py", "lib/b.py", "r.txt"], None).unwrap(),
            "a.py"
        );
        assert_eq!(
            entrypoint(&["a.py", "b.py"], None),
            Err(Problem::NoEntrypoint)
        );
        assert_eq!(
            entrypoint(&["a.py", "b.py"], Some("./b.py")).unwrap(),
            "b.py"
        );
        assert!(entrypoint(&["a.py"], Some("c.py")).is_err());
    }

    #[test]
    fn text_travels_as_text_and_the_rest_as_base64() {
        assert_eq!(wire(b"print()".to_vec()), json!("print()"));
        assert_eq!(wire(vec![0xff, 0xd8]), json!({ "base64": "/9g=" }));
        assert_eq!(wire(vec![0]), json!({ "base64": "AA==" }));
    }
}
