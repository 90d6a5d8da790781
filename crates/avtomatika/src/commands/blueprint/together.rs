//! What is wrong with files only when they are in one folder, as a server sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use avtomatika::blueprints::{self, BotRunnerOptions};
use avtomatika::{Engine, Memory, Options};
use avtomatika_blueprint::loader::{Target as _, clashes};
use avtomatika_blueprint::source::Span;
use avtomatika_blueprint::{Parsed, Problem, compile, unknown_sub_blueprints};
use avtomatika_engine::seal::Sealer;

use crate::commands::blueprint_files::Checked;

/// For how long a worker holds a task, in an engine that has none.
const LEASE_MS: u64 = 45_000;

/// What was found out about one file.
#[derive(Default)]
pub(super) struct Found {
    /// Why a server would refuse it.
    pub(super) refused: Option<Problem>,
    /// What deserves a look.
    pub(super) warnings: Vec<Problem>,
}

/// Looks at all files of each folder together. Only in folders that were named as such, `whole`,
/// blueprints can be missing.
pub(super) async fn look(
    files: &[(PathBuf, Parsed)],
    whole: &[PathBuf],
) -> anyhow::Result<BTreeMap<PathBuf, Found>> {
    let mut folders: BTreeMap<&Path, Vec<&(PathBuf, Parsed)>> = BTreeMap::new();
    for file in files {
        let folder = file.0.parent().unwrap_or(Path::new(""));
        folders.entry(folder).or_default().push(file);
    }
    let mut found: BTreeMap<PathBuf, Found> = BTreeMap::new();
    for (folder, files) in folders {
        let engine = engine()?;
        let own: Vec<String> = engine
            .blueprints()
            .iter()
            .map(|own| own.name.clone())
            .collect();
        let all: Vec<&Parsed> = files.iter().map(|(_, parsed)| parsed).collect();
        let clashes = clashes(&all);
        let names = own.iter().map(String::as_str);
        let known: BTreeSet<&str> = names
            .chain(all.iter().map(|parsed| parsed.name.as_str()))
            .collect();
        let target = Checked(engine);
        for (place, (path, parsed)) in files.into_iter().enumerate() {
            let refused = match clashes.get(&place) {
                Some(clash) => Some(clash.clone()),
                None => target
                    .install(compile(parsed)?)
                    .await
                    .err()
                    .map(|reason| at_endpoint(parsed, reason)),
            };
            let is_whole = whole.iter().any(|whole| whole == folder);
            let warnings = if is_whole {
                unknown_sub_blueprints(parsed, &known)
            } else {
                Vec::new()
            };
            found.insert(path.clone(), Found { refused, warnings });
        }
    }
    Ok(found)
}

/// An engine that runs nothing, with the blueprints every server has.
fn engine() -> anyhow::Result<Engine> {
    let store = Arc::new(Memory::new(LEASE_MS));
    let options = Options::new(store, Sealer::new([0; 32]))
        .blueprint(blueprints::test_flow()?)
        .blueprint(blueprints::bot_runner(BotRunnerOptions::default())?);
    Ok(options.build())
}

fn at_endpoint(parsed: &Parsed, reason: String) -> Problem {
    let span: Span = match &parsed.endpoint {
        Some(endpoint) if reason.contains(&endpoint.path) => endpoint.span,
        _ => parsed.name_span,
    };
    let position = parsed.source.position(span.start);
    Problem {
        file: parsed.source.name.clone(),
        position,
        length: parsed.source.slice(span).chars().count().max(1),
        reason,
        hint: Some("every server has it; choose another".to_owned()),
        line_text: parsed.source.line(position.line).to_owned(),
    }
}
