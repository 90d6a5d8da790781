//! `parse_mode=MarkdownV2`, and its older sibling `Markdown`.

use serde_json::{Map, json};

use super::{Formatted, builder::Builder};

/// Characters that must be escaped in MarkdownV2 wherever they are no markup.
const RESERVED: &str = "_*[]()~`>#+-=|{}.!";
/// Paired marks of MarkdownV2, longer ones first.
const MARKS: [(&str, &str); 5] = [
    ("__", "underline"),
    ("||", "spoiler"),
    ("_", "italic"),
    ("*", "bold"),
    ("~", "strikethrough"),
];
/// Paired marks of the older mode.
const FIRST_MARKS: [(&str, &str); 2] = [("_", "italic"), ("*", "bold")];

/// Parses MarkdownV2.
pub(super) fn parse_second(text: &str) -> Result<Formatted, String> {
    Parser {
        text,
        at: 0,
        builder: Builder::default(),
        second: true,
    }
    .run()
}

/// Parses the older mode: no nesting, nothing reserved, few escapes.
pub(super) fn parse_first(text: &str) -> Result<Formatted, String> {
    Parser {
        text,
        at: 0,
        builder: Builder::default(),
        second: false,
    }
    .run()
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    builder: Builder,
    second: bool,
}

impl Parser<'_> {
    fn run(mut self) -> Result<Formatted, String> {
        while let Some(character) = self.rest().chars().next() {
            if !(self.escape() || self.code()? || self.mark() || self.link()?) {
                self.plain(character)?;
            }
        }
        match self.builder.innermost() {
            Some(open) => Err(format!("can't find end of the entity \"{}\"", open.mark)),
            None => Ok(self.builder.finish()),
        }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn escape(&mut self) -> bool {
        let escaped = self
            .rest()
            .strip_prefix('\\')
            .and_then(|rest| rest.chars().next());
        let second = self.second;
        let fits = |c: &char| {
            if second {
                (1..127).contains(&(*c as u32))
            } else {
                "_*`[".contains(*c)
            }
        };
        let Some(character) = escaped.filter(fits) else {
            return false;
        };
        self.builder.push(character);
        self.at += 1 + character.len_utf8();
        true
    }

    /// Code: nothing inside is markup.
    fn code(&mut self) -> Result<bool, String> {
        let mark = if self.rest().starts_with("```") {
            "```"
        } else {
            "`"
        };
        let Some(inside) = self.rest().strip_prefix(mark) else {
            return Ok(false);
        };
        let end = inside.find(mark).ok_or_else(|| {
            format!(
                "can't find end of the entity starting at byte offset {}",
                self.at
            )
        })?;
        let mut content = inside.get(..end).unwrap_or_default().to_owned();
        let length = content.len() + 2 * mark.len();
        let mut extra = Map::new();
        if mark == "```"
            && let Some((language, code)) = content.split_once('\n')
            && !language.contains(char::is_whitespace)
        {
            if !language.is_empty() {
                extra.insert("language".to_owned(), json!(language));
            }
            content = code.to_owned();
        }
        self.builder
            .open(mark, Some(if mark == "`" { "code" } else { "pre" }), extra);
        for character in content.replace("\\\\", "\\").chars() {
            self.builder.push(character);
        }
        self.builder.close();
        self.at += length;
        Ok(true)
    }

    fn mark(&mut self) -> bool {
        let marks: &[(&str, &'static str)] = if self.second { &MARKS } else { &FIRST_MARKS };
        let Some((mark, kind)) = marks.iter().find(|(mark, _)| self.rest().starts_with(mark))
        else {
            return false;
        };
        let innermost = self.builder.innermost().map(|open| open.mark.clone());
        if innermost.as_deref() == Some(*mark) {
            self.builder.close();
        } else if self.builder.is_open(mark) || (!self.second && innermost.is_some()) {
            return false;
        } else {
            self.builder.open(mark, Some(kind), Map::new());
        }
        self.at += mark.len();
        true
    }

    /// Links: `[text](url)`; the text may hold markup, the URL may not.
    fn link(&mut self) -> Result<bool, String> {
        if self.rest().starts_with('[') && !self.builder.is_open("]") {
            let ends_in_url = self
                .rest()
                .split_once(']')
                .is_some_and(|(_, after)| after.starts_with('('));
            if !self.second && !ends_in_url {
                return Ok(false);
            }
            self.builder.open("]", Some("text_link"), Map::new());
            self.at += 1;
            return Ok(true);
        }
        if self
            .builder
            .innermost()
            .is_some_and(|open| open.mark == "]")
            && self.rest().starts_with(']')
        {
            let url = self
                .rest()
                .strip_prefix("](")
                .and_then(|rest| rest.split_once(')'));
            let Some((url, _)) = url else {
                return Err(format!(
                    "can't find end of a URL at byte offset {}",
                    self.at
                ));
            };
            let (url, length) = (url.replace('\\', ""), url.len() + 3);
            self.builder.extend("url", &url);
            self.builder.close();
            self.at += length;
            return Ok(true);
        }
        Ok(false)
    }

    fn plain(&mut self, character: char) -> Result<(), String> {
        // A quotation is marked by `>` at the start of a line; it is kept as text here.
        let quote = character == '>'
            && (self.at == 0 || self.text.as_bytes().get(self.at - 1) == Some(&b'\n'));
        if self.second && RESERVED.contains(character) && !quote {
            return Err(format!(
                "character '{character}' is reserved and must be escaped with the preceding '\\'"
            ));
        }
        if !quote {
            self.builder.push(character);
        }
        self.at += character.len_utf8();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{parse_first, parse_second};

    #[test]
    fn second_version() {
        let (plain, entities) = parse_second("*b _i_* `a*b` [x\\.y](http://e.org) \\- ok").unwrap();
        assert_eq!(plain, "b i a*b x.y - ok");
        assert_eq!(
            entities,
            [
                json!({"type": "italic", "offset": 2, "length": 1}),
                json!({"type": "bold", "offset": 0, "length": 3}),
                json!({"type": "code", "offset": 4, "length": 3}),
                json!({"type": "text_link", "offset": 8, "length": 3, "url": "http://e.org"}),
            ]
        );
        let (plain, entities) = parse_second("```rust\nlet x;\n```").unwrap();
        assert_eq!(plain, "let x;\n");
        assert_eq!(
            entities,
            [json!({"type": "pre", "offset": 0, "length": 7, "language": "rust"})]
        );
        assert!(
            parse_second("1.")
                .unwrap_err()
                .contains("character '.' is reserved")
        );
        assert!(parse_second("*x").unwrap_err().contains("can't find end"));
        assert!(parse_second("`x").unwrap_err().contains("byte offset 0"));
    }

    #[test]
    fn first_version() {
        let (plain, entities) =
            parse_first("*b* 1.5 [a] \\_x [t](http://e.org)").unwrap_or_default();
        assert_eq!(plain, "b 1.5 [a] _x t");
        assert_eq!(entities.len(), 2);
        assert!(
            parse_first("my_name")
                .unwrap_err()
                .contains("can't find end")
        );
    }
}
