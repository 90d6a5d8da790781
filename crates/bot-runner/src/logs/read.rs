//! Reading a container's output.

use std::time::Duration;

use avtomatika_protocol::bot::SecretValues;
use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{LogsOptions, LogsOptionsBuilder};
use futures_util::{Stream, StreamExt as _};
use tokio::time::{Instant, timeout, timeout_at};

use super::cursor::{Cursor, Sieve};
use super::line::{Line, parse};

/// Most lines in one answer.
pub(crate) const LINES_MAX: usize = 5000;
/// Most text in one answer.
pub(crate) const TEXT_BYTES_MAX: usize = 1024 * 1024;
/// Once a line came, how long to wait for the next before answering.
const GATHER: Duration = Duration::from_millis(30);

/// A container's last lines.
pub(crate) async fn tail(
    docker: &Docker,
    container: &str,
    lines: usize,
    secrets: &SecretValues,
) -> Result<Vec<Line>, Error> {
    let options = options(lines.min(LINES_MAX).to_string().as_str()).build();
    let mut source = std::pin::pin!(source(docker, container, options, secrets));
    let (mut found, mut bytes) = (std::collections::VecDeque::new(), 0);
    while let Some(line) = source.next().await {
        let line = line?;
        bytes += line.text.len();
        found.push_back(line);
        // The newest lines are the ones asked for: the oldest give way.
        while bytes > TEXT_BYTES_MAX {
            bytes -= found.pop_front().map_or(bytes, |old: Line| old.text.len());
        }
    }
    let mut found = Vec::from(found);
    // The engine writes the two streams down as it gets to them; people want them as they came.
    found.sort_by_key(|line| line.at_ns);
    Ok(found)
}

/// The lines after the cursor. With a wait, and no new line yet, waits for one that long.
pub(crate) async fn after(
    docker: &Docker,
    container: &str,
    cursor: Cursor,
    lines: usize,
    wait: Duration,
    secrets: &SecretValues,
) -> Result<Vec<Line>, Error> {
    let follow = !wait.is_zero();
    let options = options("all")
        .since(cursor.since_s())
        .follow(follow)
        .build();
    let mut source = std::pin::pin!(source(docker, container, options, secrets));
    let deadline = Instant::now() + wait;
    let (mut sieve, mut found, mut bytes) = (Sieve::new(cursor), Vec::new(), 0);
    while found.len() < lines.min(LINES_MAX) && bytes < TEXT_BYTES_MAX {
        let next = match (follow, found.is_empty()) {
            (false, _) => Ok(source.next().await),
            (true, true) => timeout_at(deadline, source.next()).await,
            (true, false) => timeout(GATHER, source.next()).await,
        };
        let Ok(Some(line)) = next else { break };
        let line = line?;
        if sieve.is_new(&line) {
            bytes += line.text.len();
            found.push(line);
        }
    }
    Ok(found)
}

/// Everything a container prints from now on and since that second, until it ends.
pub(crate) fn follow(
    docker: &Docker,
    container: &str,
    since_s: i32,
    secrets: &SecretValues,
) -> impl Stream<Item = Result<Line, Error>> + use<> {
    source(
        docker,
        container,
        options("all").since(since_s).follow(true).build(),
        secrets,
    )
}

fn options(tail: &str) -> LogsOptionsBuilder {
    LogsOptionsBuilder::new()
        .stdout(true)
        .stderr(true)
        .timestamps(true)
        .tail(tail)
}

/// The engine's stream as lines, secrets masked.
fn source(
    docker: &Docker,
    container: &str,
    options: LogsOptions,
    secrets: &SecretValues,
) -> impl Stream<Item = Result<Line, Error>> + use<> {
    let secrets = secrets.clone();
    let mut before_ns = 0;
    docker.logs(container, Some(options)).map(move |output| {
        let mut line = parse(output?, before_ns);
        before_ns = line.at_ns;
        if !secrets.is_empty() {
            line.text = secrets.mask_text(&line.text);
        }
        Ok(line)
    })
}
