//! "Did you mean …?"

/// The name nearest to a misspelt one, if one is near enough to be meant.
pub fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let allowed = match name.chars().count() {
        0..=4 => 1,
        5..=7 => 2,
        _ => 3,
    };
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= allowed && *distance < candidate.chars().count()
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// "did you mean 'x'?", or else the list of what there is.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> Option<String> {
    if let Some(near) = nearest(name, known.iter().copied()) {
        return Some(format!("did you mean '{near}'?"));
    }
    (!known.is_empty() && known.len() <= 24).then(|| format!("there is: {}", known.join(", ")))
}

/// How many letters must be added, dropped, changed or swapped with the next (the
/// Damerau–Levenshtein distance). Long names are compared by their first 64 letters.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().take(64).flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let changed = last.get(j).copied().unwrap_or(0) + usize::from(x != y);
            let dropped = last.get(j + 1).copied().unwrap_or(0) + 1;
            let added = row.get(j).copied().unwrap_or(0) + 1;
            let mut least = changed.min(dropped).min(added);
            if i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x) {
                least = least.min(before.get(j - 1).copied().unwrap_or(0) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["dispatch", "parallel", "goto", "on"];
        assert_eq!(nearest("dispach", known), Some("dispatch"));
        assert_eq!(nearest("dipsatch", known), Some("dispatch"));
        assert_eq!(nearest("got", known), Some("goto"));
        assert_eq!(nearest("On", known), Some("on"));
        assert_eq!(nearest("zebra", known), None);
        assert_eq!(
            suggestion("zebra", &["a", "b"]),
            Some("there is: a, b".to_owned())
        );
    }
}
