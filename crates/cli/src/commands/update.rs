//! `update`.

use std::collections::BTreeMap;

use super::deploy::deploy;
use super::session::Session;
use crate::error::Error;
use crate::source::Bundle;

/// Replaces a bot's version; the old one returns if the new one fails.
///
/// # Errors
/// Every other end than a running bot.
pub async fn update(
    bot_id: &str,
    bundle: Bundle,
    variables: BTreeMap<String, String>,
    session: &mut Session,
) -> Result<(), Error> {
    deploy("update", bot_id, bundle, variables, session).await
}
