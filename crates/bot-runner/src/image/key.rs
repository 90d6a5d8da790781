//! What a dependency image depends on.

use bollard::models::ImageInspect;

use super::recipe;
use crate::options::DependencyOptions;

/// How many hex digits a key has: 128 bits.
const KEY_LEN: usize = 32;

/// The key of the image: base image, architecture, requirements, index settings, recipe.
pub(super) fn of(
    base: &ImageInspect,
    requirements: &[String],
    options: &DependencyOptions,
) -> String {
    let mut requirements: Vec<&str> = requirements.iter().map(String::as_str).collect();
    requirements.sort_unstable();
    let mut hasher = blake3::Hasher::new_derive_key("avtomatika bot-runner dependencies v1");
    let mut part = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    part(&recipe::VERSION.to_string());
    part(base.id.as_deref().unwrap_or_default());
    part(base.architecture.as_deref().unwrap_or_default());
    part(options.index_url.as_deref().unwrap_or_default());
    part(
        &options
            .find_links
            .as_ref()
            .map(|dir| dir.to_string_lossy())
            .unwrap_or_default(),
    );
    part(if options.no_index { "no-index" } else { "" });
    part(if options.pip_only { "pip" } else { "" });
    requirements.into_iter().for_each(&mut part);
    let mut key = hasher.finalize().to_hex().to_string();
    key.truncate(KEY_LEN);
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RunnerOptions;

    #[test]
    fn the_key_follows_what_matters_and_nothing_else() {
        let image = |id: &str| ImageInspect {
            id: Some(id.to_owned()),
            ..ImageInspect::default()
        };
        let options = RunnerOptions::new("w", "/nowhere").dependencies;
        let list = |items: &[&str]| items.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
        let key = of(&image("a"), &list(&["x==1", "y"]), &options);
        assert_eq!(key, of(&image("a"), &list(&["y", "x==1"]), &options));
        assert_ne!(key, of(&image("b"), &list(&["x==1", "y"]), &options));
        assert_ne!(key, of(&image("a"), &list(&["x==1"]), &options));
        let mut other = options;
        other.index_url = Some("http://index.invalid/simple".to_owned());
        assert_ne!(key, of(&image("a"), &list(&["x==1", "y"]), &other));
    }
}
