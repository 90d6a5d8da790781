//! Which language to speak.

use std::collections::BTreeMap;

use super::Text;
use super::en::En;
use super::ru::Ru;

/// A language the product speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// Russian.
    Ru,
}

impl Language {
    /// The language of a `--lang` value.
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "en" => Some(Self::En),
            "ru" => Some(Self::Ru),
            _ => None,
        }
    }

    /// The language of the environment: `LC_ALL`, then `LC_MESSAGES`, then `LANG`, as POSIX
    /// orders them; English when none of them is set.
    pub fn of_environment(environment: &BTreeMap<String, String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| environment.get(*name).filter(|value| !value.is_empty()));
        match locale {
            Some(locale) if locale.to_ascii_lowercase().starts_with("ru") => Self::Ru,
            _ => Self::En,
        }
    }

    /// The sentences of this language.
    pub fn text(self) -> Text {
        match self {
            Self::En => &En,
            Self::Ru => &Ru,
        }
    }

    /// The key under which the server's answers carry this language, if it isn't the main one.
    pub fn answer_key(self) -> Option<&'static str> {
        match self {
            Self::En => None,
            Self::Ru => Some("ru"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Language {
        let map = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Language::of_environment(&map)
    }

    #[test]
    fn lc_all_beats_lang_and_empty_values_do_not_count() {
        assert_eq!(of(&[]), Language::En);
        assert_eq!(of(&[("LANG", "ru_RU.UTF-8")]), Language::Ru);
        assert_eq!(
            of(&[("LANG", "ru_RU.UTF-8"), ("LC_ALL", "C")]),
            Language::En
        );
        assert_eq!(of(&[("LANG", "ru_RU.UTF-8"), ("LC_ALL", "")]), Language::Ru);
        assert_eq!(of(&[("LANG", "de_DE.UTF-8")]), Language::En);
    }
}
