//! Breaks text into lines of a width.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Breaks at blanks where it can, inside words where it must. Never answers no line at all.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split_inclusive(' ') {
            let fits = line.width() + word.trim_end().width() <= width;
            if !fits && !line.is_empty() {
                lines.push(line.trim_end().to_owned());
                line.clear();
            }
            line.push_str(word);
            while line.trim_end().width() > width {
                let rest = split_off(&mut line, width);
                lines.push(std::mem::replace(&mut line, rest));
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Cuts a line at a width and answers the rest.
fn split_off(line: &mut String, width: usize) -> String {
    let mut columns = 0;
    let at = line
        .char_indices()
        .find(|(_, c)| {
            columns += c.width().unwrap_or(0);
            columns > width
        })
        .map_or(line.len(), |(at, _)| at);
    line.split_off(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole_where_they_fit() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghijkl", 8), ["abcdefgh", "ijkl"]);
        assert_eq!(wrap("привет, как дела", 8), ["привет,", "как дела"]);
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(wrap("a\nb", 8), ["a", "b"]);
        assert_eq!(wrap("界界界界界", 8), ["界界界界", "界"]);
    }
}
