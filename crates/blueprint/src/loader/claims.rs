//! One blueprint a name, one blueprint an endpoint.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::seen::{File, problem};
use crate::model::Parsed;
use crate::problem::Problem;

/// What is unique among blueprints.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Name(String),
    Endpoint(Option<String>, String),
}

/// The files whose new texts want what another file has, and why they can't have it.
///
/// Who has it already keeps it; among new ones the first by name gets it. A file that is turned
/// down keeps what it has, which may turn another one down in its turn: so it is gone through
/// until nobody is.
pub(super) fn conflicts(files: &BTreeMap<PathBuf, File>) -> BTreeMap<PathBuf, Problem> {
    let mut refused = BTreeMap::new();
    loop {
        let Some((path, problem)) = first_conflict(files, &refused) else {
            return refused;
        };
        refused.insert(path, problem);
    }
}

fn first_conflict(
    files: &BTreeMap<PathBuf, File>,
    refused: &BTreeMap<PathBuf, Problem>,
) -> Option<(PathBuf, Problem)> {
    let mut owners: BTreeMap<Claim, &PathBuf> = BTreeMap::new();
    // Those that stay as they are come first.
    let stay = files.iter().filter_map(|(path, file)| {
        let installed = file.installed.as_ref()?;
        let keeps = match &file.says {
            Ok(says) => refused.contains_key(path) || claims(says) == claims(installed),
            Err(_) => true,
        };
        keeps.then_some((path, installed))
    });
    for (path, installed) in stay {
        for claim in claims(installed) {
            owners.insert(claim, path);
        }
    }
    for (path, file) in files {
        let Ok(says) = &file.says else {
            continue;
        };
        if refused.contains_key(path) {
            continue;
        }
        for claim in claims(says) {
            match owners.get(&claim) {
                Some(owner) if *owner != path => {
                    return Some((path.clone(), taken(says, &claim, owner)));
                }
                _ => {
                    owners.insert(claim, path);
                }
            }
        }
    }
    None
}

/// The files of one folder that can't be used beside those before them, and why: by place.
pub fn clashes(files: &[&Parsed]) -> BTreeMap<usize, Problem> {
    let mut owners: BTreeMap<Claim, &Parsed> = BTreeMap::new();
    let mut refused = BTreeMap::new();
    for (place, says) in files.iter().enumerate() {
        let claims = claims(says);
        let clash = claims
            .iter()
            .find_map(|claim| Some((claim, owners.get(claim)?)));
        match clash {
            Some((claim, owner)) => {
                let owner = Path::new(&owner.source.name);
                refused.insert(place, taken(says, claim, owner));
            }
            None => owners.extend(claims.into_iter().map(|claim| (claim, *says))),
        }
    }
    refused
}

/// Whether two texts claim the same.
pub(super) fn same(one: &Parsed, other: &Parsed) -> bool {
    claims(one) == claims(other)
}

fn claims(parsed: &Parsed) -> Vec<Claim> {
    let mut claims = vec![Claim::Name(parsed.name.clone())];
    claims.extend(
        parsed
            .endpoint
            .as_ref()
            .map(|endpoint| Claim::Endpoint(endpoint.version.clone(), endpoint.path.clone())),
    );
    claims
}

fn taken(says: &Parsed, claim: &Claim, owner: &Path) -> Problem {
    let (at, what) = match claim {
        Claim::Name(name) => (says.name_span.start, format!("the name '{name}'")),
        Claim::Endpoint(version, path) => {
            let at = says
                .endpoint
                .as_ref()
                .map_or(0, |endpoint| endpoint.span.start);
            let version = version
                .as_ref()
                .map_or(String::new(), |version| format!("/{version}"));
            (at, format!("the endpoint /api{version}{path}"))
        }
    };
    problem(
        &says.source,
        at,
        format!("{} has {what} already", owner.display()),
        "one of the two files must change",
    )
}
