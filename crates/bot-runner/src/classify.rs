//! What a bot's last words mean.

/// A reason a bot doesn't work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Telegram refused the token (401), or it has not the form of one.
    TokenRejected,
    /// Another process polls with the same token, or a webhook is set (409).
    PollingConflict,
    /// A module is not installed: the module, and the package that brings it.
    MissingPackage { module: String, package: String },
}

/// Words that only Telegram's libraries say. Sources: aiogram 3 `exceptions.py` and
/// `utils/token.py`, python-telegram-bot `error.py`, pyTelegramBotAPI `apihelper.py`.
const TOKEN_WORDS: [&str; 5] = [
    "TelegramUnauthorizedError",
    "TokenValidationError",
    "telegram.error.InvalidToken",
    "Error code: 401. Description: Unauthorized",
    "Unauthorized: invalid token specified",
];
const CONFLICT_WORDS: [&str; 4] = [
    "TelegramConflictError",
    "terminated by other getUpdates request",
    "can't use getUpdates method while webhook is active",
    "Error code: 409. Description: Conflict",
];

/// What one line says while the bot still runs. Only unmistakable words count: a bot may well
/// print that some weather service answered 401.
pub(crate) fn line(text: &str) -> Option<Cause> {
    if TOKEN_WORDS.iter().any(|word| text.contains(word)) {
        return Some(Cause::TokenRejected);
    }
    CONFLICT_WORDS
        .iter()
        .any(|word| text.contains(word))
        .then_some(Cause::PollingConflict)
}

/// What the last lines of a bot that ended say.
pub(crate) fn end<'a>(lines: impl DoubleEndedIterator<Item = &'a str>) -> Option<Cause> {
    lines.rev().find_map(|text| {
        line(text)
            .or_else(|| missing_package(text))
            .or_else(|| weak(text))
    })
}

/// Plain status codes, believed only of a bot that ended with them.
fn weak(text: &str) -> Option<Cause> {
    let lower = text.to_lowercase();
    if lower.contains("401") && lower.contains("unauthorized") {
        return Some(Cause::TokenRejected);
    }
    (lower.contains("409") && lower.contains("conflict")).then_some(Cause::PollingConflict)
}

fn missing_package(text: &str) -> Option<Cause> {
    let after = text.split_once("No module named ")?.1;
    let module: String = after
        .trim_start_matches(['\'', '"'])
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
        .take(100)
        .collect();
    let top = module
        .split('.')
        .next()
        .filter(|top| !top.is_empty())?
        .to_owned();
    let package = package_of(&top).to_owned();
    Some(Cause::MissingPackage { module, package })
}

/// Packages whose module has another name.
fn package_of(module: &str) -> &str {
    match module {
        "PIL" => "pillow",
        "bs4" => "beautifulsoup4",
        "cv2" => "opencv-python-headless",
        "dateutil" => "python-dateutil",
        "dotenv" => "python-dotenv",
        "magic" => "python-magic",
        "pyrogram" => "pyrogram",
        "sklearn" => "scikit-learn",
        "telebot" => "pyTelegramBotAPI",
        "telegram" => "python-telegram-bot",
        "yaml" => "pyyaml",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_own_words_are_known() {
        for text in [
            "aiogram.exceptions.TelegramUnauthorizedError: Telegram server says - Unauthorized",
            "aiogram.utils.token.TokenValidationError: Token is invalid!",
            "telegram.error.InvalidToken: The token `***` was rejected by the server.",
            "A request to the Telegram API was unsuccessful. Error code: 401. Description: Unauthorized",
        ] {
            assert_eq!(line(text), Some(Cause::TokenRejected), "{text}");
        }
        for text in [
            "TelegramConflictError: Telegram server says - Conflict: terminated by other getUpdates request; make sure",
            "telegram.error.Conflict: Conflict: can't use getUpdates method while webhook is active",
        ] {
            assert_eq!(line(text), Some(Cause::PollingConflict), "{text}");
        }
    }

    #[test]
    fn a_running_bot_may_speak_of_401_and_a_dead_one_may_not() {
        let text = "GET /weather: 401 Unauthorized";
        assert_eq!(line(text), None);
        assert_eq!(end([text].into_iter()), Some(Cause::TokenRejected));
        assert_eq!(end(["all is well", "ValueError: x"].into_iter()), None);
    }

    #[test]
    fn a_missing_module_names_its_package() {
        let cause = |text: &str| end([text].into_iter());
        let missing = |module: &str, package: &str| {
            Some(Cause::MissingPackage {
                module: module.to_owned(),
                package: package.to_owned(),
            })
        };
        assert_eq!(
            cause("ModuleNotFoundError: No module named 'aiogram.x'"),
            missing("aiogram.x", "aiogram")
        );
        assert_eq!(
            cause("ImportError: No module named yaml"),
            missing("yaml", "pyyaml")
        );
        assert_eq!(cause("No module named ''"), None);
    }
}
