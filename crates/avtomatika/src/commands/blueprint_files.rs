//! The folder of blueprint files a server watches.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use avtomatika::Engine;
use avtomatika_blueprint::Loader;
use avtomatika_blueprint::loader::Target;
use avtomatika_engine::Blueprint;
use avtomatika_server::check_endpoint;

/// The folder that is watched when none is named, if it is there.
const DEFAULT: &str = "blueprints";

/// Loads a folder's files for the first time. `None` when there is no folder to watch.
pub(super) async fn open(named: Option<&Path>, engine: &Engine) -> anyhow::Result<Option<Loader>> {
    let folder = match named {
        Some(folder) => {
            anyhow::ensure!(
                folder.is_dir(),
                "the blueprints' folder {} is not there",
                folder.display()
            );
            folder.to_owned()
        }
        None if Path::new(DEFAULT).is_dir() => PathBuf::from(DEFAULT),
        None => return Ok(None),
    };
    let loader = Loader::new(folder, Arc::new(Checked(engine.clone())));
    for change in loader.check_once().await {
        change.log();
    }
    Ok(Some(loader))
}

/// An engine whose blueprints' endpoints must leave the server's own paths alone.
pub(super) struct Checked(pub(super) Engine);

impl Target for Checked {
    fn install(
        &self,
        blueprint: Blueprint,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        Box::pin(async move {
            check_endpoint(&self.0, &blueprint).map_err(|refused| refused.to_string())?;
            Target::install(&self.0, blueprint).await
        })
    }

    fn remove(&self, name: &str) {
        Target::remove(&self.0, name);
    }

    fn keep<'a>(
        &'a self,
        file: &'a str,
        text: Option<&'a str>,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        self.0.keep(file, text)
    }

    fn kept<'a>(
        &'a self,
        file: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Option<String>, String>> + Send + 'a>> {
        self.0.kept(file)
    }
}
