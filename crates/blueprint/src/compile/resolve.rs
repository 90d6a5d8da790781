//! Old versions from their sources.

use avtomatika_engine::Blueprint;
use avtomatika_engine::service::Resolver;

use crate::{Source, compile, parse};

/// Makes blueprints from the texts of their files once more, for jobs that began with versions
/// that are not in use any more.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files;

impl Resolver for Files {
    fn resolve(&self, name: &str, version: &str, source: &str) -> Result<Blueprint, String> {
        let source = Source::new(format!("{name}@{version}"), source);
        let parsed = parse(&source).map_err(|refused| refused.to_string())?;
        if parsed.name != name || parsed.version != version {
            return Err(format!(
                "the source is of {}@{}, not of {name}@{version}",
                parsed.name, parsed.version
            ));
        }
        compile(&parsed).map_err(|error| error.to_string())
    }
}
