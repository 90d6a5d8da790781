//! Schedules: where they are, on whose clock, and what can be asked of a file of them.

use std::path::PathBuf;

use anyhow::Context as _;
use avtomatika_scheduler::Source;
use avtomatika_scheduler::file::zone;
use avtomatika_server::Schedules;
use clap::Subcommand;
use jiff::tz::TimeZone;

/// The zone of schedules that name none.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ZoneArgs {
    /// Time zone of schedules that name none: an IANA name, or what TZ may hold
    #[arg(long, env = "TZ", value_name = "ZONE", default_value = "UTC")]
    timezone: String,
}

impl ZoneArgs {
    /// The zone. Asked only where there are schedules: TZ may hold anything otherwise.
    pub(crate) fn zone(&self) -> anyhow::Result<TimeZone> {
        zone(&self.timezone)
            .with_context(|| format!("no time zone '{}' (--timezone or TZ)", self.timezone))
    }
}

/// The schedules of `avtomatika up`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SchedulesArgs {
    /// File of schedules, read again when it changes
    #[arg(long, env = "AVTOMATIKA_SCHEDULES", value_name = "FILE")]
    schedules: Option<PathBuf>,
    /// The same, by its first name
    #[arg(long, env = "SCHEDULES_CONFIG_PATH", hide = true)]
    schedules_config_path: Option<PathBuf>,
    #[command(flatten)]
    zone: ZoneArgs,
}

impl SchedulesArgs {
    /// The schedules to run, if there is a file of them.
    pub(crate) fn schedules(&self) -> anyhow::Result<Option<Schedules>> {
        let other = self.schedules_config_path.as_ref();
        let Some(file) = self.schedules.as_ref().or(other) else {
            return Ok(None);
        };
        Ok(Some(Schedules {
            source: Source::File(file.clone()),
            zone: self.zone.zone()?,
        }))
    }
}

/// `avtomatika schedules`.
#[derive(Debug, Subcommand)]
pub(crate) enum SchedulesCommand {
    /// Read a file of schedules and tell everything that is wrong with it
    Check(CheckArgs),
    /// Tell when the schedules of a file run next
    Next(NextArgs),
}

/// `avtomatika schedules check`.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The file
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) zone: ZoneArgs,
    /// Print what was found as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `avtomatika schedules next`.
#[derive(Debug, clap::Args)]
pub(crate) struct NextArgs {
    /// The file
    pub(crate) file: PathBuf,
    /// How many runs of each schedule
    #[arg(short = 'n', long, default_value_t = 5, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) count: u16,
    #[command(flatten)]
    pub(crate) zone: ZoneArgs,
    /// Print them as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
