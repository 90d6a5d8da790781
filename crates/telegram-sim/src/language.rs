//! The two languages of everything a person reads.

use std::{convert::Infallible, str::FromStr};

/// The language of messages for people. Codes and JSON keys never change with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Russian.
    Russian,
}

impl FromStr for Language {
    type Err = Infallible;

    /// Reads `ru`, or a locale such as `ru_RU.UTF-8`; anything else is English.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let russian = text
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("ru"));
        Ok(if russian {
            Self::Russian
        } else {
            Self::English
        })
    }
}

impl Language {
    /// Picks one of two texts. Both must be given, so none can be forgotten.
    pub(crate) fn pick<'a>(self, english: &'a str, russian: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::Russian => russian,
        }
    }
}
