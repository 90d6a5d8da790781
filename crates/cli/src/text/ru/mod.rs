//! Russian.

mod errors;
mod help;
mod screens;

use super::{Catalogue, Language};

/// The Russian catalogue.
pub(super) struct Ru;

impl Catalogue for Ru {
    fn language(&self) -> Language {
        Language::Ru
    }
}
