//! `status`.

use serde::Deserialize;

use super::session::{Session, of_bot};
use crate::error::Error;
use crate::screen::draw_bot;
use crate::view::Bot;

/// What the runner answers.
#[derive(Deserialize)]
struct Data {
    exists: bool,
    #[serde(flatten)]
    bot: Bot,
}

/// Shows one bot.
///
/// # Errors
/// [`Error::BotNotFound`], and every other end than a state.
pub async fn status(bot_id: &str, session: &mut Session) -> Result<(), Error> {
    let job = session.post("status", of_bot(bot_id)).await?;
    let data: Data = session.finish(job).await?;
    if !data.exists {
        return Err(Error::BotNotFound {
            bot: bot_id.to_owned(),
            job,
        });
    }
    let view = Bot {
        bot_id: bot_id.to_owned(),
        ..data.bot
    }
    .completed((session.now)());
    let frame = &session.output.data_frame;
    session.show("status", Some(job), &view, |view| draw_bot(view, frame))
}
