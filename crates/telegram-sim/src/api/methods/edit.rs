//! Changes to messages that were sent.

use serde_json::{Map, Value, json};

use super::send::{add_text, chat_id, inline_keyboard};
use crate::{
    api::{
        answer::{ApiError, ApiResult, ok},
        args::Args,
    },
    clock::now_s,
    state::{Bot, BotCell},
};

pub(super) fn text(cell: &BotCell, args: &Args) -> ApiResult {
    let mut content = Map::new();
    add_text(&mut content, args)?;
    let keyboard = inline_keyboard(args)?;
    change(cell, args, |message| {
        message.remove("entities");
        message.append(&mut content);
        set_keyboard(message, keyboard);
    })
}

pub(super) fn reply_markup(cell: &BotCell, args: &Args) -> ApiResult {
    let keyboard = inline_keyboard(args)?;
    change(cell, args, |message| set_keyboard(message, keyboard))
}

pub(super) fn delete(cell: &BotCell, args: &Args) -> ApiResult {
    let mut bot = cell.lock();
    let (chat_id, message_id) = (chat_id(&bot, args)?, message_id(args)?);
    if bot.chats.remove(chat_id, message_id) {
        ok(true)
    } else {
        Err(ApiError::bad_request("message to delete not found"))
    }
}

fn change(cell: &BotCell, args: &Args, edit: impl FnOnce(&mut Map<String, Value>)) -> ApiResult {
    if args.text("inline_message_id").is_some() {
        return ok(true);
    }
    let mut bot = cell.lock();
    let (chat_id, message_id) = (chat_id(&bot, args)?, message_id(args)?);
    let old = own_message(&bot, chat_id, message_id)?;
    let mut new = old.clone();
    if let Some(fields) = new.as_object_mut() {
        fields.remove("edit_date");
        edit(fields);
    }
    let mut before = old.clone();
    if let Some(fields) = before.as_object_mut() {
        fields.remove("edit_date");
    }
    if new == before {
        return Err(ApiError::bad_request(
            "message is not modified: specified new message content and reply markup are exactly \
             the same as a current content and reply markup of the message",
        ));
    }
    new["edit_date"] = json!(now_s());
    bot.chats.replace(message_id, new.clone());
    ok(new)
}

fn own_message(bot: &Bot, chat_id: i64, message_id: i64) -> Result<&Value, ApiError> {
    let message = bot
        .chats
        .message(chat_id, message_id)
        .ok_or_else(|| ApiError::bad_request("message to edit not found"))?;
    if message["from"]["id"] == bot.profile.id {
        Ok(message)
    } else {
        Err(ApiError::bad_request("message can't be edited"))
    }
}

fn message_id(args: &Args) -> Result<i64, ApiError> {
    let id = args.text("message_id").and_then(|id| id.parse().ok());
    id.ok_or_else(|| ApiError::bad_request("message identifier is not specified"))
}

fn set_keyboard(message: &mut Map<String, Value>, keyboard: Option<Value>) {
    match keyboard {
        Some(keyboard) => message.insert("reply_markup".to_owned(), keyboard),
        None => message.remove("reply_markup"),
    };
}
