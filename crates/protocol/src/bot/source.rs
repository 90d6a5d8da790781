//! The deployment mode, and the seed era's checks of the `custom` and `image` sources.
//!
//! Those two modes are refused for now, but only after the faults in the request were named,
//! so that nobody mends the mode first and the fields later.

use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::shown::shown;
use crate::suggest::nearest;

/// Longest address or image name, bytes.
const TEXT_BYTES_MAX: usize = 2048;

/// Accepts the mode `simple`; anything else is refused with what is wrong first.
pub fn check_mode(params: &Map<String, Value>) -> Result<(), Refusal> {
    let mode = match params.get("deployment_mode") {
        None | Some(Value::Null) => {
            return Err(Refusal::MissingField {
                field: "deployment_mode",
            });
        }
        Some(Value::String(mode)) if mode.is_empty() => {
            return Err(Refusal::MissingField {
                field: "deployment_mode",
            });
        }
        Some(Value::String(mode)) => mode.as_str(),
        Some(other) => {
            return Err(Refusal::InvalidMode {
                given: shown(&other.to_string()),
                meant: None,
            });
        }
    };
    match mode {
        "simple" => Ok(()),
        "custom" => {
            check_custom(params)?;
            Err(Refusal::ModeNotAvailable { mode: "custom" })
        }
        "image" => {
            check_image(params)?;
            Err(Refusal::ModeNotAvailable { mode: "image" })
        }
        other => Err(Refusal::InvalidMode {
            given: shown(other),
            meant: suggest(other),
        }),
    }
}

/// The mode somebody meant who wrote another word.
fn suggest(mode: &str) -> Option<&'static str> {
    let other = match mode.trim().to_lowercase().as_str() {
        "code" | "file" | "files" | "inline" | "python" | "script" | "basic" => Some("simple"),
        "git" | "archive" | "dockerfile" | "build" | "repo" | "source" => Some("custom"),
        "docker" | "docker_image" | "docker-image" | "container" | "registry" => Some("image"),
        _ => None,
    };
    other.or_else(|| nearest(mode, &["simple", "custom", "image"]))
}

/// A text that is there and not empty, as the seed era understood it.
fn given<'a>(params: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    params
        .get(field)
        .filter(|value| !value.is_null() && value.as_str() != Some(""))
}

fn check_custom(params: &Map<String, Value>) -> Result<(), Refusal> {
    let sources: Vec<&str> = ["archive", "archive_url", "git_repo"]
        .into_iter()
        .filter(|field| given(params, field).is_some())
        .collect();
    match sources.as_slice() {
        [] => Err(Refusal::MissingSource),
        ["git_repo"] if !has_scheme(params, "git_repo", &["https://", "http://", "git@"]) => {
            Err(Refusal::InvalidGitUrl)
        }
        ["archive_url"] if !has_scheme(params, "archive_url", &["https://", "http://"]) => {
            Err(Refusal::InvalidArchiveUrl)
        }
        [_] => Ok(()),
        _ => Err(Refusal::ConflictingSources),
    }
}

/// Whether the address begins with one of the schemes, goes on, and has no space or control.
fn has_scheme(params: &Map<String, Value>, field: &str, schemes: &[&str]) -> bool {
    let Some(Value::String(url)) = params.get(field) else {
        return false;
    };
    url.len() <= TEXT_BYTES_MAX
        && !url.chars().any(|c| c.is_whitespace() || c.is_control())
        && schemes.iter().any(|scheme| {
            url.strip_prefix(scheme)
                .is_some_and(|rest| !rest.is_empty())
        })
}

fn check_image(params: &Map<String, Value>) -> Result<(), Refusal> {
    match given(params, "docker_image") {
        None => return Err(Refusal::MissingDockerImage),
        Some(Value::String(image)) if is_image_name(image) => {}
        Some(_) => return Err(Refusal::InvalidImageName),
    }
    match params.get("registry_auth") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Object(auth)) => {
            let complete = ["username", "password"]
                .into_iter()
                .all(|field| matches!(auth.get(field), Some(Value::String(s)) if !s.is_empty()));
            if complete {
                Ok(())
            } else {
                Err(Refusal::IncompleteRegistryAuth)
            }
        }
        Some(_) => Err(Refusal::InvalidRegistryAuth),
    }
}

fn is_image_name(image: &str) -> bool {
    image.len() <= TEXT_BYTES_MAX
        && image.starts_with(|c: char| c.is_ascii_alphanumeric())
        && image
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn table_of_modes_and_sources() {
        let url = "https://me:MARKER@git.example.org/x";
        let rows = [
            (json!({}), "MISSING_REQUIRED_FIELD"),
            (json!({"deployment_mode": null}), "MISSING_REQUIRED_FIELD"),
            (json!({"deployment_mode": ""}), "MISSING_REQUIRED_FIELD"),
            (json!({"deployment_mode": 5}), "INVALID_DEPLOYMENT_MODE"),
            (
                json!({"deployment_mode": "Simple"}),
                "INVALID_DEPLOYMENT_MODE",
            ),
            (json!({"deployment_mode": "custom"}), "MISSING_SOURCE"),
            (
                json!({"deployment_mode": "custom", "archive": ""}),
                "MISSING_SOURCE",
            ),
            (
                json!({"deployment_mode": "custom", "archive": "AA", "git_repo": url}),
                "CONFLICTING_SOURCES",
            ),
            (
                json!({"deployment_mode": "custom", "git_repo": "file:///etc"}),
                "INVALID_GIT_URL",
            ),
            (
                json!({"deployment_mode": "custom", "git_repo": "ext::sh"}),
                "INVALID_GIT_URL",
            ),
            (
                json!({"deployment_mode": "custom", "git_repo": "--upload-pack=x"}),
                "INVALID_GIT_URL",
            ),
            (
                json!({"deployment_mode": "custom", "git_repo": "https://a b"}),
                "INVALID_GIT_URL",
            ),
            (
                json!({"deployment_mode": "custom", "git_repo": "https://"}),
                "INVALID_GIT_URL",
            ),
            (
                json!({"deployment_mode": "custom", "git_repo": 5}),
                "INVALID_GIT_URL",
            ),
            (
                json!({"deployment_mode": "custom", "archive_url": "ftp://x"}),
                "INVALID_ARCHIVE_URL",
            ),
            (
                json!({"deployment_mode": "custom", "archive_url": [1]}),
                "INVALID_ARCHIVE_URL",
            ),
            (
                json!({"deployment_mode": "custom", "archive": "AA"}),
                "MODE_NOT_AVAILABLE",
            ),
            (
                json!({"deployment_mode": "custom", "git_repo": url}),
                "MODE_NOT_AVAILABLE",
            ),
            (
                json!({"deployment_mode": "custom", "git_repo": "git@h:x"}),
                "MODE_NOT_AVAILABLE",
            ),
            (json!({"deployment_mode": "image"}), "MISSING_DOCKER_IMAGE"),
            (
                json!({"deployment_mode": "image", "docker_image": "a b"}),
                "INVALID_IMAGE_NAME",
            ),
            (
                json!({"deployment_mode": "image", "docker_image": "-a"}),
                "INVALID_IMAGE_NAME",
            ),
            (
                json!({"deployment_mode": "image", "docker_image": 1}),
                "INVALID_IMAGE_NAME",
            ),
            (
                json!({"deployment_mode": "image", "docker_image": "a", "registry_auth": "u:p"}),
                "INVALID_REGISTRY_AUTH",
            ),
            (
                json!({"deployment_mode": "image", "docker_image": "a",
                    "registry_auth": {"username": "MARKER", "password": ""}}),
                "INCOMPLETE_REGISTRY_AUTH",
            ),
            (
                json!({"deployment_mode": "image", "docker_image": "r.example.org/a:1",
                    "registry_auth": {"username": "u", "password": "MARKER"}}),
                "MODE_NOT_AVAILABLE",
            ),
        ];
        for (params, code) in rows {
            let refusal = check_mode(params.as_object().unwrap()).unwrap_err();
            assert_eq!(refusal.code(), code, "{params}");
            let failure = json!(crate::Failure::from(refusal));
            assert!(!failure.to_string().contains("MARKER"), "{params}");
        }
        assert_eq!(
            check_mode(json!({"deployment_mode": "simple"}).as_object().unwrap()),
            Ok(())
        );
    }

    #[test]
    fn misspelt_modes_get_a_hint() {
        for (mode, meant) in [
            ("simpel", Some("simple")),
            ("SIMPLE", Some("simple")),
            ("inline", Some("simple")),
            ("git", Some("custom")),
            ("costum", Some("custom")),
            ("docker", Some("image")),
            ("img", Some("image")),
            ("quantum", None),
        ] {
            assert_eq!(suggest(mode), meant, "{mode}");
        }
    }
}
