//! Forms of words by number.

/// The Russian form of a noun for a number: 1 бот, 2 бота, 5 ботов, 11 ботов, 21 бот.
pub(super) fn russian(
    n: u64,
    one: &'static str,
    few: &'static str,
    many: &'static str,
) -> &'static str {
    match (n % 10, n % 100) {
        (_, 11..=14) => many,
        (1, _) => one,
        (2..=4, _) => few,
        _ => many,
    }
}

/// The English form of a noun for a number.
pub(super) fn english(n: u64, one: &'static str, many: &'static str) -> &'static str {
    if n == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn russian_numbers_choose_their_form() {
        let form = |n| russian(n, "бот", "бота", "ботов");
        for (n, want) in [
            (0, "ботов"),
            (1, "бот"),
            (2, "бота"),
            (4, "бота"),
            (5, "ботов"),
            (11, "ботов"),
            (12, "ботов"),
            (14, "ботов"),
            (21, "бот"),
            (22, "бота"),
            (101, "бот"),
            (111, "ботов"),
        ] {
            assert_eq!(form(n), want, "{n}");
        }
    }
}
