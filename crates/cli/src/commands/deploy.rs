//! What `start` and `update` share: collect, post, wait, show.

use serde_json::{Map, Value};

use super::session::Session;
use crate::error::Error;
use crate::screen::{clean_line, draw_deployed};
use crate::source::Note;
use crate::text::Text;
use crate::view::Deployed;
use crate::work::Deployment;

/// Sends a bot's code and waits until it runs.
pub(super) async fn deploy(
    command: &'static str,
    deployment: Deployment,
    session: &mut Session,
) -> Result<(), Error> {
    let Deployment {
        bot_id,
        bundle,
        variables,
    } = deployment;
    if !session.json {
        for note in &bundle.notes {
            session
                .output
                .note(&format!("{}\n", words(note, session.text)));
        }
    }
    let mut params = bundle.params;
    params.insert("bot_id".to_owned(), bot_id.as_str().into());
    // Without the key an update keeps the variables it has.
    if !variables.is_empty() {
        let variables: Map<String, Value> = variables
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        params.insert("env_vars".to_owned(), variables.into());
    }
    let job = session.post(command, params).await?;
    if session.no_wait {
        return session.show_accepted(command, &bot_id, job);
    }
    let data: Deployed = session.finish(job).await?;
    let view = Deployed { bot_id, ..data };
    let frame = &session.output.data_frame;
    session.show(command, Some(job), &view, |view| draw_deployed(view, frame))
}

fn words(note: &Note, text: Text) -> String {
    match note {
        Note::Sending {
            files,
            bytes,
            entrypoint,
        } => text.sending(*files, *bytes, &clean_line(entrypoint)),
        Note::RequirementsFound { file, count } => text.requirements_found(file, *count),
        Note::HashesDropped(file) => text.hashes_dropped(&clean_line(file)),
        Note::SecretFileSkipped(file) => text.secret_file_skipped(&clean_line(file)),
        Note::LinksSkipped(count) => text.links_skipped(*count),
    }
}
