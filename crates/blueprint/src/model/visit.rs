//! Every expression and every sub-job of a state, to see what it uses.

use super::{Action, BranchWork, Branches, Dispatch, Join, State, Step, SubJob, Until};
use crate::template::{Located, Template};

impl State {
    /// Calls `see` with every expression in it.
    pub fn each_expression(&self, see: &mut dyn FnMut(&Located)) {
        for document in &self.load {
            document.store.each(see);
            document.key.each(see);
        }
        self.step.each_expression(see);
    }

    /// Calls `see` with every job of another blueprint it may run.
    pub fn each_sub_job(&self, see: &mut dyn FnMut(&SubJob)) {
        self.step.each_sub_job(see);
    }
}

impl Step {
    fn each_sub_job(&self, see: &mut dyn FnMut(&SubJob)) {
        match &self.action {
            Action::RunBlueprint(job) => see(job),
            Action::Parallel(parallel) => {
                let works: Vec<&BranchWork> = match &parallel.branches {
                    Branches::Named(named) => named.iter().map(|branch| &branch.work).collect(),
                    Branches::ForEach(each) => vec![&each.work],
                };
                for work in works {
                    if let BranchWork::Job(job) = work {
                        see(job);
                    }
                }
            }
            Action::When { cases, otherwise } => {
                for case in cases {
                    case.step.each_sub_job(see);
                }
                otherwise.each_sub_job(see);
            }
            Action::Goto(_)
            | Action::Dispatch(_)
            | Action::AwaitApproval(_)
            | Action::Wait(_)
            | Action::WaitEvent(_)
            | Action::Finish(_)
            | Action::Fail { .. }
            | Action::End(_) => {}
        }
    }

    fn each_expression(&self, see: &mut dyn FnMut(&Located)) {
        for (_, template) in self.set.iter().chain(&self.put) {
            template.each(see);
        }
        match &self.action {
            Action::Goto(_) => {}
            Action::Dispatch(dispatch) => dispatch.each_expression(see),
            Action::Parallel(parallel) => {
                match &parallel.branches {
                    Branches::Named(named) => {
                        for branch in named {
                            branch.work.each_expression(see);
                        }
                    }
                    Branches::ForEach(each) => {
                        see(&each.list);
                        maybe(each.name.as_ref(), see);
                        each.work.each_expression(see);
                    }
                }
                if let Join::AtLeast(least) = &parallel.join {
                    least.each(see);
                }
                if let Some(timeout) = &parallel.timeout_ms {
                    timeout.each(see);
                }
            }
            Action::RunBlueprint(job) => job.each_expression(see),
            Action::AwaitApproval(approval) => {
                approval.message.each(see);
                maybe(approval.notify_url.as_ref(), see);
                if let Some(timeout) = &approval.timeout_ms {
                    timeout.each(see);
                }
            }
            Action::Wait(wait) => match &wait.until {
                Until::After(setting) | Until::At(setting) => setting.each(see),
            },
            Action::WaitEvent(event) => {
                event.name.each(see);
                if let Some(timeout) = &event.timeout_ms {
                    timeout.each(see);
                }
            }
            Action::Finish(finish) => maybe(finish.result.as_ref(), see),
            Action::Fail { message, .. } => message.each(see),
            Action::When { cases, otherwise } => {
                for case in cases {
                    see(&case.condition);
                    case.step.each_expression(see);
                }
                otherwise.each_expression(see);
            }
            Action::End(end) => maybe(end.output.as_ref(), see),
        }
    }
}

impl BranchWork {
    fn each_expression(&self, see: &mut dyn FnMut(&Located)) {
        match self {
            Self::Task(dispatch) => dispatch.each_expression(see),
            Self::Job(job) => job.each_expression(see),
        }
    }
}

impl Dispatch {
    fn each_expression(&self, see: &mut dyn FnMut(&Located)) {
        self.task.each(see);
        self.params.each(see);
        for template in [&self.needs, &self.worker, &self.affinity] {
            maybe(template.as_ref(), see);
        }
        if let Some(priority) = &self.priority {
            priority.each(see);
        }
        if let Some(cost) = &self.max_cost {
            cost.each(see);
        }
        let timeouts = [
            &self.dispatch_timeout_ms,
            &self.execution_timeout_ms,
            &self.result_timeout_ms,
        ];
        for timeout in timeouts.into_iter().flatten() {
            timeout.each(see);
        }
    }
}

impl SubJob {
    fn each_expression(&self, see: &mut dyn FnMut(&Located)) {
        self.blueprint.each(see);
        self.input.each(see);
        maybe(self.version.as_ref(), see);
        if let Some(timeout) = &self.timeout_ms {
            timeout.each(see);
        }
    }
}

fn maybe(template: Option<&Template>, see: &mut dyn FnMut(&Located)) {
    if let Some(template) = template {
        template.each(see);
    }
}
