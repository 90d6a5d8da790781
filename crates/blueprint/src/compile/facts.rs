//! What expressions of a state see of a job.

use std::collections::BTreeSet;

use avtomatika_engine::Context;
use avtomatika_engine::blueprint::BranchResult;
use serde_json::{Map, Value, json};

use crate::expression::{Entry, Scope};
use crate::model::State;

/// The names of the variables a state's expressions read.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses(BTreeSet<String>);

impl Uses {
    pub(super) fn of(state: &State) -> Self {
        let mut names = BTreeSet::new();
        state.each_expression(&mut |located| {
            for used in located.expression.uses() {
                names.extend(used.path.first().cloned());
            }
        });
        Self(names)
    }

    fn of_name(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

/// The variables that are made for a run of a handler: those its expressions read, no others.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    made: Vec<(&'static str, Value)>,
    now_ms: u64,
}

impl Facts {
    pub(super) fn new(context: &Context<'_>, uses: &Uses) -> Self {
        let mut made = Vec::new();
        let mut add = |name: &'static str, make: &dyn Fn(&Context<'_>) -> Value| {
            if uses.of_name(name) {
                made.push((name, make(context)));
            }
        };
        add("job", &job);
        add("client", &client);
        add("task", &task);
        add("child", &child);
        add("decision", &decision);
        add("branches", &|context| {
            let branches = context.branches.iter();
            let branches = branches.map(|result| (result.name.clone(), branch(result)));
            Value::Object(branches.collect::<Map<_, _>>())
        });
        add("results", &|context| {
            context.branches.iter().map(branch).collect()
        });
        Self {
            made,
            now_ms: context.now_ms,
        }
    }

    /// All variables of a job, with its data as this state has changed it so far.
    pub(super) fn scope<'a>(
        &'a self,
        context: &'a Context<'_>,
        data: &'a Map<String, Value>,
        documents: &'a Map<String, Value>,
    ) -> Scope<'a> {
        let mut scope = Scope::default();
        for (name, value) in &self.made {
            scope.set(name, Entry::Value(value));
        }
        scope.set("now", Entry::Time(self.now_ms));
        scope.set("documents", Entry::Object(documents));
        scope.set("data", Entry::Object(data));
        scope.set("input", Entry::Value(context.input));
        scope
    }
}

fn job(context: &Context<'_>) -> Value {
    json!({
        "id": context.job_id.to_string(),
        "state": context.state,
        "retry_count": context.retry_count,
    })
}

fn client(context: &Context<'_>) -> Value {
    let client = context.client;
    json!({
        "id": client.id.as_str(),
        "user_id": client.user_id,
        "trusted": client.trusted,
        "plan": client.plan,
        "params": client.params,
    })
}

fn task(context: &Context<'_>) -> Value {
    context.last_task.map_or(Value::Null, |task| {
        json!({
            "type": task.task_type,
            "status": task.status,
            "worker": task.worker,
            "failure": task.failure,
            "lost_at": task.lost_at,
        })
    })
}

fn child(context: &Context<'_>) -> Value {
    context.child.map_or(Value::Null, |child| {
        json!({
            "job": child.job.to_string(),
            "blueprint": child.blueprint,
            "status": child.status,
            "result": child.result,
            "failure": child.failure,
        })
    })
}

fn decision(context: &Context<'_>) -> Value {
    context.decision.map_or(Value::Null, |decision| {
        json!({
            "decision": decision.decision,
            "by": decision.by,
            "comment": decision.comment,
            "state": decision.state,
            "at_ms": decision.at_ms,
        })
    })
}

fn branch(result: &BranchResult) -> Value {
    json!({
        "name": result.name,
        "status": result.status,
        "data": result.data,
        "failure": result.failure,
        "worker": result.worker,
        "job": result.job.map(|job| job.to_string()),
    })
}
