//! What can go wrong while the server starts or runs.

use std::net::SocketAddr;

/// A failure of the server itself; failures of single calls are answers, not errors.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or not one of this machine.
    #[error("listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// A token given in the options has not the form `<digits>:<secret>`.
    #[error("read the token of bot {bot}: it must look like <digits>:<secret>")]
    TokenForm {
        /// What stands before the colon, shortened; never the secret.
        bot: String,
    },
    /// A token given in the options contradicts another one, or there are too many.
    #[error("register bot {bot}: its id has another token, or there are too many bots")]
    TokenRefused {
        /// Numeric id.
        bot: i64,
    },
    /// The client that delivers webhooks could not be built.
    #[error("prepare webhook delivery")]
    WebhookClient(#[source] reqwest::Error),
}
