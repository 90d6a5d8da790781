//! A chat with a bot in the terminal, or in anything else that gives lines and takes text.
//!
//! Lines are messages. Buttons of inline keyboards are numbered; `/press 2` presses the second,
//! `/quit` or the end of the input leaves. The bot's text is never trusted: control characters,
//! which could play tricks on a terminal, are left out.

mod render;
mod run;

pub use render::{Keyboard, Transcript};
pub use run::{ChatError, ChatOptions, run};
