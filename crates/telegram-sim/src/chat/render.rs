//! A bot's answers as text.

use serde_json::Value;

use crate::{Language, control::Answer};

/// Writes answers down for a person.
#[derive(Clone, Debug)]
pub struct Transcript {
    bot: String,
    language: Language,
}

/// The buttons of one message, in reading order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyboard {
    /// Message the buttons belong to.
    pub message_id: i64,
    /// Label and `callback_data` of each; buttons that open links have no data.
    pub buttons: Vec<(String, Option<String>)>,
}

impl Transcript {
    /// A transcript in which the bot goes by this name.
    #[must_use]
    pub fn new(bot: &str, language: Language) -> Self {
        Self {
            bot: clean(bot),
            language,
        }
    }

    /// One answer, lines ended, and its keyboard when it has one.
    #[must_use]
    pub fn answer(&self, answer: &Answer) -> (String, Option<Keyboard>) {
        let message = answer.message.as_ref();
        let mut parts = Vec::new();
        if let Some(note) = self.note(answer) {
            parts.push(note.to_owned());
        }
        parts.extend(message.and_then(|message| self.attachment(message)));
        let text = answer
            .text
            .as_deref()
            .map(clean)
            .filter(|text| !text.is_empty());
        // Further lines stand under the first, so it stays clear who speaks.
        parts.extend(text.map(|text| text.replace('\n', "\n  ")));
        if parts.is_empty() {
            return (String::new(), None);
        }
        let mut out = format!("{}: {}\n", self.bot, parts.join(" "));
        let keyboard = message.and_then(keyboard);
        if let Some(keyboard) = &keyboard {
            let buttons = keyboard.buttons.iter().zip(1..);
            let line: Vec<_> = buttons
                .map(|((text, _), n)| format!("[{n}] {text}"))
                .collect();
            out.push_str(&format!("  {}\n", line.join("  ")));
        }
        (out, keyboard)
    }

    fn note(&self, answer: &Answer) -> Option<&'static str> {
        let pick = |english, russian| Some(self.language.pick(english, russian));
        match answer.method.as_str() {
            "deleteMessage" => pick("(message deleted)", "(сообщение удалено)"),
            "answerCallbackQuery" if answer.text.is_some() => pick("(notice)", "(уведомление)"),
            method if method.starts_with("edit") => pick("(edited)", "(изменено)"),
            _ => None,
        }
    }

    /// `[photo 12 kB]`, `[document report.pdf 3 kB]`.
    fn attachment(&self, message: &Value) -> Option<String> {
        let kinds = [
            ("photo", "photo", "фото"),
            ("animation", "animation", "анимация"),
            ("document", "document", "документ"),
            ("sticker", "sticker", "стикер"),
            ("video", "video", "видео"),
            ("audio", "audio", "аудио"),
            ("voice", "voice message", "голосовое сообщение"),
        ];
        let (field, english, russian) = kinds
            .into_iter()
            .find(|(field, ..)| message.get(field).is_some())?;
        let file = &message[field];
        // A photo comes in several sizes, the largest last.
        let file = file
            .as_array()
            .and_then(|sizes| sizes.last())
            .unwrap_or(file);
        let name = file["file_name"]
            .as_str()
            .map(clean)
            .filter(|name| !name.is_empty());
        let name = name.map(|name| format!(" {name}")).unwrap_or_default();
        let size = self.size(file["file_size"].as_u64().unwrap_or_default());
        Some(format!(
            "[{}{name} {size}]",
            self.language.pick(english, russian)
        ))
    }

    fn size(&self, bytes: u64) -> String {
        let unit = |value: u64, english, russian| {
            format!("{value} {}", self.language.pick(english, russian))
        };
        match bytes {
            0..1_000 => unit(bytes, "B", "Б"),
            1_000..1_000_000 => unit((bytes + 500) / 1_000, "kB", "кБ"),
            _ => unit((bytes + 500_000) / 1_000_000, "MB", "МБ"),
        }
    }
}

fn keyboard(message: &Value) -> Option<Keyboard> {
    let rows = message["reply_markup"]["inline_keyboard"].as_array()?;
    let button = |button: &Value| {
        let data = button["callback_data"].as_str().map(ToOwned::to_owned);
        (clean(button["text"].as_str().unwrap_or_default()), data)
    };
    let buttons: Vec<_> = rows
        .iter()
        .filter_map(Value::as_array)
        .flatten()
        .map(button)
        .collect();
    let message_id = message["message_id"].as_i64()?;
    (!buttons.is_empty()).then_some(Keyboard {
        message_id,
        buttons,
    })
}

/// Text without control characters and without the marks that turn the direction of writing, so
/// that it shows as what it is.
fn clean(text: &str) -> String {
    let harmless = |c: char| {
        c == '\n'
            || c == '\t'
            || !(c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    };
    text.chars().filter(|c| harmless(*c)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Transcript;
    use crate::{Language, control::Answer};

    fn shown(language: Language, method: &str, text: Option<&str>, message: Value) -> String {
        let (text, message) = (text.map(ToOwned::to_owned), Some(message));
        let answer = Answer {
            seq: 1,
            method: method.into(),
            chat_id: None,
            text,
            message,
        };
        Transcript::new("Echo", language).answer(&answer).0
    }

    #[test]
    fn shows_text_files_and_buttons() {
        let english = Language::English;
        assert_eq!(
            shown(english, "sendMessage", Some("a\nb"), json!({})),
            "Echo: a\n  b\n"
        );
        let photo = json!({"photo": [{"file_size": 12_345}]});
        assert_eq!(
            shown(english, "sendPhoto", Some("me"), photo),
            "Echo: [photo 12 kB] me\n"
        );
        let file = json!({"document": {"file_name": "a.txt", "file_size": 3}});
        assert_eq!(
            shown(Language::Russian, "sendDocument", None, file),
            "Echo: [документ a.txt 3 Б]\n"
        );
        let keyboard = json!({"message_id": 7, "reply_markup": {"inline_keyboard": [
            [{"text": "Yes", "callback_data": "y"}], [{"text": "Site", "url": "http://e.org"}],
        ]}});
        let expected = "Echo: (edited) Sure?\n  [1] Yes  [2] Site\n";
        assert_eq!(
            shown(english, "editMessageText", Some("Sure?"), keyboard),
            expected
        );
    }

    #[test]
    fn takes_no_orders_for_the_terminal() {
        let evil = "\u{1b}[2Jred\u{202e}\r\u{7}";
        assert_eq!(
            shown(Language::English, "sendMessage", Some(evil), json!({})),
            "Echo: [2Jred\n"
        );
    }
}
