//! The catalogue: one method a message, so that a missing translation doesn't compile.

use avtomatika_protocol::job::WaitReason;

use super::{Language, Problem};

/// A language's sentences, to be passed around.
pub type Text = &'static dyn Catalogue;

/// Everything a language must be able to say.
pub trait Catalogue: Help + Screens + Errors + Sync {
    /// The language itself.
    fn language(&self) -> Language;
}

/// A message and what to do about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Said {
    /// A message alone.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What `--help` explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is the topic of the command or option of the same name"
)]
pub enum HelpTopic {
    About,
    Url,
    Token,
    Ca,
    Verbose,
    Lang,
    Json,
    NoWait,
    Timeout,
    NoColor,
    HelpFlag,
    VersionFlag,
    HelpCommand,
    Start,
    Update,
    List,
    Status,
    Logs,
    Stop,
    Restart,
    Completion,
    Doctor,
    BotId,
    Simple,
    Inline,
    Code,
    Custom,
    Git,
    Image,
    Entrypoint,
    Requirements,
    Env,
    EnvFile,
    Memory,
    Cpus,
    Ready,
    Lines,
    Follow,
    Timestamps,
    Shell,
    UsageHeading,
    CommandsHeading,
    ArgumentsHeading,
    OptionsHeading,
    GlobalHeading,
}

/// Help texts.
pub trait Help {
    /// The help of one topic.
    fn help(&self, topic: HelpTopic) -> &'static str;
}

/// Words of results and of progress.
pub trait Screens {
    /// A number of milliseconds, as seconds for people.
    fn seconds(&self, ms: u64) -> String;
    /// A time span, coarse: days and hours, hours and minutes, minutes and seconds.
    fn span(&self, seconds: u64) -> String;
    /// The bot runs now.
    fn started(&self, bot: &str) -> String;
    /// The bot ran already; nothing was changed.
    fn already_running(&self, bot: &str) -> String;
    /// The new version of the bot runs now.
    fn updated(&self, bot: &str) -> String;
    /// The bot was stopped and runs again.
    fn restarted(&self, bot: &str) -> String;
    /// The bot runs no more.
    fn stopped(&self, bot: &str) -> String;
    /// The job was accepted and nobody waits for it.
    fn accepted(&self, bot: &str) -> String;
    /// Title of the list of bots.
    fn bots_title(&self, count: u64, max: Option<u64>) -> String;
    /// There are no bots; how to start one.
    fn no_bots(&self) -> &'static str;
    /// Name of a field or a column.
    fn field(&self, field: Field) -> &'static str;
    /// A state of a bot for people; `None` for one that isn't known.
    fn state(&self, state: &str) -> Option<&'static str>;
    /// A phase of a task for people; `None` for one that isn't known.
    fn phase(&self, phase: &str) -> Option<&'static str>;
    /// The outcome of a phase came from a cache.
    fn cached(&self) -> &'static str;
    /// The outcome of a phase was built anew.
    fn built(&self) -> &'static str;
    /// Nobody has taken the job yet.
    fn queued(&self) -> &'static str;
    /// Why nothing moves.
    fn waiting(&self, reason: WaitReason) -> &'static str;
    /// The connection was lost while waiting; it is tried again.
    fn connection_lost(&self) -> &'static str;
    /// The connection is back.
    fn connection_back(&self) -> &'static str;
    /// Heading of the last lines of a bot.
    fn last_lines(&self) -> &'static str;
    /// The bot has written nothing yet.
    fn no_lines(&self) -> &'static str;
    /// The log has ended because the bot doesn't run.
    fn log_ended(&self, bot: &str, state: &str) -> String;
    /// What is being sent.
    fn sending(&self, files: u64, bytes: u64, entrypoint: &str) -> String;
    /// The requirements were taken from a file nobody named.
    fn requirements_found(&self, file: &str, count: u64) -> String;
    /// Hashes in a requirements file aren't checked.
    fn hashes_dropped(&self, file: &str) -> String;
    /// A file with secrets was left out.
    fn secret_file_skipped(&self, file: &str) -> String;
    /// Links were left out.
    fn links_skipped(&self, count: u64) -> String;
    /// A check of `doctor`.
    fn check(&self, check: Check) -> &'static str;
    /// Title of the checks.
    fn doctor_title(&self, healthy: bool) -> &'static str;
    /// Where the address and the token come from.
    fn source(&self, source: Source) -> &'static str;
    /// Yes.
    fn yes(&self) -> &'static str;
    /// A number of mebibytes.
    fn mebibytes(&self, n: u64) -> String;
    /// A number of processor cores.
    fn cores(&self, n: f64) -> String;
}

/// Fields of results and columns of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the field of the same name")]
pub enum Field {
    Bot,
    State,
    Started,
    Version,
    Container,
    Image,
    Memory,
    Cpu,
    Running,
    ExitCode,
    OutOfMemory,
    Reason,
    Gap,
    Took,
    Job,
    Next,
    Code,
    Hint,
    Example,
    Details,
    Error,
}

/// What `doctor` looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// An address and a token are known.
    Settings,
    /// The server answers.
    Server,
    /// The server accepts the token.
    Token,
    /// A bot runner answers.
    Runner,
}

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An option on the command line.
    Flag,
    /// The environment.
    Environment,
    /// A file written by `avtomatika up`.
    File,
    /// Nobody said anything.
    Default,
}

/// Words of refusals and failures.
pub trait Errors {
    /// An objection of the program itself.
    fn problem(&self, problem: &Problem) -> Said;
    /// A code of the server or of the runner, for answers that come without words in this
    /// language; `None` for one that isn't known.
    fn by_code(&self, code: &str) -> Option<Said>;
    /// The server can't be reached.
    fn cannot_connect(&self, url: &str) -> Said;
    /// Whoever answers there can't prove to be it.
    fn not_trusted(&self, url: &str) -> Said;
    /// Whoever answers there speaks no TLS.
    fn no_tls(&self, url: &str) -> Said;
    /// Whoever answers there isn't Avtomatika.
    fn strange_answer(&self, url: &str, what: &str) -> Said;
    /// The time is up; the job goes on.
    fn timed_out(&self, seconds: u64, bot: Option<&str>) -> Said;
    /// The person stopped waiting; the job goes on.
    fn interrupted(&self, bot: Option<&str>) -> Said;
    /// There is no such bot.
    fn bot_not_found(&self, bot: &str) -> Said;
    /// The job was quarantined.
    fn quarantined(&self) -> Said;
    /// The job was cancelled.
    fn cancelled(&self) -> Said;
    /// The job failed and nobody said why.
    fn failed_silently(&self) -> Said;
    /// What became of the former version after a failed update.
    fn rolled_back(&self, back: bool) -> &'static str;
    /// The objection of the command line reader.
    fn usage(&self, fault: &UsageFault) -> String;
}

/// What is wrong with a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageFault {
    /// An argument nobody knows, and the one perhaps meant.
    Unknown {
        /// The argument.
        argument: String,
        /// The one perhaps meant.
        meant: Option<String>,
    },
    /// A command nobody knows, and the one perhaps meant.
    UnknownCommand {
        /// The command.
        command: String,
        /// The one perhaps meant.
        meant: Option<String>,
    },
    /// A value an option doesn't take.
    BadValue {
        /// The option.
        argument: String,
        /// The values it takes, if they are few.
        valid: Vec<String>,
    },
    /// An option without its value.
    NoValue(String),
    /// Arguments that must be there.
    Missing(Vec<String>),
    /// Two arguments that exclude each other.
    Conflict {
        /// One.
        argument: String,
        /// The other.
        other: String,
    },
    /// No command at all.
    NoCommand,
    /// Anything else.
    Other,
}
