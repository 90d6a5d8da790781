//! `stop`.

use serde::Deserialize;

use super::session::{Session, of_bot};
use crate::error::Error;
use crate::screen::draw_stopped;
use crate::view::Stopped;

/// What the runner answers.
#[derive(Deserialize)]
struct Data {
    status: String,
    #[serde(default)]
    container_name: Option<String>,
}

/// Stops a bot.
///
/// # Errors
/// [`Error::BotNotFound`], and every other end than a stopped bot.
pub async fn stop(bot_id: &str, session: &mut Session) -> Result<(), Error> {
    let job = session.post("stop", of_bot(bot_id)).await?;
    if session.no_wait {
        return session.show_accepted("stop", bot_id, job);
    }
    let data: Data = session.finish(job).await?;
    if data.status == "not_found" {
        return Err(Error::BotNotFound {
            bot: bot_id.to_owned(),
            job,
        });
    }
    let view = Stopped {
        bot_id: bot_id.to_owned(),
        status: "stopped",
        container_name: data.container_name,
    };
    let frame = &session.output.data_frame;
    session.show("stop", Some(job), &view, |view| draw_stopped(view, frame))
}
