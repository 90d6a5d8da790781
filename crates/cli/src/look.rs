//! How much drawing each output gets.

use std::io;

use crate::context::{Context, Stream};
use crate::screen::{Frame, Look, Output};
use crate::text::Text;

/// Columns where nobody says how many there are: enough for a table in a file.
const WIDTH_DEFAULT: usize = 120;
/// Panels and tables wider than this are hard to read.
const WIDTH_MAX: usize = 120;

/// Takes both streams of the context and decides how they are drawn on.
pub(crate) fn output(context: &mut Context, no_color: bool, text: Text) -> Output {
    let colour = !no_color
        && context.variable("NO_COLOR").is_none()
        && context.variable("TERM") != Some("dumb");
    let columns = context
        .variable("COLUMNS")
        .and_then(|columns| columns.parse().ok());
    let width = columns
        .or(context.width)
        .unwrap_or(WIDTH_DEFAULT)
        .min(WIDTH_MAX);
    let frame = |stream: &Stream| Frame {
        width,
        look: if stream.is_terminal {
            Look::Boxes
        } else {
            Look::Plain
        },
        colour: colour && stream.is_terminal,
        text,
    };
    let (data_frame, note_frame) = (frame(&context.stdout), frame(&context.stderr));
    let stdout = std::mem::replace(&mut context.stdout.writer, Box::new(io::sink()));
    let stderr = std::mem::replace(&mut context.stderr.writer, Box::new(io::sink()));
    Output::new(stdout, stderr, data_frame, note_frame)
}
