//! English.

mod errors;
mod help;
mod screens;

use super::{Catalogue, Language};

/// The English catalogue.
pub(super) struct En;

impl Catalogue for En {
    fn language(&self) -> Language {
        Language::En
    }
}
