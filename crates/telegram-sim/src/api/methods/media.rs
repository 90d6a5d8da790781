//! Messages with files: uploaded, named by id, or by URL.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::send::{add_caption, add_common, chat_id};
use crate::{
    api::{
        answer::{ApiError, ApiResult, ok},
        args::{Args, Upload},
    },
    state::{Bot, BotCell},
};

/// Side given for images whose size is not read from their content.
const SIDE_PX: u32 = 512;

pub(super) fn send(method: &'static str, cell: &BotCell, args: &Args) -> ApiResult {
    let mut bot = cell.lock();
    let chat_id = chat_id(&bot, args)?;
    let kind = method.trim_start_matches("send").to_ascii_lowercase();
    let mut content = Map::new();
    let file = file(&mut bot, &kind, args)?;
    content.insert(kind.clone(), describe(&kind, &file));
    if kind == "animation" {
        // The public server gives animations as documents too, for old clients.
        content.insert("document".to_owned(), describe("document", &file));
    }
    if kind != "sticker" {
        add_caption(&mut content, args)?;
    }
    add_common(&mut content, &bot, chat_id, args)?;
    let from = bot.user();
    ok(bot.chats.post(&from, chat_id, content))
}

/// What a message says of its file.
struct Sent {
    file_id: String,
    unique_id: String,
    file_name: String,
    bytes: usize,
    size_px: (u32, u32),
}

fn file(bot: &mut Bot, kind: &str, args: &Args) -> Result<Sent, ApiError> {
    let named = args.text(kind);
    let part = named
        .and_then(|text| text.strip_prefix("attach://"))
        .unwrap_or(kind);
    if let Some(Upload { file_name, content }) = args.files.get(part) {
        if content.is_empty() {
            return Err(ApiError::bad_request("file must be non-empty"));
        }
        return Ok(store(bot, kind, file_name, content.clone()));
    }
    let Some(named) = named else {
        return Err(ApiError::bad_request(&format!(
            "there is no {kind} in the request"
        )));
    };
    if let Some(known) = bot.files.by_id(named) {
        return Ok(Sent {
            file_id: known.file_id.clone(),
            unique_id: known.unique_id.clone(),
            file_name: known.file_name.clone(),
            bytes: known.content.len(),
            size_px: size_px(&known.content),
        });
    }
    if named.starts_with("http://") || named.starts_with("https://") {
        // Nothing is fetched: the simulator makes no requests to the outside.
        let name = named.rsplit('/').next().unwrap_or_default();
        return Ok(store(bot, kind, name, Bytes::new()));
    }
    Err(ApiError::bad_request(
        "wrong file identifier/HTTP URL specified",
    ))
}

fn store(bot: &mut Bot, kind: &str, file_name: &str, content: Bytes) -> Sent {
    let size_px = size_px(&content);
    let bytes = content.len();
    let stored = bot.files.store(&format!("{kind}s"), file_name, content);
    Sent {
        file_id: stored.file_id,
        unique_id: stored.unique_id,
        file_name: stored.file_name,
        bytes,
        size_px,
    }
}

/// The object of one kind of file, with all fields that strict models demand.
fn describe(kind: &str, file: &Sent) -> Value {
    let (width, height) = file.size_px;
    let mut object = json!({
        "file_id": file.file_id, "file_unique_id": file.unique_id, "file_size": file.bytes,
    });
    match kind {
        "photo" => {
            object["width"] = json!(width);
            object["height"] = json!(height);
            return json!([object]);
        }
        "sticker" => {
            object["type"] = json!("regular");
            object["is_animated"] = json!(false);
            object["is_video"] = json!(false);
            object["width"] = json!(width);
            object["height"] = json!(height);
        }
        "video" | "animation" => {
            object["width"] = json!(width);
            object["height"] = json!(height);
            object["duration"] = json!(0);
        }
        "audio" | "voice" => object["duration"] = json!(0),
        _ => {}
    }
    if kind != "sticker" && kind != "voice" {
        object["file_name"] = json!(file.file_name);
    }
    object
}

/// Width and height of a PNG; a plain default for anything else.
fn size_px(content: &[u8]) -> (u32, u32) {
    let number = |at: usize| {
        let bytes = content.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes)).filter(|side| (1..=10_000).contains(side))
    };
    if content.starts_with(b"\x89PNG\r\n\x1a\n")
        && let (Some(width), Some(height)) = (number(16), number(20))
    {
        return (width, height);
    }
    (SIDE_PX, SIDE_PX)
}
