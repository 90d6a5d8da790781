//! Who may do what, and how often. Tokens are kept as hashes only.
//!
//! | Module | What is in it |
//! |---|---|
//! | [`account`] | what a client may do, as configured |
//! | `known` | everybody a server knows at one moment |
//! | `registry` | [`Access`]: the set that counts now, and how it is replaced |
//! | `clients_file`, `workers_file` | the configuration files of the first generation, and ours beside |
//! | `reading`, [`mistakes`] | a file read with every mistake noted, by table, key and line |
//! | `caller`, `credential` | who sent a request: a client, a worker |
//! | `quota`, `purse` | jobs a month, and what a new one costs |
//! | `bucket`, `crowd` | token buckets: one of its own, one for each of many |
//! | `hash`, `pattern` | hashes of tokens; patterns of worker names |

pub mod account;
mod bucket;
mod caller;
mod clients_file;
mod credential;
mod crowd;
mod hash;
mod known;
pub mod mistakes;
mod pattern;
mod purse;
mod quota;
mod reading;
mod registry;
mod workers_file;

pub use account::{Account, ClientConfig, ClientEntry, Rate, Role};
pub(crate) use caller::has_client_token;
pub use caller::{Admin, Caller, Party};
pub use credential::{Credential, WorkerAuth};
pub use mistakes::{LoadError, LoadErrors, Mistake};
pub(crate) use purse::Purse;
pub(crate) use quota::Quota;
pub use registry::{Access, Files, Reloaded};
