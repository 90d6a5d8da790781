//! The folder of blueprint files a server watches.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use avtomatika::Engine;
use avtomatika_blueprint::Loader;

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
    let loader = Loader::new(folder, Arc::new(engine.clone()));
    for change in loader.check_once().await {
        change.log();
    }
    Ok(Some(loader))
}
