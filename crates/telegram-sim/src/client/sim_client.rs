//! The client itself: one method a request.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Method, RequestBuilder};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::time::Instant;

use super::error::{ClientError, optional, refusal};
use crate::control::{
    Answer, AnswerQuery, BotInfo, BotQuery, CallFound, CallList, CallQuery, CallRecord, Conflict,
    Fault, FaultView, Health, Injected, LedgerQuery, LedgerView, NewBot, NewCallback, NewFault,
    NewMessage, StoredFile, WAIT_MS_MAX,
};

/// How much longer than the server's wait a request may take.
const REQUEST_TIME: Duration = Duration::from_secs(15);
/// Pause after an answer in which further ones still count as its part.
const SETTLE: Duration = Duration::from_millis(300);

/// Plays Telegram's users against a running simulator. Cheap to clone. Bots are named by numeric
/// id or by whole token.
#[derive(Clone, Debug)]
pub struct SimClient {
    http: Client,
    base: String,
    control_token: Option<String>,
}

impl SimClient {
    /// A client of the simulator at a base URL such as `http://127.0.0.1:8081`.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        let base = base.into().trim_end_matches('/').to_owned();
        // With a provider and no proxy, building cannot fail; the fallback is the same client with
        // a proxy from the environment.
        crate::provider::install();
        let http = Client::builder().no_proxy().build().unwrap_or_default();
        Self {
            http,
            base,
            control_token: None,
        }
    }

    /// The same client with the bearer token of a guarded control side.
    #[must_use]
    pub fn with_control_token(mut self, token: Option<String>) -> Self {
        self.control_token = token;
        self
    }

    /// Base URL of the server.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// Asks whether the server runs.
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.get("health", &()).await
    }

    /// All bots, by numeric id.
    pub async fn bots(&self) -> Result<Vec<BotInfo>, ClientError> {
        self.get("bots", &()).await
    }

    /// Makes a bot known, or renames it.
    pub async fn register(&self, new: &NewBot) -> Result<BotInfo, ClientError> {
        self.post("bots", new).await
    }

    /// One bot, or nothing when it is not known.
    pub async fn bot(&self, bot: &str) -> Result<Option<BotInfo>, ClientError> {
        optional(self.get(&path(bot, ""), &()).await)
    }

    /// Waits for the first poll of a bot, known yet or not. Nothing, when the time was over.
    pub async fn wait_first_poll(
        &self,
        bot: &str,
        time: Duration,
    ) -> Result<Option<BotInfo>, ClientError> {
        let deadline = Instant::now() + time;
        loop {
            let wait_first_poll_ms = left_ms(deadline).max(1);
            let query = BotQuery { wait_first_poll_ms };
            let info: Option<BotInfo> = optional(self.get(&path(bot, ""), &query).await)?;
            let polled = info.filter(|info| info.first_poll_at_ms.is_some());
            if polled.is_some() || Instant::now() >= deadline {
                return Ok(polled);
            }
        }
    }

    /// Forgets a bot and all of its state.
    pub async fn forget(&self, bot: &str) -> Result<(), ClientError> {
        self.send(self.request(Method::DELETE, &path(bot, "")))
            .await
            .map(drop)
    }

    /// Sends a private text message from the default user.
    pub async fn send_text(&self, bot: &str, text: &str) -> Result<Injected, ClientError> {
        self.inject(bot, &NewMessage::text(text)).await
    }

    /// Sends a message from a user.
    pub async fn inject(&self, bot: &str, new: &NewMessage) -> Result<Injected, ClientError> {
        self.post(&path(bot, "/messages"), new).await
    }

    /// Presses a button.
    pub async fn press(&self, bot: &str, new: &NewCallback) -> Result<Injected, ClientError> {
        self.post(&path(bot, "/callbacks"), new).await
    }

    /// Injects any update: one object, named by its kind.
    pub async fn inject_raw(&self, bot: &str, update: &Value) -> Result<Injected, ClientError> {
        self.post(&path(bot, "/updates"), update).await
    }

    /// Stores a file that a raw update can then name.
    pub async fn store_file(
        &self,
        bot: &str,
        file_name: &str,
        content: Vec<u8>,
    ) -> Result<StoredFile, ClientError> {
        let request = self.request(Method::POST, &path(bot, "/files"));
        self.read(request.query(&[("file_name", file_name)]).body(content))
            .await
    }

    /// Recorded calls that fit, oldest first.
    pub async fn calls(&self, bot: &str, query: &CallQuery) -> Result<CallList, ClientError> {
        self.get(&path(bot, "/calls"), query).await
    }

    /// Waits for a call that fits. Nothing, when the time was over.
    pub async fn wait_call(
        &self,
        bot: &str,
        query: &CallQuery,
        time: Duration,
    ) -> Result<Option<CallRecord>, ClientError> {
        let deadline = Instant::now() + time;
        loop {
            let query = CallQuery {
                timeout_ms: left_ms(deadline),
                ..query.clone()
            };
            let found: CallFound = self.get(&path(bot, "/calls/wait"), &query).await?;
            if found.call.is_some() || Instant::now() >= deadline {
                return Ok(found.call);
            }
        }
    }

    /// Waits for what a bot says, by an explicit query: one request, one wait.
    pub async fn answers(
        &self,
        bot: &str,
        query: &AnswerQuery,
    ) -> Result<Vec<Answer>, ClientError> {
        self.get(&path(bot, "/answers"), query).await
    }

    /// Waits for the answers to an injected update: for the first as long as `time`, for further
    /// ones a moment each. Empty, when the bot stayed silent.
    pub async fn answers_to(
        &self,
        bot: &str,
        injected: &Injected,
        time: Duration,
    ) -> Result<Vec<Answer>, ClientError> {
        let deadline = Instant::now() + time;
        loop {
            let query = AnswerQuery {
                after_seq: injected.after_seq,
                chat_id: injected.chat_id,
                timeout_ms: left_ms(deadline),
                settle_ms: u64::try_from(SETTLE.as_millis()).unwrap_or_default(),
            };
            let answers = self.answers(bot, &query).await?;
            if !answers.is_empty() || Instant::now() >= deadline {
                return Ok(answers);
            }
        }
    }

    /// Sends a message and waits for the answers.
    pub async fn ask(
        &self,
        bot: &str,
        new: &NewMessage,
        time: Duration,
    ) -> Result<Vec<Answer>, ClientError> {
        let injected = self.inject(bot, new).await?;
        self.answers_to(bot, &injected, time).await
    }

    /// Makes the next `times` calls of a method (or of any) go wrong.
    pub async fn fault(
        &self,
        bot: &str,
        method: Option<&str>,
        fault: Fault,
        times: u32,
    ) -> Result<Vec<FaultView>, ClientError> {
        let new = NewFault {
            method: method.map(ToOwned::to_owned),
            fault,
            times,
        };
        self.post(&path(bot, "/faults"), &new).await
    }

    /// Faults that still wait for calls.
    pub async fn faults(&self, bot: &str) -> Result<Vec<FaultView>, ClientError> {
        self.get(&path(bot, "/faults"), &()).await
    }

    /// Removes all faults.
    pub async fn clear_faults(&self, bot: &str) -> Result<(), ClientError> {
        self.send(self.request(Method::DELETE, &path(bot, "/faults")))
            .await
            .map(drop)
    }

    /// Every 409 so far, at most the last 1 000.
    pub async fn conflicts(&self, bot: &str) -> Result<Vec<Conflict>, ClientError> {
        self.get(&path(bot, "/conflicts"), &()).await
    }

    /// The ledger from its oldest entry, at most 1 000.
    pub async fn ledger(&self, bot: &str) -> Result<LedgerView, ClientError> {
        self.ledger_page(bot, &LedgerQuery::default()).await
    }

    /// One page of the ledger.
    pub async fn ledger_page(
        &self,
        bot: &str,
        query: &LedgerQuery,
    ) -> Result<LedgerView, ClientError> {
        self.get(&path(bot, "/ledger"), query).await
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.read(self.request(Method::GET, path).query(query))
            .await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.read(self.request(Method::POST, path).json(body)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let time = Duration::from_millis(WAIT_MS_MAX) + REQUEST_TIME;
        let request = self
            .http
            .request(method, format!("{}/_sim/{path}", self.base))
            .timeout(time);
        match &self.control_token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ClientError> {
        let response = self.send(request).await?;
        response
            .json()
            .await
            .map_err(|source| self.unreachable(source))
    }

    async fn send(&self, request: RequestBuilder) -> Result<reqwest::Response, ClientError> {
        let response = request
            .send()
            .await
            .map_err(|source| self.unreachable(source))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = response.text().await.unwrap_or_default();
        Err(refusal(status, &text))
    }

    fn unreachable(&self, source: reqwest::Error) -> ClientError {
        // The URL may hold a whole token; the base says enough.
        ClientError::Unreachable {
            base: self.base.clone(),
            source: source.without_url(),
        }
    }
}

fn path(bot: &str, rest: &str) -> String {
    // A name typed by hand must not reach into another path.
    format!("bots/{}{rest}", utf8_percent_encode(bot, NON_ALPHANUMERIC))
}

fn left_ms(deadline: Instant) -> u64 {
    let left = deadline.saturating_duration_since(Instant::now());
    u64::try_from(left.as_millis())
        .unwrap_or(u64::MAX)
        .min(WAIT_MS_MAX)
}
