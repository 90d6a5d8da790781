//! `list`.

use serde_json::Map;

use super::session::Session;
use crate::error::Error;
use crate::screen::draw_bots;
use crate::view::{Bot, Bots};

/// Lists the person's bots.
///
/// # Errors
/// Every other end than a list.
pub async fn list(session: &mut Session) -> Result<(), Error> {
    let job = session.post("list", Map::new()).await?;
    let data: Bots = session.finish(job).await?;
    let now = (session.now)();
    let bots: Vec<Bot> = data
        .bots
        .into_iter()
        .map(|bot| bot.completed(now))
        .collect();
    let view = Bots { bots, ..data };
    let frame = &session.output.data_frame;
    session.show("list", Some(job), &view, |view| draw_bots(view, frame))
}
