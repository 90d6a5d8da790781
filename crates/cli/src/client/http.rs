//! The client API as this program uses it.

use std::time::Duration;

use avtomatika_protocol::JobId;
use avtomatika_protocol::job::{Accepted, JobView};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, Url};
use serde_json::Value;

use super::{answer, journal, tls};
use crate::error::Error;
use crate::screen::Output;
use crate::settings::Settings;
use crate::text::Problem;

/// The blueprint all actions go to.
const JOBS: &str = "api/jobs/bot_runner";
/// How long a connection may take to come about.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long an answer may take beside the time the server is asked to wait.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Speaks with one server, as one client.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    /// Where requests and answers are noted, if the person wants to see them.
    journal: Option<Output>,
}

impl Client {
    /// A client for the server of the settings.
    ///
    /// # Errors
    /// [`Problem::BadToken`] for a token that no header can carry, others for CAs that can't be
    /// used.
    pub fn new(settings: &Settings, journal: Option<Output>) -> Result<Self, Error> {
        let mut token = HeaderValue::from_str(&settings.token).map_err(|_| Problem::BadToken)?;
        token.set_sensitive(true);
        let headers = HeaderMap::from_iter([(
            reqwest::header::HeaderName::from_static("x-avtomatika-token"),
            token,
        )]);
        let mut builder = reqwest::Client::builder()
            .default_headers(headers)
            .connect_timeout(CONNECT_MAX)
            // A redirect would carry the token to wherever it points.
            .redirect(reqwest::redirect::Policy::none())
            .tls_backend_preconfigured(tls::config(settings)?)
            .user_agent(concat!("avtomatika-bot/", env!("CARGO_PKG_VERSION")));
        if crate::settings::is_this_machine(&settings.url) {
            // A proxy for the outside world can't reach what listens here.
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| Error::CannotConnect {
            url: crate::settings::shown(&settings.url),
            why: error.to_string(),
        })?;
        Ok(Self {
            http,
            base: settings.url.clone(),
            journal,
        })
    }

    /// Posts a job; answers its id.
    ///
    /// # Errors
    /// A refusal, or what the network said.
    pub async fn post(&self, body: &Value) -> Result<JobId, Error> {
        self.note(&journal::request("POST", JOBS, Some(body)));
        let request = self.request(Method::POST, JOBS).json(body);
        let accepted: Accepted = self.send(request, Duration::ZERO).await?;
        Ok(accepted.job_id)
    }

    /// Asks for a job; the server answers once it has moved, or after `wait`.
    ///
    /// # Errors
    /// A refusal, or what the network said.
    pub async fn job(&self, job: JobId, wait: Option<Duration>) -> Result<JobView, Error> {
        let path = format!("api/jobs/{job}");
        let mut request = self.request(Method::GET, &path);
        let wait = wait.unwrap_or_default();
        if wait > Duration::ZERO {
            // Whole seconds, and at least one: a wait of zero would be no wait.
            let seconds = wait.as_secs().max(1);
            request = request.query(&[("wait", format!("{seconds}s"))]);
        }
        self.note(&journal::request("GET", &path, None));
        self.send(request, wait).await
    }

    /// Asks whether a server is there at all.
    ///
    /// # Errors
    /// A refusal, or what the network said.
    pub async fn public_status(&self) -> Result<Value, Error> {
        const PATH: &str = "_public/status";
        self.note(&journal::request("GET", PATH, None));
        self.send(self.request(Method::GET, PATH), Duration::ZERO)
            .await
    }

    /// The address as it may be shown.
    pub fn shown(&self) -> String {
        crate::settings::shown(&self.base)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut url = self.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}/{path}"));
        self.http.request(method, url)
    }

    async fn send<T: serde::de::DeserializeOwned>(
        &self,
        request: RequestBuilder,
        wait: Duration,
    ) -> Result<T, Error> {
        let lost = |error: &reqwest::Error| answer::lost(error, self.shown());
        let response = request
            .timeout(wait + ANSWER_MAX)
            .send()
            .await
            .map_err(|error| lost(&error))?;
        let status = response.status();
        let body = answer::body(response, &self.shown()).await?;
        self.note(&journal::answer(status.as_u16(), &body));
        answer::read(status, &body, &self.shown())
    }

    fn note(&self, line: &str) {
        if let Some(output) = &self.journal {
            output.note(&format!("{line}\n"));
        }
    }
}
