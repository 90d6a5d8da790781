//! Foreign text made safe to repeat in a message: short, on one line, without control or
//! direction characters, without what may be a credential in a URL.

/// Longest foreign text a message repeats, characters.
pub const SHOWN_CHARS_MAX: usize = 60;

/// The text as a message may repeat it.
pub fn shown(text: &str) -> String {
    let text = match text.find("://") {
        Some(at) => format!("{}://***", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    };
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == SHOWN_CHARS_MAX {
            out.push('…');
            break;
        }
        if is_unseen(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// The first characters of a name that may be a secret put in the wrong place.
pub fn shown_start(text: &str) -> String {
    let short: String = text.chars().take(8).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{}{more}", shown(&short))
}

/// Whether a character can't be seen or changes how others are seen: control characters, and
/// the marks that turn or join text.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_short_and_plain() {
        assert_eq!(shown("bot.py"), "bot.py");
        assert_eq!(
            shown("a\n\u{1b}[31m\u{202e}"),
            "a\\u{a}\\u{1b}[31m\\u{202e}"
        );
        assert_eq!(
            shown("x @ git+https://me:secret@host/y"),
            "x @ git+https://***"
        );
        assert_eq!(shown(&"я".repeat(100)).chars().count(), SHOWN_CHARS_MAX + 1);
        assert_eq!(shown_start("123456:TEST-TOKEN"), "123456:T…");
        assert_eq!(shown_start("A B"), "A B");
    }
}
