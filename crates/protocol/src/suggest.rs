//! What somebody who mistyped a word meant.

/// The candidate nearest to the word, if it is near: two edits at most and fewer than half its
/// letters, or the same first two letters.
pub fn nearest(word: &str, candidates: &[&'static str]) -> Option<&'static str> {
    let word = word.trim().to_lowercase();
    // Longer words can't be near, and the table below would grow with them.
    if word.chars().count() > 32 {
        return None;
    }
    let near = candidates
        .iter()
        .map(|candidate| (distance(&word, candidate), *candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= 2 && distance * 2 < candidate.len());
    near.map(|(_, candidate)| candidate).or_else(|| {
        let start = word.get(..2)?;
        candidates
            .iter()
            .copied()
            .find(|candidate| candidate.starts_with(start))
    })
}

/// Letters to insert, delete or replace to turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut last = i + 1;
        let mut next = vec![last];
        for (y, pair) in b.iter().zip(row.windows(2)) {
            if let [diagonal, above] = pair {
                last = (diagonal + usize::from(x != *y))
                    .min(above + 1)
                    .min(last + 1);
                next.push(last);
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        let verbs = ["start", "stop", "logs", "list", "status"];
        assert_eq!(nearest("strat", &verbs), Some("start"));
        assert_eq!(nearest("STOP", &verbs), Some("stop"));
        assert_eq!(nearest("log", &verbs), Some("logs"));
        assert_eq!(nearest("starting", &verbs), Some("start"));
        assert_eq!(nearest("delete", &verbs), None);
        assert_eq!(nearest("", &verbs), None);
        assert_eq!(nearest("я", &verbs), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
