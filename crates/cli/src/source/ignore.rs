//! `.botignore`: which files of a folder don't belong to the bot. The rules are those of
//! `.gitignore` (see gitignore(5)): the last matching line wins, `!` takes back, a slash inside
//! anchors to the folder, a slash at the end means folders only, `**` crosses folders.

/// Folders that never belong to a bot.
const FOLDERS_ALWAYS: [&str; 4] = [".git", "__pycache__", ".venv", "node_modules"];

/// The rules of one folder tree.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    /// Glob over the path relative to the root, `/`-separated.
    glob: Vec<char>,
    /// Whether the match is taken back instead.
    keep: bool,
    /// Whether only folders match.
    folders_only: bool,
}

/// What the rules say about a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No line matches.
    Silent,
    /// The last matching line leaves it out.
    Ignored,
    /// The last matching line takes it back.
    Kept,
}

impl Rules {
    /// Reads the lines of a `.botignore`.
    pub(super) fn parse(text: &str) -> Self {
        Self {
            rules: text.lines().filter_map(parse_line).collect(),
        }
    }

    /// What the rules say about a path relative to the root.
    pub(super) fn verdict(&self, path: &str, is_folder: bool) -> Verdict {
        let name = path.rsplit('/').next().unwrap_or(path);
        if is_folder && FOLDERS_ALWAYS.contains(&name) {
            return Verdict::Ignored;
        }
        let path: Vec<char> = path.chars().collect();
        self.rules
            .iter()
            .rev()
            .find(|rule| (is_folder || !rule.folders_only) && matches(&rule.glob, &path))
            .map_or(Verdict::Silent, |rule| {
                if rule.keep {
                    Verdict::Kept
                } else {
                    Verdict::Ignored
                }
            })
    }
}

fn parse_line(line: &str) -> Option<Rule> {
    let line = line.trim_end();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (keep, line) = match line.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let line = line.strip_prefix('\\').unwrap_or(line);
    let (folders_only, line) = match line.strip_suffix('/') {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let anchored = line.contains('/');
    let line = line.strip_prefix('/').unwrap_or(line);
    let glob = if anchored {
        line.to_owned()
    } else {
        format!("**/{line}")
    };
    (!line.is_empty()).then(|| Rule {
        glob: glob.chars().collect(),
        keep,
        folders_only,
    })
}

/// Whether a glob matches a whole path. `*` and `?` stop at a slash, `**` doesn't.
fn matches(glob: &[char], path: &[char]) -> bool {
    // Explicit stack instead of recursion on `*`: a hostile glob costs at most |glob| × |path|.
    let mut reached = vec![false; path.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    let mut rest = glob;
    while let Some((token, after)) = next_token(rest) {
        let mut next = vec![false; path.len() + 1];
        for (at, _) in reached.iter().enumerate().filter(|(_, here)| **here) {
            token.advance(path, at, &mut next);
        }
        reached = next;
        rest = after;
    }
    reached.last().copied().unwrap_or(false)
}

enum Token<'a> {
    /// `**/`: any number of whole folders.
    Folders,
    /// `**`: anything.
    Anything,
    /// `*`: anything within a name.
    Name,
    /// `?`: one character of a name.
    One,
    /// `[…]`: one of a set.
    Set(&'a [char]),
    /// Itself.
    Literal(char),
}

fn next_token(glob: &[char]) -> Option<(Token<'_>, &[char])> {
    Some(match glob {
        [] => return None,
        ['*', '*', '/', rest @ ..] => (Token::Folders, rest),
        ['*', '*', rest @ ..] => (Token::Anything, rest),
        ['*', rest @ ..] => (Token::Name, rest),
        ['?', rest @ ..] => (Token::One, rest),
        ['\\', c, rest @ ..] => (Token::Literal(*c), rest),
        ['[', rest @ ..] => {
            // A closing bracket right after the opening one is a member of the set.
            let negated = usize::from(matches!(rest.first(), Some('!' | '^')));
            match rest.iter().skip(negated + 1).position(|c| *c == ']') {
                Some(at) => {
                    let (set, after) = rest.split_at(at + negated + 1);
                    (Token::Set(set), after.get(1..).unwrap_or_default())
                }
                None => (Token::Literal('['), rest),
            }
        }
        [c, rest @ ..] => (Token::Literal(*c), rest),
    })
}

impl Token<'_> {
    /// Marks in `next` every place reached from `at` by this token.
    fn advance(&self, path: &[char], at: usize, next: &mut [bool]) {
        let mut mark = |place: usize| {
            if let Some(slot) = next.get_mut(place) {
                *slot = true;
            }
        };
        let ahead = path.get(at..).unwrap_or_default();
        match self {
            Self::Folders => {
                mark(at);
                for (offset, _) in ahead.iter().enumerate().filter(|(_, c)| **c == '/') {
                    mark(at + offset + 1);
                }
            }
            Self::Anything => (at..=path.len()).for_each(mark),
            Self::Name => {
                let length = ahead.iter().take_while(|c| **c != '/').count();
                (at..=at + length).for_each(mark);
            }
            Self::One if ahead.first().is_some_and(|c| *c != '/') => mark(at + 1),
            Self::Set(set) if ahead.first().is_some_and(|c| *c != '/' && in_set(set, *c)) => {
                mark(at + 1);
            }
            Self::Literal(wanted) if ahead.first() == Some(wanted) => mark(at + 1),
            Self::One | Self::Set(_) | Self::Literal(_) => {}
        }
    }
}

fn in_set(set: &[char], c: char) -> bool {
    let (negated, mut set) = match set {
        ['!' | '^', rest @ ..] => (true, rest),
        _ => (false, set),
    };
    let mut found = false;
    while let Some((first, rest)) = set.split_first() {
        if let ['-', last, after @ ..] = rest {
            found |= (*first..=*last).contains(&c);
            set = after;
        } else {
            found |= *first == c;
            set = rest;
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignored(rules: &str, path: &str) -> bool {
        Rules::parse(rules).verdict(path, false) == Verdict::Ignored
    }

    #[test]
    fn lines_mean_what_they_mean_in_gitignore() {
        for (rules, path, want) in [
            ("*.log", "a.log", true),
            ("*.log", "deep/er/a.log", true),
            ("/a.log", "deep/a.log", false),
            ("deep/*.log", "deep/a.log", true),
            ("deep/*.log", "deep/er/a.log", false),
            ("deep/**/a.log", "deep/a.log", true),
            ("deep/**/a.log", "deep/x/y/a.log", true),
            ("deep/**", "deep/x/y", true),
            ("?.py", "a.py", true),
            ("?.py", "ab.py", false),
            ("[a-c].py", "b.py", true),
            ("[!a-c].py", "b.py", false),
            ("# *.py", "b.py", false),
            ("\\#a", "#a", true),
            ("*.py\n!bot.py", "bot.py", false),
            ("!bot.py\n*.py", "bot.py", true),
            ("data/", "data", false),
            ("[", "[", true),
        ] {
            assert_eq!(ignored(rules, path), want, "{rules:?} on {path}");
        }
        assert_eq!(
            Rules::parse("data/").verdict("x/data", true),
            Verdict::Ignored
        );
    }

    #[test]
    fn folders_of_tools_are_always_left_out() {
        for name in [".git", "__pycache__", ".venv", "node_modules"] {
            let path = format!("deep/{name}");
            assert_eq!(Rules::default().verdict(&path, true), Verdict::Ignored);
            assert_eq!(Rules::default().verdict(&path, false), Verdict::Silent);
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let rules = Rules::parse(&"*a".repeat(200));
        let started = std::time::Instant::now();
        assert_eq!(rules.verdict(&"a".repeat(150), false), Verdict::Silent);
        assert!(started.elapsed().as_secs() < 2);
    }
}
