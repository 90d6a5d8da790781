//! `start`.

use super::deploy::deploy;
use super::session::Session;
use crate::error::Error;
use crate::work::Deployment;

/// Starts a bot.
///
/// # Errors
/// Every other end than a running bot.
pub async fn start(deployment: Deployment, session: &mut Session) -> Result<(), Error> {
    deploy("start", deployment, session).await
}
