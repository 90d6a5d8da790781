//! An engine on a memory store with blueprint files, under a clock moved by hand.

use std::sync::Arc;

use avtomatika_blueprint::{Files, Problem, Source, compile, parse};
use avtomatika_engine::Engine;
use avtomatika_engine::blueprint::{Blueprint, Client};
use avtomatika_engine::clock::ManualClock;
use avtomatika_engine::entropy::Entropy;
use avtomatika_engine::seal::Sealer;
use avtomatika_engine::service::{Handout, NewJob, Options, Poll};
use avtomatika_engine::storage::Store;
use avtomatika_protocol::job::JobView;
use avtomatika_protocol::worker::{Outcome, ResultMessage};
use avtomatika_protocol::{JobId, JobStatus};
use avtomatika_store::Memory;
use serde_json::{Value, json};

/// 2026-11-21T18:00:00Z.
pub(crate) const NOW_MS: u64 = 1_795_284_000_000;

pub(crate) struct Lab {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualClock>,
}

/// The blueprint of a file's text, which must be good.
pub(crate) fn blueprint(text: &str) -> Blueprint {
    match parse(&Source::new("/srv/blueprints/flow.yaml", text)) {
        Ok(parsed) => compile(&parsed).unwrap(),
        Err(refused) => {
            let shown: String = refused.0.iter().map(Problem::pretty).collect();
            panic!("{shown}")
        }
    }
}

pub(crate) fn example(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/blueprints");
    std::fs::read_to_string(format!("{folder}/{name}.yaml")).unwrap()
}

impl Lab {
    /// An engine with these files.
    pub(crate) fn new(texts: &[&str]) -> Self {
        Self::on(Arc::new(Memory::new(45_000)), texts)
    }

    pub(crate) fn on(store: Arc<dyn Store>, texts: &[&str]) -> Self {
        let clock = Arc::new(ManualClock::at(NOW_MS));
        let mut options = Options::new(store, Sealer::new([7; 32]));
        for text in texts {
            options = options.blueprint(blueprint(text));
        }
        options.resolver = Some(Arc::new(Files));
        options.clock = Arc::clone(&clock) as Arc<_>;
        options.entropy = Entropy::seeded(7);
        Self {
            engine: options.build(),
            clock,
        }
    }

    /// A job of the blueprint `f`.
    pub(crate) async fn start(&self, input: Value) -> JobId {
        self.start_of("f", input).await
    }

    pub(crate) async fn start_of(&self, blueprint: &str, input: Value) -> JobId {
        let mut client = Client::new("c".into(), "u");
        client.plan = "gold".to_owned();
        let new = NewJob::new(blueprint, Arc::new(client), input);
        self.engine.submit(new).await.unwrap().job
    }

    pub(crate) async fn view(&self, job: JobId) -> JobView {
        self.engine.job(&"c".into(), job, None).await.unwrap()
    }

    /// The state, status and result of a job that must have ended.
    pub(crate) async fn ended(&self, job: JobId) -> (String, JobStatus, Value) {
        let view = self.view(job).await;
        assert!(view.status.is_terminal(), "{view:?}");
        (
            view.current_state,
            view.status,
            view.result.unwrap_or_default(),
        )
    }

    /// The next task for a worker of these types.
    pub(crate) async fn take(&self, types: &[&str]) -> Handout {
        self.maybe_take("w", types).await.expect("a task waits")
    }

    pub(crate) async fn maybe_take(&self, worker: &str, types: &[&str]) -> Option<Handout> {
        let registration = serde_json::from_value(json!({
            "worker_id": worker, "supported_tasks": types, "max_concurrent_tasks": 100,
        }));
        self.engine.register(registration.unwrap()).await.unwrap();
        let poll = Poll {
            worker: worker.into(),
            types: None,
            wait_ms: 0,
        };
        self.engine.poll(poll).await.unwrap()
    }

    pub(crate) async fn report(&self, handout: &Handout, result: Outcome) {
        let message = ResultMessage {
            job_id: handout.message.job_id,
            task_id: handout.task,
            worker_id: "w".into(),
            result,
            lease: Some(handout.lease),
            want_next: false,
        };
        self.engine.report(message).await.unwrap();
    }

    /// Does the next task of this type: its parameters are given back, its result is this.
    pub(crate) async fn work(&self, task: &str, result: Outcome) -> Value {
        let handout = self.take(&[task]).await;
        let params = handout.message.params.clone();
        self.report(&handout, result).await;
        serde_json::to_value(params).unwrap()
    }

    pub(crate) async fn pass(&self, ms: u64) -> usize {
        self.clock.advance(ms);
        self.engine.deal_with_due().await
    }
}

pub(crate) fn success(data: Value) -> Outcome {
    Outcome::success(data)
}

/// A failure that is an answer, not a fault, and so is not tried again.
pub(crate) fn failure(code: &str) -> Outcome {
    serde_json::from_value(json!({
        "status": "failure", "error": {"code": code, "message": "it failed"},
    }))
    .unwrap()
}
