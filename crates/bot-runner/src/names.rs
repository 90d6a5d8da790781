//! Names of containers, networks and volumes.
//!
//! They derive from the bot's key (a hash of owner and bot, see [`bot_key`]), so `a_b` + `c` and
//! `a` + `b_c`, or `Bot` and `bot`, are different bots, and no user text reaches the engine.

use avtomatika_protocol::bot::bot_key;

use crate::bot::BotId;

/// The names that belong to one bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    /// The hash itself, for records and locks.
    pub(crate) key: String,
    /// The container, and the network of the same name.
    pub(crate) base: String,
}

impl Names {
    /// How many hex digits a key has.
    pub(crate) const KEY_LEN: usize = 32;

    /// The names of this bot under this prefix.
    pub(crate) fn of(prefix: &str, bot: &BotId) -> Self {
        let key = bot_key(&bot.user_id, &bot.bot_id);
        let base = format!("{prefix}-{key}");
        Self { key, base }
    }

    /// The container that runs the bot.
    pub(crate) fn container(&self) -> &str {
        &self.base
    }

    /// The container an update prepares while the old one runs.
    pub(crate) fn next_container(&self) -> String {
        format!("{}-next", self.base)
    }

    /// The bot's network.
    pub(crate) fn network(&self) -> &str {
        &self.base
    }

    /// The volume with the code of one generation of the bot.
    pub(crate) fn code_volume(&self, instance: &str) -> String {
        format!("{}-code-{instance}", self.base)
    }

    /// The bot's own volume, which outlives updates.
    pub(crate) fn data_volume(&self) -> String {
        format!("{}-data", self.base)
    }

    /// Whether a container of this name may be this bot's.
    pub(crate) fn owns(&self, container: &str) -> bool {
        let name = container.trim_start_matches('/');
        name == self.base || name == self.next_container()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(user: &str, bot: &str) -> String {
        Names::of("avt-bot", &BotId::new(user, bot)).base
    }

    #[test]
    fn colliding_texts_get_different_names() {
        assert_ne!(base("a_b", "c"), base("a", "b_c"));
        assert_ne!(base("u", "Bot"), base("u", "bot"));
        assert_ne!(base("u", "бот"), base("u", "bot"));
        assert_ne!(base("", "ab"), base("ab", ""));
        assert_eq!(base("u", "b"), base("u", "b"));
    }

    #[test]
    fn the_default_name_is_the_one_everybody_computes() {
        let common = avtomatika_protocol::bot::container_name("cli_1", "echo");
        assert_eq!(base("cli_1", "echo"), common);
    }

    #[test]
    fn names_are_short_and_plain_whatever_the_ids_are() {
        let names = Names::of("avt-bot", &BotId::new("ю".repeat(64), "../$(id)\n"));
        for name in [
            names.next_container(),
            names.code_volume("0123abcd"),
            names.data_volume(),
        ] {
            assert!(name.len() <= 63, "{name}");
            assert!(
                name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
                "{name}"
            );
        }
        assert!(names.owns(&format!("/{}", names.base)) && names.owns(&names.next_container()));
        assert!(!names.owns("avt-bot-other"));
    }
}
