//! YAML to a tree that knows where everything was written.
//!
//! The subset is what a blueprint needs: the JSON types (YAML 1.2 core schema, so `on`, `yes`
//! and `no` are strings), anchors and aliases. No tags, no merge keys, one document a file. Size,
//! depth and the number of nodes, counted after aliases are filled in, are bounded.

mod node;
mod place;
mod reader;
mod scalar;

pub(crate) use node::{Kind, Node, Text};
pub(crate) use place::place;
pub(crate) use reader::read;
