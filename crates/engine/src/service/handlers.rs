//! Running handlers: with the documents they ask for, and the workers their tasks are bound to.

use super::documents::Workspace;
use super::engine::Inner;
use super::error::EngineError;
use crate::blueprint::{
    Action, ActionKind, Blueprint, BranchWork, Context, Dispatch, Handler, HandlerError, State,
};
use crate::machine::Job;

/// How often one handler run may ask for more documents.
const LOADS_MAX: u32 = 8;

impl Inner {
    /// Runs the handler of the job's state, loading the documents it asks for.
    pub(super) async fn run_handler(
        &self,
        job: &Job,
        blueprint: &Blueprint,
        workspace: &mut Workspace,
    ) -> Result<Result<Action, HandlerError>, EngineError> {
        let Some(State::Work(handler)) = blueprint.state(&job.state) else {
            return Ok(Err(HandlerError(format!(
                "state '{}' has no handler",
                job.state
            ))));
        };
        let mut returned = self.run(job, handler.as_ref(), workspace).await?;
        if let Ok(action) = &mut returned {
            self.bind_tasks(action, workspace).await?;
        }
        Ok(returned)
    }

    /// Runs a blueprint's last words for a job that ends abruptly. They can't keep it from
    /// ending.
    pub(super) async fn run_abort(
        &self,
        job: &mut Job,
        abort: &dyn Handler,
        workspace: &mut Workspace,
    ) -> Result<(), EngineError> {
        match self.run(job, abort, workspace).await? {
            Ok(action) => job.data.extend(action.data),
            Err(error) => tracing::warn!(job = %job.id, %error, "the abort handler failed"),
        }
        Ok(())
    }

    /// Runs a handler, loading the documents it asks for.
    async fn run(
        &self,
        job: &Job,
        handler: &dyn Handler,
        workspace: &mut Workspace,
    ) -> Result<Result<Action, HandlerError>, EngineError> {
        for _ in 0..LOADS_MAX {
            let context = Context {
                job_id: job.id,
                state: &job.state,
                input: &job.input,
                data: &job.data,
                client: &job.client,
                last_task: job.last_task.as_ref(),
                branches: &job.branches,
                child: job.child.as_deref(),
                decision: job.decisions.last(),
                retry_count: job.retry_count,
                documents: &workspace.documents,
                now_ms: self.clock.now_ms(),
            };
            let action = match handler.handle(&context) {
                Ok(action) => action,
                Err(error) => return Ok(Err(error)),
            };
            if let ActionKind::Load(keys) = action.kind {
                workspace.load(self.store.as_ref(), keys).await?;
                continue;
            }
            return Ok(match workspace.write(&action.documents) {
                Ok(()) => Ok(action),
                Err(key) => Err(HandlerError(format!(
                    "the handler wrote document '{}/{}' without loading it first",
                    key.store, key.key
                ))),
            });
        }
        Ok(Err(HandlerError(
            "the handler asked for documents again and again".to_owned(),
        )))
    }

    /// Ties tasks to the workers their keys are bound to.
    async fn bind_tasks(
        &self,
        action: &mut Action,
        workspace: &mut Workspace,
    ) -> Result<(), EngineError> {
        let mut dispatches: Vec<&mut Dispatch> = Vec::new();
        match &mut action.kind {
            ActionKind::Dispatch(dispatch) => dispatches.push(dispatch),
            ActionKind::Parallel(parallel) => {
                for branch in &mut parallel.branches {
                    if let BranchWork::Task(dispatch) = &mut branch.work {
                        dispatches.push(dispatch);
                    }
                }
            }
            _ => {}
        }
        for dispatch in dispatches {
            if let (None, Some(key)) = (&dispatch.worker, &dispatch.affinity) {
                dispatch.worker = workspace.bound(self.store.as_ref(), key).await?;
            }
        }
        Ok(())
    }
}
