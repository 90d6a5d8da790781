//! `a ?? b` becomes a call that CEL can parse.

use super::CompileError;
use super::scan::{Token, TokenKind};

/// What `a ?? b` is called in the text CEL parses. Names that begin with two underscores are
/// refused in expressions, so nobody else can call it.
pub(super) const OR: &str = "__or";

/// The text CEL parses, and how its places map back to what was written.
#[derive(Debug)]
pub(super) struct Rewritten {
    pub(super) text: String,
    /// For each copied stretch: where it begins in `text`, and in the original.
    stretches: Vec<(usize, usize)>,
}

impl Rewritten {
    /// Where a byte of the rewritten text was written.
    pub(super) fn original(&self, at: usize) -> usize {
        let index = self.stretches.partition_point(|(start, _)| *start <= at);
        let stretch = index.checked_sub(1).and_then(|i| self.stretches.get(i));
        stretch.map_or(0, |(start, original)| original + (at - start))
    }
}

/// Rewrites every `??` of an expression.
pub(super) fn rewrite(text: &str, tokens: &[Token]) -> Result<Rewritten, CompileError> {
    // What to insert before each byte; several at one place in the order they are found.
    let mut inserts: Vec<(usize, String)> = Vec::new();
    let mut skips = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if token.kind != TokenKind::Or {
            continue;
        }
        let left = tokens.get(..index).unwrap_or(&[]);
        let right = tokens.get(index + 1..).unwrap_or(&[]);
        let (Some(start), Some(end)) = (left_start(left), right_end(right)) else {
            return Err(CompileError::new(
                token.start,
                2,
                "'??' needs a value on both sides",
            ));
        };
        inserts.push((start, format!("{OR}(")));
        inserts.push((token.start, ",".to_owned()));
        inserts.push((end, ")".to_owned()));
        skips.push(*token);
    }
    inserts.sort_by_key(|(at, _)| *at);
    let mut rewritten = Rewritten {
        text: String::with_capacity(text.len() + 16),
        stretches: Vec::new(),
    };
    let mut at = 0;
    for (place, insert) in inserts {
        copy(&mut rewritten, text, at, place);
        rewritten.text.push_str(&insert);
        at = place;
        if insert == "," && skips.iter().any(|token| token.start == place) {
            at += 2;
        }
    }
    copy(&mut rewritten, text, at, text.len());
    Ok(rewritten)
}

fn copy(rewritten: &mut Rewritten, text: &str, from: usize, to: usize) {
    if let Some(stretch) = text.get(from..to).filter(|stretch| !stretch.is_empty()) {
        rewritten.stretches.push((rewritten.text.len(), from));
        rewritten.text.push_str(stretch);
    }
}

/// Where the operand that ends with `tokens` begins.
fn left_start(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut start = None;
    for token in tokens.iter().rev() {
        match token.kind {
            TokenKind::Close => depth += 1,
            TokenKind::Open if depth == 0 => break,
            TokenKind::Open => depth -= 1,
            TokenKind::Weak | TokenKind::Or if depth == 0 => break,
            _ => {}
        }
        start = Some(token.start);
    }
    start
}

/// Where the operand that begins with `tokens` ends; a further `??` belongs to it.
fn right_end(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut end = None;
    for token in tokens {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close if depth == 0 => break,
            TokenKind::Close => depth -= 1,
            TokenKind::Weak if depth == 0 => break,
            _ => {}
        }
        end = Some(token.end);
    }
    end
}

#[cfg(test)]
mod tests {
    use super::super::scan::tokens;
    use super::*;

    fn shown(text: &str) -> String {
        match tokens(text).and_then(|tokens| rewrite(text, &tokens)) {
            Ok(rewritten) => rewritten.text,
            Err(error) => format!("{}: {}", error.at, error.reason),
        }
    }

    #[test]
    fn operands_reach_from_comparison_to_comparison() {
        for (text, expected) in [
            ("a ?? b", "__or(a , b)"),
            ("a.b[0] ?? 'x' == 'y'", "__or(a.b[0] , 'x') == 'y'"),
            ("a ?? b ?? c", "__or(a , __or(b , c))"),
            ("f(a ?? 1, b) + 2", "f(__or(a , 1), b) + 2"),
            ("a + 1 ?? b + 2 > 3 && c", "__or(a + 1 , b + 2) > 3 && c"),
            ("c ? a ?? 1 : b ?? 2", "c ? __or(a , 1) : __or(b , 2)"),
            ("(a ?? b) ?? c", "__or((__or(a , b)) , c)"),
            ("x in a ?? []", "x in __or(a , [])"),
            ("'??'", "'??'"),
            ("?? b", "0: '??' needs a value on both sides"),
            ("a ??", "2: '??' needs a value on both sides"),
            ("(a ??)", "3: '??' needs a value on both sides"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn places_map_back() {
        let text = "a ?? b ?? cd";
        let rewritten = rewrite(text, &tokens(text).unwrap()).unwrap();
        for name in ["a", "b", "cd"] {
            let place = rewritten.text.rfind(name).unwrap();
            let original = rewritten.original(place);
            assert_eq!(&text[original..original + name.len()], name);
        }
    }
}
