//! What simulated users do: they write, press buttons, send files.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde_json::{Map, Value, json};

use super::{
    extract::{Arguments, Body},
    find,
};
use crate::{
    clock::now_ms,
    control::{ControlError, FileQuery, Injected, NewCallback, NewMessage, Person, StoredFile},
    state::{BotCell, Chats, World},
    text,
};

type Answer = Result<Json<Injected>, ControlError>;

pub(super) async fn message(
    State(world): State<Arc<World>>,
    Path(bot): Path<String>,
    Body(new): Body<NewMessage>,
) -> Answer {
    let cell = find(&world, &bot)?;
    check(&new.from)?;
    if new.text.is_empty() || text::units(&new.text) > 4096 {
        return Err(ControlError::bad_request("a text has 1 to 4096 characters"));
    }
    let message = {
        let mut bot = cell.lock();
        bot.chats.meet(&new.from);
        let chat_id = new.chat_id.unwrap_or(new.from.id);
        let mut content = Map::new();
        let replied = new
            .reply_to_message_id
            .and_then(|id| bot.chats.message(chat_id, id));
        if let Some(replied) = replied {
            content.insert("reply_to_message".to_owned(), replied.clone());
        }
        let entities = text::detect(&new.text);
        content.insert("text".to_owned(), json!(new.text));
        if !entities.is_empty() {
            content.insert("entities".to_owned(), Value::Array(entities));
        }
        bot.chats.post(&Chats::user(&new.from), chat_id, content)
    };
    queue(&world, &cell, "message", &message)
}

pub(super) async fn callback(
    State(world): State<Arc<World>>,
    Path(bot): Path<String>,
    Body(new): Body<NewCallback>,
) -> Answer {
    let cell = find(&world, &bot)?;
    check(&new.from)?;
    let query = {
        let mut bot = cell.lock();
        bot.chats.meet(&new.from);
        let chat_id = new.chat_id.unwrap_or(new.from.id);
        let message = match new.message_id {
            Some(id) => bot.chats.message(chat_id, id),
            None => bot.chats.latest_keyboard(chat_id),
        };
        let Some(message) = message.cloned() else {
            return Err(ControlError::bad_request(
                "there is no such message with buttons",
            ));
        };
        json!({
            "id": bot.open_callback().to_string(),
            "from": Chats::user(&new.from),
            "chat_instance": chat_id.to_string(),
            "message": message,
            "data": new.data,
        })
    };
    queue(&world, &cell, "callback_query", &query)
}

/// A raw update: one field, named by its kind. An `update_id` in it is replaced.
pub(super) async fn raw(
    State(world): State<Arc<World>>,
    Path(bot): Path<String>,
    Body(mut update): Body<Map<String, Value>>,
) -> Answer {
    let cell = find(&world, &bot)?;
    update.remove("update_id");
    let mut fields = update.into_iter();
    match (fields.next(), fields.next()) {
        (Some((kind, payload)), None) if payload.is_object() => {
            queue(&world, &cell, &kind, &payload)
        }
        _ => Err(ControlError::bad_request(
            "an update has one object, named by its kind",
        )),
    }
}

pub(super) async fn file(
    State(world): State<Arc<World>>,
    Path(bot): Path<String>,
    Arguments(query): Arguments<FileQuery>,
    content: Bytes,
) -> Result<Json<StoredFile>, ControlError> {
    let cell = find(&world, &bot)?;
    let stored = cell
        .lock()
        .files
        .store("documents", &query.file_name, content);
    Ok(Json(StoredFile {
        file_id: stored.file_id,
        file_unique_id: stored.unique_id,
        file_size_bytes: stored.content.len(),
    }))
}

fn queue(world: &World, cell: &BotCell, kind: &str, payload: &Value) -> Answer {
    cell.inject(kind, payload, now_ms())
        .map(Json)
        .ok_or_else(|| ControlError::full("unconfirmed updates", world.options.updates_max))
}

fn check(person: &Person) -> Result<(), ControlError> {
    if person.id > 0 && !person.first_name.is_empty() && person.first_name.len() <= 256 {
        Ok(())
    } else {
        Err(ControlError::bad_request(
            "a user has a positive id and a first name",
        ))
    }
}
