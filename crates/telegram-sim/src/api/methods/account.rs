//! The bot's own account.

use serde_json::json;

use crate::{
    api::answer::{ApiResult, ok},
    state::BotCell,
};

pub(super) fn get_me(cell: &BotCell) -> ApiResult {
    let mut user = cell.lock().user();
    if let Some(fields) = user.as_object_mut() {
        fields.insert("can_join_groups".to_owned(), json!(true));
        for capability in [
            "can_read_all_group_messages",
            "supports_inline_queries",
            "can_connect_to_business",
            "has_main_web_app",
        ] {
            fields.insert(capability.to_owned(), json!(false));
        }
    }
    ok(user)
}
