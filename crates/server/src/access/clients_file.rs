//! `clients.toml`: the first generation's file, and what came later.

use std::collections::{BTreeSet, HashMap};

use avtomatika_protocol::ClientId;
use avtomatika_protocol::bot::user::user_id_of_digest;
use serde_json::Map;

use super::account::{ClientConfig, Role};
use super::hash::Hash;
use super::mistakes::Checked;
use super::reading::{Fields, Reading, meaningless, meant};

/// Keys that mean something to us.
const KEYS: [&str; 15] = [
    "allowed_blueprints",
    "blueprints",
    "burst",
    "disabled",
    "jobs_live_max",
    "monthly_attempts",
    "params",
    "plan",
    "rate_per_second",
    "roles",
    "token",
    "token_blake3",
    "token_sha256",
    "tokens",
    "user_id",
];

/// Reads the file: the clients, and what deserves a word in the log. `given` are the clients
/// there are beside.
pub(super) fn read(text: &str, given: &[ClientConfig]) -> Checked<Vec<ClientConfig>> {
    let mut reading = Reading::of(text);
    let mut warnings = Vec::new();
    let mut clients = Vec::new();
    let mut owners: HashMap<Hash, String> = HashMap::new();
    for client in given {
        let id = client.id.as_str();
        owners.extend(client.tokens.iter().map(|hash| (*hash, id.to_owned())));
    }
    for mut fields in std::mem::take(&mut reading.tables) {
        let client = client(&mut fields, &mut warnings);
        if given.iter().any(|given| given.id == client.id) {
            fields.wrong(None, "is the name of a client that is not from this file");
        }
        for hash in &client.tokens {
            let owner = owners.entry(*hash).or_insert_with(|| fields.name.clone());
            if *owner != fields.name {
                let text = format!("the token is that of [{owner}] already");
                fields.wrong(Some("token"), text);
            }
        }
        reading.mistakes.append(&mut fields.mistakes);
        clients.push(client);
    }
    if reading.mistakes.is_empty() {
        Ok((clients, warnings))
    } else {
        reading.mistakes.sort_by_key(|mistake| mistake.line);
        Err(reading.mistakes)
    }
}

fn client(fields: &mut Fields, warnings: &mut Vec<String>) -> ClientConfig {
    let name = fields.name.clone();
    if name.is_empty() || name.len() > 128 || name.chars().any(char::is_control) {
        fields.wrong(
            None,
            "a client's name is 1 to 128 bytes without control characters",
        );
    }
    let tokens = fields.tokens();
    let user_id = fields.text("user_id");
    if tokens.short {
        warnings.push(format!(
            "[{name}] has a token of less than 16 characters: it can be guessed"
        ));
    }
    let user_id = user_id.unwrap_or_else(|| {
        let made = match &tokens.user {
            Some(digest) => user_id_of_digest(digest),
            // Of such a hash the first generation's user can't be made.
            None => name.clone(),
        };
        if tokens.hashes.len() > 1 {
            warnings.push(format!(
                "[{name}] has several tokens and no user_id: while the first token stays the \
                 first, it is '{made}'; write user_id = \"{made}\" to keep what it owns when that \
                 token goes"
            ));
        }
        made
    });
    let roles = fields.texts("roles").unwrap_or_default();
    let mut config = ClientConfig {
        id: ClientId::from(name.as_str()),
        tokens: tokens.hashes,
        user_id,
        roles: BTreeSet::new(),
        plan: fields.text("plan"),
        params: Map::new(),
        monthly_attempts: fields.whole("monthly_attempts", 0),
        rate: fields.rate(),
        jobs_live_max: fields.whole("jobs_live_max", 1),
        blueprints: blueprints(fields),
        disabled: fields.flag("disabled"),
    };
    for role in roles {
        match role.as_str() {
            "admin" => config.roles.insert(Role::Admin),
            "trusted" => config.roles.insert(Role::Trusted),
            _ => {
                fields.wrong(Some("roles"), "the roles are \"admin\" and \"trusted\"");
                break;
            }
        };
    }
    let params = fields.object("params").unwrap_or_default();
    for (key, value) in fields.rest() {
        match meant(&key, &KEYS) {
            // Left at a warning, a limit would be off for want of a letter.
            Some(known) => fields.wrong(Some(&key), meaningless(known)),
            None => {
                config.params.insert(key, value);
            }
        }
    }
    // What is said twice counts where it is said on purpose.
    config.params.extend(params);
    config
}

/// `blueprints`, or as the first generation wrote it and never read it, `allowed_blueprints`.
fn blueprints(fields: &mut Fields) -> Option<Vec<String>> {
    if fields.has("blueprints") && fields.has("allowed_blueprints") {
        fields.wrong(
            Some("allowed_blueprints"),
            "is the old name of blueprints: say it once",
        );
    }
    let old = fields.texts("allowed_blueprints");
    fields.texts("blueprints").or(old)
}
