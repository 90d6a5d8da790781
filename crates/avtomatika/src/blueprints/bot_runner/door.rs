//! What a request must be before a job is made of it, and reading it back in handlers.

use avtomatika_engine::{Client, Context, HandlerError};
use avtomatika_protocol::Failure;
use avtomatika_protocol::bot::{Action, BotRequest, Refusal, SpecPolicy, StartSpec, Verb};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Keys of a job's input that are no parameters of its task.
const OWN_KEYS: [&str; 2] = ["action", "source_digest"];

/// Checks a body, and answers the job's input: the request in its normal form, under the seed
/// era's keys. What the body held beside them is dropped, so that a secret under a misspelt key
/// is not kept in clear.
pub(super) fn check(policy: &SpecPolicy, client: &Client, body: &Value) -> Result<Value, Failure> {
    let request = BotRequest::parse_with(body, policy)?;
    let user = match request.user_id {
        Some(user) if user != client.user_id && !client.trusted => {
            return Err(Refusal::ForeignUser.into());
        }
        Some(user) => user,
        None => client.user_id.clone(),
    };
    let mut input = request.action.task_params(&user);
    input.insert("action".to_owned(), request.action.verb().as_str().into());
    if let Action::Start { spec, .. } | Action::Update { spec, .. } = &request.action {
        input.insert("source_digest".to_owned(), digest(spec).into());
    }
    Ok(Value::Object(input))
}

/// Identifies all of a spec but its secrets: a digest of those would let whoever reads it try
/// values out.
fn digest(spec: &StartSpec) -> String {
    let parts = json!([
        spec.source_digest(),
        spec.requirements_digest(),
        spec.limits,
        spec.ready_regex,
    ]);
    format!("{:x}", Sha256::digest(parts.to_string()))
}

/// A job's input, as [`check`] made it.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) verb: Verb,
    pub(super) user: &'a str,
    map: &'a Map<String, Value>,
}

impl<'a> Input<'a> {
    pub(super) fn of(context: &Context<'a>) -> Result<Self, HandlerError> {
        let missing = |what: &str| HandlerError(format!("the input has no {what}"));
        let map = context.input.as_object().ok_or_else(|| missing("keys"))?;
        let text = |key: &str| map.get(key).and_then(Value::as_str);
        Ok(Self {
            verb: text("action")
                .and_then(Verb::from_name)
                .ok_or_else(|| missing("action"))?,
            user: text("user_id").ok_or_else(|| missing("user_id"))?,
            map,
        })
    }

    /// The bot it is about.
    pub(super) fn bot_id(&self) -> Result<&'a str, HandlerError> {
        self.map
            .get("bot_id")
            .and_then(Value::as_str)
            .ok_or_else(|| HandlerError("the input has no bot_id".to_owned()))
    }

    /// Identifies what the bot is to be made of, secrets apart.
    pub(super) fn digest(&self) -> &'a str {
        self.map
            .get("source_digest")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Whether it brings environment variables.
    pub(super) fn has_env(&self) -> bool {
        self.map.contains_key("env_vars")
    }

    /// The parameters of its task, secrets sealed.
    pub(super) fn params(&self) -> Map<String, Value> {
        let mut params = self.map.clone();
        params.retain(|key, _| !OWN_KEYS.contains(&key.as_str()));
        params
    }
}
