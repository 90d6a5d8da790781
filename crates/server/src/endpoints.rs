//! Where blueprints may be mounted: checked when the server starts, and by whoever puts blueprints
//! in while it runs.

use avtomatika_blueprint::nearest;
use avtomatika_engine::Engine;
use avtomatika_engine::blueprint::{Blueprint, Endpoint};

use axum::http::Method;

use crate::routes;

/// Why a blueprint can't be mounted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No request could name it.
    #[error(
        "blueprint '{blueprint}' has the endpoint '{path}', whose segments must not be empty, \
         begin with ':' or hold '{{', '}}' or '*'"
    )]
    Path {
        /// Which blueprint.
        blueprint: String,
        /// Its path, with the prefix.
        path: String,
    },
    /// It is somebody else's already.
    #[error("blueprint '{blueprint}' has the endpoint '{path}', which is taken by {by}")]
    Taken {
        /// Which blueprint.
        blueprint: String,
        /// Its path, with the prefix.
        path: String,
        /// Whose path it is.
        by: String,
    },
}

/// The path jobs are posted to.
pub(crate) fn path_of(endpoint: &Endpoint) -> String {
    match &endpoint.version {
        Some(version) => format!("/api/{version}{}", endpoint.path),
        None => format!("/api{}", endpoint.path),
    }
}

/// What to say of a job that was posted below the API where no blueprint has its endpoint.
pub(crate) fn no_endpoint(engine: &Engine, path: &str) -> Option<String> {
    if !path.starts_with("/api/") {
        return None;
    }
    let blueprints = engine.blueprints();
    let endpoints: Vec<String> = blueprints
        .iter()
        .filter_map(|blueprint| blueprint.endpoint.as_ref())
        .map(path_of)
        .collect();
    let near = nearest::nearest(path, endpoints.iter().map(String::as_str));
    let advice = match near {
        Some(near) => format!("did you mean {near}?"),
        None => "GET /api/blueprints lists those there are".to_owned(),
    };
    Some(format!("no blueprint has the endpoint {path}; {advice}"))
}

/// Checks whether a blueprint's endpoint can be mounted beside those that are. To be asked before
/// [`Engine::install`], which only knows of other blueprints with the very same endpoint.
///
/// # Errors
/// Why it can't, naming whose the path is.
pub fn check_endpoint(engine: &Engine, blueprint: &Blueprint) -> Result<(), Refused> {
    let all = engine.blueprints();
    let others = all.iter().map(AsRef::as_ref);
    let others: Vec<&Blueprint> = others
        .filter(|other| other.name != blueprint.name)
        .collect();
    check_beside(&others, blueprint)
}

/// Checks that every blueprint's endpoint can be mounted.
pub(crate) fn check(engine: &Engine) -> Result<(), Refused> {
    let all = engine.blueprints();
    let all: Vec<&Blueprint> = all.iter().map(AsRef::as_ref).collect();
    for (place, blueprint) in all.iter().enumerate() {
        check_beside(&all[..place], blueprint)?;
    }
    Ok(())
}

fn check_beside(others: &[&Blueprint], blueprint: &Blueprint) -> Result<(), Refused> {
    let Some(endpoint) = &blueprint.endpoint else {
        return Ok(());
    };
    let path = path_of(endpoint);
    let name = &blueprint.name;
    if !path.split('/').skip(1).all(is_segment) {
        return Err(Refused::Path {
            blueprint: name.clone(),
            path,
        });
    }
    let taken = |by: String| {
        Err(Refused::Taken {
            blueprint: name.clone(),
            path: path.clone(),
            by,
        })
    };
    if is_ours(endpoint) {
        return taken("the server".to_owned());
    }
    for other in others {
        let Some(theirs) = &other.endpoint else {
            continue;
        };
        if path_of(theirs) == path || hides(theirs, endpoint) || hides(endpoint, theirs) {
            return taken(format!("blueprint '{}'", other.name));
        }
    }
    Ok(())
}

/// Whether the first one's version makes the second one's path be read as one of that version.
fn hides(versioned: &Endpoint, plain: &Endpoint) -> bool {
    let Some(version) = &versioned.version else {
        return false;
    };
    plain.version.is_none() && first_segment(&plain.path) == version
}

/// Whether requests to this endpoint would be, or make others, ambiguous with our own routes.
fn is_ours(endpoint: &Endpoint) -> bool {
    let routes = routes::api();
    let is_prefix = |version: &String| {
        let mut firsts = routes.iter().map(|(_, path, _)| first_segment(path));
        firsts.any(|first| first == version)
    };
    let mut posts = routes
        .iter()
        .filter(|(method, _, _)| *method == Method::POST);
    endpoint.version.as_ref().is_some_and(is_prefix)
        || posts.any(|(_, path, _)| is_like(path, &endpoint.path))
}

/// Whether a path fits one of our routes.
fn is_like(route: &str, path: &str) -> bool {
    let (ours, theirs) = (route.split('/'), path.split('/'));
    ours.clone().count() == theirs.clone().count()
        && ours
            .zip(theirs)
            .all(|(ours, theirs)| ours.starts_with('{') || ours == theirs)
}

fn first_segment(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

fn is_segment(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(':') && !text.contains(['{', '}', '*', '?', '#', '%'])
}
