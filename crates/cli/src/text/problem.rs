//! What this program itself may object to, before or beside the server.

use std::path::PathBuf;

/// An objection of the program. Each has a stable code; the words are in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The command line can't be read; the text is already in the person's language.
    CommandLine {
        /// What is wrong with it.
        message: String,
        /// The command whose help explains it.
        help: String,
    },
    /// No token was given and none was found.
    NoToken,
    /// The token on the command line or in the environment has characters a header can't carry.
    BadToken,
    /// A server file was found, but its token belongs to another URL.
    TokenOfOtherServer {
        /// The URL asked for.
        url: String,
        /// The file with a token for another one.
        file: PathBuf,
    },
    /// The URL isn't one.
    BadUrl(String),
    /// The file of CAs can't be read or understood.
    CaUnusable {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No CAs were given, and the system has none.
    NoSystemCas,
    /// A server file can be read by others.
    ClientFileOpen(PathBuf),
    /// A server file belongs to somebody else.
    ClientFileForeign(PathBuf),
    /// A server file can't be read or understood.
    ClientFileBroken {
        /// The file.
        file: PathBuf,
        /// The reader's words.
        why: String,
    },
    /// A named file isn't there or can't be read.
    FileUnreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        why: String,
    },
    /// The given folders hold nothing to send.
    NoFiles(PathBuf),
    /// Two files would have the same name in the bot.
    SameName(String),
    /// A file's name isn't text.
    NameNotText(PathBuf),
    /// More files than may be sent.
    TooManyFiles {
        /// The limit.
        max: usize,
    },
    /// More bytes than may be sent.
    TooManyBytes {
        /// The limit.
        max_bytes: u64,
    },
    /// Nothing says which file to run.
    NoEntrypoint,
    /// The file to run isn't among those sent.
    EntrypointMissing(String),
    /// A line of a requirements file can't be used here.
    RequirementsLine {
        /// The file.
        file: PathBuf,
        /// Its line, counted from one.
        line: usize,
        /// The option that isn't understood.
        option: String,
    },
    /// The block of a script that names its packages can't be read.
    ScriptBlock {
        /// The script.
        file: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// Requirements files include each other without end.
    RequirementsLoop(PathBuf),
    /// The name of a variable isn't one. Never carries the value.
    EnvName(String),
    /// A variable to be taken from the environment isn't there.
    EnvMissing(String),
    /// A line of an environment file isn't `NAME=value`. Never carries the line.
    EnvLine {
        /// The file.
        file: PathBuf,
        /// Its line, counted from one.
        line: usize,
    },
    /// Standard input was asked for twice.
    StdinTwice,
    /// What came on standard input or from a file isn't text.
    NotText(String),
    /// The deployment mode isn't there yet.
    ModeNotAvailable(&'static str),
}

impl Problem {
    /// The stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CommandLine { .. } => "USAGE",
            Self::NoToken => "NO_TOKEN",
            Self::BadToken => "BAD_TOKEN",
            Self::TokenOfOtherServer { .. } => "TOKEN_OF_OTHER_SERVER",
            Self::BadUrl(_) => "BAD_URL",
            Self::CaUnusable { .. } => "CA_UNUSABLE",
            Self::NoSystemCas => "NO_SYSTEM_CAS",
            Self::ClientFileOpen(_) => "CLIENT_FILE_OPEN",
            Self::ClientFileForeign(_) => "CLIENT_FILE_FOREIGN",
            Self::ClientFileBroken { .. } => "CLIENT_FILE_BROKEN",
            Self::FileUnreadable { .. } => "FILE_UNREADABLE",
            Self::NoFiles(_) => "NO_FILES",
            Self::SameName(_) => "SAME_FILE_NAME",
            Self::NameNotText(_) => "FILE_NAME_NOT_TEXT",
            Self::TooManyFiles { .. } => "TOO_MANY_FILES",
            Self::TooManyBytes { .. } => "TOO_MANY_BYTES",
            Self::NoEntrypoint => "NO_ENTRYPOINT",
            Self::EntrypointMissing(_) => "ENTRYPOINT_MISSING",
            Self::RequirementsLine { .. } => "REQUIREMENTS_LINE",
            Self::ScriptBlock { .. } => "SCRIPT_BLOCK",
            Self::RequirementsLoop(_) => "REQUIREMENTS_LOOP",
            Self::EnvName(_) => "ENV_NAME",
            Self::EnvMissing(_) => "ENV_MISSING",
            Self::EnvLine { .. } => "ENV_LINE",
            Self::StdinTwice => "STDIN_TWICE",
            Self::NotText(_) => "NOT_TEXT",
            Self::ModeNotAvailable(_) => "MODE_NOT_AVAILABLE",
        }
    }
}
