//! What is known of chats and their members.

use serde_json::json;

use super::send::chat_id;
use crate::{
    api::{
        answer::{ApiError, ApiResult, ok},
        args::Args,
    },
    control::Person,
    state::{BotCell, Chats},
};

/// `getChat`: a `ChatFullInfo`, with the fields that strict models demand.
pub(super) fn get(cell: &BotCell, args: &Args) -> ApiResult {
    let bot = cell.lock();
    let mut chat = bot.chats.chat(chat_id(&bot, args)?);
    chat["accent_color_id"] = json!(0);
    chat["max_reaction_count"] = json!(11);
    chat["accepted_gift_types"] = json!({
        "unlimited_gifts": false,
        "limited_gifts": false,
        "unique_gifts": false,
        "premium_subscription": false,
        "gifts_from_channels": false,
    });
    ok(chat)
}

/// `getChatMember`: everybody is a plain member.
pub(super) fn member(cell: &BotCell, args: &Args) -> ApiResult {
    let bot = cell.lock();
    chat_id(&bot, args)?;
    let user_id = args.text("user_id").and_then(|id| id.parse::<i64>().ok());
    let Some(user_id) = user_id.filter(|id| *id > 0) else {
        return Err(ApiError::bad_request("invalid user_id specified"));
    };
    let user = if user_id == bot.profile.id {
        bot.user()
    } else {
        let first_name = bot.chats.chat(user_id)["first_name"]
            .as_str()
            .map(ToOwned::to_owned);
        let first_name = first_name.unwrap_or_default();
        Chats::user(&Person {
            id: user_id,
            first_name,
            ..Person::default()
        })
    };
    ok(json!({"status": "member", "user": user}))
}
