//! The bot's list of commands, by scope and language.

use serde_json::{Value, json};

use crate::{
    api::{
        answer::{ApiError, ApiResult, ok},
        args::Args,
    },
    state::BotCell,
};

/// Most lists (pairs of scope and language) kept.
const LISTS_MAX: usize = 1_000;
/// Most commands in a list.
const COMMANDS_MAX: usize = 100;
/// Longest description of a command.
const DESCRIPTION_CHARS_MAX: usize = 256;
/// Longest scope with its language.
const KEY_BYTES_MAX: usize = 256;

pub(super) fn set(cell: &BotCell, args: &Args) -> ApiResult {
    let Some(Value::Array(commands)) = args.json("commands")? else {
        return Err(ApiError::bad_request("can't parse commands JSON object"));
    };
    if commands.len() > COMMANDS_MAX {
        return Err(ApiError::bad_request("BOT_COMMANDS_TOO_MUCH"));
    }
    for command in &commands {
        let name = command["command"].as_str().unwrap_or_default();
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let name = name.strip_prefix('/').unwrap_or(name);
        if name.is_empty() || name.len() > 32 || !name.bytes().all(letter) {
            return Err(ApiError::bad_request("BOT_COMMAND_INVALID"));
        }
        let description = command["description"].as_str().unwrap_or_default();
        if !(1..=DESCRIPTION_CHARS_MAX).contains(&description.chars().count()) {
            return Err(ApiError::bad_request("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    let key = key(args)?;
    let mut bot = cell.lock();
    bot.commands.insert(key, Value::Array(commands));
    if bot.commands.len() > LISTS_MAX {
        bot.commands.pop_first();
    }
    ok(true)
}

pub(super) fn get(cell: &BotCell, args: &Args) -> ApiResult {
    let key = key(args)?;
    ok(cell
        .lock()
        .commands
        .get(&key)
        .cloned()
        .unwrap_or_else(|| json!([])))
}

pub(super) fn delete(cell: &BotCell, args: &Args) -> ApiResult {
    let key = key(args)?;
    cell.lock().commands.remove(&key);
    ok(true)
}

fn key(args: &Args) -> Result<String, ApiError> {
    let scope = args
        .json("scope")?
        .unwrap_or_else(|| json!({"type": "default"}));
    let key = format!("{scope} {}", args.text("language_code").unwrap_or_default());
    if key.len() > KEY_BYTES_MAX {
        return Err(ApiError::bad_request("can't parse scope JSON object"));
    }
    Ok(key)
}
