//! The methods, a file a group.

mod account;
mod callback;
mod chat;
mod commands;
mod edit;
mod file;
mod media;
mod polling;
mod send;
mod webhook;

use std::sync::Arc;

use super::{
    answer::{ApiResult, ok},
    args::Args,
};
use crate::state::{BotCell, World};

/// Every method the simulator knows, as documented.
const METHODS: &[&str] = &[
    "answerCallbackQuery",
    "close",
    "deleteMessage",
    "deleteMyCommands",
    "deleteWebhook",
    "editMessageReplyMarkup",
    "editMessageText",
    "getChat",
    "getChatMember",
    "getFile",
    "getMe",
    "getMyCommands",
    "getUpdates",
    "getWebhookInfo",
    "logOut",
    "pinChatMessage",
    "sendAnimation",
    "sendAudio",
    "sendChatAction",
    "sendDocument",
    "sendMessage",
    "sendPhoto",
    "sendSticker",
    "sendVideo",
    "sendVoice",
    "setChatMenuButton",
    "setMessageReaction",
    "setMyCommands",
    "setMyDescription",
    "setMyName",
    "setMyShortDescription",
    "setWebhook",
    "unpinChatMessage",
];

/// The documented name of a method that may be called in any case.
pub(crate) fn canonical(called: &str) -> Option<&'static str> {
    METHODS
        .iter()
        .find(|name| name.eq_ignore_ascii_case(called))
        .copied()
}

/// Runs a method by its documented name.
pub(crate) async fn run(
    method: &'static str,
    world: &Arc<World>,
    cell: &Arc<BotCell>,
    args: Args,
) -> ApiResult {
    match method {
        "getUpdates" => polling::get_updates(world, cell, &args).await,
        "setWebhook" => webhook::set(world, cell, &args),
        "deleteWebhook" => webhook::delete(cell, &args),
        "getWebhookInfo" => webhook::info(cell),
        "getMe" => account::get_me(cell),
        "logOut" | "close" => ok(true),
        "sendMessage" => send::message(cell, &args),
        "sendChatAction" => send::chat_action(cell, &args),
        "sendAnimation" | "sendAudio" | "sendDocument" | "sendPhoto" | "sendSticker"
        | "sendVideo" | "sendVoice" => media::send(method, cell, &args),
        "editMessageText" => edit::text(cell, &args),
        "editMessageReplyMarkup" => edit::reply_markup(cell, &args),
        "deleteMessage" => edit::delete(cell, &args),
        "answerCallbackQuery" => callback::answer(cell, &args),
        "getFile" => file::get(cell, &args),
        "getChat" => chat::get(cell, &args),
        "getChatMember" => chat::member(cell, &args),
        "getMyCommands" => commands::get(cell, &args),
        "setMyCommands" => commands::set(cell, &args),
        "deleteMyCommands" => commands::delete(cell, &args),
        // The rest of the table changes only how Telegram's own apps show the bot.
        _ => ok(true),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(super::canonical("SENDmessage"), Some("sendMessage"));
        assert_eq!(super::canonical("sendTelegram"), None);
    }
}
