//! Settings of webhooks.

use avtomatika_server::{SigningKey, WebhookSettings};

/// How webhooks are delivered.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct WebhookArgs {
    /// Key webhooks are signed with; made and kept in the data folder without it
    #[arg(long, env = "WEBHOOK_KEY", hide_env_values = true, value_name = "KEY")]
    webhook_key: Option<String>,
    /// Let webhooks be posted to addresses of private networks and of this machine
    #[arg(long, env = "WEBHOOK_ALLOW_PRIVATE")]
    webhook_allow_private: bool,
}

impl WebhookArgs {
    /// The settings; `kept` is the key of the data folder.
    pub(crate) fn settings(&self, kept: &str) -> WebhookSettings {
        let key = self.webhook_key.as_deref().unwrap_or(kept);
        let mut settings = WebhookSettings::new(SigningKey::new(key));
        settings.allow_private = self.webhook_allow_private;
        settings
    }
}
