//! The `avtomatika` binary.
fn main() {}
