//! `GET /jobs/{job_id}/events`: what becomes of a job, as server-sent events. `job` carries the
//! job as it looks now, at first and after each change; `end` is the last, once it has ended.
//! For its owner and for admins.

use std::convert::Infallible;
use std::time::Duration;

use avtomatika_engine::service::Mark;
use avtomatika_protocol::JobId;
use avtomatika_protocol::job::JobView;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{Stream, unfold};
use serde_json::json;

use super::job_id;
use crate::access::Party;
use crate::http::{ApiError, Path, Room, Seat};
use crate::server::AppState;

/// The header a client that comes back names the last event in.
const LAST_EVENT_ID: &str = "last-event-id";
/// What the id of the last event ends with.
const ENDED: &str = ".end";
/// How often a comment is sent while nothing happens, so that proxies don't lose patience.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events longer than this are counted while they lie unread, bytes; so much a connection keeps of
/// short ones, too.
const LONG_BYTES: usize = 64 << 10;
/// How long one look waits. Ends sooner than a revoked token could go unnoticed for long.
const LOOK: Duration = Duration::from_secs(60);

pub(crate) async fn job_events(
    State(state): State<AppState>,
    party: Party,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let job = job_id(&id)?;
    state.engine.job_for(party.reach(), job, None).await?;
    let seat = state.streams.take(party.account.client.id.as_str())?;
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let last = last.unwrap_or_default();
    let mark = last.strip_suffix(ENDED).unwrap_or(last).parse().ok();
    // Whoever has been told of the end comes back in vain; a browser does so until it reads 204.
    if last.ends_with(ENDED) && mark.is_some() && mark == ended_at(&state, &party, job).await? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let follower = Follower {
        stage: Stage::Following(mark),
        state,
        party,
        job,
        seat,
        unread: None,
    };
    let sse = Sse::new(events(follower)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    let unbuffered = (
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    let uncached = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([unbuffered, uncached], sse).into_response())
}

/// Where the job has ended, if it has.
async fn ended_at(state: &AppState, party: &Party, job: JobId) -> Result<Option<Mark>, ApiError> {
    let looked = state
        .engine
        .follow(party.reach(), job, None, Duration::ZERO)
        .await?;
    let ended = looked.filter(|(view, _)| view.status.is_terminal());
    Ok(ended.map(|(_, mark)| mark))
}

struct Follower {
    state: AppState,
    party: Party,
    job: JobId,
    stage: Stage,
    seat: Seat,
    /// Room for the last event, until the connection asks for the next.
    unread: Option<Room>,
}

enum Stage {
    Following(Option<Mark>),
    Ending(Event),
    Over,
}

fn events(follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok(event), follower))
    })
}

impl Follower {
    /// The next event; `None` ends the stream: the job's has been told, the server stops, or the
    /// client may read no more.
    async fn next(&mut self) -> Option<Event> {
        self.unread = None;
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Following(after) => {
                let (view, text, mark) = self.told(after).await?;
                // The job as it ended is known already; only that this was the end is not.
                if view.status.is_terminal() && after == Some(mark) {
                    return Some(end(&view, mark));
                }
                self.stage = if view.status.is_terminal() {
                    Stage::Ending(end(&view, mark))
                } else {
                    Stage::Following(Some(mark))
                };
                let event = Event::default().event("job").id(mark.to_string());
                Some(event.data(text))
            }
            Stage::Ending(event) => Some(event),
            Stage::Over => None,
        }
    }

    /// The job as it looks after a mark, and as text, with room for that. Who has to wait for
    /// room keeps nothing meanwhile, and then tells what has become of the job since.
    async fn told(&mut self, after: Option<Mark>) -> Option<(JobView, String, Mark)> {
        loop {
            let (view, mark) = self.look(after).await?;
            let text = serde_json::to_string(&view).ok()?;
            let length = text.len();
            if length <= LONG_BYTES {
                return Some((view, text, mark));
            }
            self.unread = self.unread.take().or_else(|| self.seat.try_room(length));
            if self.unread.is_some() {
                return Some((view, text, mark));
            }
            drop((view, text));
            let closing = self.state.closing.clone();
            self.unread = closing.run_until_cancelled(self.seat.room(length)).await?;
        }
    }

    async fn look(&self, after: Option<Mark>) -> Option<(JobView, Mark)> {
        let (engine, access) = (&self.state.engine, &self.state.access);
        loop {
            let look = engine.follow(self.party.reach(), self.job, after, LOOK);
            let looked = access.guard(|| self.party.still(access), look).await;
            match looked {
                Ok(Ok(Some(found))) => return Some(found),
                Ok(Ok(None)) if !engine.is_draining() => {}
                Ok(Ok(None)) | Err(_) => return None,
                Ok(Err(error)) => {
                    tracing::debug!(%error, job = %self.job, "a stream of events broke off");
                    return None;
                }
            }
        }
    }
}

fn end(view: &JobView, mark: Mark) -> Event {
    let data = json!({
        "job_id": view.id,
        "status": view.status,
        "current_state": view.current_state,
    });
    let event = Event::default().event("end").id(format!("{mark}{ENDED}"));
    event.data(data.to_string())
}
