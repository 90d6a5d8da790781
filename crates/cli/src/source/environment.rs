//! A bot's variables: from the command line, the environment, files or standard input.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{BYTES_MAX, read_at_most, unreadable};
use crate::context::Context;
use crate::text::Problem;

/// Collects the variables: files first, then options, each later one winning.
///
/// # Errors
/// A [`Problem`] that never carries a value.
pub fn variables(
    files: &[PathBuf],
    options: &[String],
    context: &mut Context,
) -> Result<BTreeMap<String, String>, Problem> {
    let mut variables = BTreeMap::new();
    for file in files {
        let path = context.current_dir.join(file);
        parse_file(file, &read_text(&path, file)?, &mut variables)?;
    }
    let mut stdin_used = false;
    for option in options {
        let (name, value) = match option.split_once('=') {
            None => {
                let name = valid(option)?;
                let value = context.environment.get(name).cloned();
                (
                    name,
                    value.ok_or_else(|| Problem::EnvMissing(name.to_owned()))?,
                )
            }
            Some((name, "-")) => {
                if std::mem::replace(&mut stdin_used, true) {
                    return Err(Problem::StdinTwice);
                }
                (valid(name)?, without_line_end(stdin(context)?))
            }
            Some((name, value)) => match value.strip_prefix('@') {
                Some(literal) if literal.starts_with('@') => (valid(name)?, literal.to_owned()),
                Some(file) => {
                    let path = context.current_dir.join(file);
                    (
                        valid(name)?,
                        without_line_end(read_text(&path, Path::new(file))?),
                    )
                }
                None => (valid(name)?, value.to_owned()),
            },
        };
        variables.insert(name.to_owned(), value);
    }
    Ok(variables)
}

/// Reads standard input to its end.
pub(super) fn stdin(context: &mut Context) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    let limit = super::BYTES_MAX;
    context
        .stdin
        .by_ref()
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(Path::new("-"), &error))?;
    if bytes.len() as u64 > limit {
        return Err(Problem::TooManyBytes { max_bytes: limit });
    }
    String::from_utf8(bytes).map_err(|_| Problem::NotText("stdin".to_owned()))
}

fn valid(name: &str) -> Result<&str, Problem> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts_well && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(name);
    }
    // Somebody may have put the value first; only a short beginning is safe to repeat.
    let shown: String = name.chars().take(3).collect();
    Err(Problem::EnvName(if shown.len() < name.len() {
        format!("{shown}…")
    } else {
        shown
    }))
}

fn read_text(path: &Path, shown: &Path) -> Result<String, Problem> {
    let bytes = read_at_most(path, shown, BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|_| Problem::NotText(shown.display().to_string()))
}

/// Drops one line end: files and pipes have it, secrets don't.
fn without_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

fn parse_file(
    file: &Path,
    text: &str,
    variables: &mut BTreeMap<String, String>,
) -> Result<(), Problem> {
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let wrong = || Problem::EnvLine {
            file: file.to_owned(),
            line: index + 1,
        };
        let (name, value) = line.split_once('=').ok_or_else(wrong)?;
        let name = valid(name.trim_end()).map_err(|_| wrong())?;
        variables.insert(name.to_owned(), unquote(value.trim_start()));
    }
    Ok(())
}

/// The value of a line: quotes are taken off, a comment after an unquoted value too.
fn unquote(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('\'') {
        return inner.split('\'').next().unwrap_or(inner).to_owned();
    }
    let Some(inner) = value.strip_prefix('"') else {
        return value
            .split(" #")
            .next()
            .unwrap_or(value)
            .trim_end()
            .to_owned();
    };
    let mut plain = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('n') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => {}
            },
            _ => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_env_file_is_read_with_its_quotes_and_comments() {
        let mut found = BTreeMap::new();
        let text = "# c\nexport A=1 # one\nB='x # y'\nC=\"l1\\nl2\"\nD=\nE = spaced\n";
        parse_file(Path::new(".env"), text, &mut found).unwrap();
        let want = [
            ("A", "1"),
            ("B", "x # y"),
            ("C", "l1\nl2"),
            ("D", ""),
            ("E", "spaced"),
        ];
        assert_eq!(
            found,
            want.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
        );
    }

    #[test]
    fn a_wrong_line_is_named_by_number_only() {
        let problem = parse_file(Path::new(".env"), "A=1\nhush-hush\n", &mut BTreeMap::new());
        assert_eq!(
            problem,
            Err(Problem::EnvLine {
                file: ".env".into(),
                line: 2
            })
        );
    }

    #[test]
    fn a_wrong_name_is_not_repeated_in_full() {
        assert_eq!(
            valid("1BAD-secret"),
            Err(Problem::EnvName("1BA…".to_owned()))
        );
        assert_eq!(valid(""), Err(Problem::EnvName(String::new())));
        assert_eq!(valid("_OK1"), Ok("_OK1"));
    }
}
