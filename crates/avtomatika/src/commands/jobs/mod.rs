//! `avtomatika jobs`: asks a server about jobs, and tells it what to do with them.

mod client;
mod events;
mod show;
mod watch;

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Value, json};

use self::client::Client;
use crate::args::{JobsArgs, JobsCommand};

pub(crate) async fn run(args: JobsArgs) -> anyhow::Result<ExitCode> {
    match ask(args).await {
        // Whoever reads has read enough, as `head` does.
        Err(error) if is_closed_pipe(&error) => Ok(ExitCode::SUCCESS),
        ended => ended,
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

async fn ask(args: JobsArgs) -> anyhow::Result<ExitCode> {
    let client = Client::open(&args.server)?;
    let as_json = args.server.json;
    match args.command {
        JobsCommand::List {
            status,
            blueprint,
            label,
            limit,
        } => {
            let mut query = vec![("limit", limit.to_string())];
            query.extend(status.map(|status| ("status", status)));
            query.extend(blueprint.map(|name| ("blueprint", name)));
            query.extend(label.into_iter().map(|label| ("label", label)));
            let jobs = client.get("jobs", &query).await?;
            print(as_json, &jobs, show::table)?;
        }
        JobsCommand::Quarantined => {
            let jobs = client.get("jobs/quarantined", &[]).await?;
            print(as_json, &jobs, show::table)?;
        }
        JobsCommand::Submit {
            endpoint,
            input,
            label,
            idempotency_key,
            webhook,
            wait,
        } => {
            let body = read_input(&input)?;
            let labels: Vec<_> = label.into_iter().map(|label| ("label", label)).collect();
            let path = endpoint.trim_matches('/');
            let path = path.strip_prefix("api/").unwrap_or(path);
            let headers = [
                ("Idempotency-Key", idempotency_key),
                ("X-Avtomatika-Webhook", webhook),
            ];
            let answer = client.submit(path, &labels, &body, &headers).await?;
            print(as_json, &answer, |answer| text(answer, "job_id"))?;
            if wait {
                return watch::watch(&args.server, &text(&answer, "job_id")).await;
            }
        }
        JobsCommand::Show { job } => {
            let view = client.get(&format!("jobs/{job}"), &[]).await?;
            print(as_json, &view, show::job)?;
        }
        JobsCommand::Watch { job } => return watch::watch(&args.server, &job).await,
        JobsCommand::History { job } => {
            let events = client.get(&format!("jobs/{job}/history"), &[]).await?;
            print(as_json, &events, show::history)?;
        }
        JobsCommand::Cancel { job } => {
            let answer = client
                .post(&format!("jobs/{job}/cancel"), &json!({}))
                .await?;
            print(as_json, &answer, |_| format!("job {job} is cancelled"))?;
        }
        JobsCommand::Decide {
            job,
            decision,
            by,
            comment,
        } => {
            let body = json!({"decision": decision, "by": by, "comment": comment});
            let answer = client.post(&format!("jobs/{job}/decision"), &body).await?;
            print(as_json, &answer, |_| format!("decided: {decision}"))?;
        }
        JobsCommand::Signal { job, name, payload } => {
            let payload: Value =
                serde_json::from_str(&payload).context("failed to read --payload as JSON")?;
            let body = json!({"name": name, "payload": payload});
            let answer = client.post(&format!("jobs/{job}/events"), &body).await?;
            print(as_json, &answer, |answer| {
                let told = format!("job {job} was told of '{name}'");
                match answer["hint"].as_str() {
                    Some(hint) => format!("{told}: {hint}"),
                    None => told,
                }
            })?;
        }
        JobsCommand::Rerun { job, state } => {
            let body = state.map_or_else(|| json!({}), |state| json!({"state": state}));
            let answer = client.post(&format!("jobs/{job}/rerun"), &body).await?;
            print(as_json, &answer, |answer| text(answer, "job_id"))?;
        }
        JobsCommand::Release { job } => {
            let answer = client
                .post(&format!("jobs/{job}/release"), &json!({}))
                .await?;
            print(as_json, &answer, |_| format!("job {job} tries once more"))?;
        }
        JobsCommand::Discard { job } => {
            let answer = client
                .post(&format!("jobs/{job}/discard"), &json!({}))
                .await?;
            print(as_json, &answer, |_| format!("job {job} is given up"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The body of a job: JSON, or `@` and the name of a file that holds it.
fn read_input(input: &str) -> anyhow::Result<Value> {
    let text = match input.strip_prefix('@') {
        Some(file) => {
            std::fs::read_to_string(file).with_context(|| format!("failed to read {file}"))?
        }
        None => input.to_owned(),
    };
    serde_json::from_str(&text).context("failed to read --input as JSON")
}

fn text(answer: &Value, key: &str) -> String {
    answer[key].as_str().unwrap_or_default().to_owned()
}

fn print(
    as_json: bool,
    answer: &Value,
    in_words: impl FnOnce(&Value) -> String,
) -> std::io::Result<()> {
    let text = if as_json {
        answer.to_string()
    } else {
        in_words(answer)
    };
    writeln!(std::io::stdout().lock(), "{}", text.trim_end())
}
