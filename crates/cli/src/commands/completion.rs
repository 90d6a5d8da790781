//! `completion`.

use clap_complete::Shell;

use crate::args::define;
use crate::error::Error;
use crate::screen::Output;
use crate::text::Text;

/// Prints the completion script of a shell.
///
/// # Errors
/// Those of writing.
pub fn completion(shell: Shell, text: Text, output: &Output) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut define(text), "avtomatika-bot", &mut script);
    output.data(&String::from_utf8_lossy(&script))
}
