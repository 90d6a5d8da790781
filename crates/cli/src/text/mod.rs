//! Every sentence the product says to a person, in each language.

mod catalogue;
mod en;
mod language;
mod plural;
mod problem;
mod ru;

pub use catalogue::{
    Catalogue, Check, Errors, Field, Help, HelpTopic, Said, Screens, Source, Text, UsageFault,
};
pub use language::Language;
pub use problem::Problem;
