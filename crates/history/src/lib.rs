//! History of jobs: SQLite or PostgreSQL, written from the outbox.
//!
//! | Module | What is in it |
//! |---|---|
//! | [`history`] | the handle: write, list, read |
//! | [`query`] | what can be asked of the list of jobs |
//! | [`pump`] | from the outbox into the history |
//! | [`source`] | where events come from |
//! | [`location`] | where it is kept, as a URL says it |
//! | [`retention`] | forgetting what is old |
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
pub mod pump;
pub mod query;
pub mod retention;
mod rows;
mod schema;
pub mod source;
mod sqlite;
mod statuses;
#[cfg(test)]
mod testing;
mod text;
pub mod totals;

pub use error::Error;
pub use history::{Events, History};
pub use location::Location;
pub use pump::{Pump, PumpHandle, PumpOptions};
pub use query::{ListQuery, Page};
pub use retention::Pruned;
pub use source::Source;
pub use totals::Totals;
