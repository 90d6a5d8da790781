//! What can be asked for, and the task each action becomes.

use crate::suggest::nearest;

/// The actions of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Run a bot.
    Start,
    /// Replace a bot by a new version.
    Update,
    /// Stop and start the same version.
    Restart,
    /// Stop a bot and remove its container.
    Stop,
    /// Read a bot's output.
    Logs,
    /// Name the user's bots.
    List,
    /// Describe one bot.
    Status,
}

impl Verb {
    /// All actions, in the order messages list them.
    pub const ALL: [Self; 7] = [
        Self::Start,
        Self::Stop,
        Self::Restart,
        Self::Update,
        Self::Logs,
        Self::List,
        Self::Status,
    ];

    const NAMES: [&str; 7] = [
        "start", "stop", "restart", "update", "logs", "list", "status",
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Update => "update",
            Self::Logs => "logs",
            Self::List => "list",
            Self::Status => "status",
        }
    }

    /// The type of the task that does it.
    pub fn task_type(self) -> &'static str {
        match self {
            Self::Start => "start_bot",
            Self::Stop => "stop_bot",
            Self::Restart => "restart_bot",
            Self::Update => "update_bot",
            Self::Logs => "get_logs",
            Self::List => "list_bots",
            Self::Status => "check_status",
        }
    }

    /// The action of this exact name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == name)
    }

    /// The name somebody meant who wrote this one.
    pub fn suggest(name: &str) -> Option<&'static str> {
        let other = match name.trim().to_lowercase().as_str() {
            "run" | "deploy" | "create" | "launch" => Some("start"),
            "delete" | "remove" | "rm" | "kill" => Some("stop"),
            "reload" => Some("restart"),
            "upgrade" | "redeploy" => Some("update"),
            "log" | "tail" => Some("logs"),
            "ls" | "ps" | "bots" => Some("list"),
            "check" | "info" | "state" => Some("status"),
            _ => None,
        };
        other.or_else(|| nearest(name, &Self::NAMES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_suggestions() {
        for (verb, name) in Verb::ALL.into_iter().zip(Verb::NAMES) {
            assert_eq!(verb.as_str(), name);
            assert_eq!(Verb::from_name(name), Some(verb));
            assert_eq!(Verb::suggest(&name.to_uppercase()), Some(name));
        }
        assert_eq!(Verb::from_name("Start"), None);
        for (name, meant) in [
            ("strat", Some("start")),
            ("stert", Some("start")),
            ("restrat", Some("restart")),
            ("run", Some("start")),
            ("delete", Some("stop")),
            ("statsu", Some("status")),
            ("xyz", None),
            ("", None),
        ] {
            assert_eq!(Verb::suggest(name), meant, "{name}");
        }
    }
}
