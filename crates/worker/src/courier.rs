//! Several results in one request. While one is under way, those that become ready wait for the
//! next: the busier the worker, the more a request carries, and an idle worker waits for nothing.

use avtomatika_protocol::WorkerId;
use avtomatika_protocol::worker::{ResultAnswer, ResultStanding, ResultsAnswer, TaskMessage};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::StatusCode;
use tokio::sync::{mpsc, oneshot};

use crate::client::{Client, Error};

/// Requests under way at once: while the server writes one down, the next is on its way.
const UNDER_WAY: usize = 2;

/// A result to be carried.
#[derive(Debug)]
pub(crate) struct Item {
    /// The result as it would be posted alone.
    pub(crate) body: Bytes,
    /// Whether another task may come back in its place.
    pub(crate) wants_next: bool,
    /// Who is told what became of it.
    pub(crate) reply: oneshot::Sender<Result<ResultAnswer, Error>>,
}

/// Carries results, so many in one request, for as long as anybody can hand one in.
pub(crate) async fn carry(
    client: &Client,
    worker: &WorkerId,
    mut items: mpsc::UnboundedReceiver<Item>,
    batch: usize,
) {
    let mut under_way = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(()) = under_way.next() => {}
            first = items.recv(), if under_way.len() < UNDER_WAY => {
                let Some(first) = first else { break };
                let mut load = vec![first];
                while load.len() < batch
                    && let Ok(item) = items.try_recv()
                {
                    load.push(item);
                }
                under_way.push(deliver(client, worker, load));
            }
        }
    }
    while under_way.next().await.is_some() {}
}

async fn deliver(client: &Client, worker: &WorkerId, load: Vec<Item>) {
    // Alone it goes the way every server knows.
    if let [only] = load.as_slice() {
        let answer = client.result(only.body.clone()).await;
        return tell(load, |_| vec![answer]);
    }
    match client.results(body(worker, &load)).await {
        Ok(answer) => tell(load, |load| share_out(load, answer)),
        // Too much at once, or a server that knows no such route: one after the other.
        Err(Error::Refused {
            status: StatusCode::PAYLOAD_TOO_LARGE | StatusCode::NOT_FOUND,
            ..
        }) => {
            for item in load {
                let answer = client.result(item.body.clone()).await;
                tell(vec![item], |_| vec![answer]);
            }
        }
        Err(error) => tell(load, |load| {
            load.iter().map(|_| Err(error.again())).collect()
        }),
    }
}

fn tell(load: Vec<Item>, answers: impl FnOnce(&[Item]) -> Vec<Result<ResultAnswer, Error>>) {
    let answers = answers(&load);
    for (item, answer) in load.into_iter().zip(answers) {
        // Who has been stopped meanwhile is not there to hear.
        let _gone = item.reply.send(answer);
    }
}

/// `{"worker_id": …, "want_next": n, "results": […]}` of results that are JSON already.
fn body(worker: &WorkerId, load: &[Item]) -> Bytes {
    let wanted = load.iter().filter(|item| item.wants_next).count();
    let length: usize = load.iter().map(|item| item.body.len() + 1).sum();
    let mut text = Vec::with_capacity(length + 256);
    text.extend_from_slice(b"{\"worker_id\":");
    // A text can't fail to be written as JSON.
    text.extend(serde_json::to_vec(worker).unwrap_or_default());
    text.extend_from_slice(format!(",\"want_next\":{wanted},\"results\":[").as_bytes());
    for (place, item) in load.iter().enumerate() {
        if place > 0 {
            text.push(b',');
        }
        text.extend_from_slice(&item.body);
    }
    text.extend_from_slice(b"]}");
    text.into()
}

/// Who is told what: each its own result's standing, and those who want one a task.
fn share_out(load: &[Item], answer: ResultsAnswer) -> Vec<Result<ResultAnswer, Error>> {
    let ResultsAnswer { results, tasks } = answer;
    let (mut standings, mut tasks) = (results.into_iter(), tasks.into_iter());
    load.iter()
        .map(|item| {
            let next = if item.wants_next { tasks.next() } else { None };
            match standings.next() {
                Some(standing) => read(standing, next),
                None => Err(Error::Unavailable {
                    reason: "its answer leaves results out".to_owned(),
                    retry_after: None,
                }),
            }
        })
        .collect()
}

fn read(standing: ResultStanding, next: Option<TaskMessage>) -> Result<ResultAnswer, Error> {
    if standing.status != "error" {
        return Ok(ResultAnswer {
            status: standing.status,
            reason: standing.reason,
            next_task: next,
        });
    }
    // The task that came along belongs to nobody here: the next heartbeat gives it back.
    let message = standing.message.unwrap_or_default();
    match standing.code.as_deref() {
        Some("UNKNOWN_SESSION" | "WORKER_NOT_FOUND") => Err(Error::UnknownSession),
        _ if standing.retry => Err(Error::Unavailable {
            reason: message,
            retry_after: None,
        }),
        _ => Err(Error::Refused {
            status: StatusCode::BAD_REQUEST,
            message,
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn item(n: u32, wants_next: bool) -> Item {
        Item {
            body: json!({"n": n}).to_string().into(),
            wants_next,
            reply: oneshot::channel().0,
        }
    }

    #[test]
    fn results_are_put_side_by_side() {
        let load = [item(1, true), item(2, false), item(3, true)];
        let body: Value = serde_json::from_slice(&body(&"w \"1\"".into(), &load)).unwrap();
        assert_eq!(
            body,
            json!({"worker_id": "w \"1\"", "want_next": 2, "results": [{"n": 1}, {"n": 2}, {"n": 3}]})
        );
    }

    #[test]
    fn each_gets_its_own_answer_and_tasks_go_to_those_who_want_them() {
        let id = "00000000-0000-7000-8000-000000000001";
        let answer = json!({
            "results": [
                {"status": "ignored", "reason": "stale_task"},
                {"status": "result_accepted_success"},
                {"status": "error", "code": "STORAGE_FULL", "message": "full", "retry": true},
            ],
            "tasks": [{"job_id": id, "task_id": id, "type": "t", "params": {}}],
        });
        let load = [item(1, false), item(2, true), item(3, true), item(4, false)];
        let answer = serde_json::from_str(&answer.to_string()).unwrap();
        let shared = share_out(&load, answer);
        let [ignored, taken, full, left_out] = shared.as_slice() else {
            panic!("four in, four out");
        };
        let ignored = ignored.as_ref().unwrap();
        assert_eq!(ignored.reason.as_deref(), Some("stale_task"));
        assert!(ignored.next_task.is_none());
        assert!(taken.as_ref().unwrap().next_task.is_some());
        assert!(matches!(full, Err(Error::Unavailable { .. })));
        assert!(matches!(left_out, Err(Error::Unavailable { .. })));
    }
}
