//! A simulator on a free port, and a bot that speaks plain HTTP.

use std::time::Duration;

use avtomatika_telegram_sim::{Sim, SimClient, SimOptions};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const TOKEN: &str = "123456:TEST-TOKEN";
pub(crate) const BOT: &str = "123456";

/// A running simulator; stopped when dropped.
pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) client: SimClient,
    pub(crate) http: Client,
    pub(crate) shutdown: CancellationToken,
    pub(crate) served: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub(crate) async fn start() -> Running {
    start_with(SimOptions::default()).await
}

pub(crate) async fn start_with(options: SimOptions) -> Running {
    let sim = Sim::bind(options).await.unwrap();
    let url = sim.url();
    let shutdown = CancellationToken::new();
    let served = tokio::spawn(sim.run(shutdown.clone()));
    // The simulator has installed a crypto provider.
    let http = Client::builder().no_proxy().build().unwrap();
    Running {
        client: SimClient::new(&url),
        url,
        http,
        shutdown,
        served,
    }
}

impl Running {
    pub(crate) fn method(&self, method: &str) -> String {
        format!("{}/bot{TOKEN}/{method}", self.url)
    }

    /// Calls a method with a JSON body and returns the raw response.
    pub(crate) async fn raw(&self, method: &str, args: Value) -> Response {
        self.http
            .post(self.method(method))
            .json(&args)
            .send()
            .await
            .unwrap()
    }

    /// Calls a method and returns the whole envelope.
    pub(crate) async fn envelope(&self, method: &str, args: Value) -> Value {
        self.raw(method, args).await.json().await.unwrap()
    }

    /// Calls a method that must succeed and returns its result.
    pub(crate) async fn call(&self, method: &str, args: Value) -> Value {
        let envelope = self.envelope(method, args).await;
        assert_eq!(envelope["ok"], true, "{method}: {envelope}");
        envelope["result"].clone()
    }

    /// Calls a method that must fail and returns its code and description.
    pub(crate) async fn fails(&self, method: &str, args: Value) -> (u64, String) {
        let response = self.raw(method, args).await;
        let status = response.status().as_u16();
        let envelope: Value = response.json().await.unwrap();
        assert_eq!(envelope["ok"], false, "{method}: {envelope}");
        assert_eq!(envelope["error_code"], status);
        (
            u64::from(status),
            envelope["description"].as_str().unwrap().to_owned(),
        )
    }

    /// One poll; returns the ids of the updates.
    pub(crate) async fn poll(&self, args: Value) -> Vec<i64> {
        ids(&self.call("getUpdates", args).await)
    }

    /// A long poll that runs beside the test.
    pub(crate) fn poll_beside(&self, args: &Value) -> JoinHandle<Value> {
        let request = self.http.post(self.method("getUpdates")).json(args);
        tokio::spawn(async move { request.send().await.unwrap().json().await.unwrap() })
    }

    /// Waits until so many polls are served at this moment.
    pub(crate) async fn until_pollers(&self, count: u32) {
        for _ in 0..500 {
            let info = self.client.bot(BOT).await.unwrap();
            if info.is_some_and(|info| info.pollers_now == count) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("never {count} pollers");
    }

    /// Makes the bot known and returns so many injected updates.
    pub(crate) async fn inject(&self, count: usize) -> Vec<i64> {
        let mut ids = Vec::new();
        for number in 0..count {
            let injected = self
                .client
                .send_text(TOKEN, &format!("text {number}"))
                .await
                .unwrap();
            ids.push(injected.update_id);
        }
        ids
    }
}

pub(crate) fn ids(updates: &Value) -> Vec<i64> {
    let updates = updates.as_array().unwrap();
    updates
        .iter()
        .map(|update| update["update_id"].as_i64().unwrap())
        .collect()
}

pub(crate) fn none() -> Value {
    json!({})
}
