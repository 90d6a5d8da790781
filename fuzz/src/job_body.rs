//! Any body a client or a worker may post.

use std::sync::OnceLock;

use avtomatika_blueprint::{Source, compile, parse};
use avtomatika_engine::Blueprint;
use avtomatika_engine::blueprint::{Client, Needs};
use avtomatika_engine::storage::Profile;
use avtomatika_protocol::bot::{BotRequest, SpecPolicy};
use avtomatika_protocol::worker::{Heartbeat, Registration, WorkerEvent};
use serde_json::Value;

/// A file whose input has a schema of many kinds.
const FILE: &str = include_str!("../schema.yaml");

fn blueprint() -> &'static Blueprint {
    static BLUEPRINT: OnceLock<Blueprint> = OnceLock::new();
    BLUEPRINT.get_or_init(|| {
        let parsed = parse(&Source::new("schema.yaml", FILE)).expect("a good file");
        compile(&parsed).expect("it compiles")
    })
}

/// Runs one input.
pub fn run(bytes: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let policy = SpecPolicy::default();
    if let Ok(request) = BotRequest::parse_with(&body, &policy) {
        // Its normal form is a request too, and the same one.
        let mut params = request.action.task_params("u");
        let verb = request.action.verb();
        params.insert("action".to_owned(), verb.as_str().into());
        let again = BotRequest::parse_with(&Value::Object(params.clone()), &policy)
            .expect("the normal form of a request is a request");
        let mut other = again.action.task_params("u");
        other.insert("action".to_owned(), again.action.verb().as_str().into());
        assert_eq!(
            params, other,
            "the normal form of the normal form is itself"
        );
    }
    let client = Client::new("c".into(), "u");
    let _checked = blueprint().check_input(&client, body.clone());
    let _needs = Needs::parse(&body);
    if let Ok(registration) = serde_json::from_value::<Registration>(body.clone()) {
        let _profile = Profile::read(&registration);
    }
    let _beat = serde_json::from_value::<Heartbeat>(body.clone());
    let _event = serde_json::from_value::<WorkerEvent>(body);
}
