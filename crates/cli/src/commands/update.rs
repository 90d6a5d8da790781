//! `update`.

use super::deploy::deploy;
use super::session::Session;
use crate::error::Error;
use crate::work::Deployment;

/// Replaces a bot's version; the old one returns if the new one fails.
///
/// # Errors
/// Every other end than a running bot.
pub async fn update(deployment: Deployment, session: &mut Session) -> Result<(), Error> {
    deploy("update", deployment, session).await
}
