//! The blueprints jobs walk through, in all their versions.

use std::collections::HashMap;
use std::sync::Arc;

use crate::lock::RwLock;
use serde_json::Value;

use super::engine::{Engine, Inner};
use super::error::EngineError;
use crate::blueprint::{Blueprint, DocumentKey, Endpoint};
use crate::machine::Job;
use crate::storage::{DocumentChange, StoreError};

/// The collection blueprints' sources are kept in.
const SOURCES: &str = "avtomatika.blueprints";

/// Makes a blueprint from its source once more, for jobs that began with it long ago.
pub trait Resolver: Send + Sync {
    /// Makes it.
    ///
    /// # Errors
    /// Why the source can't be read any more.
    fn resolve(&self, name: &str, version: &str, source: &str) -> Result<Blueprint, String>;
}

/// Why a blueprint could not be put in.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Another one has its endpoint.
    #[error("blueprint '{other}' has the endpoint {path} already")]
    EndpointTaken {
        /// Which one.
        other: String,
        /// The endpoint.
        path: String,
    },
    /// Its version was used with another text, by jobs that may still be under way.
    #[error("version '{version}' of '{name}' was used with another text")]
    OtherText {
        /// The blueprint's name.
        name: String,
        /// The version.
        version: String,
    },
    /// Its source could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The blueprints, by name and version.
#[derive(Default)]
pub(super) struct Registry(RwLock<Book>);

#[derive(Default)]
struct Book {
    newest: HashMap<String, Arc<Blueprint>>,
    all: HashMap<(String, String), Arc<Blueprint>>,
}

impl Registry {
    pub(super) fn put(&self, blueprint: Arc<Blueprint>) {
        let mut book = self.0.write();
        let key = (blueprint.name.clone(), blueprint.version.clone());
        book.all.insert(key, Arc::clone(&blueprint));
        book.newest.insert(blueprint.name.clone(), blueprint);
    }

    fn keep_old(&self, blueprint: Arc<Blueprint>) {
        let key = (blueprint.name.clone(), blueprint.version.clone());
        self.0.write().all.insert(key, blueprint);
    }

    pub(super) fn newest(&self, name: &str) -> Option<Arc<Blueprint>> {
        self.0.read().newest.get(name).cloned()
    }

    fn exactly(&self, name: &str, version: &str) -> Option<Arc<Blueprint>> {
        let book = self.0.read();
        // The usual case without a key of two new strings.
        if let Some(newest) = book.newest.get(name)
            && newest.version == version
        {
            return Some(Arc::clone(newest));
        }
        book.all
            .get(&(name.to_owned(), version.to_owned()))
            .cloned()
    }

    fn remove(&self, name: &str) -> bool {
        self.0.write().newest.remove(name).is_some()
    }

    fn find(&self, wanted: impl Fn(&Endpoint) -> bool) -> Option<Arc<Blueprint>> {
        let book = self.0.read();
        let mut all = book.newest.values();
        all.find(|blueprint| blueprint.endpoint.as_ref().is_some_and(&wanted))
            .cloned()
    }

    pub(super) fn list(&self) -> Vec<Arc<Blueprint>> {
        let mut list: Vec<_> = self.0.read().newest.values().cloned().collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    }
}

impl Engine {
    /// The newest version of each blueprint, by name.
    pub fn blueprints(&self) -> Vec<Arc<Blueprint>> {
        self.0.registry.list()
    }

    /// The newest version of a blueprint.
    pub fn blueprint(&self, name: &str) -> Option<Arc<Blueprint>> {
        self.0.registry.newest(name)
    }

    /// The blueprint jobs posted to this endpoint walk through.
    pub fn blueprint_at(&self, version: Option<&str>, path: &str) -> Option<Arc<Blueprint>> {
        self.0
            .registry
            .find(|endpoint| endpoint.version.as_deref() == version && endpoint.path == path)
    }

    /// Whether any blueprint's endpoint is below this version of the API.
    pub fn has_api_version(&self, version: &str) -> bool {
        let found = self
            .0
            .registry
            .find(|endpoint| endpoint.version.as_deref() == Some(version));
        found.is_some()
    }

    /// Puts a blueprint in: new jobs walk through it from now on, jobs that have begun stay on
    /// the version they began with. Its source, if it has one, is durable when this returns.
    ///
    /// A version names one text for ever: another one is refused.
    ///
    /// # Errors
    /// When another blueprint has its endpoint, its version was used with another text, or its
    /// source can't be kept.
    pub async fn install(&self, blueprint: Blueprint) -> Result<(), InstallError> {
        let taken = self.blueprints().into_iter().find(|other| {
            other.name != blueprint.name
                && other.endpoint.is_some()
                && other.endpoint == blueprint.endpoint
        });
        if let Some(other) = taken {
            return Err(InstallError::EndpointTaken {
                other: other.name.clone(),
                path: other
                    .endpoint
                    .as_ref()
                    .map(|endpoint| endpoint.path.clone())
                    .unwrap_or_default(),
            });
        }
        if let Some(source) = &blueprint.source {
            self.keep_source(&blueprint, source).await?;
        }
        tracing::info!(
            name = blueprint.name,
            version = blueprint.version,
            "blueprint in use"
        );
        self.0.registry.put(Arc::new(blueprint));
        Ok(())
    }

    /// Keeps the text of a version. Mostly it was kept earlier, by this server or by another one: then
    /// nothing is written, and a server that starts on a full disk has its blueprints.
    async fn keep_source(&self, blueprint: &Blueprint, source: &str) -> Result<(), InstallError> {
        let key = source_key(&blueprint.name, &blueprint.version);
        if self.0.store.document(&key).await?.is_none() {
            let change = DocumentChange {
                key,
                from_version: 0,
                value: Some(Value::from(source)),
            };
            match self.0.store.write_documents(vec![change]).await {
                Err(StoreError::Conflict { .. }) => {}
                other => return Ok(other?),
            }
        }
        self.compare(blueprint, source).await
    }

    /// Compares a text with the one its version was used with.
    async fn compare(&self, blueprint: &Blueprint, source: &str) -> Result<(), InstallError> {
        let (name, version) = (&blueprint.name, &blueprint.version);
        let kept = self.0.store.document(&source_key(name, version)).await?;
        let kept = kept.as_ref().and_then(|kept| kept.value.as_str());
        if kept.is_none_or(|kept| kept == source) {
            return Ok(());
        }
        Err(InstallError::OtherText {
            name: name.clone(),
            version: version.clone(),
        })
    }

    /// Takes a blueprint out: there are no new jobs for it. Those that have begun go on.
    pub fn remove(&self, name: &str) -> bool {
        self.0.registry.remove(name)
    }
}

impl Inner {
    /// The blueprint a job began with.
    pub(super) async fn blueprint_of(&self, job: &Job) -> Result<Arc<Blueprint>, EngineError> {
        if let Some(blueprint) = self
            .registry
            .exactly(&job.blueprint, &job.blueprint_version)
        {
            return Ok(blueprint);
        }
        let (name, version) = (job.blueprint.as_ref(), job.blueprint_version.as_ref());
        let newest = self.registry.newest(name);
        // One that is part of the program has one version: this program's.
        if let Some(newest) = newest.filter(|newest| newest.source.is_none()) {
            return Ok(newest);
        }
        let kept = self.store.document(&source_key(name, version)).await?;
        let source = kept.as_ref().and_then(|kept| kept.value.as_str());
        let (Some(source), Some(resolver)) = (source, &self.resolver) else {
            return Err(EngineError::UnknownBlueprint(name.to_owned()));
        };
        match resolver.resolve(name, version, source) {
            Ok(blueprint) => {
                let blueprint = Arc::new(blueprint);
                self.registry.keep_old(Arc::clone(&blueprint));
                Ok(blueprint)
            }
            Err(reason) => {
                tracing::error!(
                    name,
                    version,
                    reason,
                    "an old blueprint can't be read any more"
                );
                Err(EngineError::UnknownBlueprint(name.to_owned()))
            }
        }
    }

    /// The blueprint a new job is to walk through.
    pub(super) async fn blueprint_for(
        &self,
        name: &str,
        version: Option<&str>,
    ) -> Result<Arc<Blueprint>, EngineError> {
        let unknown = || EngineError::UnknownBlueprint(name.to_owned());
        let Some(version) = version else {
            return self.registry.newest(name).ok_or_else(unknown);
        };
        if let Some(blueprint) = self.registry.exactly(name, version) {
            return Ok(blueprint);
        }
        let kept = self.store.document(&source_key(name, version)).await?;
        let source = kept.as_ref().and_then(|kept| kept.value.as_str());
        let (Some(source), Some(resolver)) = (source, &self.resolver) else {
            return Err(unknown());
        };
        let blueprint = Arc::new(
            resolver
                .resolve(name, version, source)
                .map_err(|_| unknown())?,
        );
        self.registry.keep_old(Arc::clone(&blueprint));
        Ok(blueprint)
    }
}

fn source_key(name: &str, version: &str) -> DocumentKey {
    DocumentKey::new(SOURCES, format!("{name}@{version}"))
}
