//! A table of several things of one kind.

use comfy_table::presets::{NOTHING, UTF8_FULL_CONDENSED};
use comfy_table::{ContentArrangement, Table};

use super::theme::{Frame, Look, Role};

/// Draws a table; ends with a line end. Everything in it must be clean already.
pub(super) fn draw(title: &str, header: &[&str], rows: Vec<Vec<String>>, frame: &Frame) -> String {
    let mut table = Table::new();
    match frame.look {
        Look::Boxes => table
            .load_style(UTF8_FULL_CONDENSED.with_rounded_corners())
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(frame.width).unwrap_or(u16::MAX)),
        Look::Plain => table
            .load_style(NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled),
    };
    table.set_header(header.iter().map(|name| Role::Dim.mark(name)));
    table.add_rows(rows);
    let mut drawing = format!("{}\n", Role::Title.mark(title));
    for line in table.lines() {
        drawing.push_str(line.trim_end());
        drawing.push('\n');
    }
    frame.finish(&drawing)
}
