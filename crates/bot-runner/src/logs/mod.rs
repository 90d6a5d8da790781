//! What bots print: lines, cursors, long polls.

pub(crate) mod cursor;
pub(crate) mod line;
pub(crate) mod read;

pub(crate) use cursor::Cursor;
pub(crate) use line::Line;
pub use line::Stream;
