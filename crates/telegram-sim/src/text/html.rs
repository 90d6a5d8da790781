//! `parse_mode=HTML`.

use serde_json::{Map, json};

use super::{Formatted, builder::Builder};

/// Parses the tags of the Bot API; anything else in angle brackets is an error.
pub(super) fn parse(text: &str) -> Result<Formatted, String> {
    let mut builder = Builder::default();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let at = text.len() - rest.len();
        match character {
            '<' => {
                let end = rest
                    .find('>')
                    .ok_or_else(|| format!("unclosed start tag at byte offset {at}"))?;
                let tag = rest.get(1..end).unwrap_or_default();
                match tag.strip_prefix('/') {
                    Some(name) => close(&mut builder, name.trim(), at)?,
                    None => open(&mut builder, tag, at)?,
                }
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            '&' => {
                let (character, length) = reference(rest);
                builder.push(character);
                rest = rest.get(length..).unwrap_or_default();
            }
            other => {
                builder.push(other);
                rest = rest.get(other.len_utf8()..).unwrap_or_default();
            }
        }
    }
    match builder.innermost() {
        Some(open) => Err(format!(
            "can't find end tag corresponding to start tag \"{}\"",
            open.mark
        )),
        None => Ok(builder.finish()),
    }
}

fn open(builder: &mut Builder, tag: &str, at: usize) -> Result<(), String> {
    let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let name = name.to_ascii_lowercase();
    let mut extra = Map::new();
    let mut with = |key: &str, value: Option<&str>| {
        value.map(|value| extra.insert(key.to_owned(), json!(unescape(value))))
    };
    let kind = match name.as_str() {
        "b" | "strong" => Some("bold"),
        "i" | "em" => Some("italic"),
        "u" | "ins" => Some("underline"),
        "s" | "strike" | "del" => Some("strikethrough"),
        "tg-spoiler" => Some("spoiler"),
        "span" if attribute(attributes, "class") == Some("tg-spoiler") => Some("spoiler"),
        "span" => {
            return Err(format!(
                "tag \"span\" must have class \"tg-spoiler\" at byte offset {at}"
            ));
        }
        "blockquote" if attributes.contains("expandable") => Some("expandable_blockquote"),
        "blockquote" => Some("blockquote"),
        "a" => with("url", attribute(attributes, "href")).map(|_| "text_link"),
        "tg-emoji" => {
            with("custom_emoji_id", attribute(attributes, "emoji-id")).map(|_| "custom_emoji")
        }
        "code" => {
            let class = attribute(attributes, "class");
            match class.and_then(|class| class.strip_prefix("language-")) {
                Some(language) if builder.innermost().is_some_and(|open| open.mark == "pre") => {
                    builder.extend("language", language);
                    None
                }
                _ => Some("code"),
            }
        }
        "pre" => Some("pre"),
        _ => {
            return Err(format!(
                "unsupported start tag \"{name}\" at byte offset {at}"
            ));
        }
    };
    builder.open(&name, kind, extra);
    Ok(())
}

fn close(builder: &mut Builder, name: &str, at: usize) -> Result<(), String> {
    match builder.innermost() {
        None => Err(format!("unexpected end tag at byte offset {at}")),
        Some(open) if name.is_empty() || open.mark.eq_ignore_ascii_case(name) => {
            builder.close();
            Ok(())
        }
        Some(open) => Err(format!(
            "unmatched end tag at byte offset {at}, expected \"</{}>\", found \"</{name}>\"",
            open.mark
        )),
    }
}

/// The value of an attribute in double or single quotes.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    while let Some((key, value)) = rest.split_once('=') {
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, after) = value.get(1..)?.split_once(quote)?;
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = after;
    }
    None
}

/// The character a text starting with `&` stands for, and how many bytes it takes. What is no
/// known reference is an ampersand.
fn reference(text: &str) -> (char, usize) {
    let plain = ('&', 1);
    let Some(end) = text.find(';').filter(|end| *end <= 10) else {
        return plain;
    };
    let name = text.get(1..end).unwrap_or_default();
    let character = match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        _ => name.strip_prefix('#').and_then(|number| {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }),
    };
    character.map_or(plain, |character| (character, end + 1))
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let (character, length) = if character == '&' {
            reference(rest)
        } else {
            (character, character.len_utf8())
        };
        out.push(character);
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn tags_become_entities() {
        let (plain, entities) = parse(
            "<b>bold <i>both</i></b> &lt;&amp;&#65; <a href=\"http://e.org/?a=1&amp;b\">x</a>",
        )
        .unwrap();
        assert_eq!(plain, "bold both <&A x");
        assert_eq!(
            entities,
            [
                json!({"type": "italic", "offset": 5, "length": 4}),
                json!({"type": "bold", "offset": 0, "length": 9}),
                json!({"type": "text_link", "offset": 14, "length": 1, "url": "http://e.org/?a=1&b"}),
            ]
        );
        let (_, entities) = parse("<pre><code class=\"language-python\">x</code></pre>").unwrap();
        assert_eq!(
            entities,
            [json!({"type": "pre", "offset": 0, "length": 1, "language": "python"})]
        );
    }

    #[test]
    fn mistakes_are_named() {
        assert!(parse("<b>x").unwrap_err().contains("can't find end tag"));
        assert!(
            parse("x</b>")
                .unwrap_err()
                .contains("unexpected end tag at byte offset 1")
        );
        assert!(parse("<b>x</i>").unwrap_err().contains("expected \"</b>\""));
        assert!(
            parse("<object at 0x7f>")
                .unwrap_err()
                .contains("unsupported start tag \"object\"")
        );
        assert!(parse("a < b").unwrap_err().contains("unclosed"));
    }
}
