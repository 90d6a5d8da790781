//! Text from outside is shown, never obeyed: a bot's log must not move the cursor, write the
//! clipboard or turn the reading direction (see "Trojan Source", CVE-2021-42574).

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use super::theme::is_mark;

/// Longest line that is shown; a longer one is cut with a mark.
const LINE_CHARS_MAX: usize = 16_384;
/// Columns of a tab.
const TAB: &str = "    ";

/// One line of foreign text, harmless. Colour sequences are dropped, for bots write them and they
/// only disturb; every other control character becomes visible.
pub fn clean_line(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.strip_suffix('\r').unwrap_or(text);
    for _ in 0..LINE_CHARS_MAX {
        if let Some(after) = after_colour(rest) {
            rest = after;
            continue;
        }
        let Some(c) = rest.chars().next() else {
            return clean;
        };
        push_clean(&mut clean, c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    if !rest.is_empty() {
        clean.push('…');
    }
    clean
}

/// Foreign text of several lines, each harmless.
pub fn clean_text(text: &str) -> String {
    text.lines().map(clean_line).collect::<Vec<_>>().join("\n")
}

fn push_clean(clean: &mut String, c: char) {
    match c {
        '\t' => clean.push_str(TAB),
        // U+2400 and following are pictures of the C0 controls, in the same order.
        '\0'..='\u{1f}' => clean.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('?')),
        '\u{7f}' => clean.push('\u{2421}'),
        c if is_hostile(c) => clean.push_str(&format!("<U+{:04X}>", u32::from(c))),
        c => clean.push(c),
    }
}

/// Characters that change how other characters are shown or read. The joiners U+200C and U+200D
/// stay: Persian and many emoji need them.
fn is_hostile(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}'
    ) || is_mark(c)
}

/// What follows a colour sequence (`ESC [ digits m`), if the text begins with one.
fn after_colour(text: &str) -> Option<&str> {
    let body = text.strip_prefix("\u{1b}[")?;
    let end = body.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':')?;
    let (_, rest) = body.split_at(end);
    rest.strip_prefix('m')
}

/// A document as JSON in which the same characters are escaped: equal for a parser, and harmless
/// on a terminal.
///
/// # Errors
/// Those of the value's own serialisation.
pub fn clean_json(value: &impl Serialize) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(
        &mut bytes, Harmless,
    ))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut plain = CompactFormatter;
        let mut from = 0;
        for (at, c) in fragment
            .char_indices()
            .filter(|(_, c)| is_hostile(*c) || *c == '\u{7f}')
        {
            plain.write_string_fragment(writer, fragment.get(from..at).unwrap_or_default())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            from = at + c.len_utf8();
        }
        plain.write_string_fragment(writer, fragment.get(from..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_shown_and_colours_dropped() {
        for (text, want) in [
            ("plain привет 👨‍👩‍👧", "plain привет 👨‍👩‍👧"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[38;5;1mx", "x"),
            ("\u{1b}[2Jgone", "␛[2Jgone"),
            ("\u{1b}]52;c;aGk=\u{7}", "␛]52;c;aGk=␇"),
            ("\u{9b}31m", "<U+009B>31m"),
            ("a\u{202e}b", "a<U+202E>b"),
            ("a\tb\r", "a    b"),
            ("over\rwrite", "over␍write"),
            ("\u{2061}mark\u{2060}", "<U+2061>mark<U+2060>"),
            ("[bold]markup[/]", "[bold]markup[/]"),
            ("\u{1b}[", "␛["),
        ] {
            assert_eq!(clean_line(text), want);
        }
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let line = clean_line(&"x".repeat(1_000_000));
        assert_eq!(line.chars().count(), LINE_CHARS_MAX + 1);
        assert!(line.ends_with('…'));
    }

    #[test]
    fn json_is_equal_for_a_parser_and_harmless_on_a_terminal() {
        let text = "a\u{9b}b\u{202e}c\u{1b}[2Jd\u{7f}\"\u{e0041}";
        let json = clean_json(&text).unwrap();
        assert!(json.is_ascii(), "{json}");
        assert!(!json.contains('\u{1b}'));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
