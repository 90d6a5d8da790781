//! What blueprints are loaded into.

use std::pin::Pin;

use avtomatika_engine::{Blueprint, Engine};

/// Takes blueprints in and out: an engine, or a test's list.
pub trait Target: Send + Sync {
    /// Has new jobs walk through this blueprint from now on. Resolves to why that can't be.
    fn install(
        &self,
        blueprint: Blueprint,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>>;

    /// Takes a blueprint out: there are no new jobs for it.
    fn remove(&self, name: &str);
}

impl Target for Engine {
    fn install(
        &self,
        blueprint: Blueprint,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        Box::pin(async move {
            let own = self.blueprint(&blueprint.name);
            if own.is_some_and(|own| own.source.is_none()) {
                return Err(format!(
                    "the name '{}' is that of a blueprint that is part of the program",
                    blueprint.name
                ));
            }
            let engine = Engine::install(self, blueprint).await;
            engine.map_err(|error| error.to_string())
        })
    }

    fn remove(&self, name: &str) {
        Engine::remove(self, name);
    }
}
