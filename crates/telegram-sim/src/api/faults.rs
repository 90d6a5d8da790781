//! What a fault does to a call.

use std::time::Duration;

use tokio::time::sleep;

use super::answer::ApiError;
use crate::{
    control::Fault,
    state::{BotCell, World},
};

/// Longest a fault holds or delays a call.
const HOLD_MAX: Duration = Duration::from_secs(600);

/// How a call goes on after its fault.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// As if nothing had happened.
    Serve,
    /// It is served, then the connection is closed instead of an answer.
    ServeAndCut,
    /// It fails with this error.
    Fail(ApiError),
    /// The connection is closed.
    Cut,
}

/// Lets the fault happen: waits if it is a matter of waiting, and says what follows.
pub(crate) async fn suffer(fault: Option<Fault>, cell: &BotCell, world: &World) -> Verdict {
    let Some(fault) = fault else {
        return Verdict::Serve;
    };
    tracing::debug!(bot = cell.token.id(), ?fault, "a fault hits a call");
    let error = match fault {
        Fault::Slow { delay_ms } => {
            hold(delay_ms, world).await;
            return Verdict::Serve;
        }
        Fault::Timeout { hold_ms } => {
            hold(hold_ms, world).await;
            return Verdict::Cut;
        }
        Fault::Cut => return Verdict::Cut,
        Fault::CutAfter => return Verdict::ServeAndCut,
        Fault::Unauthorized => ApiError::unauthorized(),
        Fault::Conflict => {
            let error = ApiError::conflict(
                "terminated by other getUpdates request; \
                 make sure that only one bot instance is running",
            );
            cell.lock()
                .polls
                .conflict(&error.description, crate::clock::now_ms());
            error
        }
        Fault::TooManyRequests { retry_after_s } => ApiError::too_many_requests(retry_after_s),
        Fault::ServerError => ApiError::new(500, "Internal Server Error"),
        Fault::Restart => ApiError::restart(),
        Fault::Error { code, description } => ApiError::new(code, description),
    };
    Verdict::Fail(error)
}

async fn hold(ms: u64, world: &World) {
    let time = Duration::from_millis(ms).min(HOLD_MAX);
    tokio::select! {
        () = sleep(time) => {}
        () = world.shutdown.cancelled() => {}
    }
}
