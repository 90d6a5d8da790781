//! History of jobs: SQLite or PostgreSQL, written from the outbox.
//!
//! | Module | What is in it |
//! |---|---|
//! | [`history`] | the handle: write, list, read |
//! | [`query`] | what can be asked of the list of jobs |
//! | [`location`] | where it is kept, as a URL says it |
//! | [`totals`] | how each worker's attempts went |
//! | [`error`] | what can go wrong |

mod backend;
mod batch;
mod cursor;
mod driver;
pub mod error;
pub mod history;
mod list;
#[cfg(test)]
mod list_plans;
pub mod location;
mod postgres;
pub mod query;
mod rows;
mod schema;
mod sqlite;
mod statuses;
#[cfg(test)]
mod testing;
mod text;
pub mod totals;

pub use error::Error;
pub use history::{Events, History};
pub use location::Location;
pub use query::{ListQuery, Page};
pub use totals::Totals;
