//! Just enough of CEL's tokens to find where an expression ends, to bound it before the real
//! parser sees it, and to give `??` its place.

use super::CompileError;

/// Bytes of an expression.
pub(crate) const LENGTH_MAX: usize = 2_000;
/// Tokens of an expression.
const TOKENS_MAX: usize = 400;
/// Brackets inside each other.
const NESTING_MAX: usize = 24;

/// A token and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A name, a keyword or a number.
    Word,
    /// A string, in whatever quotes.
    Text,
    Open,
    Close,
    /// `??`
    Or,
    /// What ends an operand of `??`: comparisons, `&&`, `||`, `?`, `:` and `,`.
    Weak,
    /// Every other operator.
    Operator,
}

/// What the scanner stops at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// The end of the text.
    End,
    /// A closing brace without an opening one: the end of a template's expression.
    Brace,
}

/// The tokens of a whole expression.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, CompileError> {
    if text.len() > LENGTH_MAX {
        return Err(CompileError::new(
            0,
            text.len(),
            format!("the expression is longer than {LENGTH_MAX} bytes"),
        )
        .hint("split it: keep a part of it with `set:` in an earlier state"));
    }
    Ok(scan(text, Stop::End)?.0)
}

/// Where the expression that begins `text` ends: before the first closing brace that it has not
/// opened itself. `None` if there is none.
pub(crate) fn template_end(text: &str) -> Option<usize> {
    match scan(text, Stop::Brace) {
        Ok((_, end)) => end,
        // It is broken; how, its own compilation will say. The last brace of the line is the best
        // guess of its end.
        Err(_) => {
            let line = text.lines().next().unwrap_or(text);
            line.find('}')
        }
    }
}

fn scan(text: &str, stop: Stop) -> Result<(Vec<Token>, Option<usize>), CompileError> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut open: Vec<(u8, usize)> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        let start = at;
        let next = bytes.get(at + 1).copied();
        let kind = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            b'/' if next == Some(b'/') => {
                at = text
                    .get(at..)
                    .and_then(|rest| rest.find('\n'))
                    .map_or(text.len(), |n| at + n);
                continue;
            }
            b'"' | b'\'' => {
                at = string_end(bytes, at, false)?;
                TokenKind::Text
            }
            b'(' | b'[' | b'{' => {
                open.push((byte, at));
                if open.len() > NESTING_MAX {
                    return Err(CompileError::new(
                        at,
                        1,
                        format!("more than {NESTING_MAX} brackets inside each other"),
                    ));
                }
                at += 1;
                TokenKind::Open
            }
            b')' | b']' | b'}' => {
                if open.is_empty() && byte == b'}' && stop == Stop::Brace {
                    return Ok((tokens, Some(at)));
                }
                closes(&mut open, byte, at)?;
                at += 1;
                TokenKind::Close
            }
            b'?' if next == Some(b'?') => {
                at += 2;
                TokenKind::Or
            }
            b'=' | b'!' | b'<' | b'>' if next == Some(b'=') => {
                at += 2;
                TokenKind::Weak
            }
            b'&' if next == Some(b'&') => {
                at += 2;
                TokenKind::Weak
            }
            b'|' if next == Some(b'|') => {
                at += 2;
                TokenKind::Weak
            }
            b'?' | b':' | b',' | b'<' | b'>' => {
                at += 1;
                TokenKind::Weak
            }
            b'.' if next == Some(b'?') && bytes.get(at + 2) != Some(&b'?') => {
                at += 2;
                TokenKind::Operator
            }
            _ if is_word(byte) => {
                (at, _) = word_end(bytes, at)?;
                word_kind(text.get(start..at).unwrap_or(""))
            }
            _ => {
                at += text
                    .get(at..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(1, char::len_utf8);
                TokenKind::Operator
            }
        };
        tokens.push(Token {
            kind,
            start,
            end: at,
        });
        if tokens.len() > TOKENS_MAX {
            return Err(CompileError::new(
                start,
                at - start,
                format!("the expression has more than {TOKENS_MAX} parts"),
            ));
        }
    }
    match open.last() {
        Some((bracket, at)) if stop == Stop::End => Err(CompileError::new(
            *at,
            1,
            format!("'{}' is never closed", char::from(*bracket)),
        )),
        _ => Ok((tokens, None)),
    }
}

fn closes(open: &mut Vec<(u8, usize)>, byte: u8, at: usize) -> Result<(), CompileError> {
    let expected = match byte {
        b')' => b'(',
        b']' => b'[',
        _ => b'{',
    };
    match open.pop() {
        Some((bracket, _)) if bracket == expected => Ok(()),
        Some((bracket, _)) => Err(CompileError::new(
            at,
            1,
            format!(
                "'{}' is closed by '{}'",
                char::from(bracket),
                char::from(byte)
            ),
        )),
        None => Err(CompileError::new(
            at,
            1,
            format!("'{}' was never opened", char::from(byte)),
        )),
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn word_kind(word: &str) -> TokenKind {
    match word {
        "in" => TokenKind::Weak,
        _ if word.ends_with(['"', '\'']) => TokenKind::Text,
        _ => TokenKind::Word,
    }
}

/// The end of a name or number, or of a string with a prefix (`r'…'`, `b"…"`).
fn word_end(bytes: &[u8], start: usize) -> Result<(usize, bool), CompileError> {
    let mut at = start;
    while bytes.get(at).copied().is_some_and(is_word) {
        at += 1;
    }
    let prefix = bytes.get(start..at).unwrap_or(&[]).to_ascii_lowercase();
    let quoted = matches!(bytes.get(at), Some(b'"' | b'\''));
    if quoted && [b"r".as_slice(), b"b", b"rb", b"br"].contains(&prefix.as_slice()) {
        return Ok((string_end(bytes, at, prefix.contains(&b'r'))?, true));
    }
    Ok((at, false))
}

/// The end of the string that begins at `start` with its quote.
fn string_end(bytes: &[u8], start: usize, raw: bool) -> Result<usize, CompileError> {
    let unclosed = || CompileError::new(start, 1, "the string is never closed");
    let quote = bytes.get(start).copied().ok_or_else(unclosed)?;
    let long = bytes.get(start + 1) == Some(&quote) && bytes.get(start + 2) == Some(&quote);
    let closing = if long { vec![quote; 3] } else { vec![quote] };
    let mut at = start + closing.len();
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(&closing) {
            return Ok(at + closing.len());
        }
        match rest.first() {
            Some(b'\\') if !raw => at += 2,
            Some(b'\n') if !long => return Err(unclosed()),
            _ => at += 1,
        }
    }
    Err(unclosed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_ends_at_its_own_brace() {
        assert_eq!(template_end("input.a} and {more}"), Some(7));
        assert_eq!(template_end("{'a': 1}.a}"), Some(10));
        assert_eq!(template_end("'}' + \"}\"}"), Some(9));
        assert_eq!(template_end("r'\\'}"), Some(4));
        assert_eq!(template_end("'''a'}''' }"), Some(10));
        assert_eq!(template_end("input.a"), None);
        assert_eq!(template_end("'unclosed}"), Some(9));
    }

    #[test]
    fn what_is_too_much_or_unbalanced_is_refused_with_its_place() {
        let refused = |text: &str| tokens(text).unwrap_err();
        assert_eq!(refused("(a]").reason, "'(' is closed by ']'");
        assert_eq!((refused("(a]").at, refused("a)").at), (2, 1));
        assert_eq!(refused("f(a").reason, "'(' is never closed");
        assert_eq!(refused("'a").reason, "the string is never closed");
        assert!(
            refused(&"(".repeat(30))
                .reason
                .contains("inside each other")
        );
        assert!(refused(&"-".repeat(500)).reason.contains("parts"));
        assert!(refused(&"a".repeat(3_000)).reason.contains("longer"));
    }
}
