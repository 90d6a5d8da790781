//! What blueprints are loaded into.

use std::pin::Pin;

use avtomatika_engine::blueprint::DocumentKey;
use avtomatika_engine::{Blueprint, Engine};
use serde_json::Value;

/// Takes blueprints in and out: an engine, or a test's list.
pub trait Target: Send + Sync {
    /// Has new jobs walk through this blueprint from now on. Resolves to why that can't be.
    fn install(
        &self,
        blueprint: Blueprint,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>>;

    /// Takes a blueprint out: there are no new jobs for it.
    fn remove(&self, name: &str);

    /// Keeps the text of a file, for servers that find it broken when they start; `None` for a
    /// file that has gone. Resolves to why that can't be; then it is not kept.
    fn keep<'a>(
        &'a self,
        file: &'a str,
        text: Option<&'a str>,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

    /// The text of a file that was kept last, if any is.
    fn kept<'a>(
        &'a self,
        file: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Option<String>, String>> + Send + 'a>>;
}

/// The collection good texts of files are kept in, by the files' names.
const FILES: &str = "avtomatika.blueprint_files";

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

    fn keep<'a>(
        &'a self,
        file: &'a str,
        text: Option<&'a str>,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            let key = DocumentKey::new(FILES, file);
            let before = self.document(&key).await;
            let before = before.map_err(|error| error.to_string())?;
            let before_text = before.as_ref().and_then(|before| before.value.as_str());
            if before_text == text {
                return Ok(());
            }
            let version = before.as_ref().map_or(0, |before| before.version);
            let written = self.put_document(key, version, text.map(Value::from));
            written.await.map_err(|error| error.to_string())
        })
    }

    fn kept<'a>(
        &'a self,
        file: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Option<String>, String>> + Send + 'a>> {
        Box::pin(async move {
            let found = self.document(&DocumentKey::new(FILES, file)).await;
            let found = found.map_err(|error| error.to_string())?;
            Ok(found.and_then(|found| found.value.as_str().map(str::to_owned)))
        })
    }
}
