//! Requirements inside the script itself: PEP 723 inline metadata.
//!
//! A block is a comment that begins with `# /// script` and ends with `# ///`; what stands
//! between is TOML. Only its `dependencies` matter here.

use std::path::PathBuf;

use crate::text::Problem;

/// Reads the requirements a script names itself; `None` if it has no such block.
pub(super) fn dependencies(file: &str, code: &str) -> Result<Option<Vec<String>>, Problem> {
    let problem = |line: usize, why: String| Problem::ScriptBlock {
        file: PathBuf::from(file),
        line,
        why,
    };
    let mut lines = code.lines().enumerate();
    let Some((start, _)) = lines.find(|(_, line)| line.trim_end() == "# /// script") else {
        return Ok(None);
    };
    // The PEP lets the last `# ///` before the comment ends close the block, so that the TOML may
    // hold such a line too.
    let comment: Vec<&str> = lines
        .map(|(_, line)| line.trim_end())
        .take_while(|line| *line == "#" || line.starts_with("# "))
        .collect();
    let Some(end) = comment.iter().rposition(|line| *line == "# ///") else {
        return Err(problem(start + 1, "the block is not closed".to_owned()));
    };
    let text: String = comment
        .iter()
        .take(end)
        .map(|line| line.strip_prefix("# ").unwrap_or_default())
        .fold(String::new(), |text, line| text + line + "\n");
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().map_or(0, |span| {
            text.get(..span.start)
                .unwrap_or_default()
                .matches('\n')
                .count()
        });
        problem(start + before + 2, error.message().to_owned())
    })?;
    let Some(list) = table.get("dependencies") else {
        return Ok(Some(Vec::new()));
    };
    list.as_array()
        .and_then(|list| {
            list.iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect()
        })
        .map(Some)
        .ok_or_else(|| {
            problem(
                start + 1,
                "`dependencies` is not a list of texts".to_owned(),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_names_its_packages() {
        let code = "#!/usr/bin/env python\n# /// script\n# requires-python = \">=3.11\"\n\
                    # dependencies = [\n#   \"aiogram>=3,<4\",\n#   \"rich\",\n# ]\n# ///\nprint()\n";
        let found = dependencies("bot.py", code).unwrap().unwrap();
        assert_eq!(found, ["aiogram>=3,<4", "rich"]);
        assert_eq!(dependencies("bot.py", "print()").unwrap(), None);
        let empty = "# /// script\n# ///\n";
        assert_eq!(dependencies("bot.py", empty).unwrap(), Some(Vec::new()));
    }

    #[test]
    fn a_broken_block_is_named_with_its_line() {
        let line = |code: &str| match dependencies("bot.py", code) {
            Err(Problem::ScriptBlock { line, .. }) => line,
            other => panic!("{other:?}"),
        };
        assert_eq!(line("x = 1\n# /// script\n# dependencies = []\n"), 2);
        assert_eq!(
            line("# /// script\n# a = 1\n# dependencies = [\n# ///\n"),
            3
        );
        assert_eq!(
            line("# /// script\n# dependencies = \"aiogram\"\n# ///\n"),
            1
        );
    }
}
