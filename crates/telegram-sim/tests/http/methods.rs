//! What the methods do.

use crate::support::{BOT, TOKEN, none, start};
use avtomatika_telegram_sim::control::{NewCallback, NewMessage};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

#[tokio::test]
async fn send_message_returns_a_full_message() {
    let sim = start().await;
    let heard = sim
        .client
        .inject(TOKEN, &NewMessage::text("hi").by(5, "Anna"))
        .await
        .unwrap();
    let keyboard = json!({"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]});
    let args = json!({
        "chat_id": 5, "text": "<b>Hello</b> /help", "parse_mode": "HTML",
        "reply_parameters": {"message_id": heard.message_id}, "reply_markup": keyboard,
    });
    let message = sim.call("sendMessage", args).await;
    assert_eq!(message["message_id"], heard.message_id.unwrap() + 1);
    assert_eq!(
        message["chat"],
        json!({"id": 5, "type": "private", "first_name": "Anna"})
    );
    assert_eq!(message["from"]["is_bot"], true);
    assert!(message["date"].as_u64().unwrap() > 1_700_000_000);
    assert_eq!(message["text"], "Hello /help");
    let entities = json!([
        {"type": "bold", "offset": 0, "length": 5}, {"type": "bot_command", "offset": 6, "length": 5},
    ]);
    assert_eq!(message["entities"], entities);
    assert_eq!(message["reply_markup"], keyboard);
    assert_eq!(message["reply_to_message"]["text"], "hi");
}

#[tokio::test]
async fn send_message_refuses_what_telegram_refuses() {
    let sim = start().await;
    let cases = [
        (json!({"text": "x"}), "Bad Request: chat_id is empty"),
        (
            json!({"chat_id": "@nobody", "text": "x"}),
            "Bad Request: chat not found",
        ),
        (json!({"chat_id": 1}), "Bad Request: message text is empty"),
        (
            json!({"chat_id": 1, "text": "x".repeat(4097)}),
            "Bad Request: message is too long",
        ),
        (
            json!({"chat_id": 1, "text": "<object>", "parse_mode": "HTML"}),
            "Bad Request: can't parse entities: unsupported start tag \"object\" at byte offset 0",
        ),
        (
            json!({"chat_id": 1, "text": "a.b", "parse_mode": "MarkdownV2"}),
            "Bad Request: can't parse entities: character '.' is reserved and must be escaped \
             with the preceding '\\'",
        ),
        (
            json!({"chat_id": 1, "text": "x", "reply_to_message_id": 99}),
            "Bad Request: message to be replied not found",
        ),
        (
            json!({"chat_id": 1, "text": "x", "reply_markup": "{"}),
            "Bad Request: can't parse reply markup JSON object",
        ),
    ];
    for (args, expected) in cases {
        assert_eq!(
            sim.fails("sendMessage", args).await,
            (400, expected.to_owned())
        );
    }
}

#[tokio::test]
async fn messages_are_edited_and_deleted() {
    let sim = start().await;
    let sent = sim
        .call("sendMessage", json!({"chat_id": 1, "text": "one"}))
        .await;
    let id = &sent["message_id"];
    let edit = json!({"chat_id": 1, "message_id": id, "text": "two"});
    let edited = sim.call("editMessageText", edit.clone()).await;
    assert_eq!(
        (&edited["text"], &edited["message_id"]),
        (&json!("two"), id)
    );
    assert!(edited["edit_date"].is_u64());
    let (_, text) = sim.fails("editMessageText", edit).await;
    assert!(text.starts_with("Bad Request: message is not modified"));
    sim.call("deleteMessage", json!({"chat_id": 1, "message_id": id}))
        .await;
    let gone = json!({"chat_id": 1, "message_id": id, "text": "three"});
    let (_, text) = sim.fails("editMessageText", gone.clone()).await;
    assert_eq!(text, "Bad Request: message to edit not found");
    let (_, text) = sim.fails("deleteMessage", gone).await;
    assert_eq!(text, "Bad Request: message to delete not found");
    let heard = sim.client.send_text(BOT, "mine").await.unwrap();
    let foreign = json!({"chat_id": 1000, "message_id": heard.message_id, "text": "x"});
    let (_, text) = sim.fails("editMessageText", foreign).await;
    assert_eq!(text, "Bad Request: message can't be edited");
}

#[tokio::test]
async fn button_presses_are_answered_once() {
    let sim = start().await;
    let nothing = sim
        .client
        .press(TOKEN, &NewCallback::default())
        .await
        .unwrap_err();
    assert!(nothing.to_string().contains("no such message"), "{nothing}");
    let keyboard = json!({"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]});
    let args = json!({"chat_id": 1000, "text": "Sure?", "reply_markup": keyboard});
    sim.call("sendMessage", args).await;
    let press = NewCallback {
        data: "y".into(),
        ..NewCallback::default()
    };
    let injected = sim.client.press(BOT, &press).await.unwrap();
    let updates = sim.call("getUpdates", none()).await;
    assert_eq!(updates[0]["update_id"], injected.update_id);
    let query = &updates[0]["callback_query"];
    assert_eq!(
        (&query["data"], &query["message"]["text"]),
        (&json!("y"), &json!("Sure?"))
    );
    let answer = json!({"callback_query_id": query["id"]});
    assert_eq!(sim.call("answerCallbackQuery", answer.clone()).await, true);
    let (_, text) = sim.fails("answerCallbackQuery", answer).await;
    assert!(text.contains("query is too old"));
}

#[tokio::test]
async fn files_are_sent_and_downloaded() {
    let sim = start().await;
    let png = [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(),
        &[0, 0, 0, 3, 0, 0, 0, 2, 9],
    ]
    .concat();
    let part = |bytes: &[u8], name: &str| Part::bytes(bytes.to_vec()).file_name(name.to_owned());
    let sends = [
        (
            "sendPhoto",
            "photo",
            Form::new().part("photo", part(&png, "a.png")),
        ),
        (
            "sendDocument",
            "document",
            Form::new()
                .text("document", "attach://f0")
                .part("f0", part(b"text", "notes.txt")),
        ),
        (
            "sendSticker",
            "sticker",
            Form::new().part("sticker", part(b"webp", "s.webp")),
        ),
    ];
    for (method, field, form) in sends {
        let form = form.text("chat_id", "1").text("caption", "see");
        let request = sim.http.post(sim.method(method)).multipart(form);
        let body: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(body["ok"], true, "{body}");
        let message = &body["result"];
        let file = message[field]
            .as_array()
            .map_or(&message[field], |sizes| &sizes[0]);
        let got = sim
            .call("getFile", json!({"file_id": file["file_id"]}))
            .await;
        assert_eq!(got["file_size"], file["file_size"]);
        let path = got["file_path"].as_str().unwrap();
        let url = format!("{}/file/bot{TOKEN}/{path}", sim.url);
        let content = sim
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        assert_eq!(content.len() as u64, file["file_size"].as_u64().unwrap());
        match field {
            "photo" => assert_eq!((&file["width"], &file["height"]), (&json!(3), &json!(2))),
            "document" => {
                assert_eq!(file["file_name"], "notes.txt");
                assert_eq!(
                    (&content[..], &message["caption"]),
                    (&b"text"[..], &json!("see"))
                );
                assert!(path.ends_with(".txt"));
            }
            _ => assert_eq!(file["type"], "regular"),
        }
        // The same file again, by its id.
        let again = json!({"chat_id": 2, field: file["file_id"]});
        sim.call(method, again).await;
    }
    let wrong = json!({"chat_id": 1, "photo": "unknown"});
    let (_, text) = sim.fails("sendPhoto", wrong).await;
    assert_eq!(
        text,
        "Bad Request: wrong file identifier/HTTP URL specified"
    );
    let url = format!("{}/file/bot{TOKEN}/../../etc/passwd", sim.url);
    assert_eq!(sim.http.get(url).send().await.unwrap().status(), 404);
    let calls = sim
        .client
        .calls(BOT, &Default::default())
        .await
        .unwrap()
        .calls;
    assert_eq!(calls[0].files[0].file_name, "a.png");
    assert_eq!(calls[0].files[0].size_bytes, 25);
}

#[tokio::test]
async fn commands_are_kept_by_scope_and_language() {
    let sim = start().await;
    let commands = json!([{"command": "start", "description": "Begin"}]);
    sim.call("setMyCommands", json!({"commands": commands}))
        .await;
    assert_eq!(sim.call("getMyCommands", none()).await, commands);
    assert_eq!(
        sim.call("getMyCommands", json!({"language_code": "ru"}))
            .await,
        json!([])
    );
    sim.call("deleteMyCommands", none()).await;
    assert_eq!(sim.call("getMyCommands", none()).await, json!([]));
    let wrong = json!({"commands": [{"command": "St art", "description": "x"}]});
    assert_eq!(sim.fails("setMyCommands", wrong).await.0, 400);
}

#[tokio::test]
async fn small_methods_answer() {
    let sim = start().await;
    let chat = sim.call("getChat", json!({"chat_id": -100})).await;
    assert_eq!(
        (&chat["type"], &chat["title"]),
        (&json!("group"), &json!("Group 100"))
    );
    sim.call("sendChatAction", json!({"chat_id": 1, "action": "typing"}))
        .await;
    assert_eq!(
        sim.fails("sendChatAction", json!({"chat_id": 1})).await.0,
        400
    );
    let member = sim
        .call("getChatMember", json!({"chat_id": 1, "user_id": 123_456}))
        .await;
    assert_eq!(
        (&member["status"], &member["user"]["is_bot"]),
        (&json!("member"), &json!(true))
    );
    for method in ["logOut", "close", "setMyDescription"] {
        assert_eq!(sim.call(method, none()).await, true);
    }
}
