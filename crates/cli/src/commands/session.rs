//! What every command has at hand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use avtomatika_protocol::JobId;
use avtomatika_protocol::job::JobView;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::client::Client;
use crate::error::Error;
use crate::screen::{Output, Progress, clean_json};
use crate::text::Text;
use crate::view::{Accepted, Document};
use crate::wait::{Waiter, outcome};

/// The job under way, for whoever has to say what goes on after Ctrl-C.
#[derive(Clone, Default)]
pub struct CurrentJob(Arc<Mutex<Option<JobId>>>);

impl CurrentJob {
    /// The job, if one was accepted and has not ended yet.
    pub fn get(&self) -> Option<JobId> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, job: Option<JobId>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = job;
    }
}

/// What every command has at hand.
pub struct Session {
    /// Speaks with the server.
    pub client: Client,
    /// Both outputs.
    pub output: Output,
    /// Shows how jobs are getting on.
    pub progress: Box<dyn Progress>,
    /// The words.
    pub text: Text,
    /// Whether programs read the output.
    pub json: bool,
    /// Whether not to wait.
    pub no_wait: bool,
    /// How long to wait.
    pub timeout: Duration,
    /// The clock.
    pub now: fn() -> Timestamp,
    /// The job under way.
    pub current_job: CurrentJob,
}

impl Session {
    /// Posts an action.
    ///
    /// # Errors
    /// A refusal, or what the network said.
    pub async fn post(&self, action: &str, mut params: Map<String, Value>) -> Result<JobId, Error> {
        params.insert("action".to_owned(), action.into());
        let job = self.client.post(&Value::Object(params)).await?;
        self.current_job.set(Some(job));
        Ok(job)
    }

    /// Waits for a job and takes its data.
    ///
    /// # Errors
    /// Every other end than a good one.
    pub async fn finish<Data: DeserializeOwned>(&mut self, job: JobId) -> Result<Data, Error> {
        let view = self.wait(job).await?;
        self.current_job.set(None);
        let data = Value::Object(outcome(view)?.state_history);
        serde_json::from_value(data).map_err(|error| Error::StrangeAnswer {
            url: self.client.shown(),
            what: error.to_string(),
        })
    }

    async fn wait(&mut self, job: JobId) -> Result<JobView, Error> {
        let progress = self.progress.as_mut();
        let mut waiter = Waiter {
            client: &self.client,
            progress,
            text: self.text,
            timeout: self.timeout,
        };
        let ended = waiter.wait(job).await;
        self.progress.end();
        ended
    }

    /// Shows what a command found out.
    ///
    /// # Errors
    /// Those of writing.
    pub fn show<View: Serialize>(
        &self,
        command: &'static str,
        job: Option<JobId>,
        view: &View,
        draw: impl FnOnce(&View) -> String,
    ) -> Result<(), Error> {
        if self.json {
            self.show_json(&Document::new(command, job, view))
        } else {
            self.output.data(&draw(view))
        }
    }

    /// Prints one JSON document on a line of its own.
    ///
    /// # Errors
    /// Those of writing.
    pub fn show_json(&self, document: &impl Serialize) -> Result<(), Error> {
        let json = clean_json(document).map_err(|error| Error::Output(error.into()))?;
        self.output.data(&format!("{json}\n"))
    }

    /// Shows that a job was accepted and nobody waits for it.
    ///
    /// # Errors
    /// Those of writing.
    pub fn show_accepted(
        &self,
        command: &'static str,
        bot_id: &str,
        job_id: JobId,
    ) -> Result<(), Error> {
        let view = Accepted {
            bot_id: bot_id.to_owned(),
            status: "accepted",
            job_id,
        };
        let frame = &self.output.data_frame;
        self.show(command, Some(job_id), &view, |view| {
            crate::screen::draw_accepted(view, frame)
        })
    }
}

/// The parameters of an action on one bot.
pub(super) fn of_bot(bot_id: &str) -> Map<String, Value> {
    Map::from_iter([("bot_id".to_owned(), Value::from(bot_id))])
}
