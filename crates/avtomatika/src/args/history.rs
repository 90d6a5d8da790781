//! Where the history of jobs is kept, and how long.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use avtomatika_history::{History, Location};
use avtomatika_server::HistoryOptions;

/// Seconds of a day.
const DAY_S: u64 = 86_400;

/// The history of `avtomatika up`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct HistoryArgs {
    /// Where the history of jobs is kept: sqlite:FILE, postgres://USER@HOST/DATABASE, or off;
    /// history.db in the data folder without it
    #[arg(
        long,
        env = "AVTOMATIKA_HISTORY",
        hide_env_values = true,
        value_name = "URL"
    )]
    history: Option<String>,
    /// The same, by its first name
    #[arg(
        long,
        env = "HISTORY_DATABASE_URI",
        hide = true,
        hide_env_values = true,
        value_name = "URL"
    )]
    history_database_uri: Option<String>,
    /// How long the history of a job is kept after its end, days; 0 for ever
    #[arg(
        long,
        env = "HISTORY_RETENTION_DAYS",
        value_name = "DAYS",
        default_value_t = 90
    )]
    history_retention_days: u32,
}

impl HistoryArgs {
    /// What was asked for. Read later than the command line: its complaints would show passwords.
    fn place(&self) -> Option<&str> {
        let other = self.history_database_uri.as_deref();
        self.history.as_deref().or(other)
    }

    /// Whether there is one.
    pub(crate) fn is_on(&self) -> bool {
        self.place() != Some("off")
    }

    /// Opens it. What is no history of ours stops the start. A server that is away or a full disk
    /// does not: jobs go on, and their history is written when it comes or there is room.
    pub(crate) async fn open(&self, data_dir: &Path) -> anyhow::Result<Option<HistoryOptions>> {
        let location: Location = match self.place() {
            Some("off") => return Ok(None),
            Some(url) => url.parse().context("failed to read --history")?,
            None => Location::file(data_dir.join("history.db")),
        };
        let shown = location.to_string();
        let history = History::new(location);
        match history.prepare().await {
            Err(error) if error.may_pass() => {
                tracing::warn!(
                    history = %shown, %error,
                    "the history can't be opened now; jobs go on, and it is tried again and again"
                );
            }
            prepared => prepared.with_context(|| format!("failed to open the history {shown}"))?,
        }
        let mut options = HistoryOptions::new(history);
        options.keep = (self.history_retention_days > 0)
            .then(|| Duration::from_secs(DAY_S * u64::from(self.history_retention_days)));
        Ok(Some(options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(history: Option<&str>) -> HistoryArgs {
        HistoryArgs {
            history: history.map(str::to_owned),
            history_database_uri: None,
            history_retention_days: 90,
        }
    }

    #[tokio::test]
    async fn it_is_a_file_in_the_data_folder_unless_told_otherwise() {
        let dir = tempfile::tempdir().unwrap();
        let open = async |history| args(history).open(dir.path()).await;
        let options = open(None).await.unwrap().unwrap();
        assert!(dir.path().join("history.db").exists());
        assert_eq!(options.keep, Some(Duration::from_secs(90 * DAY_S)));
        assert!(args(None).is_on() && !args(Some("off")).is_on());
        assert!(open(Some("off")).await.unwrap().is_none());
        let file = format!("sqlite://{}", dir.path().join("mine.db").display());
        open(Some(file.as_str())).await.unwrap();
        assert!(dir.path().join("mine.db").exists());
        let bad = open(Some("mysql://me:secret@host/d")).await.err().unwrap();
        let told = format!("{bad:#}");
        assert!(
            told.contains("--history") && !told.contains("secret"),
            "{told}"
        );
        // A file that is no database is not written over, and nothing starts without it.
        std::fs::write(
            dir.path().join("text.db"),
            "a letter of sixteen bytes and more",
        )
        .unwrap();
        let text = format!("sqlite:{}", dir.path().join("text.db").display());
        assert!(open(Some(text.as_str())).await.is_err());
        // One the disk has trouble with may come later.
        std::fs::create_dir(dir.path().join("later.db-wal")).unwrap();
        let later = format!("sqlite:{}", dir.path().join("later.db").display());
        assert!(open(Some(later.as_str())).await.unwrap().is_some());
    }
}
