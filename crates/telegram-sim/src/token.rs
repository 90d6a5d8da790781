//! Bot tokens: `<numeric id>:<secret>`.

use std::fmt;

use subtle::ConstantTimeEq as _;

/// Longest token the public server accepts.
const TOKEN_BYTES_MAX: usize = 80;
/// Ids at and above this are not users on the public server.
const ID_MAX: i64 = 1 << 54;

/// A well-formed token. The id is public, the secret is never shown.
#[derive(Clone)]
pub(crate) struct Token {
    id: i64,
    secret: String,
}

impl Token {
    /// Reads a token; `None` when it has not the form the public server demands.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > TOKEN_BYTES_MAX || text.starts_with('0') {
            return None;
        }
        let (id, secret) = text.split_once(':')?;
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !id.bytes().all(|byte| byte.is_ascii_digit())
            || secret.is_empty()
            || !secret.bytes().all(letter)
        {
            return None;
        }
        let id = id
            .parse::<i64>()
            .ok()
            .filter(|id| (1..ID_MAX).contains(id))?;
        Some(Self {
            id,
            secret: secret.to_owned(),
        })
    }

    /// The numeric id: the bot's user id.
    pub(crate) fn id(&self) -> i64 {
        self.id
    }

    /// Whether both are the same token, in constant time.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.id == other.id && bool::from(self.secret.as_bytes().ct_eq(other.secret.as_bytes()))
    }

    /// The id and the first four characters of the secret: all that listings show. A secret too
    /// short to hide anything behind four characters is not shown at all.
    pub(crate) fn hint(&self) -> String {
        let shown = if self.secret.len() > 8 {
            self.secret.get(..4).unwrap_or("")
        } else {
            ""
        };
        format!("{}:{shown}…", self.id)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}:***)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn accepts_only_digits_colon_secret() {
        for good in ["123456:TEST-TOKEN", "1:a", "7000000000:AA_bb-09"] {
            assert!(Token::parse(good).is_some(), "{good}");
        }
        for bad in [
            "", "abc", "abc:def", ":x", "1:", "0123:x", "12 3:x", "1:a/b", "1:a b", "-5:x",
        ] {
            assert!(Token::parse(bad).is_none(), "{bad}");
        }
        assert!(Token::parse(&format!("1:{}", "a".repeat(79))).is_none());
        assert!(Token::parse("18014398509481984:a").is_none());
    }

    #[test]
    fn never_shows_the_secret() {
        let token = Token::parse("123456:TEST-TOKEN").unwrap();
        assert_eq!(token.hint(), "123456:TEST…");
        assert_eq!(Token::parse("1:short").unwrap().hint(), "1:…");
        assert!(!format!("{token:?}").contains("TEST"));
    }
}
