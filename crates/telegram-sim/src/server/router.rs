//! Which side a request goes to.

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit};

use crate::{api, control, state::World};

/// The control side under `/_sim`, the Bot API everywhere else.
pub(super) fn router(world: Arc<World>) -> Router {
    let body_bytes_max = world.options.body_bytes_max;
    Router::new()
        .nest("/_sim", control::routes::routes(&world))
        .fallback(api::handle)
        .layer(DefaultBodyLimit::max(body_bytes_max))
        .with_state(world)
}
