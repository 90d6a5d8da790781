//! Which server, with which token.
//!
//! Precedence, for each of the two: option › environment › file of a local stack › default.
//! The files are looked for as `avtomatika-data/client.toml` in the current folder and its
//! parents, then in the user's configuration folder.

mod client_file;
mod find;

pub use find::{Settings, find};
pub(crate) use find::{is_this_machine, shown};

/// The address used when nobody names one.
pub const DEFAULT_URL: &str = "http://localhost:8080";
/// The address of the server.
pub const URL_VARIABLE: &str = "AVTOMATIKA_URL";
/// A file of CAs.
pub const CA_VARIABLE: &str = "AVTOMATIKA_CA";
/// The client's token.
pub const TOKEN_VARIABLE: &str = "AVTOMATIKA_TOKEN";
