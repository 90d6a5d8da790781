//! Blueprint files: YAML and CEL, checked, drawn, and translated to the engine's blueprints.
//!
//! [`parse`] turns the text of a file into a [`Parsed`] blueprint or into *all* its
//! [`Problem`]s, each with line, column, reason and a hint. [`compile`] translates it to
//! the engine's own [`Blueprint`](avtomatika_engine::Blueprint): there is one engine, whoever
//! wrote the blueprint.
//!
//! | Module | What is in it |
//! |---|---|
//! | [`source`] | a file's text, and positions in it |
//! | [`problem`] | what is wrong with a file, and how that is shown |
//! | `yaml` | YAML to a tree that knows where everything was written |
//! | [`expression`] | CEL: compiled once, evaluated within bounds |
//! | [`template`] | values with `${…}` in them |
//! | [`model`] | what a file says |
//! | `read` | from the tree to the model |
//! | `check` | what only all states together show: dangling ways, unreachable states |
//! | [`graph`] | a blueprint as DOT and SVG |
//! | [`nearest`] | "did you mean …?" |
//! | [`loader`] | a folder of files, kept in step with an engine |
//! | `compile` | from the model to the engine's blueprint |

pub mod duration;
pub mod expression;
pub mod graph;
pub mod loader;
pub mod model;
pub mod nearest;
pub mod problem;
pub mod source;
pub mod template;

mod check;
mod compile;
mod parse;
mod read;
mod yaml;

pub use check::unknown_sub_blueprints;
pub use compile::{Files, compile};
pub use loader::Loader;
pub use model::Parsed;
pub use parse::{FILE_BYTES_MAX, is_blueprint_file, parse};
pub use problem::{Problem, Refused};
pub use source::{Position, Source};
