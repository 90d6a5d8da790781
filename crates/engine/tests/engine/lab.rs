//! An engine on a memory store, under a clock moved by hand, and the few calls tests make to it.

use std::sync::Arc;

use avtomatika_engine::blueprint::{Blueprint, Client};
use avtomatika_engine::clock::ManualClock;
use avtomatika_engine::entropy::Entropy;
use avtomatika_engine::seal::Sealer;
use avtomatika_engine::service::{EngineError, Handout, NewJob, Options, Poll, Reported, Resolver};
use avtomatika_engine::storage::Store;
use avtomatika_engine::{Action, Context, Dispatch, EndAs, Engine, HandlerError, Settings};
use avtomatika_protocol::job::JobView;
use avtomatika_protocol::worker::{Heartbeat, Outcome, Registration, ResultMessage, RunningTask};
use avtomatika_protocol::{JobId, SessionId};
use avtomatika_store::Memory;
use serde_json::{Value, json};

pub(crate) const LEASE_MS: u64 = 45_000;
pub(crate) const NOW_MS: u64 = 1_000_000;

pub(crate) struct Lab {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<dyn Store>,
    settings: Settings,
    /// Engines there have been, so that each draws ids of its own.
    born: u64,
}

pub(crate) fn client() -> Arc<Client> {
    Arc::new(Client::new("c".into(), "u"))
}

/// A blueprint with one task of type `t`: `start` dispatches it, `done` and `broken` end.
pub(crate) fn one_task(
    dispatch: impl Fn(&Context<'_>) -> Dispatch + Send + Sync + 'static,
) -> Blueprint {
    Blueprint::builder("b")
        .start("start", move |context| {
            Ok(Action::dispatch(dispatch(context).on("success", "done")))
        })
        .end("done", EndAs::Completed)
        .end("broken", EndAs::Failed)
        .build()
        .unwrap()
}

/// A blueprint whose only handler is this one.
pub(crate) fn handled(
    handler: impl Fn(&Context<'_>) -> Result<Action, HandlerError> + Send + Sync + 'static,
) -> Blueprint {
    Blueprint::builder("b")
        .start("start", handler)
        .end("done", EndAs::Completed)
        .build()
        .unwrap()
}

impl Lab {
    pub(crate) fn new(blueprint: Blueprint) -> Self {
        Self::on(Arc::new(Memory::new(LEASE_MS)), blueprint, |_| {})
    }

    pub(crate) fn on(
        store: Arc<dyn Store>,
        blueprint: Blueprint,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        Self::of(store, vec![blueprint], change)
    }

    pub(crate) fn of(
        store: Arc<dyn Store>,
        blueprints: Vec<Blueprint>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let clock = Arc::new(ManualClock::at(NOW_MS));
        let mut settings = Settings::default();
        change(&mut settings);
        let mut lab = Self {
            engine: Options::new(Arc::clone(&store), Sealer::new([7; 32])).build(),
            clock,
            store,
            settings,
            born: 6,
        };
        lab.restart(blueprints, None);
        lab
    }

    /// A new engine on the same store: what the old one knew beside it is gone.
    pub(crate) fn restart(
        &mut self,
        blueprints: Vec<Blueprint>,
        resolver: Option<Arc<dyn Resolver>>,
    ) {
        self.born += 1;
        let mut options = Options::new(Arc::clone(&self.store), Sealer::new([7; 32]));
        options.blueprints = blueprints;
        options.resolver = resolver;
        options.clock = Arc::clone(&self.clock) as Arc<_>;
        options.entropy = Entropy::seeded(self.born);
        options.settings = self.settings.clone();
        self.engine = options.build();
    }

    pub(crate) fn new_job(input: Value, key: Option<&str>) -> NewJob {
        NewJob {
            idempotency_key: key.map(str::to_owned),
            ..NewJob::new("b", client(), input)
        }
    }

    pub(crate) async fn submit(&self) -> JobId {
        let new = Self::new_job(json!({}), None);
        self.engine.submit(new).await.unwrap().job
    }

    pub(crate) async fn view(&self, job: JobId) -> JobView {
        self.engine.job(&"c".into(), job, None).await.unwrap()
    }

    pub(crate) async fn register(&self, name: &str, max: Option<u32>) -> SessionId {
        self.engine.register(registration(name, max)).await.unwrap()
    }

    /// A task for this worker, if there is one now.
    pub(crate) async fn take(&self, worker: &str) -> Option<Handout> {
        let poll = Poll {
            worker: worker.into(),
            types: None,
            wait_ms: 0,
        };
        self.engine.poll(poll).await.unwrap()
    }

    pub(crate) async fn report(
        &self,
        worker: &str,
        handout: &Handout,
        result: Outcome,
    ) -> Result<Reported, EngineError> {
        self.engine.report(message(worker, handout, result)).await
    }

    pub(crate) async fn beat(&self, worker: &str, running: Option<&[&Handout]>) {
        let running = running.map(|running| {
            let named = running.iter().map(|handout| RunningTask {
                task_id: handout.task,
                lease: handout.lease,
            });
            named.collect()
        });
        let beat = Heartbeat {
            running,
            ..Heartbeat::default()
        };
        self.engine.heartbeat(&worker.into(), beat).await.unwrap();
    }

    /// Moves the time and does what has become due.
    pub(crate) async fn pass(&self, ms: u64) -> usize {
        self.clock.advance(ms);
        self.engine.deal_with_due().await
    }
}

pub(crate) fn registration(name: &str, max: Option<u32>) -> Registration {
    serde_json::from_value(json!({
        "worker_id": name, "supported_tasks": ["t", "u"], "max_concurrent_tasks": max,
    }))
    .unwrap()
}

pub(crate) fn message(worker: &str, handout: &Handout, result: Outcome) -> ResultMessage {
    ResultMessage {
        job_id: handout.message.job_id,
        task_id: handout.task,
        worker_id: worker.into(),
        result,
        lease: Some(handout.lease),
        want_next: false,
    }
}

pub(crate) fn success() -> Outcome {
    Outcome::success(json!({}))
}
