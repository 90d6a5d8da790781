//! `start`.

use std::collections::BTreeMap;

use super::deploy::deploy;
use super::session::Session;
use crate::error::Error;
use crate::source::Bundle;

/// Starts a bot.
///
/// # Errors
/// Every other end than a running bot.
pub async fn start(
    bot_id: &str,
    bundle: Bundle,
    variables: BTreeMap<String, String>,
    session: &mut Session,
) -> Result<(), Error> {
    deploy("start", bot_id, bundle, variables, session).await
}
