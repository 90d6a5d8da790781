//! Entities that Telegram finds by itself: commands, mentions, hashtags, links.

use serde_json::{Value, json};

use super::units;

/// Punctuation that ends a link instead of belonging to it.
const NOT_AT_END_OF_LINK: &[char] = &['.', ',', ';', ':', '!', '?', ')', ']', '}', '"', '\'', '>'];

/// Finds entities in plain text, word by word.
pub(crate) fn detect(text: &str) -> Vec<Value> {
    let mut entities = Vec::new();
    let mut offset = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end_matches(char::is_whitespace);
        if let Some((kind, length)) = entity(bare) {
            entities.push(json!({"type": kind, "offset": offset, "length": length}));
        }
        offset += units(word);
    }
    entities
}

/// The entity a word starts with, and its length in UTF-16 units.
fn entity(word: &str) -> Option<(&'static str, usize)> {
    if let Some(rest) = word.strip_prefix('/') {
        let name = ascii_name(rest);
        let target = rest
            .get(name..)?
            .strip_prefix('@')
            .map_or(0, |bot| match ascii_name(bot) {
                0 => 0,
                length => length + 1,
            });
        let next = rest.get(name + target..)?.chars().next();
        // `/usr/bin` is a path, not a command.
        let ends = next != Some('/');
        return ((1..=32).contains(&name) && ends).then_some(("bot_command", 1 + name + target));
    }
    if let Some(rest) = word.strip_prefix('@') {
        let name = ascii_name(rest);
        return (name >= 3).then_some(("mention", 1 + name));
    }
    if let Some(rest) = word.strip_prefix('#') {
        let name: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let only_digits = name.chars().all(|c| c.is_ascii_digit());
        return (!only_digits).then(|| ("hashtag", 1 + units(&name)));
    }
    if word.starts_with("http://") || word.starts_with("https://") {
        let link = word.trim_end_matches(NOT_AT_END_OF_LINK);
        return link
            .split_once("://")
            .filter(|(_, host)| !host.is_empty())
            .map(|_| ("url", units(link)));
    }
    None
}

fn ascii_name(text: &str) -> usize {
    text.bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count()
}

#[cfg(test)]
mod tests {
    use super::detect;

    fn found(text: &str) -> Vec<(String, u64, u64)> {
        let read = |entity: &serde_json::Value| {
            let number = |name: &str| entity[name].as_u64().unwrap();
            (
                entity["type"].as_str().unwrap().to_owned(),
                number("offset"),
                number("length"),
            )
        };
        detect(text).iter().map(read).collect()
    }

    #[test]
    fn finds_commands() {
        assert_eq!(found("/start"), [("bot_command".into(), 0, 6)]);
        assert_eq!(found("/start@my_bot now"), [("bot_command".into(), 0, 13)]);
        assert_eq!(found("/start, please"), [("bot_command".into(), 0, 6)]);
        assert!(found("/usr/bin and / and 1/2").is_empty());
    }

    #[test]
    fn counts_in_utf16_units() {
        // Each flag is two characters of two units each.
        assert_eq!(found("🇷🇺 привет /go"), [("bot_command".into(), 12, 3)]);
    }

    #[test]
    fn finds_links_mentions_and_tags() {
        let expected = [
            ("url".into(), 4, 19),
            ("mention".into(), 25, 5),
            ("hashtag".into(), 31, 4),
        ];
        assert_eq!(
            found("see https://example.org, @anna #тег #12 @a"),
            expected
        );
    }
}
