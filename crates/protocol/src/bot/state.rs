//! The states a user sees.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a bot stands. `Running` means the health gate passed, not that a container exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BotState {
    /// Its dependencies are being installed.
    Building,
    /// Its process began; the gate hasn't passed yet.
    Starting,
    /// It passed the gate and is alive.
    Running,
    /// It ended by itself and is being started again.
    Restarting,
    /// It ended too often; it is started again only on request.
    CrashLoop,
    /// Somebody stopped it, or its time was up.
    Stopped,
    /// It can't run as it is: a wrong token, a missing package.
    Failed,
    /// The worker that ran it is gone.
    Lost,
}

impl BotState {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Building,
        Self::Starting,
        Self::Running,
        Self::Restarting,
        Self::CrashLoop,
        Self::Stopped,
        Self::Failed,
        Self::Lost,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::CrashLoop => "crash-loop",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Lost => "lost",
        }
    }

    /// Whether a process of the bot runs or is about to: what counts against the quota.
    pub fn is_active(self) -> bool {
        match self {
            Self::Building | Self::Starting | Self::Running | Self::Restarting => true,
            Self::CrashLoop | Self::Stopped | Self::Failed | Self::Lost => false,
        }
    }

    /// The state as people read it: `restarting (3)` names the count, the others stand alone.
    pub fn shown(self, restarts: u64) -> String {
        match self {
            Self::Restarting => format!("restarting ({restarts})"),
            other => other.as_str().to_owned(),
        }
    }

    /// The same in Russian.
    pub fn shown_ru(self, restarts: u64) -> String {
        match self {
            Self::Building => "собирается".to_owned(),
            Self::Starting => "запускается".to_owned(),
            Self::Running => "работает".to_owned(),
            Self::Restarting => format!("перезапускается ({restarts})"),
            Self::CrashLoop => "постоянно падает".to_owned(),
            Self::Stopped => "остановлен".to_owned(),
            Self::Failed => "сбой".to_owned(),
            Self::Lost => "потерян".to_owned(),
        }
    }
}

impl fmt::Display for BotState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such bot state")]
pub struct UnknownState;

impl FromStr for BotState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(UnknownState)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_the_same_everywhere() {
        for state in BotState::ALL {
            assert_eq!(json!(state), json!(state.as_str()));
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_eq!("exited".parse::<BotState>(), Err(UnknownState));
        assert_eq!(BotState::Restarting.shown(3), "restarting (3)");
        assert_eq!(BotState::Running.shown(3), "running");
        assert_eq!(BotState::Restarting.shown_ru(3), "перезапускается (3)");
    }
}
