//! `restart`.

use super::session::{Session, of_bot};
use crate::error::Error;
use crate::screen::draw_deployed;
use crate::view::Deployed;

/// Restarts a bot.
///
/// # Errors
/// Every other end than a running bot.
pub async fn restart(bot_id: &str, session: &mut Session) -> Result<(), Error> {
    let job = session.post("restart", of_bot(bot_id)).await?;
    if session.no_wait {
        return session.show_accepted("restart", bot_id, job);
    }
    let data: Deployed = session.finish(job).await?;
    let view = Deployed {
        bot_id: bot_id.to_owned(),
        ..data
    };
    let frame = &session.output.data_frame;
    session.show("restart", Some(job), &view, |view| {
        draw_deployed(view, frame)
    })
}
