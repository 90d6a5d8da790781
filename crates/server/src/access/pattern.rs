//! Patterns of names, as shells and Python's `fnmatch` know them.

/// A pattern: `*` any text, `?` one character, `[ab]`, `[a-z]`, `[!a]` one of a set; everything
/// else is itself. A `[` that is never closed is itself, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Char(char),
    Set {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
}

impl Pattern {
    /// Reads a pattern. Any text is one.
    pub(super) fn parse(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut parts = Vec::new();
        let mut rest = chars.as_slice();
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            parts.push(match first {
                // Several in a row mean the same as one, and cost more.
                '*' if parts.last() == Some(&Part::Any) => continue,
                '*' => Part::Any,
                '?' => Part::One,
                '[' => match set(after) {
                    Some((set, after)) => {
                        rest = after;
                        set
                    }
                    None => Part::Char('['),
                },
                other => Part::Char(*other),
            });
        }
        Self(parts)
    }

    /// Whether the whole text is of this kind. Takes at most pattern × text steps.
    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut part, mut at) = (0, 0);
        // Where to go on after the last `*`, should the way taken turn out wrong.
        let mut again: Option<(usize, usize)> = None;
        loop {
            match (self.0.get(part), text.get(at)) {
                (None, None) => return true,
                (Some(Part::Any), _) => {
                    again = Some((part + 1, at));
                    part += 1;
                }
                (Some(wanted), Some(found)) if wanted.takes(*found) => {
                    part += 1;
                    at += 1;
                }
                _ => match again {
                    Some((behind, from)) if from < text.len() => {
                        again = Some((behind, from + 1));
                        part = behind;
                        at = from + 1;
                    }
                    _ => return false,
                },
            }
        }
    }
}

impl Part {
    fn takes(&self, found: char) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Char(wanted) => *wanted == found,
            Self::Set { ranges, negated } => {
                ranges
                    .iter()
                    .any(|(low, high)| (*low..=*high).contains(&found))
                    != *negated
            }
        }
    }
}

/// Reads a set after its `[`. A `]` right at its beginning belongs to it.
fn set(rest: &[char]) -> Option<(Part, &[char])> {
    let (negated, rest) = match rest.split_first() {
        Some(('!', after)) => (true, after),
        _ => (false, rest),
    };
    let end = 1 + rest.iter().skip(1).position(|c| *c == ']')?;
    let (inside, after) = rest.split_at_checked(end)?;
    let mut ranges = Vec::new();
    let mut inside = inside;
    while let Some((low, more)) = inside.split_first() {
        match more {
            ['-', high, more @ ..] => {
                ranges.push((*low, *high));
                inside = more;
            }
            _ => {
                ranges.push((*low, *low));
                inside = more;
            }
        }
    }
    Some((Part::Set { ranges, negated }, after.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_fnmatch_has_it() {
        // Each line as Python's fnmatch.fnmatchcase answers it.
        for (pattern, name, wanted) in [
            ("gpu-*", "gpu-1", true),
            ("gpu-*", "gpu-", true),
            ("gpu-*", "cpu-1", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("?", "é", true),
            ("?", "", false),
            ("w?", "w12", false),
            ("[ab]x", "bx", true),
            ("[a-c]x", "bx", true),
            ("[a-c]x", "dx", false),
            ("[!a-c]x", "dx", true),
            ("[!a-c]x", "ax", false),
            ("[]]", "]", true),
            ("[", "[", true),
            ("[a", "[a", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-d", false),
            ("**a", "bba", true),
            ("a-b", "a-b", true),
            ("[a-]", "-", true),
            ("*-eu", "gpu-eu-eu", true),
        ] {
            assert_eq!(
                Pattern::parse(pattern).matches(name),
                wanted,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let pattern = Pattern::parse(&"*a".repeat(50));
        let begun = std::time::Instant::now();
        assert!(!pattern.matches(&"a".repeat(49)));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(10_000))));
        assert!(begun.elapsed() < std::time::Duration::from_secs(1));
    }
}
