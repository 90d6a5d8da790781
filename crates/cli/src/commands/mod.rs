//! One command, one file. A command asks the server, makes a view of the answer and shows it.

mod completion;
mod deploy;
mod doctor;
mod list;
mod logs;
mod restart;
mod session;
mod start;
mod status;
mod stop;
mod update;

pub use completion::completion;
pub use doctor::doctor;
pub use list::list;
pub use logs::logs;
pub use restart::restart;
pub use session::{CurrentJob, Session};
pub use start::start;
pub use status::status;
pub use stop::stop;
pub use update::update;
