//! The routes of the control side.

mod bots;
mod calls;
mod extract;
mod faults;
mod inject;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::header::AUTHORIZATION,
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{get, post},
};
use subtle::ConstantTimeEq as _;

use super::{ControlError, WAIT_MS_MAX};
use crate::{
    state::{BotCell, Refusal, World},
    token::Token,
};

/// The router, to be nested under `/_sim`.
pub(crate) fn routes(world: &Arc<World>) -> Router<Arc<World>> {
    Router::new()
        .route("/health", get(bots::health))
        .route("/bots", get(bots::list).post(bots::register))
        .route("/bots/{bot}", get(bots::info).delete(bots::forget))
        .route("/bots/{bot}/messages", post(inject::message))
        .route("/bots/{bot}/callbacks", post(inject::callback))
        .route("/bots/{bot}/updates", post(inject::raw))
        .route("/bots/{bot}/files", post(inject::file))
        .route("/bots/{bot}/calls", get(calls::list))
        .route("/bots/{bot}/calls/wait", get(calls::wait))
        .route("/bots/{bot}/answers", get(calls::answers))
        .route(
            "/bots/{bot}/faults",
            get(faults::list).post(faults::add).delete(faults::clear),
        )
        .route("/bots/{bot}/conflicts", get(bots::conflicts))
        .route("/bots/{bot}/ledger", get(bots::ledger))
        .fallback(async || ControlError::not_found())
        .method_not_allowed_fallback(async || ControlError::method_not_allowed())
        .layer(from_fn_with_state(Arc::clone(world), guard))
}

/// Who sent a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Demands the bearer token, when there is one. Without one only this machine may control the
/// simulator: bots reach the same port from their containers, and must not play the users.
async fn guard(
    State(world): State<Arc<World>>,
    request: Request,
    next: Next,
) -> Result<Response, ControlError> {
    if let Some(expected) = &world.options.control_token {
        let given = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let given = given
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        if !bool::from(given.as_bytes().ct_eq(expected.as_bytes())) {
            return Err(ControlError::unauthorized());
        }
    } else if !request
        .extensions()
        .get::<Peer>()
        .is_some_and(|peer| peer.0.ip().is_loopback())
    {
        return Err(ControlError::elsewhere());
    }
    Ok(next.run(request).await)
}

/// Finds a bot by its token or its numeric id. A token makes the bot unless tokens are strict.
fn find(world: &World, bot: &str) -> Result<Arc<BotCell>, ControlError> {
    if let Some(token) = Token::parse(bot) {
        return world
            .by_token(token)
            .map_err(|refusal| refused(world, refusal));
    }
    let id = bot.parse().map_err(|_| {
        ControlError::bad_request("a bot is named by its numeric id or its whole token")
    })?;
    world.by_id(id).ok_or_else(ControlError::unknown_bot)
}

fn refused(world: &World, refusal: Refusal) -> ControlError {
    match refusal {
        Refusal::Unknown => ControlError::unknown_bot(),
        Refusal::TooManyBots => ControlError::full("bots", world.options.bots_max),
    }
}

fn wait_time(ms: u64) -> Duration {
    Duration::from_millis(ms.min(WAIT_MS_MAX))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt as _;

    use super::*;
    use crate::options::SimOptions;

    async fn status(peer: &str, options: SimOptions) -> u16 {
        let world = Arc::new(World::new(options).unwrap());
        let mut request = Request::get("/health").body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        let router = routes(&world).with_state(world);
        router.oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn without_a_token_only_this_machine_controls() {
        assert_eq!(status("127.0.0.1:9", SimOptions::default()).await, 200);
        assert_eq!(status("10.231.0.2:9", SimOptions::default()).await, 403);
        let with_token = || SimOptions {
            control_token: Some("let-me-in".to_owned()),
            ..SimOptions::default()
        };
        assert_eq!(status("127.0.0.1:9", with_token()).await, 401);
    }
}
