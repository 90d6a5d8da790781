//! Who owns a bot.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::refusal::Refusal;
use super::shown::is_unseen;

/// Longest user id, characters.
pub const USER_ID_CHARS_MAX: usize = 128;

/// The user a client's token stands for: `cli_` and the first 16 hex digits of its SHA-256, as
/// the seed era's CLI computed it.
pub fn user_id_of_token(token: &str) -> String {
    user_id_of_digest(&Sha256::digest(token).into())
}

/// The same, of a token that only its SHA-256 is known of.
pub fn user_id_of_digest(digest: &[u8; 32]) -> String {
    let digits: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("cli_{digits}")
}

/// Reads `user_id`; null and the empty text mean the token's own user.
pub fn parse(value: Option<&Value>) -> Result<Option<String>, Refusal> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if id.is_empty() => Ok(None),
        Some(Value::String(id)) if is_user_id(id) => Ok(Some(id.clone())),
        Some(_) => Err(Refusal::InvalidUserId),
    }
}

/// Any visible text of 1 to 128 characters without spaces around it.
fn is_user_id(id: &str) -> bool {
    !id.is_empty()
        && id.chars().count() <= USER_ID_CHARS_MAX
        && id.trim() == id
        && !id.chars().any(is_unseen)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_token_gives_the_seed_era_user() {
        // python3 -c 'import hashlib; print(hashlib.sha256(b"test-client-token").hexdigest()[:16])'
        assert_eq!(
            user_id_of_token("test-client-token"),
            "cli_26ace80c6eac526b"
        );
        assert_eq!(user_id_of_token("").len(), 20);
    }

    #[test]
    fn ids_are_visible_text() {
        assert_eq!(parse(None), Ok(None));
        assert_eq!(parse(Some(&json!(null))), Ok(None));
        assert_eq!(parse(Some(&json!(""))), Ok(None));
        for good in [
            "cli_0123",
            "a b",
            "пользователь",
            "user@example.org",
            "日本",
        ] {
            assert_eq!(parse(Some(&json!(good))), Ok(Some(good.to_owned())));
        }
        let long = json!("x".repeat(129));
        for bad in [
            json!(1),
            json!([]),
            json!({}),
            json!(" a"),
            json!("a\n"),
            json!("a\u{0}"),
            long,
        ] {
            assert_eq!(
                parse(Some(&bad)).unwrap_err().code(),
                "INVALID_USER_ID",
                "{bad}"
            );
        }
    }
}
