//! Chats, users and messages of one bot.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{clock::now_s, control::Person};

/// Most chats and users remembered; beyond that the ones with the smallest id go.
const PEOPLE_MAX: usize = 20_000;
/// Ids below this are supergroups and channels.
const SUPERGROUP_BELOW: i64 = -1_000_000_000_000;

/// What was said to and by a bot.
#[derive(Debug)]
pub(crate) struct Chats {
    people: BTreeMap<i64, Person>,
    messages: BTreeMap<i64, Value>,
    messages_max: usize,
    next_message_id: i64,
}

impl Chats {
    pub(crate) fn new(messages_max: usize) -> Self {
        Self {
            people: BTreeMap::new(),
            messages: BTreeMap::new(),
            messages_max,
            next_message_id: 1,
        }
    }

    /// Remembers a user: the private chat takes its names from there.
    pub(crate) fn meet(&mut self, person: &Person) {
        self.people.insert(person.id, person.clone());
        if self.people.len() > PEOPLE_MAX {
            self.people.pop_first();
        }
    }

    /// The chat of a user name, when such a user wrote before.
    pub(crate) fn by_username(&self, username: &str) -> Option<i64> {
        let same = |person: &&Person| {
            person
                .username
                .as_deref()
                .is_some_and(|name| name.eq_ignore_ascii_case(username))
        };
        self.people.values().find(same).map(|person| person.id)
    }

    /// A `User` object.
    pub(crate) fn user(person: &Person) -> Value {
        let mut user = json!({"id": person.id, "is_bot": false, "first_name": person.first_name});
        set(&mut user, "username", person.username.as_deref());
        set(&mut user, "language_code", person.language_code.as_deref());
        user
    }

    /// A `Chat` object. Users that never wrote get a name made of their id.
    pub(crate) fn chat(&self, id: i64) -> Value {
        if id < 0 {
            let kind = if id < SUPERGROUP_BELOW {
                "supergroup"
            } else {
                "group"
            };
            return json!({"id": id, "type": kind, "title": format!("Group {}", id.unsigned_abs())});
        }
        let person = self.people.get(&id);
        let first_name = person.map_or_else(|| format!("User {id}"), |p| p.first_name.clone());
        let mut chat = json!({"id": id, "type": "private", "first_name": first_name});
        set(
            &mut chat,
            "username",
            person.and_then(|p| p.username.as_deref()),
        );
        chat
    }

    /// Makes and keeps a `Message` object from its sender, chat and content fields.
    pub(crate) fn post(
        &mut self,
        from: &Value,
        chat_id: i64,
        content: Map<String, Value>,
    ) -> Value {
        let id = self.next_message_id;
        self.next_message_id += 1;
        let mut message = Map::new();
        message.insert("message_id".to_owned(), json!(id));
        message.insert("from".to_owned(), from.clone());
        message.insert("chat".to_owned(), self.chat(chat_id));
        message.insert("date".to_owned(), json!(now_s()));
        message.extend(content);
        let message = Value::Object(message);
        self.messages.insert(id, message.clone());
        if self.messages.len() > self.messages_max {
            self.messages.pop_first();
        }
        message
    }

    /// A kept message of a chat.
    pub(crate) fn message(&self, chat_id: i64, message_id: i64) -> Option<&Value> {
        self.messages
            .get(&message_id)
            .filter(|message| message["chat"]["id"] == chat_id)
    }

    /// Replaces a kept message.
    pub(crate) fn replace(&mut self, message_id: i64, message: Value) {
        self.messages.insert(message_id, message);
    }

    /// Removes a kept message; `false` when there is none.
    pub(crate) fn remove(&mut self, chat_id: i64, message_id: i64) -> bool {
        self.message(chat_id, message_id).is_some() && self.messages.remove(&message_id).is_some()
    }

    /// The latest message with an inline keyboard in a chat.
    pub(crate) fn latest_keyboard(&self, chat_id: i64) -> Option<&Value> {
        self.messages.values().rev().find(|message| {
            message["chat"]["id"] == chat_id
                && message["reply_markup"]["inline_keyboard"].is_array()
        })
    }
}

fn set(object: &mut Value, key: &str, value: Option<&str>) {
    if let (Some(fields), Some(value)) = (object.as_object_mut(), value) {
        fields.insert(key.to_owned(), json!(value));
    }
}
