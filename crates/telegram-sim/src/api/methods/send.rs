//! `sendMessage`, and what all messages have in common.

use serde_json::{Map, Value, json};

use crate::{
    api::{
        answer::{ApiError, ApiResult, ok},
        args::Args,
    },
    state::{Bot, BotCell},
    text,
};

/// Longest text of a message, in UTF-16 units, markup not counted.
const TEXT_UNITS_MAX: usize = 4096;
/// Longest caption of a file.
const CAPTION_UNITS_MAX: usize = 1024;
/// Longest reply markup, as JSON.
const MARKUP_BYTES_MAX: usize = 10 << 10;
/// Most entities of a message; further ones are dropped, as on the public server.
const ENTITIES_MAX: usize = 100;

pub(super) fn message(cell: &BotCell, args: &Args) -> ApiResult {
    let mut bot = cell.lock();
    let chat_id = chat_id(&bot, args)?;
    let mut content = Map::new();
    add_text(&mut content, args)?;
    add_common(&mut content, &bot, chat_id, args)?;
    let from = bot.user();
    ok(bot.chats.post(&from, chat_id, content))
}

pub(super) fn chat_action(cell: &BotCell, args: &Args) -> ApiResult {
    let bot = cell.lock();
    chat_id(&bot, args)?;
    if args.text("action").is_none() {
        return Err(ApiError::bad_request("wrong parameter action in request"));
    }
    ok(true)
}

/// The chat of a call: a number, or the user name of someone who wrote to the bot.
pub(super) fn chat_id(bot: &Bot, args: &Args) -> Result<i64, ApiError> {
    let Some(chat) = args.text("chat_id") else {
        return Err(ApiError::bad_request("chat_id is empty"));
    };
    let by_name = || bot.chats.by_username(chat.strip_prefix('@')?);
    let id = chat.parse().ok().filter(|id| *id != 0).or_else(by_name);
    id.ok_or_else(|| ApiError::bad_request("chat not found"))
}

/// Puts text and entities of `text` into a message.
pub(super) fn add_text(content: &mut Map<String, Value>, args: &Args) -> Result<(), ApiError> {
    let raw = args.text("text").unwrap_or_default();
    let (plain, entities) = formatted(raw, args, "entities")?;
    if plain.trim().is_empty() {
        return Err(ApiError::bad_request("message text is empty"));
    }
    if text::units(&plain) > TEXT_UNITS_MAX {
        return Err(ApiError::bad_request("message is too long"));
    }
    content.insert("text".to_owned(), json!(plain));
    if !entities.is_empty() {
        content.insert("entities".to_owned(), Value::Array(entities));
    }
    Ok(())
}

/// Puts the caption of a file into a message.
pub(super) fn add_caption(content: &mut Map<String, Value>, args: &Args) -> Result<(), ApiError> {
    let Some(raw) = args.text("caption") else {
        return Ok(());
    };
    let (plain, entities) = formatted(raw, args, "caption_entities")?;
    if text::units(&plain) > CAPTION_UNITS_MAX {
        return Err(ApiError::bad_request("message caption is too long"));
    }
    content.insert("caption".to_owned(), json!(plain));
    if !entities.is_empty() {
        content.insert("caption_entities".to_owned(), Value::Array(entities));
    }
    Ok(())
}

/// Puts the replied message and the inline keyboard into a message.
pub(super) fn add_common(
    content: &mut Map<String, Value>,
    bot: &Bot,
    chat_id: i64,
    args: &Args,
) -> Result<(), ApiError> {
    let parameters = args.json("reply_parameters")?.unwrap_or_default();
    let reply_to = parameters["message_id"].as_i64().or_else(|| {
        args.text("reply_to_message_id")
            .and_then(|id| id.parse().ok())
    });
    if let Some(message_id) = reply_to {
        let without = args.flag("allow_sending_without_reply")
            || parameters["allow_sending_without_reply"] == true;
        match bot.chats.message(chat_id, message_id) {
            Some(message) => {
                let mut message = message.clone();
                if let Some(fields) = message.as_object_mut() {
                    // One level only, as on the public server.
                    fields.remove("reply_to_message");
                }
                content.insert("reply_to_message".to_owned(), message);
            }
            None if without => {}
            None => return Err(ApiError::bad_request("message to be replied not found")),
        }
    }
    if let Some(keyboard) = inline_keyboard(args)? {
        content.insert("reply_markup".to_owned(), keyboard);
    }
    Ok(())
}

/// The inline keyboard of a call; other keyboards are not part of a message.
pub(super) fn inline_keyboard(args: &Args) -> Result<Option<Value>, ApiError> {
    if args
        .text("reply_markup")
        .is_some_and(|text| text.len() > MARKUP_BYTES_MAX)
    {
        return Err(ApiError::bad_request("reply markup is too long"));
    }
    let Some(markup) = args.json("reply_markup")? else {
        return Ok(None);
    };
    let Some(rows) = markup.get("inline_keyboard") else {
        return Ok(None);
    };
    let Some(rows) = rows.as_array() else {
        return Err(ApiError::bad_request(
            "field \"inline_keyboard\" of the InlineKeyboardMarkup should be an Array of Arrays",
        ));
    };
    let buttons = rows.iter().filter_map(Value::as_array).flatten();
    for button in buttons {
        if button["text"].as_str().is_none_or(str::is_empty) {
            return Err(ApiError::bad_request(
                "can't parse inline keyboard button: Text is empty",
            ));
        }
        if button["callback_data"]
            .as_str()
            .is_some_and(|data| data.len() > 64)
        {
            return Err(ApiError::bad_request("BUTTON_DATA_INVALID"));
        }
    }
    Ok(Some(json!({"inline_keyboard": rows})))
}

/// Text without markup, and its entities: given, parsed, or found.
fn formatted(raw: &str, args: &Args, given: &str) -> Result<(String, Vec<Value>), ApiError> {
    let (plain, mut entities) = if let Some(mode) = args.text("parse_mode") {
        text::parse(mode, raw).map_err(|reason| ApiError::bad_request(&reason))?
    } else if let Some(Value::Array(given)) = args.json(given)? {
        (raw.to_owned(), given)
    } else {
        (raw.to_owned(), text::detect(raw))
    };
    entities.truncate(ENTITIES_MAX);
    Ok((plain, entities))
}
