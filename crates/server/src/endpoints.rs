//! Where blueprints are mounted, checked before the router, which panics over a bad path, sees it.

use std::collections::HashMap;

use avtomatika_engine::Engine;
use avtomatika_engine::blueprint::Endpoint;

/// Paths of ours that are posted to, below each prefix.
const OURS: [&str; 3] = ["/admin/purge", "/admin/reload", "/admin/reload-workers"];

/// Why a blueprint can't be mounted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// The router would not take it.
    #[error(
        "blueprint '{blueprint}' has the endpoint '{path}', whose segments must not be empty, \
         begin with ':' or hold '{{', '}}' or '*'"
    )]
    Path { blueprint: String, path: String },
    /// It is somebody else's already.
    #[error("blueprint '{blueprint}' has the endpoint '{path}', which is taken by {by}")]
    Taken {
        blueprint: String,
        path: String,
        by: String,
    },
}

/// The path below `/api` and the prefix's part of it.
pub(crate) fn paths(endpoint: &Endpoint) -> (String, String) {
    let prefix = match &endpoint.version {
        Some(version) => format!("/api/{version}"),
        None => "/api".to_owned(),
    };
    let path = format!("{prefix}{}", endpoint.path);
    (prefix, path)
}

/// Checks that every blueprint's endpoint can be mounted.
pub(crate) fn check(engine: &Engine) -> Result<(), Refused> {
    let all = engine.blueprints();
    let blueprints: Vec<_> = all
        .iter()
        .filter_map(|blueprint| Some((blueprint.name.as_str(), blueprint.endpoint.as_ref()?)))
        .collect();
    let mut taken: HashMap<String, String> = HashMap::new();
    for (_, endpoint) in &blueprints {
        for ours in OURS {
            taken.insert(paths(endpoint).0 + ours, "the server".to_owned());
        }
    }
    for (name, endpoint) in blueprints {
        let (_, path) = paths(endpoint);
        let blueprint = name.to_owned();
        if !path.split('/').skip(1).all(is_segment) {
            return Err(Refused::Path { blueprint, path });
        }
        let by = format!("blueprint '{name}'");
        if let Some(by) = taken.insert(path.clone(), by) {
            return Err(Refused::Taken {
                blueprint,
                path,
                by,
            });
        }
    }
    Ok(())
}

fn is_segment(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(':') && !text.contains(['{', '}', '*'])
}
