//! Requests to a server's client API.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::args::ServerArgs;

/// Longer than any wait that is asked for.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long one stream of events is read. Whoever reads comes back then.
const STREAM_TIMEOUT: Duration = Duration::from_secs(3_600);
/// A server that says nothing for so long is gone: it sends a sign of life each 15 s.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// The prefix of the API that is always there.
const API: &str = "/api";

/// A server, and who asks it.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Client {
    /// The server the arguments name, else the one the data folder knows.
    pub(super) fn open(args: &ServerArgs) -> anyhow::Result<Self> {
        let file = args.data_dir.join("client.toml");
        let kept: Option<toml::Table> = match std::fs::read_to_string(&file) {
            Ok(text) => Some(
                text.parse()
                    .with_context(|| format!("failed to read {}", file.display()))?,
            ),
            Err(_) => None,
        };
        let kept = |key: &str| {
            let value = kept.as_ref()?.get(key)?.as_str()?;
            Some(value.to_owned())
        };
        let missing = |what: &str, flag: &str| {
            format!(
                "no {what}: {} is not there; give {flag}, or --data-dir of a server that has been started",
                file.display()
            )
        };
        let url = args.url.clone().or_else(|| kept("url"));
        let token = args.token.clone().or_else(|| kept("token"));
        let url = url.with_context(|| missing("address", "--url"))?;
        Ok(Self {
            http: reqwest::Client::builder()
                .timeout(TIMEOUT)
                .read_timeout(SILENCE_MAX)
                .build()?,
            url: url.trim_end_matches('/').to_owned(),
            token: token.with_context(|| missing("token", "--token"))?,
        })
    }

    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Value> {
        self.send(self.request(Method::GET, path).query(query))
            .await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub(super) async fn submit(
        &self,
        path: &str,
        query: &[(&str, String)],
        body: &Value,
        headers: &[(&'static str, Option<String>)],
    ) -> anyhow::Result<Value> {
        let mut request = self.request(Method::POST, path).query(query).json(body);
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(*name, value);
            }
        }
        self.send(request).await
    }

    /// A stream of events, from after the event of this id on.
    pub(super) async fn stream(
        &self,
        path: &str,
        last: Option<&str>,
    ) -> Result<Response, reqwest::Error> {
        let mut request = self.request(Method::GET, path).timeout(STREAM_TIMEOUT);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        request.send().await.map_err(reqwest::Error::without_url)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{API}/{path}", self.url);
        let request = self.http.request(method, url);
        request.header("X-Avtomatika-Token", &self.token)
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let answer = request
            .send()
            .await
            .map_err(reqwest::Error::without_url)
            .with_context(|| format!("failed to reach {}", self.url))?;
        Self::read(answer).await
    }

    /// What an answer says.
    pub(super) async fn read(answer: Response) -> anyhow::Result<Value> {
        let status = answer.status();
        let body = answer.text().await.map_err(reqwest::Error::without_url)?;
        let value: Value = serde_json::from_str(&body)
            .with_context(|| format!("the server answered {status} and no JSON"))?;
        if status.is_success() {
            return Ok(value);
        }
        let said = |key: &str| value[key].as_str().unwrap_or_default();
        let mut text = format!("{} ({status}, {})", said("error"), said("code"));
        if value["hint"].is_string() {
            text = format!("{text}; {}", said("hint"));
        }
        anyhow::bail!(text)
    }
}
