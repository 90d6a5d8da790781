//! Any text as a blueprint file. One without mistakes compiles, is drawn, checks inputs and runs
//! its handlers.

use avtomatika_blueprint::graph::Graph;
use avtomatika_blueprint::{Source, compile, parse};
use avtomatika_engine::blueprint::{Client, Context, Documents, State};
use avtomatika_protocol::JobId;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Runs one input.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let source = Source::new("fuzz.yaml", text);
    let parsed = match parse(&source) {
        Ok(parsed) => parsed,
        Err(refused) => {
            assert!(!refused.0.is_empty(), "refused without a reason");
            for problem in &refused.0 {
                assert!(!problem.pretty().is_empty());
            }
            return;
        }
    };
    let graph = Graph::of(&parsed);
    let _drawn = (graph.dot(), graph.svg());
    let blueprint = compile(&parsed).expect("what the checks let through compiles");
    let client = Client::new("c".into(), "u");
    let data = Map::new();
    for input in [
        Value::Null,
        json!({}),
        json!({"items": [1, "2", null], "name": "x"}),
    ] {
        let _checked = blueprint.check_input(&client, input.clone());
        for state in blueprint.state_names() {
            let Some(State::Work(handler)) = blueprint.state(state) else {
                continue;
            };
            let _decided = handler.handle(&Context {
                job_id: JobId(Uuid::from_u128(1)),
                state,
                input: &input,
                data: &data,
                client: &client,
                last_task: None,
                branches: &[],
                child: None,
                decision: None,
                retry_count: 0,
                documents: &Documents::default(),
                now_ms: 1_000_000,
            });
        }
    }
}
