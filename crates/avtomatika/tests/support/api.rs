//! The client API, as a test calls it.

use std::time::{Duration, Instant};

use serde_json::Value;

/// A client that asks no proxy and gives up after a minute. It needs a cryptography provider even
/// for plain HTTP.
pub fn http_client() -> reqwest::Client {
    // A second time it says that there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
    pub url: String,
    pub token: String,
}

impl Api {
    pub fn new(url: &str, token: &str) -> Self {
        let http = http_client();
        Self {
            http,
            url: url.to_owned(),
            token: token.to_owned(),
        }
    }

    /// Any request; an error is the network's.
    pub async fn try_post(&self, path: &str, body: &Value) -> Result<(u16, Value), String> {
        let request = self.http.post(format!("{}{path}", self.url));
        let request = request.header("X-Avtomatika-Token", &self.token);
        let text = |error: reqwest::Error| error.to_string();
        let answer = request.json(body).send().await.map_err(text)?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.map_err(text)?))
    }

    pub async fn try_get(&self, path: &str) -> Result<(u16, String), String> {
        let request = self.http.get(format!("{}{path}", self.url));
        let request = request.header("X-Avtomatika-Token", &self.token);
        let text = |error: reqwest::Error| error.to_string();
        let answer = request.send().await.map_err(text)?;
        let status = answer.status().as_u16();
        Ok((status, answer.text().await.map_err(text)?))
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.try_post(path, body).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, text) = self.try_get(path).await.unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Posts a job; its id.
    pub async fn submit(&self, path: &str, body: &Value) -> String {
        let (status, answer) = self.post(path, body).await;
        assert_eq!(status, 202, "{answer}");
        assert_eq!(answer["status"], "accepted");
        answer["job_id"].as_str().unwrap().to_owned()
    }

    pub async fn job(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/jobs/{id}")).await
    }

    /// The job once it has ended.
    pub async fn end(&self, id: &str, seconds: u64) -> Value {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        loop {
            let job = self.get(&format!("/api/v1/jobs/{id}?wait=5s")).await;
            let status = job["status"].as_str().unwrap_or_default();
            if matches!(status, "completed" | "failed" | "quarantined" | "cancelled") {
                return job;
            }
            assert!(Instant::now() < deadline, "not ended in {seconds} s: {job}");
        }
    }

    /// The sum of a metric's series whose labels contain the text.
    pub async fn metric(&self, name: &str, labels: &str) -> f64 {
        let (status, text) = self.try_get("/metrics").await.unwrap();
        assert_eq!(status, 200, "{text}");
        text.lines()
            .filter(|line| line.starts_with(name) && line.contains(labels))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }
}
