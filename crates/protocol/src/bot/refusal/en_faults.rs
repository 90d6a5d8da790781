//! The finer reasons in English.

use super::{ContentFault, EnvFault, PathFault, RequirementFault, SizeFault, Text};

pub(super) fn path(path: &str, fault: &PathFault) -> Text {
    let (reason, hint) = match fault {
        PathFault::Empty => ("it is empty".into(), "Give every file a name".into()),
        PathFault::Absolute => (
            "it begins with '/'".into(),
            "Name files relative to the bot's folder, such as 'data/texts.json'".into(),
        ),
        PathFault::Drive => (
            "it names a drive".into(),
            "Name files relative to the bot's folder, such as 'data/texts.json'".into(),
        ),
        PathFault::Backslash => (
            "it has a backslash".into(),
            "Separate folders with '/'".into(),
        ),
        PathFault::Dots => (
            "it has a part that is '.', '..' or empty".into(),
            "Write the path plainly, without './', '../', '//' or a '/' at the end".into(),
        ),
        PathFault::Unseen => (
            "it has control or invisible characters".into(),
            "Use letters, digits and ordinary signs".into(),
        ),
        PathFault::NameTooLong(max) => (
            format!("a part of it is longer than {max} bytes"),
            "Shorten the name".into(),
        ),
        PathFault::PathTooLong(max) => (
            format!("it is longer than {max} bytes"),
            "Shorten the path".into(),
        ),
        PathFault::TooDeep(max) => (
            format!("it has more than {max} parts"),
            "Use fewer folders inside each other".into(),
        ),
        PathFault::Collides(other) => (
            format!("it differs from '{other}' only by case or by the way letters are encoded"),
            "Rename one of the two".into(),
        ),
        PathFault::FileAndFolder => (
            "it is both a file and the folder of another file".into(),
            "Rename the file or the folder".into(),
        ),
    };
    Text {
        message: format!("The file name '{path}' is not allowed: {reason}"),
        hint,
    }
}

pub(super) fn content(path: &str, fault: &ContentFault) -> Text {
    let (message, hint) = match fault {
        ContentFault::NotText => (
            format!("The content of '{path}' must be text"),
            "Send a JSON string, or {\"base64\": \"…\"} for a binary file",
        ),
        ContentFault::BadBase64 => (
            format!("The base64 of '{path}' can't be decoded"),
            "Use the standard alphabet with '+' and '/'",
        ),
    };
    Text {
        message,
        hint: hint.into(),
    }
}

pub(super) fn size(fault: &SizeFault) -> Text {
    let (message, hint) = match fault {
        SizeFault::Count(max) => (
            format!("There are more than {max} files"),
            "Leave out what the bot doesn't need: .git, .venv, __pycache__",
        ),
        SizeFault::One(path, max) => (
            format!("The file '{path}' is bigger than {}", bytes(*max)),
            "Let the bot download big files when it runs",
        ),
        SizeFault::Total(max) => (
            format!("The files are bigger than {} together", bytes(*max)),
            "Leave out what the bot doesn't need: .git, .venv, __pycache__",
        ),
    };
    Text {
        message,
        hint: hint.into(),
    }
}

fn bytes(bytes: usize) -> String {
    if bytes >= 1024 * 1024 {
        format!("{} MiB", bytes / 1024 / 1024)
    } else {
        format!("{bytes} bytes")
    }
}

pub(super) fn requirement(given: &str, fault: &RequirementFault) -> Text {
    let (reason, hint) = match fault {
        RequirementFault::NotText => (
            "it is not text".into(),
            "Write every requirement as a JSON string",
        ),
        RequirementFault::TooLong(max) => (
            format!("it is longer than {max} bytes"),
            "Write one package a line",
        ),
        RequirementFault::LineBreak => (
            "it has a line break or another control character".into(),
            "Make every line an entry of its own",
        ),
        RequirementFault::Backslash => (
            "it has a backslash".into(),
            "Write the requirement on one line, without continuation",
        ),
        RequirementFault::Option => (
            "options of the installer are not allowed".into(),
            "List the packages themselves; index and options are the operator's to set",
        ),
        RequirementFault::Url => (
            "packages come only from the package index".into(),
            "Write the package's name and version, not an address",
        ),
        RequirementFault::Path => (
            "packages come only from the package index".into(),
            "Send modules of your own in 'files' and import them from there",
        ),
        RequirementFault::Name => (
            "this is not a package name".into(),
            "A name has Latin letters, digits and . _ - and begins and ends with a letter or digit",
        ),
        RequirementFault::Extras => (
            "the extras can't be read".into(),
            "Write them as in 'aiogram[fast,i18n]'",
        ),
        RequirementFault::SingleEquals => (
            "there is a single '='".into(),
            "An exact version takes two: 'aiogram==3.4.1'",
        ),
        RequirementFault::Version => (
            "the version can't be read".into(),
            "Write it as in 'aiogram>=3,<4' or 'aiogram==3.4.1'",
        ),
        RequirementFault::Marker => (
            "the condition after ';' can't be read".into(),
            "Write it as in 'uvloop; python_version >= \"3.8\"'",
        ),
    };
    Text {
        message: format!("The requirement '{given}' is not allowed: {reason}"),
        hint: hint.into(),
    }
}

pub(super) fn env(fault: &EnvFault) -> Text {
    let (message, hint) = match fault {
        EnvFault::NotObject => (
            "'env_vars' must be an object".into(),
            "Send names as keys and texts as values",
        ),
        EnvFault::Name(name) => (
            format!("'{name}' can't be the name of a variable"),
            "Use Latin letters, digits and '_', not beginning with a digit",
        ),
        EnvFault::Reserved(name) => (
            format!("The variable '{name}' is set by the system and can't be changed"),
            "Choose another name",
        ),
        EnvFault::NotText(name) => (
            format!("The value of '{name}' must be text"),
            "Put numbers and true/false in quotes",
        ),
        EnvFault::Nul(name) => (
            format!("The value of '{name}' has a NUL character"),
            "Remove it, or encode the value",
        ),
        EnvFault::TooLong(name, max) => (
            format!("The variable '{name}' is longer than {max} bytes"),
            "Send big data as a file",
        ),
        EnvFault::TooMany(max) => (
            format!("There are more than {max} variables"),
            "Put the settings in a file",
        ),
        EnvFault::TotalTooLong(max) => (
            format!("The variables are longer than {max} bytes together"),
            "Send big data as files",
        ),
    };
    Text {
        message,
        hint: hint.into(),
    }
}
