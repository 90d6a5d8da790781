//! Paths, arguments, envelopes and errors of the Bot API side.

use crate::support::{BOT, TOKEN, none, start, start_with};
use std::time::Duration;

use avtomatika_telegram_sim::{SimOptions, control::Fault};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::sleep,
};

#[tokio::test]
async fn tokens_of_the_wrong_form_are_401() {
    let sim = start().await;
    for token in ["nonsense", "12", "abc:def", "0123:x", "1:", "1:a%20b"] {
        let response = sim
            .http
            .get(format!("{}/bot{token}/getMe", sim.url))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 401, "{token}");
        let body: Value = response.json().await.unwrap();
        let expected = json!({
            "ok": false, "error_code": 401,
            "description": "Unauthorized: invalid token specified",
        });
        assert_eq!(body, expected);
    }
}

#[tokio::test]
async fn strict_tokens_refuse_strangers() {
    let tokens = vec![TOKEN.to_owned()];
    let sim = start_with(SimOptions {
        strict_tokens: true,
        tokens,
        ..SimOptions::default()
    })
    .await;
    assert_eq!(sim.call("getMe", none()).await["id"], 123_456);
    for token in ["999:OTHER", "123456:WRONG-SECRET"] {
        let response = sim
            .http
            .get(format!("{}/bot{token}/getMe", sim.url))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 401);
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["description"], "Unauthorized");
    }
}

#[tokio::test]
async fn any_well_formed_token_makes_a_bot_but_its_secret_then_counts() {
    let sim = start().await;
    assert_eq!(sim.call("getMe", none()).await["username"], "sim123456_bot");
    let other = format!("{}/bot123456:ANOTHER/getMe", sim.url);
    assert_eq!(sim.http.get(other).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn methods_are_found_in_any_case_and_unknown_ones_are_404() {
    let sim = start().await;
    assert_eq!(sim.call("GETme", none()).await["is_bot"], true);
    assert_eq!(sim.call("test/getMe", none()).await["is_bot"], true);
    let (code, text) = sim.fails("sendTelegram", none()).await;
    assert_eq!((code, text.as_str()), (404, "Not Found: method not found"));
    let response = sim
        .http
        .get(format!("{}/elsewhere", sim.url))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(
        response.json::<Value>().await.unwrap()["description"],
        "Not Found"
    );
    let response = sim.http.put(sim.method("getMe")).send().await.unwrap();
    assert_eq!(response.status(), 405);

    let lenient = start_with(SimOptions {
        strict_methods: false,
        ..SimOptions::default()
    })
    .await;
    assert_eq!(lenient.call("sendTelegram", none()).await, true);
}

#[tokio::test]
async fn arguments_come_in_five_ways() {
    let sim = start().await;
    let url = sim.method("sendMessage");
    let pairs = [("chat_id", "7"), ("text", "привет & all")];
    let requests = [
        sim.http.get(&url).query(&pairs),
        sim.http.post(&url).query(&pairs),
        sim.http.post(&url).form(&pairs),
        sim.http
            .post(&url)
            .json(&json!({"chat_id": 7, "text": "привет & all"})),
        sim.http.post(&url).multipart(
            Form::new()
                .text("chat_id", "7")
                .text("text", "привет & all"),
        ),
    ];
    for request in requests {
        let body: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(body["ok"], true, "{body}");
        assert_eq!(body["result"]["text"], "привет & all");
        assert_eq!(body["result"]["chat"]["id"], 7);
    }
    let response = sim
        .http
        .post(&url)
        .header("content-type", "application/json")
        .body("[1]");
    assert_eq!(response.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_429_says_how_long_to_wait() {
    let sim = start().await;
    let fault = Fault::TooManyRequests { retry_after_s: 7 };
    sim.client
        .fault(TOKEN, Some("sendmessage"), fault, 1)
        .await
        .unwrap();
    let response = sim
        .raw("sendMessage", json!({"chat_id": 1, "text": "x"}))
        .await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "7");
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/json")
    );
    let expected = json!({
        "ok": false, "error_code": 429,
        "description": "Too Many Requests: retry after 7",
        "parameters": {"retry_after": 7},
    });
    assert_eq!(response.json::<Value>().await.unwrap(), expected);
    sim.call("sendMessage", json!({"chat_id": 1, "text": "x"}))
        .await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let sim = start_with(SimOptions {
        body_bytes_max: 10_000,
        ..SimOptions::default()
    })
    .await;
    let long = "x".repeat(20_000);
    let (code, _) = sim
        .fails("sendMessage", json!({"chat_id": 1, "text": long}))
        .await;
    assert_eq!(code, 413);
    let part = Part::bytes(vec![0; 20_000]).file_name("a.bin");
    let form = Form::new().text("chat_id", "1").part("document", part);
    let response = sim
        .http
        .post(sim.method("sendDocument"))
        .multipart(form)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 413);
}

/// A connection must outlive an upload: libraries use it for their next call at once.
#[tokio::test]
async fn an_upload_leaves_the_connection_open() {
    let sim = start().await;
    let mut stream = TcpStream::connect(sim.url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    let part = |name: &str, file: &str, content: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n")
    };
    let file = part("document", "; filename=\"a.txt\"", "content");
    let body = format!("{}{file}--b--\r\n", part("chat_id", "", "1"));
    let head = format!(
        "POST /bot{TOKEN}/sendDocument HTTP/1.1\r\nHost: sim\r\nTransfer-Encoding: chunked\r\n\
         Content-Type: multipart/form-data; boundary=b\r\n\r\n{:x}\r\n{body}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The end of the body comes late, as it may on any network.
    sleep(Duration::from_millis(200)).await;
    let next = format!(
        "0\r\n\r\nGET /bot{TOKEN}/getMe HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(next.as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
}

#[tokio::test]
async fn limits_hold_back_floods() {
    let options = SimOptions {
        bots_max: 1,
        updates_max: 2,
        ..SimOptions::default()
    };
    let sim = start_with(options).await;
    sim.inject(2).await;
    let refused = sim.client.send_text(BOT, "one more").await.unwrap_err();
    assert!(refused.to_string().contains("LIMIT_REACHED"), "{refused}");
    let other = format!("{}/bot77:OTHER/getMe", sim.url);
    assert_eq!(sim.http.get(other).send().await.unwrap().status(), 500);
}
