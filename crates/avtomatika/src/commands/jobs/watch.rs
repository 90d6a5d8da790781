//! `avtomatika jobs watch`: follows a job to its end, past restarts of the server.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::Value;

use super::client::Client;
use super::events::Events;
use super::{print, show};
use crate::args::ServerArgs;

/// The pause before the first try to come back; each next one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// A server that is away for so long is not waited for.
const AWAY_MAX: Duration = Duration::from_secs(900);

/// What has been seen of a job.
struct Watch<'a> {
    job: &'a str,
    as_json: bool,
    /// The line that was printed last.
    last_line: String,
    /// The event that was read last.
    last_event: Option<String>,
}

/// How one stream came to its end.
enum Ended {
    /// The job has ended, and this is how.
    Job(ExitCode),
    /// The stream broke off.
    Stream(anyhow::Error),
}

/// Follows a job. The answer is what it came to: a job that has not completed is a failure.
pub(super) async fn watch(args: &ServerArgs, job: &str) -> anyhow::Result<ExitCode> {
    let mut watch = Watch {
        job,
        as_json: args.json,
        last_line: String::new(),
        last_event: None,
    };
    let mut pause = PAUSE;
    let mut away_since: Option<Instant> = None;
    loop {
        // A server that was started anew may be found elsewhere.
        let client = Client::open(args)?;
        let seen = watch.last_event.clone();
        let why = match watch.follow(&client).await? {
            Ended::Job(code) => return Ok(code),
            // Whoever was never answered has the wrong address rather than a restart.
            Ended::Stream(why) if watch.last_event.is_none() => return Err(why),
            Ended::Stream(why) => why,
        };
        if watch.last_event != seen {
            (pause, away_since) = (PAUSE, None);
        }
        let since = *away_since.get_or_insert_with(Instant::now);
        if since.elapsed() > AWAY_MAX {
            return Err(why.context("the server did not come back"));
        }
        say(&format!(
            "{why:#}; trying again in {:.1} s",
            pause.as_secs_f64()
        ));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

impl Watch<'_> {
    /// Reads one stream.
    ///
    /// # Errors
    /// What coming back won't change.
    async fn follow(&mut self, client: &Client) -> anyhow::Result<Ended> {
        let path = format!("jobs/{}/events", self.job);
        let answer = match client.stream(&path, self.last_event.as_deref()).await {
            Ok(answer) => answer,
            Err(error) => {
                let error = anyhow::Error::from(error);
                return Ok(Ended::Stream(error.context("the server can't be reached")));
            }
        };
        let status = answer.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Ok(Ended::Stream(match Client::read(answer).await {
                Ok(_) => anyhow::anyhow!("the server answered {status}"),
                Err(error) => error,
            }));
        }
        if !status.is_success() {
            let refused = Client::read(answer).await;
            return refused.and_then(|_| anyhow::bail!("the server answered {status}"));
        }
        let mut events = Events::new(answer);
        loop {
            let event = match events.next().await {
                Ok(Some(event)) => event,
                Ok(None) => {
                    let why = anyhow::anyhow!("the server has ended the stream of events");
                    return Ok(Ended::Stream(why));
                }
                Err(error) => {
                    return Ok(Ended::Stream(
                        error.context("the stream of events broke off"),
                    ));
                }
            };
            if event.name == "job" {
                self.tell(&event.data)?;
            }
            // Not before it was told: whoever comes back is told no more of it.
            self.last_event = event.id.or(self.last_event.take());
            if show::has_ended(&event.data) {
                return Ok(Ended::Job(if event.data["status"] == "completed" {
                    ExitCode::SUCCESS
                } else {
                    ExitCode::FAILURE
                }));
            }
        }
    }

    fn tell(&mut self, view: &Value) -> std::io::Result<()> {
        let line = show::line(view);
        if line == self.last_line {
            return Ok(());
        }
        print(self.as_json, view, |_| line.clone())?;
        self.last_line = line;
        Ok(())
    }
}

#[expect(clippy::print_stderr, reason = "what is told of the job is on stdout")]
fn say(text: &str) {
    eprintln!("avtomatika: {text}");
}
