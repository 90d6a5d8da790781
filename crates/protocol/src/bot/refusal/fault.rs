//! The finer reasons behind the codes that have several.

/// What is wrong with a file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathFault {
    /// No characters at all.
    Empty,
    /// Begins with `/`.
    Absolute,
    /// Begins with a drive such as `C:`.
    Drive,
    /// Has a backslash.
    Backslash,
    /// Has a part `.`, `..` or an empty part.
    Dots,
    /// Has control or invisible characters, NUL among them.
    Unseen,
    /// A part is longer than this, bytes.
    NameTooLong(usize),
    /// The whole is longer than this, bytes.
    PathTooLong(usize),
    /// Has more parts than this.
    TooDeep(usize),
    /// Differs from this other name only by case or Unicode form.
    Collides(String),
    /// Is a file and also a folder of another file.
    FileAndFolder,
}

/// What is wrong with a file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentFault {
    /// Neither text nor `{"base64": "…"}`.
    NotText,
    /// The base64 can't be decoded.
    BadBase64,
}

/// Which bound the files exceed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SizeFault {
    /// More files than this.
    Count(usize),
    /// This file is bigger than that many bytes.
    One(String, usize),
    /// All together are bigger than this, bytes.
    Total(usize),
}

/// What is wrong with a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequirementFault {
    /// Not a JSON string.
    NotText,
    /// Longer than this, bytes.
    TooLong(usize),
    /// Has a line break or another control character.
    LineBreak,
    /// Has a backslash.
    Backslash,
    /// An option of pip's, such as `--index-url` or `-r`.
    Option,
    /// A URL, `name @ …`, `git+…` or `file:`.
    Url,
    /// A path to a file or folder.
    Path,
    /// The name is not a package name.
    Name,
    /// The extras in brackets can't be read.
    Extras,
    /// One `=` where two belong.
    SingleEquals,
    /// The version or its comparison can't be read.
    Version,
    /// The condition after `;` can't be read.
    Marker,
}

/// What is wrong with the environment variables. Names are shortened; values are never kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvFault {
    /// Not a JSON object.
    NotObject,
    /// The name has characters it must not have.
    Name(String),
    /// The name steers Python, the loader or the container itself.
    Reserved(String),
    /// The value is not a JSON string.
    NotText(String),
    /// The value has a NUL character.
    Nul(String),
    /// The value is longer than this, bytes.
    TooLong(String, usize),
    /// More variables than this.
    TooMany(usize),
    /// Names and values together are longer than this, bytes.
    TotalTooLong(usize),
}

impl EnvFault {
    /// The variable it is about, if it is about one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name)
            | Self::Reserved(name)
            | Self::NotText(name)
            | Self::Nul(name)
            | Self::TooLong(name, _) => Some(name),
            Self::NotObject | Self::TooMany(_) | Self::TotalTooLong(_) => None,
        }
    }
}
