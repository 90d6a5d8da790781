//! The last barrier before anything is printed: secrets this run knows, and whatever looks like a
//! bot's token. HTTP libraries of bots like to log the address they call, token included.

/// Shorter values are words like `true` or `v2`; hiding those would garble the text.
const SECRET_CHARS_MIN: usize = 8;
/// Length of the secret part of a Telegram token: 35 today, some slack below.
const TELEGRAM_SECRET_MIN: usize = 30;
/// Digits of the public part of a Telegram token.
const TELEGRAM_ID_MIN: usize = 6;
const MASK: &str = "***";

/// Knows what must not be printed.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest first, so that a secret holding another one is hidden whole.
    secrets: Vec<String>,
}

impl Redactor {
    /// Learns one more secret, and how it looks inside JSON and inside a URL path.
    pub fn learn(&mut self, secret: &str) {
        if secret.chars().count() < SECRET_CHARS_MIN {
            return;
        }
        let quoted = serde_json::to_string(secret).unwrap_or_default();
        let escaped = quoted.trim_matches('"').to_owned();
        // A value of several lines is a key file or the like: its lines are shown apart.
        let lines = secret
            .lines()
            .filter(|line| line.chars().count() >= SECRET_CHARS_MIN);
        let mut forms: Vec<String> = lines.map(str::to_owned).collect();
        forms.extend([secret.to_owned(), escaped]);
        forms.retain(|form| !self.secrets.contains(form));
        self.secrets.extend(forms);
        self.secrets
            .sort_by_key(|form| std::cmp::Reverse(form.len()));
        self.secrets.dedup();
    }

    /// The text without secrets.
    pub fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), MASK);
            }
        }
        hide_telegram_tokens(&text)
    }
}

/// Replaces the secret part of `<digits>:<secret>`.
fn hide_telegram_tokens(text: &str) -> String {
    let mut hidden = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(':') {
        hidden.push_str(before);
        hidden.push(':');
        rest = after;
        let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
        let secret = after
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            .count();
        if digits >= TELEGRAM_ID_MIN && secret >= TELEGRAM_SECRET_MIN {
            hidden.push_str(MASK);
            rest = after.get(secret..).unwrap_or_default();
        }
    }
    hidden.push_str(rest);
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_secrets_are_hidden_in_every_form() {
        let mut redactor = Redactor::default();
        redactor.learn("pass\"word-1");
        redactor.learn("short");
        redactor.learn("line-one-secret\nline-two-secret");
        assert_eq!(redactor.hide("a pass\"word-1 b"), "a *** b");
        assert_eq!(redactor.hide(r#"{"a":"pass\"word-1"}"#), r#"{"a":"***"}"#);
        assert_eq!(redactor.hide("short line-two-secret"), "short ***");
    }

    #[test]
    fn what_looks_like_a_bot_token_is_hidden() {
        let secret = "A".repeat(35);
        let line = format!("GET https://host/bot123456789:{secret}/getMe 10:20:30");
        assert_eq!(
            Redactor::default().hide(&line),
            "GET https://host/bot123456789:***/getMe 10:20:30"
        );
        assert_eq!(
            Redactor::default().hide("12:30:45 id 1234567:short"),
            "12:30:45 id 1234567:short"
        );
    }
}
